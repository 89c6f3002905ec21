//! Who changed what. A row is written before the answer goes out, so that what was answered stands in the log. Those of events are
//! the exception: an event is durable by itself, and its row follows a moment later, so that nobody waits for two commits, one after
//! the other.

use std::{net::IpAddr, sync::Arc};

use axum::response::{IntoResponse, Response};
use puppet_store::ApiChange;
use puppet_types::{AgentId, scrub};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::{app::App, auth::Principal};

/// Longest side of a change that stands in the log whole, in bytes; of a longer one its beginning, in characters.
const SIDE: usize = 8 << 10;
const BEGINNING: usize = 2_000;

/// What a handler says about a change. What is told of a memory is never what it says: that can be forgotten, the log cannot.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    /// How it was before.
    pub before: Option<Value>,
    /// And after.
    pub after: Option<Value>,
}

impl Audited {
    /// How something was and how it is; null is nothing.
    pub fn change(before: Value, after: Value) -> Self {
        let some = |value: Value| (!value.is_null()).then_some(value);
        Self { before: some(before), after: some(after) }
    }

    /// Goes along with an answer.
    pub fn with(self, answer: impl IntoResponse) -> Response {
        let mut response = answer.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Some fields of an object, in this order; null of nothing.
pub fn fields(of: &Value, names: &[&str]) -> Value {
    match of {
        Value::Null => Value::Null,
        of => names.iter().map(|name| ((*name).to_owned(), of[*name].clone())).collect::<Map<_, _>>().into(),
    }
}

/// A request that may change something.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// As it stood in the request, without the query.
    pub(crate) path: String,
    /// As the policy of the route says it; may be empty.
    pub(crate) what: &'static str,
    pub(crate) agent: Option<AgentId>,
    pub(crate) address: IpAddr,
}

/// Writes a row for a change that was made, or that somebody may not make; of a look, and of what changes nothing, none. A log
/// that cannot be written is told in the host's log: the change stands.
pub(crate) async fn note(app: &Arc<App>, asked: Asked, principal: &Principal, said: (Audited, u16)) {
    if let Some(change) = change(app, asked, principal, said) {
        told(app.store.append_api_change(change).await);
    }
}

fn told(written: puppet_store::Result<u64>) {
    if let Err(error) = written {
        tracing::error!("a change was not written to the audit log: {error}");
    }
}

/// The row of a change; none of what changes nothing.
fn change(app: &App, asked: Asked, principal: &Principal, (audited, status): (Audited, u16)) -> Option<ApiChange> {
    if asked.what.is_empty() {
        return None;
    }
    Some(ApiChange {
        seq: 0,
        at: app.host.now(),
        principal: principal.id.clone(),
        role: principal.role.name().to_owned(),
        address: asked.address.to_string(),
        what: asked.what.to_owned(),
        method: asked.method,
        path: asked.path,
        agent: asked.agent,
        before: audited.before.and_then(kept),
        after: audited.after.and_then(kept),
        status,
    })
}

/// Rows of events that may be on their way into the log at once: who comes then waits for one of them.
const ON_THEIR_WAY: usize = 1_024;

/// Rows of events on their way into the log.
pub(crate) struct Following(Arc<Semaphore>);

impl Default for Following {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ON_THEIR_WAY)))
    }
}

impl Following {
    /// Writes a row as [`note`] does, after the answer.
    pub(crate) async fn note(&self, app: &Arc<App>, asked: Asked, principal: Principal, said: (Audited, u16)) {
        let Some(change) = change(app, asked, &principal, said) else { return };
        let Ok(place) = Arc::clone(&self.0).acquire_owned().await else { return };
        let app = Arc::clone(app);
        tokio::spawn(async move {
            told(app.store.append_api_change_along(change).await);
            drop(place);
        });
    }

    /// Waits until all rows stand in the log that were on their way.
    pub(crate) async fn written(&self) {
        let _ = self.0.acquire_many(ON_THEIR_WAY as u32).await;
    }
}

/// One side as it is kept: without secrets, and not longer than it may be.
fn kept(value: Value) -> Option<Value> {
    let (value, _) = scrub::value(value)?;
    let text = value.to_string();
    if text.len() <= SIDE {
        return Some(value);
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    Some(json!({ "cut": true, "bytes": text.len(), "beginning": beginning }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_kept_whole_up_to_its_bound() {
        let fits = json!({ "it's": "x".repeat(8_000) });
        assert_eq!(kept(fits.clone()), Some(fits));
        let long = kept(json!({ "it's": "ä".repeat(100_000) })).unwrap();
        assert_eq!((&long["cut"], &long["bytes"]), (&json!(true), &json!(200_011)));
        assert!(long.to_string().len() < SIDE && long["beginning"].as_str().unwrap().starts_with("{\"it's\":\"ä"));
    }

    #[test]
    fn what_is_nothing_is_no_side() {
        let change = Audited::change(json!(null), fields(&json!({ "a": 1, "b": 2 }), &["b", "c"]));
        assert_eq!((change.before, change.after), (None, Some(json!({ "b": 2, "c": null }))));
        assert_eq!(fields(&json!(null), &["a"]), json!(null));
    }
}
