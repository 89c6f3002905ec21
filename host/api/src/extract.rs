//! What handlers take out of a request, as types that cannot be wrong: bodies, parameters, ids. Also how JSON goes out.

use axum::{
    extract::{FromRequest, FromRequestParts, Query as AxumQuery, RawPathParams, Request},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use puppet_types::{AgentId, Capability, Digest, EffectId, InvocationId, PackId, PostId, scrub};
use serde::{Serialize, de::DeserializeOwned};

use crate::fault::{Fault, Kind, Result, of_body, short};

/// A body of JSON, or an answer. Types that are read have `#[serde(deny_unknown_fields)]`. No body at all is `{}`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let media = request.headers().get(header::CONTENT_TYPE).cloned();
        let bytes = whole(request).await?;
        if bytes.is_empty() {
            return parsed(b"{}").map(Self);
        }
        let is_json = media.as_ref().and_then(|media| media.to_str().ok()).is_some_and(|media| {
            media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
        });
        if !is_json {
            let remedy = "send JSON with `Content-Type: application/json`";
            return Err(Fault::new(Kind::Unsupported, "not-json", "the body is not said to be JSON", remedy));
        }
        parsed(&bytes).map(Self)
    }
}

/// Longest message that may quote what was sent, in characters.
const ECHOED: usize = 200;

/// A request's whole body, within the bounds of its route.
///
/// # Errors
/// It is too long, came too slowly, or broke off.
pub async fn whole(request: Request) -> Result<Bytes> {
    Ok(request.into_body().collect().await.map_err(|error| of_body(&error))?.to_bytes())
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    // A list would be read as the fields of a struct in their order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Fault::input("bad-body", "the body is no JSON object", "send an object"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let message = error.to_string();
        let code = if error.is_data() { "bad-body" } else { "bad-json" };
        let fault =
            Fault::input(code, short(&message, ECHOED), "`GET /api/v1/openapi.json` says what this route takes");
        match message.split('`').nth(1) {
            Some(field) if error.is_data() && message.contains("field `") => fault.of_field(field),
            _ => fault,
        }
    })
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match text(&self.0) {
            Ok(body) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(fault) => fault.into_response(),
        }
    }
}

/// A value as it goes out: without secrets.
///
/// # Errors
/// It is none that JSON can hold: a fault of ours.
pub fn text<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    let text = serde_json::to_string(value).map_err(Fault::internal)?;
    Ok(match scrub::json(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(clean) => clean,
    })
}

/// Parameters of the query. Types have `#[serde(deny_unknown_fields)]` and `#[into_params(parameter_in = Query)]`: the door refuses
/// what the description of the route does not have as a parameter of its query.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        AxumQuery::<T>::try_from_uri(&parts.uri).map(|AxumQuery(query)| Self(query)).map_err(|rejection| {
            let told = rejection.body_text();
            let message = told.strip_prefix("Failed to deserialize query string: ").unwrap_or(&told);
            Fault::input("bad-query", short(message, ECHOED), "`GET /api/v1/openapi.json` says what this route takes")
        })
    }
}

/// Something that a path names: `{agent}`, `{pack}` and so on.
pub trait PathId: Sized {
    /// The parameter of the path.
    const NAME: &'static str;
    /// None where no such id can be.
    fn parse(text: &str) -> Option<Self>;
}

/// An id of the path.
#[derive(Debug, Clone)]
pub struct Id<T>(pub T);

impl<S: Sync + Send, T: PathId> FromRequestParts<S> for Id<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let bad = || {
            let message = format!("`{}` of the path is no id of that kind", T::NAME);
            Fault::input("bad-id", message, "use an id as the lists give it").of_field(T::NAME)
        };
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| bad())?;
        let text = params.iter().find(|(name, _)| *name == T::NAME).map(|(_, text)| text);
        text.and_then(T::parse).map(Self).ok_or_else(bad)
    }
}

/// Longest id, in bytes.
const MOST_OF_ID: usize = 128;

/// Whether a text may be an id at all: short, visible, and leading nowhere.
pub fn is_id(text: &str) -> bool {
    let may_be = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '\\' | '"' | '\'' | '<' | '>' | '`');
    (1..=MOST_OF_ID).contains(&text.len()) && text.chars().all(may_be) && !text.split('.').all(str::is_empty)
}

macro_rules! path_id {
    ($($type:ty, $name:literal, $parse:expr;)*) => {$(
        impl PathId for $type {
            const NAME: &'static str = $name;
            fn parse(text: &str) -> Option<Self> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text)
            }
        }
    )*};
}

path_id! {
    AgentId, "agent", |text| AgentId::parse(text).ok();
    PackId, "pack", |text| is_id(text).then(|| text.into());
    InvocationId, "invocation", |text| is_id(text).then(|| text.into());
    EffectId, "effect", |text| is_id(text).then(|| text.into());
    PostId, "post", |text| is_id(text).then(|| text.into());
    Capability, "capability", Capability::parse;
    Digest, "digest", Digest::parse;
}

/// Ids that are nothing but texts.
macro_rules! text_id {
    ($($(#[$doc:meta])* $type:ident, $name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $type(pub String);

        impl PathId for $type {
            const NAME: &'static str = $name;
            fn parse(text: &str) -> Option<Self> {
                is_id(text).then(|| Self(text.to_owned()))
            }
        }
    )*};
}

text_id! {
    /// Of a key of the API.
    KeyId, "key";
    /// Of a memory.
    MemoryId, "memory";
    /// Of a trade that was asked for here.
    TradeId, "trade";
    /// Of a message that waits to be signed.
    MessageHash, "hash";
}

/// Of a wallet, or of a purse of paper: `paper/NAME`, which stands as `paper%2FNAME` in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletName(pub String);

impl PathId for WalletName {
    const NAME: &'static str = "wallet";
    fn parse(text: &str) -> Option<Self> {
        let is_name = is_id(text.strip_prefix("paper/").unwrap_or(text)) && text.len() <= MOST_OF_ID;
        is_name.then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[allow(dead_code)]
        text: String,
    }

    #[test]
    fn ids_lead_nowhere() {
        for bad in ["", "..", ".", "a/b", "a\\b", "a b", "a\0", "ä", &"a".repeat(129)] {
            assert!(!is_id(bad), "{bad:?}");
        }
        assert!(is_id("inv_0abc") && is_id("a.b-c_d:1") && is_id("sha256:00"));
        let wallet = |text: &str| WalletName::parse(text).is_some();
        assert!(wallet("main") && wallet("paper/steady"));
        assert!(!wallet("paper/") && !wallet("paper/../x") && !wallet("other/x") && !wallet("paper/a/b"));
    }

    #[test]
    fn a_body_is_refused_by_the_name_of_what_is_wrong_in_it() {
        let fault = |body: &str| parsed::<Wish>(body.as_bytes()).unwrap_err();
        let unknown = fault(r#"{"text":"it's fine","nonsense":1}"#);
        assert_eq!((&*unknown.code, unknown.field.as_deref()), ("bad-body", Some("nonsense")));
        let missing = fault("{}");
        assert_eq!((&*missing.code, missing.field.as_deref()), ("bad-body", Some("text")));
        assert_eq!(fault("{").code, "bad-json");
        assert_eq!(fault(r#"["it's fine"]"#).code, "bad-body");
        assert_eq!(fault(&r#"{"text":"#.repeat(2_000)).code, "bad-body");
    }
}
