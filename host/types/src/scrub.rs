//! The scrubber: what leaves the host (a log line, a journal row, an error, an answer) leaves without the host's
//! credentials. Whoever resolves one tells it here with [`learn`]; every exit, and every answer of a provider, passes
//! through [`text`] or [`json`]. Not for anything that a plugin says of its own: it never saw a credential.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt::Write as _,
    sync::{Arc, PoisonError, RwLock},
};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{Engine as _, engine::general_purpose};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Json, MASK, Secret};

/// Shorter values are not looked for: they would be found in ordinary words.
pub const LEAST_BYTES: usize = 8;

/// Everything that this process has resolved, and what finds it.
struct Known {
    values: BTreeSet<String>,
    scrubber: Option<Arc<Scrubber>>,
}

static KNOWN: RwLock<Known> = RwLock::new(Known { values: BTreeSet::new(), scrubber: None });

/// From now on these are found, in this whole process.
pub fn learn<'s>(secrets: impl IntoIterator<Item = &'s Secret>) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let before = known.values.len();
    let values = secrets.into_iter().map(|secret| secret.expose().trim());
    known.values.extend(values.filter(|value| value.len() >= LEAST_BYTES).map(str::to_owned));
    if known.values.len() > before {
        known.scrubber = Scrubber::of(known.values.iter().map(String::as_str)).map(Arc::new);
    }
}

/// Whether there is anything to look for.
pub fn is_needed() -> bool {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).scrubber.is_some()
}

fn scrubber() -> Option<Arc<Scrubber>> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).scrubber.clone()
}

/// A text with a mask in place of each credential.
pub fn text(text: &str) -> Cow<'_, str> {
    scrubber().map_or(Cow::Borrowed(text), |scrubber| scrubber.text(text))
}

/// JSON as `serde_json` writes it, with a mask in place of each credential within a string. It stays the JSON that it
/// was: a number that happens to be a credential's digits is left.
pub fn json(json: &str) -> Cow<'_, str> {
    scrubber().map_or(Cow::Borrowed(json), |scrubber| scrubber.json(json))
}

/// A value whose strings hold no credential, and how it is written; `None` where the masked value is no value of its
/// type.
pub fn value<T: Serialize + DeserializeOwned>(value: T) -> Option<(T, Json)> {
    let written = Json::of(&value);
    match json(written.as_str()) {
        Cow::Borrowed(_) => Some((value, written)),
        Cow::Owned(clean) => {
            let clean = serde_json::from_str(&clean).ok()?;
            let written = Json::of(&clean);
            Some((clean, written))
        }
    }
}

/// Finds values in every form in which they are commonly written.
struct Scrubber(AhoCorasick);

impl Scrubber {
    /// None where there is nothing to look for.
    fn of<'s>(values: impl Iterator<Item = &'s str>) -> Option<Self> {
        let forms: BTreeSet<String> = values.flat_map(forms).filter(|form| form.len() >= LEAST_BYTES).collect();
        if forms.is_empty() {
            return None;
        }
        // The longest form: nothing of a value is left beside the mask.
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms).ok().map(Self)
    }

    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = String::new();
        let mut kept = 0;
        for found in self.0.find_iter(text) {
            clean.push_str(&text[kept..found.start()]);
            clean.push_str(MASK);
            kept = found.end();
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[kept..]);
        Cow::Owned(clean)
    }

    fn json<'t>(&self, json: &'t str) -> Cow<'t, str> {
        if !self.0.is_match(json) {
            return Cow::Borrowed(json);
        }
        let mut clean = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(at) = rest.find('"') {
            clean.push_str(&rest[..at]);
            let (literal, after) = rest[at..].split_at(literal_bytes(&rest[at..]));
            clean.push_str(&self.literal(literal));
            rest = after;
        }
        clean.push_str(rest);
        Cow::Owned(clean)
    }

    /// One string of JSON, with its quotes. It is read before it is searched: a mask must not cut an escape in two.
    fn literal<'t>(&self, literal: &'t str) -> Cow<'t, str> {
        let Ok(said) = serde_json::from_str::<String>(literal) else { return self.text(literal) };
        match self.text(&said) {
            Cow::Borrowed(_) => Cow::Borrowed(literal),
            Cow::Owned(clean) => Cow::Owned(serde_json::to_string(&clean).unwrap_or_else(|_| format!("\"{MASK}\""))),
        }
    }
}

