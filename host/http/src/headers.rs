//! Which headers go out, and which come back.

use std::collections::BTreeMap;

/// Most of a request.
const MOST: usize = 32;
/// Longest value in bytes.
const VALUE_BYTES: usize = 2_048;
/// Those that a plugin may set, beside `x-…`.
const SENT: [&str; 3] = ["accept", "accept-language", "content-type"];
/// `x-…` that servers take as the word of a proxy.
const FORBIDDEN: [&str; 3] = ["x-forwarded", "x-real-ip", "x-http-method"];
/// Those that it gets to see.
const SEEN: [&str; 10] = [
    "content-type",
    "content-language",
    "date",
    "etag",
    "last-modified",
    "cache-control",
    "expires",
    "link",
    "location",
    "retry-after",
];
/// Longest that comes back in bytes.
const SEEN_BYTES: usize = 4_096;

/// Headers of a request as they go out, or what is wrong with one.
pub(crate) fn sent(headers: Vec<(String, String)>) -> Result<BTreeMap<String, String>, String> {
    if headers.len() > MOST {
        return Err(format!("{} headers: at most {MOST}", headers.len()));
    }
    let mut sent = BTreeMap::new();
    for (name, value) in headers {
        let shown: String = name.chars().take(40).collect();
        let token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let is_own = name.len() > 2 && name.starts_with("x-") && name.len() <= 64 && name.bytes().all(token);
        let forbidden = FORBIDDEN.iter().any(|start| name.starts_with(start));
        if !SENT.contains(&name.as_str()) && (!is_own || forbidden) {
            return Err(format!(
                "the header `{shown}` cannot be set: {} and `x-…` can, in lower case; a key is named as a credential",
                SENT.map(|name| format!("`{name}`")).join(", ")
            ));
        }
        let fine = |byte: u8| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic();
        if value.len() > VALUE_BYTES || !value.bytes().all(fine) {
            return Err(format!("the header `{shown}`: at most {VALUE_BYTES} visible ASCII characters"));
        }
        if sent.insert(name, value).is_some() {
            return Err(format!("the header `{shown}` is there twice"));
        }
    }
    Ok(sent)
}

/// Headers of an answer, as far as a plugin sees them.
pub(crate) fn seen(headers: &reqwest::header::HeaderMap) -> Vec<(String, String)> {
    let is_seen =
        |name: &str| SEEN.contains(&name) || name.starts_with("x-ratelimit-") || name.starts_with("ratelimit");
    let of = headers.iter().filter(|(name, _)| is_seen(name.as_str()));
    // What is no text is left out, as what is too long.
    let text = of.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    text.filter(|(_, value)| value.len() <= SEEN_BYTES).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<BTreeMap<String, String>, String> {
        sent(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_plugin_sets_what_tells_what_it_wants_and_nothing_that_tells_who_it_is() {
        for fine in ["accept", "accept-language", "content-type", "x-client"] {
            assert!(one(fine, "a/b; q=0.5").is_ok(), "{fine}");
        }
        for refused in [
            "authorization",
            "cookie",
            "host",
            "Accept",
            "user-agent",
            "x-",
            "x-forwarded-for",
            "x-real-ip",
            "range",
            "x-a b",
            "",
        ] {
            assert!(one(refused, "v").unwrap_err().contains("cannot be set"), "{refused}");
        }
        assert!(
            one("x-a", "a\r\nhost: b").is_err() && one("x-a", "ü").is_err() && one("x-a", &"a".repeat(2_049)).is_err()
        );
        let twice = vec![("accept".to_owned(), "a".to_owned()); 2];
        assert!(sent(twice).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_plugin_sees_what_it_needs_and_no_cookie() {
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in [("set-cookie", "a=b"), ("etag", "\"1\""), ("x-ratelimit-reset", "3"), ("server", "s")] {
            headers.insert(name, value.parse().unwrap());
        }
        let mut names: Vec<String> = seen(&headers).into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["etag", "x-ratelimit-reset"]);
    }
}
