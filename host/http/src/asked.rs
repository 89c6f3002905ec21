//! A request as a plugin makes it, looked at before it comes to the gate.

use std::collections::BTreeMap;

use puppet_grants::{METHODS, is_credential};
use puppet_types::{CallError, Code, StateBytes};
use reqwest::Url;
use serde::Serialize;

use crate::headers;

/// Longest address in bytes.
const URL_BYTES: usize = 4_096;

/// A request, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// `GET` or `POST`.
    pub method: String,
    /// In its usual form, without a fragment.
    pub url: String,
    /// In lower case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Of a `POST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<StateBytes>,
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Place {
    /// Of an address with a name for a host; none where that is a number, or there is none.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let host = url.domain()?.to_owned();
        Some(Self { scheme: url.scheme().to_owned(), host, port: url.port_or_known_default()? })
    }

    /// As a grant would write it.
    pub(crate) fn shown(&self) -> String {
        let Self { scheme, host, port } = self;
        match (scheme.as_str(), port) {
            ("https", 443) => host.clone(),
            ("https", _) => format!("{host}:{port}"),
            ("http", 80) => format!("http://{host}"),
            _ => format!("{scheme}://{host}:{port}"),
        }
    }
}

impl Ask {
    /// Of the parts of a call.
    ///
    /// # Errors
    /// `invalid-input` and `too-long`, with what is wrong.
    pub fn of(
        (method, url): (String, &str),
        headers: Vec<(String, String)>,
        body: Option<Vec<u8>>,
        credential: Option<String>,
        most_bytes: u64,
    ) -> Result<Self, CallError> {
        let invalid = |message: String| CallError::new(Code::InvalidInput, message);
        if !METHODS.contains(&method.as_str()) {
            let shown: String = method.chars().take(20).collect();
            return Err(invalid(format!("`{shown}` is no method here: {}", METHODS.join(" or "))));
        }
        if url.len() > URL_BYTES {
            return Err(CallError::new(
                Code::TooLong,
                format!("an address of {} bytes: at most {URL_BYTES}", url.len()),
            ));
        }
        let url = checked(url).map_err(invalid)?;
        let headers = headers::sent(headers).map_err(invalid)?;
        if body.is_some() && method == "GET" {
            return Err(invalid("a GET has no body".to_owned()));
        }
        let bytes = body.as_ref().map_or(0, Vec::len) as u64;
        if bytes > most_bytes {
            return Err(CallError::new(Code::TooLong, format!("a body of {bytes} bytes: at most {most_bytes}")));
        }
        if let Some(name) = credential.as_ref().filter(|name| !is_credential(name)) {
            let shown: String = name.chars().take(40).collect();
            return Err(invalid(format!("`{shown}` is no name of a credential: small letters, digits, `-` and `_`")));
        }
        Ok(Self { method, url: url.into(), headers, body: body.map(StateBytes::new), credential })
    }

    /// Bytes of what is sent, as far as the plugin made it.
    pub(crate) fn bytes(&self) -> u64 {
        let body = match &self.body {
            Some(StateBytes::Text(text)) => text.len(),
            Some(StateBytes::Hex(hex)) => hex.len() / 2,
            None => 0,
        };
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        (self.url.len() + headers + body) as u64
    }
}

/// An address that can be asked at all, without its fragment.
fn checked(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("the address is none: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") {
        let shown: String = url.scheme().chars().take(20).collect();
        return Err(format!("`{shown}:` is not fetched: use https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address holds no user and no password: name a credential".to_owned());
    }
    if Place::of(&url).is_none() {
        return Err("an address in numbers is not asked: name the host".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str) -> Result<Ask, CallError> {
        Ask::of(("GET".to_owned(), url), Vec::new(), None, None, 10)
    }

    #[test]
    fn an_address_is_brought_into_its_usual_form() {
        for (url, usual) in [
            ("https://Example.ORG", "https://example.org/"),
            ("https://example.org:443/a b?c=d#e", "https://example.org/a%20b?c=d"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://example.org/a/../b", "https://example.org/b"),
        ] {
            assert_eq!(get(url).unwrap().url, usual);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_told() {
        for (url, why) in [
            ("", "the address is none"),
            ("example.org", "the address is none"),
            ("file:///etc/passwd", "is not fetched"),
            ("ftp://example.org/", "is not fetched"),
            ("https://ada:pw@example.org/", "no user and no password"),
            ("https://127.0.0.1/", "in numbers"),
            ("https://2130706433/", "in numbers"),
            ("https://0x7f.1/", "in numbers"),
            ("https://[::1]/", "in numbers"),
            ("https://[::ffff:10.0.0.1]/", "in numbers"),
        ] {
            let error = get(url).unwrap_err();
            assert!(error.code == Code::InvalidInput && error.message.contains(why), "{url}: {error}");
        }
        assert_eq!(get(&format!("https://example.org/{}", "a".repeat(5_000))).unwrap_err().code, Code::TooLong);
        let of = |method: &str, body: Option<&[u8]>, credential: Option<&str>| {
            let body = body.map(<[u8]>::to_vec);
            Ask::of((method.to_owned(), "https://a.test"), Vec::new(), body, credential.map(str::to_owned), 3)
        };
        assert!(of("POST", Some(b"abc"), Some("weather")).is_ok());
        assert_eq!(of("POST", Some(b"abcd"), None).unwrap_err().code, Code::TooLong);
        for bad in
            [of("GET", Some(b""), None), of("get", None, None), of("PUT", None, None), of("GET", None, Some("A b"))]
        {
            assert_eq!(bad.unwrap_err().code, Code::InvalidInput);
        }
    }
}