/// How long the string is that begins here, both quotes included.
fn literal_bytes(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

/// As it is, as a string of JSON (of two manners), in an address, and in base64.
fn forms(value: &str) -> Vec<String> {
    let escaped = serde_json::to_string(value).unwrap_or_default();
    let escaped = escaped.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    let mut forms = vec![value.to_owned(), escaped.replace('/', "\\/"), escaped];
    forms.extend([percent(value, true), percent(value, false)]);
    forms.extend((0..3).flat_map(|before| base64(value, before)));
    forms
}

fn percent(value: &str, upper: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        // What RFC 3986 §2.3 never escapes.
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        // Writing to a string does not fail.
        let _ = match (plain, upper) {
            (true, _) => write!(out, "{}", char::from(byte)),
            (false, true) => write!(out, "%{byte:02X}"),
            (false, false) => write!(out, "%{byte:02x}"),
        };
    }
    out
}

/// Of both alphabets, where so many bytes stand before the value (`user:key`): the letters that it alone decides.
fn base64(value: &str, before: usize) -> [String; 2] {
    let bytes = [&vec![0; before], value.as_bytes()].concat();
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    [general_purpose::STANDARD_NO_PAD.encode(&bytes), general_purpose::URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|text| text[from..to].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-Canary/7f3+\"q\"ü\n9";

    fn scrubber() -> Scrubber {
        Scrubber::of([KEY, "12345678"].into_iter()).unwrap()
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let scrubber = scrubber();
        let encode = |text: &str| general_purpose::STANDARD.encode(text);
        for form in [
            KEY.to_owned(),
            serde_json::to_string(KEY).unwrap(),
            serde_json::to_string(KEY).unwrap().replace('/', "\\/"),
            "sk-Canary%2F7f3%2B%22q%22%C3%BC%0A9".to_owned(),
            "sk-Canary%2f7f3%2b%22q%22%c3%bc%0a9".to_owned(),
            encode(KEY),
            encode(&format!("u:{KEY}")),
            encode(&format!("me:{KEY} and more")),
            general_purpose::URL_SAFE_NO_PAD.encode(format!("x{KEY}")),
        ] {
            let said = format!("a {form} b");
            let clean = scrubber.text(&said);
            assert!(clean.contains(MASK), "{form}");
            assert!(!clean.contains("Canary") && !clean.contains(&encode("Canary/7f3")[1..12]), "{clean}");
        }
        assert_eq!(scrubber.text("nothing of it"), "nothing of it");
    }

    #[test]
    fn json_stays_json() {
        let scrubber = scrubber();
        let json =
            serde_json::json!({ "z": [format!("\\n{KEY}"), 12345678, "12345678"], KEY: "\n2345678" }).to_string();
        let clean = serde_json::from_str::<serde_json::Value>(&scrubber.json(&json)).unwrap();
        let wanted = serde_json::json!({ "z": [format!("\\n{MASK}"), 12345678, MASK], MASK: "\n2345678" });
        assert_eq!(clean, wanted);
        // A value that begins with the letter of an escape.
        let scrubber = Scrubber::of(["n2345678"].into_iter()).unwrap();
        assert_eq!(scrubber.json(r#"["\n2345678", "n2345678"]"#), format!(r#"["\n2345678", "{MASK}"]"#));
    }

    #[test]
    fn what_is_learnt_is_found_and_what_is_short_is_not() {
        let learnt = [Secret::new("learnt-5f0e\n"), Secret::new("short")];
        assert_eq!(text("learnt-5f0e short"), "learnt-5f0e short");
        learn(&learnt);
        assert_eq!(text("learnt-5f0e short"), format!("{MASK} short"));
        assert_eq!(json(r#"{"a": "learnt-5f0e"}"#), format!(r#"{{"a": "{MASK}"}}"#));
        let (clean, written) = value(vec!["learnt-5f0e".to_owned()]).unwrap();
        assert_eq!((clean, written.as_str()), (vec![MASK.to_owned()], format!("[\"{MASK}\"]").as_str()));
    }
}
