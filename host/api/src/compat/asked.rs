//! What clients of the original ask, and how they are told that it is wrong.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use puppet_store::StoreError;
use puppet_types::{AgentId, EventId};
use serde_json::{Map, Value};

use crate::{
    app::App,
    auth::Principal,
    extract::{Id, Json},
    fault::{Fault, Kind},
};

/// Something is wrong, told as the original did.
#[derive(Debug)]
pub(super) struct Old(pub Fault);

pub(super) type Result<T> = std::result::Result<T, Old>;

impl IntoResponse for Old {
    fn into_response(self) -> Response {
        self.0.of_old()
    }
}

impl From<Fault> for Old {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<StoreError> for Old {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

/// 400 in the original's words.
pub(super) fn bad(message: &str) -> Old {
    Old(Fault::input("bad-body", message, ""))
}

/// It could not be done, and why: the original had one code for that.
pub(super) fn failed(message: impl Into<String>) -> Old {
    Old(Fault::new(Kind::Internal, "failed", message, ""))
}

/// The agent of the path: it is there, and is seen by whoever asks.
pub(super) struct Agent(pub AgentId);

impl FromRequestParts<std::sync::Arc<App>> for Agent {
    type Rejection = Old;

    async fn from_request_parts(parts: &mut Parts, app: &std::sync::Arc<App>) -> Result<Self> {
        let Id(agent) = Id::<AgentId>::from_request_parts(parts, app).await?;
        let principal = Principal::from_request_parts(parts, app).await?;
        if principal.sees(&agent) && app.host.agents.knows(&agent) { Ok(Self(agent)) } else { Err(not_found(&agent)) }
    }
}

/// 404 in the original's words.
pub(super) fn not_found(agent: &AgentId) -> Old {
    Old(Fault::not_found("unknown-agent", format!("Agent not found: {agent}"), ""))
}

/// Whoever asks.
pub(super) struct By(pub Principal);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Old;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        Ok(Self(Principal::from_request_parts(parts, state).await?))
    }
}

/// A body, as the original took it: fields that it did not know are left alone, and null is a field that is not there.
pub(super) struct Body(pub Map<String, Value>);

impl<S: Sync> FromRequest<S> for Body {
    type Rejection = Old;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let Json(mut body) = Json::<Map<String, Value>>::from_request(request, state).await?;
        body.retain(|_, value| !value.is_null());
        Ok(Self(body))
    }
}

impl Body {
    /// A text; none where it is not there.
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>> {
        self.read(field, "a text", Value::as_str)
    }

    /// A number within a range.
    pub(super) fn number(&self, field: &str, (least, most): (f64, f64)) -> Result<Option<f64>> {
        let within = |value: &Value| value.as_f64().filter(|number| (least..=most).contains(number));
        self.read(field, &format!("a number from {least} to {most}"), within)
    }

    /// Yes or no.
    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>> {
        self.read(field, "true or false", Value::as_bool)
    }

    /// As `read` reads it; 400 where that is none.
    pub(super) fn read<'a, T>(
        &'a self,
        field: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.0.get(field) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(Old(Fault::input("bad-body", format!("{field} must be {what}"), "").of_field(field))),
            },
        }
    }
}

/// An id that nobody has yet.
pub(super) fn drawn() -> Result<EventId> {
    Ok(EventId::drawn("api").map_err(Fault::internal)?)
}
