//! Whether a post on X is the one that was sent. X gives texts back changed: links shortened, `&`, `<` and `>` escaped,
//! space at the ends cut off, the accounts that are answered named before it, a link to what is quoted or shown put behind
//! it.

use puppet_types::PostId;
use unicode_normalization::UnicodeNormalization;

use super::wire::Tweet;
use crate::url;

/// Stands where a link is.
const LINK: &str = "\u{1}";

/// How like a text that was sent a text on X is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// It is the same.
    Same,
    /// But for where its links lead.
    ButForLinks,
    /// It is another.
    Other,
}

/// Compares a text that was sent with one on X.
pub(super) fn likeness(sent: &str, seen: &Tweet) -> Likeness {
    // The names before an answer are X's as well as ours.
    let is_answer = seen.in_reply_to().is_some();
    let (sent, seen) = (Plain::of(sent, is_answer), Plain::of(&readable(seen), is_answer));
    match sent == seen {
        true => Likeness::Same,
        false if sent.text == seen.text && sent.links.len() == seen.links.len() => Likeness::ButForLinks,
        false => Likeness::Other,
    }
}

/// The text of a post as a person reads it.
pub(super) fn readable(tweet: &Tweet) -> String {
    let (text, entities) = match &tweet.note_tweet {
        Some(note) => (&note.text, &note.entities),
        None => (&tweet.text, &tweet.entities),
    };
    let mut text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let quoted = tweet.quotes();
    for link in &entities.urls {
        let Some(to) = &link.expanded_url else { continue };
        let is_added = is_image(to, &tweet.id) || quoted.as_ref().is_some_and(|id| leads_to(to, id));
        match is_added.then(|| text.trim_end().strip_suffix(&link.url).map(|before| before.trim_end().to_owned())) {
            Some(Some(without)) => text = without,
            _ => text = text.replacen(&link.url, to, 1),
        }
    }
    text.trim().to_owned()
}

fn leads_to(address: &str, id: &PostId) -> bool {
    address.split(['?', '#']).next().is_some_and(|path| path.ends_with(&format!("/status/{id}")))
}

/// Whether a post shows images.
pub(super) fn has_images(tweet: &Tweet) -> bool {
    tweet.entities.urls.iter().any(|link| link.expanded_url.as_ref().is_some_and(|to| is_image(to, &tweet.id)))
}

/// Whether this is where X shows what belongs to a post.
fn is_image(address: &str, id: &str) -> bool {
    ["photo", "video"].iter().any(|kind| address.contains(&format!("/status/{id}/{kind}/")))
}

/// A text without what X changes in it.
#[derive(PartialEq)]
struct Plain {
    text: String,
    links: Vec<String>,
}

impl Plain {
    fn of(text: &str, is_answer: bool) -> Self {
        let text: String = text.nfc().collect();
        let text = if is_answer { without_names(&text) } else { &text };
        let (mut plain, mut links, mut at) = (String::new(), Vec::new(), 0);
        for found in url::find(text) {
            plain.push_str(&text[at..found.start]);
            plain.push_str(LINK);
            links.push(address(&text[found.clone()]));
            at = found.end;
        }
        plain.push_str(&text[at..]);
        Self { text: plain.split_whitespace().collect::<Vec<_>>().join(" "), links }
    }
}

/// An address however it is written.
fn address(link: &str) -> String {
    let lower = link.to_ascii_lowercase();
    let bare = lower.trim_start_matches("https://").trim_start_matches("http://");
    bare.trim_end_matches('/').to_owned()
}

/// Without the names that it begins with; of nothing but names they are the text.
fn without_names(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(name) = rest.strip_prefix('@') {
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        if end == 0 || !name[end..].starts_with(char::is_whitespace) {
            break;
        }
        rest = name[end..].trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn seen(text: &str, urls: &[(&str, &str)], about: Value) -> Tweet {
        let urls: Vec<Value> = urls.iter().map(|(url, to)| json!({ "url": url, "expanded_url": to })).collect();
        let tweet = json!({ "id": "9", "text": text, "entities": { "urls": urls }, "referenced_tweets": about });
        serde_json::from_value(tweet).unwrap()
    }

    #[test]
    fn what_x_changes_makes_no_difference() {
        use Likeness::{ButForLinks, Other, Same};
        let answer = json!([{ "type": "replied_to", "id": "1" }]);
        let quote = json!([{ "type": "quoted", "id": "7" }]);
        let (t1, t2) = ("https://t.co/aaaaaaaaaa", "https://t.co/bbbbbbbbbb");
        let cases: [(&str, Tweet, Likeness); 20] = [
            ("fog", seen("fog", &[], json!([])), Same),
            (" fog \n", seen("fog", &[], json!([])), Same),
            ("fog", seen("frog", &[], json!([])), Other),
            ("a < b && c", seen("a &lt; b &amp;&amp; c", &[], json!([])), Same),
            ("&lt; is written so", seen("&amp;lt; is written so", &[], json!([])), Same),
            ("cafe\u{301}", seen("café", &[], json!([])), Same),
            ("a\n\n\nb", seen("a\n\nb", &[], json!([])), Same),
            ("see example.org/x.", seen(&format!("see {t1}."), &[(t1, "http://example.org/x")], json!([])), Same),
            (
                "see https://a.org/?b=1&c=2",
                seen(&format!("see {t1}"), &[(t1, "https://a.org/?b=1&c=2")], json!([])),
                Same,
            ),
            ("see https://a.org", seen(&format!("see {t1}"), &[(t1, "https://b.org")], json!([])), ButForLinks),
            ("see https://a.org", seen("see", &[], json!([])), Other),
            ("hello", seen("@ada @bob hello", &[], answer.clone()), Same),
            ("@ada hello", seen("@ada hello", &[], answer.clone()), Same),
            ("hello", seen("@ada hello", &[], json!([])), Other),
            ("look", seen(&format!("look {t1}"), &[(t1, "https://x.com/ada/status/7?s=20")], quote.clone()), Same),
            (
                "look https://a.org",
                seen(&format!("look {t2} {t1}"), &[(t2, "https://a.org/"), (t1, "https://x.com/ada/status/7")], quote),
                Same,
            ),
            ("@ada", seen("@ada", &[], answer), Same),
            // Two images have one link, named twice.
            ("look", seen(&format!("look {t1}"), &[(t1, "https://x.com/ada/status/9/photo/1"); 2], json!([])), Same),
            ("look", seen(&format!("look {t1}"), &[(t1, "https://x.com/ada/status/9/video/1")], json!([])), Same),
            // Somebody else's image is a link as any other.
            ("look", seen(&format!("look {t1}"), &[(t1, "https://x.com/ada/status/8/photo/1")], json!([])), Other),
        ];
        for (sent, seen, wanted) in cases {
            assert_eq!(likeness(sent, &seen), wanted, "{sent} / {}", seen.text);
        }
    }
}
