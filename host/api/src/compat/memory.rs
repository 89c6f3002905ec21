//! `GET …/memory`, `GET …/relationships`, `POST …/memories`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use puppet_memory::{CONTENT_BYTES, memory_id};
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp, Trust, scrub};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    asked::{Agent, Body, Result, bad},
    bodies,
    shape::{Bond, Item},
};
use crate::{app::App, audit::Audited, extract::Json, fault::Fault, v1::memory::audited};

/// Importance of a memory that says no more (contract §6).
const IMPORTANCE: f64 = 0.5;

/// What an agent remembers: the file that the original kept, and that `puppet import` reads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalMemories)]
pub(super) struct Whole {
    #[schema(value_type = String)]
    agent_id: AgentId,
    core_memories: Vec<Item>,
    recent_events: Vec<Item>,
    recent_posts: Vec<Item>,
    relationships: BTreeMap<String, Bond>,
    long_term_memories: Vec<Item>,
    tweet_history: Vec<Item>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_updated: Option<Timestamp>,
}

/// What an agent remembers.
#[utoipa::path(get, path = "/api/agents/{agent}/memory", tag = "original", params(("agent" = String, Path)),
    responses((status = 200, body = Whole), (status = 404, description = "There is no such agent.")))]
pub(super) async fn memory(State(app): State<Arc<App>>, Agent(agent): Agent) -> Result<Json<Whole>> {
    use MemoryKind::{Core, Event, General, Interaction, Post, Tweet};
    let of = async |kinds: &[MemoryKind], most| -> Result<Vec<Item>> {
        Ok(app.store.memories(&agent, kinds, most).await?.into_iter().map(|hit| hit.memory.into()).collect())
    };
    let mut whole = Whole {
        core_memories: of(&[Core], usize::MAX).await?,
        recent_events: of(&[Event], 50).await?,
        recent_posts: of(&[Post], 20).await?,
        relationships: bonds(&app, &agent).await?,
        long_term_memories: of(&[General, Interaction], 100).await?,
        tweet_history: of(&[Tweet], 50).await?,
        last_updated: None,
        agent_id: agent.clone(),
    };
    let Whole { core_memories, recent_events, recent_posts, long_term_memories, tweet_history, .. } = &whole;
    let lists = [core_memories, recent_events, recent_posts, long_term_memories, tweet_history];
    whole.last_updated = lists.into_iter().flatten().map(|item| item.timestamp).max();
    Ok(Json(whole))
}

/// How an agent stands to others.
#[utoipa::path(get, path = "/api/agents/{agent}/relationships", tag = "original", params(("agent" = String, Path)),
    responses((status = 200, body = BTreeMap<String, Bond>), (status = 404, description = "There is no such agent.")))]
pub(super) async fn relationships(
    State(app): State<Arc<App>>,
    Agent(agent): Agent,
) -> Result<Json<BTreeMap<String, Bond>>> {
    bonds(&app, &agent).await.map(Json)
}

async fn bonds(app: &App, agent: &AgentId) -> Result<BTreeMap<String, Bond>> {
    let bonds = app.store.relationships(agent).await?;
    Ok(bonds.into_iter().map(|bond| (bond.target.clone(), bond.into())).collect())
}

/// Adds a memory.
#[utoipa::path(post, path = "/api/agents/{agent}/memories", tag = "original", params(("agent" = String, Path)),
    request_body = bodies::NewMemory, responses((status = 201, body = Item),
        (status = 400, description = "There is nothing to remember in it."),
        (status = 404, description = "There is no such agent.")))]
pub(super) async fn remember(
    State(app): State<Arc<App>>,
    Agent(agent): Agent,
    body: Body,
) -> Result<impl IntoResponse> {
    let content = body.text("content")?.map(str::trim).filter(|content| !content.is_empty());
    let content = content.ok_or_else(|| bad("Memory content is required"))?;
    if content.len() > CONTENT_BYTES {
        return Err(Fault::input("bad-body", format!("content is longer than {CONTENT_BYTES} bytes"), "").into());
    }
    let said = body.text("type")?.unwrap_or("general");
    // The lists of posts and tweets are kept by the host.
    let kind = serde_json::from_value(said.into()).ok();
    let kind = kind.filter(|kind| !matches!(kind, MemoryKind::Post | MemoryKind::Tweet)).unwrap_or(MemoryKind::General);
    let importance = body.number("importance", (0.0, 1.0))?.unwrap_or(IMPORTANCE);
    let is_its_own = serde_json::to_value(kind).is_ok_and(|kind| kind == said);
    let memory = Memory {
        id: memory_id(&agent, kind, content),
        kind,
        content: scrub::text(content).into_owned(),
        at: app.host.now(),
        importance,
        valence: 0.0,
        associations: Vec::new(),
        // As `puppet import` keeps another name.
        metadata: if is_its_own { Vec::new() } else { vec![("original_type".to_owned(), bounded(said))] },
        author: None,
        trust: Trust::Host,
        pinned: false,
        led_by: None,
    };
    app.host.let_remember(&agent, memory.clone()).await?;
    let after = audited(&memory);
    Ok(Audited::change(Value::Null, after).with((StatusCode::CREATED, Json(Item::from(memory)))))
}

/// Within the bounds of a pair of metadata.
fn bounded(name: &str) -> String {
    name.chars().take(32).collect()
}
