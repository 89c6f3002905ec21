//! Entity tags (RFC 9110, 8.8.3) of the bytes of an answer: whoever polls is told that nothing changed, and whoever changes
//! something can say which version it saw.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    extract,
    fault::{Fault, Kind, Result, of_body},
};

/// Of these bytes.
pub fn of(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest.get(..18).unwrap_or_default()))
}

/// Of a value, as a `GET` answers it.
///
/// # Errors
/// It is none that JSON can hold: a fault of ours.
pub fn of_value(value: &Value) -> Result<String> {
    Ok(of(extract::text(value)?.as_bytes()))
}

/// Whether a list of tags names this one. Weak tags are the same to us.
fn names(list: &HeaderValue, tag: &str) -> bool {
    let list = list.to_str().unwrap_or_default();
    list.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// Holds `If-Match` against what a `GET` would answer now. Without the header everything goes.
///
/// # Errors
/// The client saw another version.
pub fn check(headers: &HeaderMap, now: &Value) -> Result<()> {
    match headers.get(header::IF_MATCH) {
        Some(list) if !names(list, &of_value(now)?) => {
            let remedy = "read it again, and say it again where it still holds";
            Err(Fault::new(Kind::Stale, "stale", "it has changed since", remedy).of_field("If-Match"))
        }
        _ => Ok(()),
    }
}

/// Puts the tag on an answer, or answers 304 where the client has it.
pub(crate) async fn tagged(asked: &HeaderMap, response: Response) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return of_body(&error).into_response(),
    };
    let tag = of(&bytes);
    let is_there = asked.get(header::IF_NONE_MATCH).is_some_and(|list| names(list, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        head.headers.insert(header::ETAG, tag);
    }
    if is_there {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_TYPE);
        head.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operations::Told;

    #[test]
    fn a_change_holds_for_the_version_that_was_seen() {
        let with = |tag: &str| HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_str(tag).unwrap())]);
        let (seen, other) = (json!({ "it's": 1 }), json!({ "it's": 2 }));
        let tag = of_value(&seen).unwrap();
        assert!(check(&HeaderMap::new(), &seen).is_ok());
        assert!(check(&with(&tag), &seen).is_ok());
        assert!(check(&with(&format!("\"other\", W/{tag}")), &seen).is_ok());
        assert_eq!(check(&with(&tag), &other).unwrap_err().code, "stale");
    }

    #[tokio::test]
    async fn the_tag_of_a_value_is_that_of_its_answer_also_where_a_secret_is_taken_out() {
        puppet_types::scrub::learn(&[puppet_types::Secret::new("tag-of-a-secret-71c2")]);
        let value = json!({ "z": "it's tag-of-a-secret-71c2", "a": [1.5, null] });
        for answer in [crate::extract::Json(&value).into_response(), Told::new(value.clone()).into_response()] {
            let response = tagged(&HeaderMap::new(), answer).await;
            assert_eq!(response.headers()[header::ETAG], of_value(&value).unwrap());
        }
    }
}
