//! X's weighted count, by its published rule (configuration v3 of twitter-text): the text in NFC; a URL 23
//! whatever its length; an emoji 2 however many code points it is made of; code points of four ranges
//! (Latin to Hangul Jamo's border, general punctuation) 1; everything else 2.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::url;

/// The most a text may weigh.
pub const MAX_WEIGHT: u32 = 280;

/// What a URL weighs.
const URL: u32 = 23;
/// What an emoji weighs.
const EMOJI: u32 = 2;
/// Code points of the longest emoji in use (a kiss with two skin tones): what follows in the same cluster is
/// weighed for itself.
const EMOJI_CODE_POINTS: usize = 10;
/// So much of a text is weighed by the rule, several times what can be posted. Weighing is the host's work, which no
/// fuel measures: of what lies beyond, each byte weighs 1.
const WEIGHED_BYTES: usize = 16 << 10;

/// How much of [`MAX_WEIGHT`] a text takes.
pub fn weighted_length(text: &str) -> u32 {
    let (text, beyond) = text.split_at(text.floor_char_boundary(WEIGHED_BYTES));
    by_rule(text).saturating_add(u32::try_from(beyond.len()).unwrap_or(u32::MAX))
}

fn by_rule(text: &str) -> u32 {
    let text: String = text.nfc().collect();
    let mut weight = 0_u32;
    let mut at = 0;
    for found in url::find(&text) {
        weight = weight.saturating_add(plain(&text[at..found.start])).saturating_add(URL);
        at = found.end;
    }
    weight.saturating_add(plain(&text[at..]))
}

/// A stretch without URLs.
fn plain(text: &str) -> u32 {
    text.graphemes(true).fold(0, |weight, grapheme| weight.saturating_add(cluster(grapheme)))
}

/// One grapheme cluster: an emoji with what belongs to it, or code points one by one.
fn cluster(grapheme: &str) -> u32 {
    if is_emoji(grapheme) {
        let rest = grapheme.chars().enumerate().filter(|(n, c)| *n >= EMOJI_CODE_POINTS || !belongs_to_emoji(*c));
        rest.map(|(_, c)| code_point(c)).fold(EMOJI, u32::saturating_add)
    } else {
        grapheme.chars().map(code_point).fold(0, u32::saturating_add)
    }
}

fn code_point(c: char) -> u32 {
    if matches!(c, '\0'..='\u{10ff}' | '\u{2000}'..='\u{200d}' | '\u{2010}'..='\u{201f}' | '\u{2032}'..='\u{2037}') {
        1
    } else {
        2
    }
}

/// Whether a cluster is shown as one picture. Single code points weigh the same either way, but for `©`, `®`,
/// digits, `#` and `*`, which are pictures only with a selector or keycap behind them.
fn is_emoji(grapheme: &str) -> bool {
    let mut chars = grapheme.chars();
    let (Some(first), Some(second)) = (chars.next(), chars.next()) else { return false };
    match first {
        '0'..='9' | '#' | '*' => second == '\u{20e3}' || (second == '\u{fe0f}' && chars.next() == Some('\u{20e3}')),
        '©' | '®' => second == '\u{fe0f}',
        // Two letters of a flag.
        '\u{1f1e6}'..='\u{1f1ff}' => true,
        // A text selector asks for no picture.
        _ => is_pictograph(first) && second != '\u{fe0e}',
    }
}

/// Symbols, dingbats and pictographs; among them are some that are never pictures, which no cluster joins.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{203c}' | '\u{2049}' | '\u{2100}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}')
        || matches!(c, '\u{1f000}'..='\u{1faff}')
}

/// Pictures and what joins, selects, colours or tags them.
fn belongs_to_emoji(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*' | '©' | '®' | '\u{200d}' | '\u{20e3}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}')
        || is_pictograph(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_as_x_does() {
        let cases: [(&str, &str, u32); 36] = [
            ("nothing", "", 0),
            ("ASCII", "hello world", 11),
            ("Latin-1", "Größe ñ ©", 9),
            ("Cyrillic and Greek", "Привет Ωμέγα", 12),
            ("Georgian ends the first range", "\u{10ff}\u{1100}", 3),
            ("punctuation", "“a” – b…", 9),
            ("quotes and dashes", "‘a’ — ″", 7),
            ("CJK", "日本語", 6),
            ("Hangul, composed", "한", 2),
            ("Hangul, decomposed", "\u{1112}\u{1161}\u{11ab}", 2),
            ("a combining accent", "cafe\u{301}", 4),
            ("one that does not compose", "x\u{301}", 2),
            ("Devanagari", "नमस्ते", 6),
            ("emoji", "😀", 2),
            ("family", "👨‍👩‍👧‍👦", 2),
            ("skin tone", "👍🏽", 2),
            ("flag", "🇩🇪", 2),
            ("two flags", "🇩🇪🇫🇷", 4),
            ("flag of a region", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
            ("keycap", "1️⃣", 2),
            ("keycap without a selector", "#⃣", 2),
            ("digits", "12#*", 4),
            ("heart", "❤️", 2),
            ("heart as text", "❤\u{fe0e}", 4),
            ("copyright as a picture", "©️", 2),
            ("kiss with skin tones", "👩🏻‍❤️‍💋‍👨🏿", 2),
            ("rainbow flag", "🏳️‍🌈", 2),
            ("marks on a picture", "👍\u{301}\u{301}", 4),
            ("URL", "https://example.org/a/very/long/path/that/goes/on/and/on", 23),
            ("short URL", "http://a.co", 23),
            ("URL in text", "see https://example.org/x now", 4 + 23 + 4),
            ("no scheme", "see example.com now", 4 + 23 + 4),
            ("unknown TLD", "a.b", 3),
            ("full stop after a URL", "at https://example.org/x.", 3 + 23 + 1),
            ("CJK around a URL", "見てhttps://example.org/xを", 4 + 23 + 2),
            ("two URLs", "a.com b.org", 23 + 1 + 23),
        ];
        for (name, text, expected) in cases {
            assert_eq!(weighted_length(text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn the_limit_is_280_140_and_140() {
        for (unit, most) in [("a", 280), ("字", 140), ("😀", 140), ("👨‍👩‍👧‍👦", 140), ("🇩🇪", 140)]
        {
            assert_eq!(weighted_length(&unit.repeat(most)), MAX_WEIGHT, "{unit}");
            assert!(weighted_length(&unit.repeat(most + 1)) > MAX_WEIGHT, "{unit}");
        }
    }

    #[test]
    fn a_text_of_any_length_is_weighed_at_once() {
        let begin = std::time::Instant::now();
        for unit in ["x ", ".", "a.b.", "http://", "a.co/(", "😀\u{200d}", "e\u{301}\u{301}"] {
            let text = unit.repeat((2 << 20) / unit.len());
            assert!((0..20).all(|_| weighted_length(&text) > MAX_WEIGHT), "{unit}");
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
    }

    #[test]
    fn an_endless_cluster_is_no_way_around_the_limit() {
        let chain = ["😀"; 400].join("\u{200d}");
        assert!(weighted_length(&chain) > MAX_WEIGHT);
        assert!(weighted_length(&format!("😀{}", "\u{fe0f}".repeat(400))) > MAX_WEIGHT);
    }
}
