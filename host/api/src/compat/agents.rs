//! `GET|POST /api/agents`, `GET /api/agents/{agent}` and its `context`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use puppet_engine::preview_offline;
use puppet_store::{AgentRow as Row, StoreError};
use puppet_types::{AgentId, Capability, Event, MemoryKind, Priority, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    asked::{Agent, Body, By, Old, Result, bad, drawn, not_found},
    bodies,
    shape::{AgentRow, AgentWhole, Feeling, part},
};
use crate::{
    app::App,
    audit::Audited,
    extract::Json,
    fault::Fault,
    operations::NewAgent,
    roster::{self, Items},
    v1::agents::audited,
};

/// Rows that are read at a time.
const PAGE: usize = 128;

/// What the prompt that `context` shows is about.
const SAMPLE: &str = "something that is on your mind";

/// Everybody.
#[utoipa::path(get, path = "/api/agents", tag = "original", responses((status = 200, body = [AgentRow])))]
pub(super) async fn list(State(app): State<Arc<App>>, By(principal): By) -> Result<impl IntoResponse> {
    let all = app.roster.old(async || everybody(&app).await.map_err(|Old(fault)| fault)).await?;
    let body = roster::list(all.iter().filter(|(id, _)| principal.sees(id)));
    Ok(([(header::CONTENT_TYPE, "application/json")], body))
}

async fn everybody(app: &App) -> Result<Items> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let page = app.store.agents_after(last.as_ref(), PAGE).await?;
        let Some(row) = page.last() else { return Ok(all) };
        last = Some(row.id.clone());
        for row in page.into_iter().filter(|row| app.host.agents.knows(&row.id)) {
            let mood = feeling(app, &row).await?;
            let last_post_time = last_post(app, &row.id).await?;
            let (name, description) = (text(&row, "name"), text(&row, "description"));
            let id = row.id.clone();
            all.push(roster::item(id, &AgentRow { id: row.id, name, description, last_post_time, mood })?);
        }
    }
}

/// One agent.
#[utoipa::path(get, path = "/api/agents/{agent}", tag = "original", params(("agent" = String, Path)),
    responses((status = 200, body = AgentWhole), (status = 404, description = "There is no such agent.")))]
pub(super) async fn show(State(app): State<Arc<App>>, Agent(agent): Agent) -> Result<Json<AgentWhole>> {
    let row = row(&app, &agent).await?;
    let persona = &row.body["persona"];
    let goals = persona["goals"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(Json(AgentWhole {
        name: text(&row, "name"),
        description: text(&row, "description"),
        personality: part(persona, "personality"),
        style_guide: part(persona, "style_guide"),
        behavior: part(persona, "behavior"),
        current_mood: feeling(&app, &row).await?,
        last_post_time: last_post(&app, &agent).await?,
        goals: goals.map(str::to_owned).collect(),
        id: agent,
    }))
}

/// The prompt of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalContext)]
pub(super) struct Context {
    /// What its plugin would tell a model first; empty where it would ask none.
    context: String,
    has_custom_prompt: bool,
}

/// What the agent's plugin would tell a model, were it to post now. No model is asked.
#[utoipa::path(get, path = "/api/agents/{agent}/context", tag = "original", params(("agent" = String, Path)),
    responses((status = 200, body = Context), (status = 404, description = "There is no such agent.")))]
pub(super) async fn context(State(app): State<Arc<App>>, Agent(agent): Agent) -> Result<Json<Context>> {
    let row = row(&app, &agent).await?;
    let persona = &row.body["persona"];
    let is_said = |prompt: &Value| prompt.as_str().is_some_and(|prompt| !prompt.trim().is_empty());
    let rotating = persona["rotating_system_prompts"].as_array();
    let has_custom_prompt =
        is_said(&persona["custom_system_prompt"]) || rotating.is_some_and(|prompts| prompts.iter().any(is_said));
    let event = Event {
        id: drawn()?,
        kind: "command_post".to_owned(),
        source: "api".to_owned(),
        agent,
        author: None,
        priority: Priority::Normal,
        at: app.host.now(),
        payload: json!({ "topic": SAMPLE, "force": true }),
        hops: 0,
        cause: None,
        broadcast: None,
    };
    let seen = preview_offline(&app.host, event).await?;
    let reads = seen.iter().flat_map(|seen| &seen.reads);
    let asked = reads.filter(|read| read.capability == Capability::Llm).find_map(|read| read.request.parse().ok());
    let context = asked.as_ref().and_then(told).unwrap_or_default().to_owned();
    Ok(Json(Context { context, has_custom_prompt }))
}

/// The first message of the system in a question to a model.
fn told(question: &Value) -> Option<&str> {
    let messages = question["messages"].as_array()?;
    messages.iter().find(|message| message["role"] == "system")?["content"].as_str()
}

/// An agent that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OriginalMade)]
pub(super) struct Made {
    id: String,
    name: String,
    message: &'static str,
}

/// Makes an agent from a file of the original.
#[utoipa::path(post, path = "/api/agents", tag = "original", request_body = bodies::AgentFile, responses(
    (status = 201, body = Made), (status = 400, description = "It is no configuration of an agent."),
    (status = 409, description = "There is one of that id."),
))]
pub(super) async fn make(State(app): State<Arc<App>>, Body(mut body): Body) -> Result<impl IntoResponse> {
    let Some(id) = body.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(bad("Valid agent configuration is required"));
    };
    let agent = AgentId::parse(&id).map_err(|error| Fault::input("bad-id", error.to_string(), "").of_field("id"))?;
    // The id is all that the original asked for.
    let name = body.entry("name").or_insert_with(|| json!(id)).as_str().unwrap_or(&id).to_owned();
    let file = serde_json::to_string(&body).map_err(Fault::internal)?;
    app.operations.make_agent(NewAgent::File(file)).await?;
    let after = audited(&app, &agent).await?;
    let made = Made { id: agent.to_string(), name, message: "Agent created successfully" };
    Ok(Audited::change(Value::Null, after).with((StatusCode::CREATED, Json(made))))
}

async fn row(app: &App, agent: &AgentId) -> Result<Row> {
    app.store.agent(agent).await?.ok_or_else(|| not_found(agent))
}

fn text(row: &Row, field: &str) -> String {
    row.body[field].as_str().unwrap_or_default().to_owned()
}

/// Where moods decay the agent's own rules say how; else what is stored is how it feels.
async fn feeling(app: &App, row: &Row) -> std::result::Result<Feeling, StoreError> {
    if !row.body["mood_decay"].is_null() {
        return app.host.mood(&row.id).await.map(Feeling::from);
    }
    let stored = app.store.mood(&row.id).await?;
    Ok(stored.map(|(mood, _)| mood).unwrap_or_default().into())
}

/// When an agent posted last.
pub(super) async fn last_post(app: &App, agent: &AgentId) -> std::result::Result<Option<Timestamp>, StoreError> {
    let posts = app.store.memories(agent, &[MemoryKind::Post], 1).await?;
    Ok(posts.first().map(|post| post.memory.at))
}
