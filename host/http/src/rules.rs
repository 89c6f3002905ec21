//! What the operator bounds of all requests, and its defaults.

use std::time::Duration;

/// How much may be sent and received at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one answer.
    pub response_bytes: u64,
    /// Bytes of one request.
    pub request_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { response_bytes: 1 << 20, request_bytes: 64 << 10 }
    }
}

/// A host and port that may be at a private address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Private {
    /// In lower case.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Private {
    /// Of `host:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
        (!host.is_empty() && host.bytes().all(fine)).then(|| Self { host: host.to_owned(), port })
    }
}

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// For a whole fetch, redirects included.
    pub timeout: Duration,
    /// Sizes.
    pub bounds: Bounds,
    /// How many redirects are followed.
    pub redirects: u32,
    /// Requests of one pack to one host within a minute.
    pub per_host_per_minute: u32,
    /// Types that a body may be of, like `text/*` and `application/*+json`.
    pub content_types: Vec<String>,
    /// Hosts that may be at private addresses, and that keys may go to in clear.
    pub allow_private: Vec<Private>,
    /// Bytes of kept answers, of all packs.
    pub cache_bytes: u64,
}

/// What pages, feeds and answers of services are.
const CONTENT_TYPES: [&str; 5] =
    ["text/*", "application/json", "application/*+json", "application/xml", "application/*+xml"];

impl Default for Rules {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            bounds: Bounds::default(),
            redirects: 3,
            per_host_per_minute: 30,
            content_types: CONTENT_TYPES.map(str::to_owned).into(),
            allow_private: Vec::new(),
            cache_bytes: 64 << 20,
        }
    }
}

impl Rules {
    /// Whether a text is one of [`Rules::content_types`]: `type/subtype`, of whose subtype one part may be `*`.
    pub fn is_content_type(text: &str) -> bool {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-+._*".contains(&byte);
        let Some((of, sub)) = text.split_once('/') else { return false };
        let plain = !of.is_empty() && !of.contains('*') && !sub.is_empty();
        plain && sub.matches('*').count() <= 1 && of.bytes().chain(sub.bytes()).all(fine)
    }

    /// Whether a body of this type is taken; the type as the answer has it.
    pub(crate) fn takes(&self, content_type: &str) -> bool {
        let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        self.content_types.iter().any(|pattern| match pattern.split_once('*') {
            None => *pattern == bare,
            Some((start, end)) => {
                bare.len() > start.len() + end.len() && bare.starts_with(start) && bare.ends_with(end)
            }
        })
    }

    /// Whether a host may be at a private address.
    pub(crate) fn allows_private(&self, host: &str, port: u16) -> bool {
        self.allow_private.iter().any(|private| private.host == host && private.port == port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_bodies_are_told_by_what_stands_before_their_parameters() {
        let rules = Rules::default();
        for taken in
            ["text/html; charset=utf-8", "TEXT/PLAIN", "application/json", "application/rss+xml", "application/ld+json"]
        {
            assert!(rules.takes(taken), "{taken}");
        }
        for refused in [
            "",
            "text/",
            "application/octet-stream",
            "image/png",
            "application/jsonp",
            "xtext/html",
            "application/+json",
        ] {
            assert!(!rules.takes(refused), "{refused}");
        }
        assert!(CONTENT_TYPES.iter().all(|of| Rules::is_content_type(of)));
        for bad in ["", "*/*", "text", "text/**", "text/html; q=1", "Text/html"] {
            assert!(!Rules::is_content_type(bad), "{bad}");
        }
    }

    #[test]
    fn a_private_place_is_a_host_with_its_port() {
        assert_eq!(Private::parse("localhost:8080"), Some(Private { host: "localhost".to_owned(), port: 8080 }));
        for bad in
            ["localhost", "localhost:", ":80", "localhost:0", "local host:1", "http://localhost:80", "LOCALHOST:1"]
        {
            assert_eq!(Private::parse(bad), None, "{bad}");
        }
    }
}
