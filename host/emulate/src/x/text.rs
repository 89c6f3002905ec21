//! A text as X gives it back: links shortened, `&`, `<` and `>` escaped, the author who is answered named before it.

use puppet_types::ids::derive_u64;
use serde_json::{Value, json};

/// A text, and where its links are.
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) urls: Vec<Value>,
}

/// `answered`: who is named before it. `quoted`: the address of the post that it quotes, which is put behind it.
pub(super) fn shown(text: &str, answered: Option<&str>, quoted: Option<&str>) -> Shown {
    let mut shown = Shown { text: answered.map(|name| format!("@{name} ")).unwrap_or_default(), urls: Vec::new() };
    let mut rest = text.trim();
    while let Some((before, link, after)) = next_link(rest) {
        shown.plain(before);
        shown.link(link);
        rest = after;
    }
    shown.plain(rest);
    if let Some(quoted) = quoted {
        shown.plain(" ");
        shown.link(quoted);
    }
    shown
}

impl Shown {
    fn plain(&mut self, text: &str) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        self.text.push_str(&escaped);
    }

    fn link(&mut self, address: &str) {
        let start = self.text.chars().count();
        let short = short(address);
        self.text.push_str(&short);
        let display = address.trim_start_matches("https://").trim_start_matches("http://");
        self.urls.push(json!({
            "start": start, "end": start + short.chars().count(), "url": short, "expanded_url": address,
            "display_url": display,
        }));
    }
}

/// What is before the next link, the link, and what is after it.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let start = [text.find("https://"), text.find("http://")].into_iter().flatten().min()?;
    let (before, from) = text.split_at(start);
    let end = from.find(char::is_whitespace).unwrap_or(from.len());
    // The full stop of a sentence is no part of it.
    let link = from[..end].trim_end_matches(['.', ',', '!', '?', ')']);
    Some((before, link, &from[link.len()..]))
}

/// The names in a text: first and behind the last character of `@name`, and the name.
pub(super) fn mentions(text: &str) -> Vec<(usize, usize, String)> {
    let letters: Vec<char> = text.chars().collect();
    let is_of_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    let mut found = Vec::new();
    for (at, _) in letters.iter().enumerate().filter(|(_, letter)| **letter == '@') {
        let follows = at.checked_sub(1).and_then(|before| letters.get(before)).is_some_and(is_of_name);
        let name: String = letters.iter().skip(at + 1).take_while(|letter| is_of_name(letter)).collect();
        if !follows && (1..=15).contains(&name.len()) {
            found.push((at, at + 1 + name.len(), name));
        }
    }
    found
}

fn short(address: &str) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut number = derive_u64(&["t.co", address]);
    let mut code = String::from("https://t.co/");
    for _ in 0..10 {
        code.push(char::from(LETTERS[(number % 36) as usize]));
        number /= 36;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_their_places() {
        let found = mentions("@ada, é @Bob_2's a@b.c @ @a_name_that_is_too_long");
        assert_eq!(found, [(0, 4, "ada".to_owned()), (8, 14, "Bob_2".to_owned())]);
    }

    #[test]
    fn links_are_shortened_and_the_rest_escaped() {
        let seen =
            shown("a < b & https://example.org/x?y=1&z=2. End ", Some("ada"), Some("https://x.com/bob/status/7"));
        let links: Vec<&str> = seen.urls.iter().map(|url| url["url"].as_str().unwrap()).collect();
        assert_eq!(seen.text, format!("@ada a &lt; b &amp; {}. End {}", links[0], links[1]));
        assert_eq!(seen.urls[0]["expanded_url"], "https://example.org/x?y=1&z=2");
        let (start, end) = (seen.urls[0]["start"].as_u64().unwrap(), seen.urls[0]["end"].as_u64().unwrap());
        assert_eq!(&seen.text[start as usize..end as usize], links[0]);
    }
}
