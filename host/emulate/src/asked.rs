//! A request as it came.

use std::collections::BTreeMap;

use crate::TOKEN;
use hyper::{
    Method,
    body::Bytes,
    header::{AUTHORIZATION, HeaderMap},
    http::request::Parts,
};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Method and path, with the query.
    pub(crate) line: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// The same as it was written.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn new(head: Parts, body: Bytes) -> Self {
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        let query = pairs(&raw_query).into_iter().collect();
        let line = format!("{} {}", head.method, head.uri);
        Self {
            method: head.method,
            line,
            path: head.uri.path().to_owned(),
            query,
            raw_query,
            headers: head.headers,
            body,
        }
    }

    /// Who asks, by a bearer token of an account or a key of a model.
    pub(crate) fn account(&self) -> Option<String> {
        let header = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let name = header.strip_prefix("Bearer ")?.strip_prefix(TOKEN)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        (!name.is_empty() && name.bytes().all(plain)).then(|| name.to_owned())
    }
}

/// The pairs of a query or of a form, in their order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// A part of a query without `%`-escapes.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => {
                hex(high).zip(hex(low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        for (text, plain) in
            [("a%3Ab", "a:b"), ("a+b", "a b"), ("%E2%82%ac", "€"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz")]
        {
            assert_eq!(decoded(text), plain);
        }
    }
}
