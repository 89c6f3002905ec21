//! Events: what people send, what waits, what was handled and what was given up.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use puppet_types::{AgentId, Priority, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page, scope, words};
use crate::{
    app::App,
    auth::Principal,
    extract::{Json, Query},
    fault::{Fault, Result},
    operations::Wish,
    page::{self, List},
    shape,
    view::{
        handled::{Buried, Handled, handled},
        invocation::EventView,
    },
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(history, send)).routes(routes!(waiting)).routes(routes!(dead_letters))
}

/// An event that is wished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEvent)]
struct New {
    /// `news`, `mood_shift`, `interaction_prompt`, `command_post`, `command_reply`, `mention`, `timeline_post`, or one of your
    /// own with a dot in it.
    #[schema(min_length = 1, max_length = 64)]
    kind: String,
    /// An object.
    #[serde(default = "nothing")]
    #[schema(value_type = Object)]
    payload: Value,
    /// Ids of agents; nobody: all that the key may see.
    #[serde(default)]
    #[schema(value_type = Vec<shape::AgentId>)]
    to: Vec<String>,
    /// `low`, `normal`, `high` or `critical`.
    #[schema(value_type = Option<shape::Urgency>)]
    priority: Option<String>,
    /// So much later, in milliseconds.
    #[serde(default)]
    #[schema(maximum = 31536000000_u64)]
    delay_ms: u64,
    /// So long is waited until it is handled, in milliseconds.
    #[schema(maximum = 120000)]
    wait_ms: Option<u64>,
}

fn nothing() -> Value {
    json!({})
}

/// Longest delay: a year.
const DELAY_MOST_MS: u64 = 365 * 86_400_000;

/// Sends one.
#[utoipa::path(post, path = "/api/v1/events", tag = "events", request_body = New, responses(
    (status = 200, description = "How it ended.", body = ref("#/components/schemas/event-send")),
    (status = 202, description = "It is accepted, and handled yet.", body = ref("#/components/schemas/event-send")),
))]
async fn send(
    State(app): State<Arc<App>>,
    principal: Principal,
    headers: HeaderMap,
    Json(new): Json<New>,
) -> Result<Response> {
    let wait = asked::wait(new.wait_ms)?;
    if new.delay_ms > DELAY_MOST_MS {
        let message = format!("`delay_ms` is {}", new.delay_ms);
        return Err(Fault::input("bad-value", message, format!("at most {DELAY_MOST_MS}")).of_field("delay_ms"));
    }
    scope::may_send(&app, &principal, &new.kind, &new.payload)?;
    let to = scope::addressed(&app, &principal, new.to)?;
    let look = match to.as_slice() {
        [one] => format!("/api/v1/journal?agent={one}&kind={}", new.kind),
        _ => format!("/api/v1/journal?kind={}", new.kind),
    };
    let wish = Wish {
        kind: new.kind,
        payload: new.payload,
        to,
        priority: new.priority.as_deref().map(priority).transpose()?,
        delay_ms: new.delay_ms,
        source: "api".to_owned(),
        key: words::key(&principal, &headers),
    };
    Ok(asked::accepted(app.operations.send(wish, wait).await?, &look))
}

/// By name.
pub fn priority(name: &str) -> Result<Priority> {
    serde_json::from_value(json!(name)).map_err(|_| {
        let remedy = "use one of low, normal, high, critical";
        Fault::input("bad-value", format!("`{name}` is no priority"), remedy).of_field("priority")
    })
}

/// Of whom, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfAgent {
    /// Of this agent.
    agent: Option<String>,
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Most events of the past that are gone through for a page.
const PAST: usize = 2_000;

/// What was handled, the last first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(OfAgent), responses(
    (status = 200, description = "A page of it.", body = ref("#/components/schemas/event-history")),
))]
async fn history(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<OfAgent>,
) -> Result<Json<List<Handled>>> {
    let limit = page::limit(asked.limit)?;
    let agent = scope::named(&app, &principal, asked.agent)?;
    let before: Option<(Timestamp, String)> = page::place("events", asked.cursor.as_deref())?;
    let place = |one: &Handled| (one.handled_at, one.id.to_string());
    let mut items = handled(&*app.store, agent.as_ref(), PAST).await?;
    // By time, and ties by id: a page begins after the last of the one before, whatever was handled meanwhile.
    items.sort_by_key(|one| std::cmp::Reverse(place(one)));
    items.retain(|one| principal.sees(&one.agent) && before.as_ref().is_none_or(|before| place(one) < *before));
    let is_last = items.len() <= limit;
    items.truncate(limit);
    let next = items.last().filter(|_| !is_last).map(place);
    Ok(Json(asked::list("events", "puppet.events/1", items, next)))
}

/// What waits to be handled, in the order in which it was accepted.
#[utoipa::path(get, path = "/api/v1/events/waiting", tag = "events", params(Page), responses(
    (status = 200, description = "A page of it.", body = ref("#/components/schemas/events-waiting")),
))]
async fn waiting(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Page>,
) -> Result<Json<List<Value>>> {
    let limit = page::limit(asked.limit)?;
    let after: Option<u64> = page::place("waiting", asked.cursor.as_deref())?;
    let rows = app.store.waiting_after(after.unwrap_or(0), principal.among().as_ref(), limit + 1).await?;
    let (items, next) = page::cut(rows, limit, |one| one.seq);
    let items = items.into_iter().map(|one| {
        let agent: AgentId = one.event.agent.clone();
        json!({
            "agent": agent, "attempts": one.attempts, "not_before": one.not_before,
            "event": EventView::of(one.event),
        })
    });
    Ok(Json(asked::list("waiting", "puppet.events-waiting/1", items.collect(), next)))
}

/// What was given up, the last first.
#[utoipa::path(get, path = "/api/v1/events/dead-letters", tag = "events", params(Page), responses(
    (status = 200, description = "A page of it.", body = ref("#/components/schemas/dead-letters")),
))]
async fn dead_letters(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Page>,
) -> Result<Json<List<Buried>>> {
    let limit = page::limit(asked.limit)?;
    let before: Option<(Timestamp, u64)> = page::place("dead-letters", asked.cursor.as_deref())?;
    let rows = app.store.dead_letters_before(before, principal.among().as_ref(), limit + 1).await?;
    let (items, next) = page::cut(rows, limit, |one| (one.at, one.seq));
    let items = items.into_iter().map(Buried::of).collect();
    Ok(Json(asked::list("dead-letters", "puppet.dead-letters/1", items, next)))
}
