//! X's weighted count, near enough for tests; the host's own is exact.

/// URLs 23, code points of the ranges X names 1, everything else 2.
pub(super) fn weighted_length(text: &str) -> u32 {
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_end();
            let spaces = (word.len() - bare.len()) as u32;
            let is_url = bare.starts_with("https://") || bare.starts_with("http://");
            let weight = if is_url { 23 } else { bare.chars().map(weight_of).sum() };
            weight + spaces
        })
        .sum()
}

fn weight_of(c: char) -> u32 {
    let single = matches!(c as u32, 0..=0x10ff | 0x2000..=0x200d | 0x2010..=0x201f | 0x2032..=0x2037);
    if single { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_as_x_does() {
        assert_eq!(super::weighted_length("hello world"), 11);
        assert_eq!(super::weighted_length("see https://example.org/a/very/long/path now"), 4 + 23 + 4);
        assert_eq!(super::weighted_length("日本"), 4);
    }
}
