//! A request as it came, and which operation it asks for.

use std::collections::BTreeMap;

use hyper::{
    Method,
    header::{AUTHORIZATION, HeaderMap},
    http::request::Parts,
};
use serde::{Deserialize, Serialize};

use crate::TOKEN;

/// What can be asked for, as plans and reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `POST /2/tweets`.
    CreatePost,
    /// `DELETE /2/tweets/:id`.
    DeletePost,
    /// `GET /2/tweets/:id`.
    Post,
    /// `GET /2/users/me`.
    Me,
    /// `GET /2/users/by/username/:name`.
    User,
    /// `GET /2/users/:id/tweets`.
    PostsOf,
    /// `GET /2/users/:id/timelines/reverse_chronological`.
    Timeline,
    /// `POST /2/users/:id/likes`.
    Like,
    /// `POST /v1/chat/completions`.
    Chat,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Method and path, with the query.
    pub(crate) line: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An operation with what the path says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// An id or a name; empty where the path has none.
    pub(crate) of: String,
}

impl Asked {
    pub(crate) fn new(head: Parts, body: Vec<u8>) -> Self {
        let query = head.uri.query().unwrap_or_default();
        let pairs =
            query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
        let line = format!("{} {}", head.method, head.uri);
        Self { method: head.method, line, path: head.uri.path().to_owned(), query, headers: head.headers, body }
    }

    /// Who asks, by the bearer token.
    pub(crate) fn account(&self) -> Option<String> {
        let header = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let name = header.strip_prefix("Bearer ")?.strip_prefix(TOKEN)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        (!name.is_empty() && name.bytes().all(plain)).then(|| name.to_owned())
    }

    /// None: there is no such thing here.
    pub(crate) fn call(&self) -> Option<Call> {
        use Operation as O;
        let parts: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        let (operation, of) = match (self.method.as_str(), parts.as_slice()) {
            ("POST", ["2", "tweets"]) => (O::CreatePost, ""),
            ("DELETE", ["2", "tweets", id]) => (O::DeletePost, *id),
            ("GET", ["2", "tweets", id]) => (O::Post, *id),
            ("GET", ["2", "users", "me"]) => (O::Me, ""),
            ("GET", ["2", "users", "by", "username", name]) => (O::User, *name),
            ("GET", ["2", "users", id, "tweets"]) => (O::PostsOf, *id),
            ("GET", ["2", "users", id, "timelines", "reverse_chronological"]) => (O::Timeline, *id),
            ("POST", ["2", "users", id, "likes"]) => (O::Like, *id),
            ("POST", ["v1", "chat", "completions"]) => (O::Chat, ""),
            _ => return None,
        };
        Some(Call { operation, of: of.to_owned() })
    }
}

/// A part of a query without `%`-escapes.
fn decoded(text: &str) -> String {
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
