//! What an agent remembers: page by page, by search, and what an operator adds and takes away.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use puppet_engine::Host;
use puppet_memory::{CONTENT_BYTES, LIMIT, Method, QUERY_BYTES, Query as Wanted, Recaller, memory_id};
use puppet_store::Change;
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp, Trust};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::scope;
use crate::{
    app::App,
    audit::{Audited, fields},
    auth::Principal,
    extract::{Id, Json, MemoryId, Query},
    fault::{Fault, Result},
    page, shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(search)).routes(routes!(forget))
}

/// Which memories.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of this kind: `core`, `event`, `interaction`, `general`, `post` or `tweet`.
    kind: Option<String>,
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

fn kind_of(name: &str) -> Result<MemoryKind> {
    serde_json::from_value(json!(name)).map_err(|_| {
        let remedy = "use one of core, event, interaction, general, post, tweet";
        Fault::input("bad-value", format!("`{name}` is no kind of memory"), remedy).of_field("kind")
    })
}

/// One, as it is told: of everything that a row has, what people can use.
fn told(memory: &Memory) -> Value {
    json!({
        "id": memory.id, "kind": memory.kind, "content": memory.content, "at": memory.at,
        "importance": memory.importance, "valence": memory.valence, "associations": memory.associations,
        "author": memory.author, "trust": memory.trust, "pinned": memory.pinned,
    })
}

/// What the audit log has of one: not what it says, which can be taken away.
pub fn audited(memory: &Memory) -> Value {
    fields(&told(memory), &["id", "kind", "at", "importance", "trust"])
}

/// What it remembers, the newest first.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/memory", tag = "memory", params(
    ("agent" = String, Path, description = "Its id."), Which,
), responses(
    (status = 200, description = "A page of it.", body = ref("#/components/schemas/memories")),
))]
async fn list(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Query(asked): Query<Which>,
) -> Result<Json<Value>> {
    scope::must_know(&app, &principal, &agent)?;
    let limit = page::limit(asked.limit)?;
    let kinds = Vec::from_iter(asked.kind.as_deref().map(kind_of).transpose()?);
    let after: Option<(Timestamp, String)> = page::place("memories", asked.cursor.as_deref())?;
    let mut page = match &after {
        None => app.store.memories(&agent, &kinds, limit + 1).await?,
        Some((at, id)) => app.store.memories_after(&agent, &kinds, (*at, id), limit + 1).await?,
    };
    let is_last = page.len() <= limit;
    page.truncate(limit);
    let next = page.last().filter(|_| !is_last).map(|hit| page::cursor("memories", &(hit.memory.at, &hit.memory.id)));
    let items: Vec<Value> = page.iter().map(|hit| told(&hit.memory)).collect();
    Ok(Json(json!({ "schema": "puppet.memories/1", "items": items, "next": next })))
}

/// What is to be remembered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMemory)]
struct New {
    /// The text.
    #[schema(min_length = 1, max_length = 2000, pattern = r"[^\s]")]
    content: String,
    /// `core`, `event`, `interaction` or `general`; the last where it is left out.
    #[schema(value_type = Option<shape::KindToKeep>)]
    kind: Option<String>,
    /// 0 to 1; 0.5 where it is left out.
    #[schema(minimum = 0, maximum = 1)]
    importance: Option<f64>,
}

/// Lets it remember something. The same text twice is one memory.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/memory", tag = "memory", request_body = New, params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 201, description = "It remembers.", body = ref("#/components/schemas/memory")),
))]
async fn add(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Json(new): Json<New>,
) -> Result<Response> {
    scope::must_know(&app, &principal, &agent)?;
    let kind = new.kind.as_deref().map_or(Ok(MemoryKind::General), kind_of)?;
    let memory = remember(&app.host, &agent, (kind, &new.content, new.importance.unwrap_or(0.5))).await?;
    let mut body = told(&memory);
    body["schema"] = json!("puppet.memory/1");
    Ok(Audited::change(Value::Null, audited(&memory)).with((StatusCode::CREATED, Json(body))))
}

/// Lets an agent remember what an operator says, within the caps of its kind.
///
/// # Errors
/// There is nothing to remember, it is too long, or of a kind that the host keeps.
pub async fn remember(
    host: &Host,
    agent: &AgentId,
    (kind, content, importance): (MemoryKind, &str, f64),
) -> Result<Memory> {
    let bad = |field: &str, message: String, remedy: &str| Fault::input("bad-value", message, remedy).of_field(field);
    if matches!(kind, MemoryKind::Post | MemoryKind::Tweet) {
        let message = "the lists of posts and tweets are kept by the host".to_owned();
        return Err(bad("kind", message, "use one of core, event, interaction, general"));
    }
    let content = content.trim();
    if content.is_empty() {
        return Err(bad("content", "there is nothing to remember".to_owned(), "write a text"));
    }
    if content.len() > CONTENT_BYTES {
        let message = format!("{} bytes to remember", content.len());
        return Err(bad("content", message, &format!("at most {CONTENT_BYTES}")));
    }
    if !(0.0..=1.0).contains(&importance) {
        return Err(bad("importance", format!("`importance` is {importance}"), "0 to 1"));
    }
    let memory = Memory {
        id: memory_id(agent, kind, content),
        kind,
        content: puppet_types::scrub::text(content).into_owned(),
        at: host.now(),
        importance: (importance * 1e6).round() / 1e6,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Host,
        pinned: false,
        led_by: None,
    };
    host.let_remember(agent, memory.clone()).await?;
    Ok(memory)
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Sought {
    /// In any words.
    #[param(min_length = 1, max_length = 16384, pattern = r"[^\s]")]
    text: String,
    /// Of this kind.
    kind: Option<String>,
    /// 1 to 50; 10 where it is left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// Hits of a search where nothing else is said.
const HITS: u32 = 10;

/// The best memories for a text, with the parts of their scores. Nothing is paid for it: vectors are hashed, so that where a
/// model makes those of the rows `likeness` is 0.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/memory/search", tag = "memory", params(
    ("agent" = String, Path, description = "Its id."), Sought,
), responses(
    (status = 200, description = "The best first.", body = ref("#/components/schemas/memory-search")),
))]
async fn search(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Query(sought): Query<Sought>,
) -> Result<Json<Value>> {
    scope::must_know(&app, &principal, &agent)?;
    let bad =
        |field: &str, message: &str, remedy: String| Err(Fault::input("bad-value", message, remedy).of_field(field));
    if sought.text.trim().is_empty() || sought.text.len() > QUERY_BYTES {
        return bad("text", "there is no such search", format!("write 1 to {QUERY_BYTES} bytes"));
    }
    let limit = sought.limit.unwrap_or(HITS);
    if !(1..=LIMIT).contains(&limit) {
        return bad("limit", "`limit` is out of range", format!("1 to {LIMIT}"));
    }
    let query = Wanted {
        text: sought.text,
        kinds: Vec::from_iter(sought.kind.as_deref().map(kind_of).transpose()?),
        limit,
        method: Method::Blended,
        follow: false,
    };
    let found =
        Recaller::new(Arc::clone(&app.store) as _).recall(&agent, &query, app.host.now()).await.map_err(|error| {
            tracing::warn!(%agent, "a search of memory failed: {}", puppet_types::scrub::text(&error.message));
            Fault::internal("the search failed")
        })?;
    let items = found.iter().map(|hit| {
        let mut item = told(&hit.memory);
        item["score"] = json!(hit.score);
        item["parts"] = json!({
            "text": hit.text_score, "likeness": hit.likeness, "importance": hit.importance, "recency": hit.recency,
        });
        item
    });
    let items: Vec<Value> = items.collect();
    Ok(Json(json!({ "schema": "puppet.memory-search/1", "items": items, "next": null, "method": "hashed" })))
}

/// Takes a memory away, and its words out of the records that wrote it.
#[utoipa::path(delete, path = "/api/v1/agents/{agent}/memory/{memory}", tag = "memory", params(
    ("agent" = String, Path, description = "Its id."), ("memory" = String, Path, description = "Of the memory."),
), responses(
    (status = 204, description = "It is gone."),
    (status = 404, description = "There is none.", body = ref("#/components/schemas/problem")),
))]
async fn forget(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Id(memory): Id<MemoryId>,
) -> Result<Response> {
    scope::must_know(&app, &principal, &agent)?;
    let MemoryId(id) = memory;
    let Some(known) = app.store.memory(&agent, &id).await? else {
        let remedy = "`GET /api/v1/agents/{agent}/memory` lists what it remembers";
        return Err(Fault::not_found("not-found", format!("`{agent}` has no memory `{id}`"), remedy));
    };
    let before = audited(&known.memory);
    let reason = format!("the memory {id} was taken away by an operator");
    let words = Change::ForgetWords { agent: agent.clone(), id: id.clone(), reason };
    app.host.apply(vec![words, Change::Forget { agent, id }]).await?;
    Ok(Audited::change(before, Value::Null).with(StatusCode::NO_CONTENT))
}
