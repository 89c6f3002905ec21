//! Agents: who there is, how one is made, stopped, started and taken away.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use puppet_types::{AgentId, PackId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page, status::Reason};
use crate::{
    app::App,
    audit::{Audited, fields},
    auth::Principal,
    etag,
    extract::{Id, Json, Query, is_id, whole},
    fault::{Fault, Kind, Result},
    operations::{AgentWord, NewAgent, Told},
    page,
    roster::{self, Items},
    shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(show, change, retire))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(restart))
}

/// The list, as its cursors have it.
const LIST: &str = "agents";

/// Who there is, by id.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", params(Page), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/agent-list")),
))]
async fn list(State(app): State<Arc<App>>, principal: Principal, Query(asked): Query<Page>) -> Result<Response> {
    let limit = page::limit(asked.limit)?;
    let after: Option<String> = page::place(LIST, asked.cursor.as_deref())?;
    let all = app.roster.items(async || items(app.operations.agents().await?.value)).await?;
    let is_meant = |(id, _): &&(AgentId, Bytes)| {
        principal.sees(id) && after.as_ref().is_none_or(|after| id.as_str() > after.as_str())
    };
    let meant: Vec<&(AgentId, Bytes)> = all.iter().filter(is_meant).take(limit + 1).collect();
    let page = meant.get(..limit).unwrap_or(&meant);
    let next = page.last().filter(|_| meant.len() > limit).map(|(last, _)| page::cursor(LIST, &last.as_str()));
    let items = roster::list(page.iter().copied());
    let mut body = br#"{"schema":"puppet.agents/1","items":"#.to_vec();
    body.extend_from_slice(&items);
    body.extend_from_slice(b",\"next\":");
    body.extend_from_slice(json!(next).to_string().as_bytes());
    body.push(b'}');
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Agents of a list.
fn items(mut list: Value) -> Result<Items> {
    let Value::Array(items) = list["items"].take() else { return Err(Fault::internal("a list without items")) };
    items.into_iter().map(|item| roster::item(AgentId::new(item["id"].as_str().unwrap_or_default()), &item)).collect()
}

/// Makes one: from a file of the original engine, which is the body as it is, or from an installed pack.
#[utoipa::path(post, path = "/api/v1/agents", tag = "agents", request_body = shape::NewAgent, responses(
    (status = 201, description = "It lives. From a file: what became of each field.",
        body = ref("#/components/schemas/agent-made")),
))]
async fn make(State(app): State<Arc<App>>, request: Request) -> Result<Response> {
    let body = whole_json(request).await?;
    let new = new_agent(&body)?;
    let told = app.operations.make_agent(new).await?;
    let id = told.value["agent_id"].as_str().or(told.value["id"].as_str()).unwrap_or_default();
    let place = HeaderValue::from_str(&format!("/api/v1/agents/{id}")).ok();
    let after = audited(&app, &AgentId::new(id)).await?;
    let mut response = Audited::change(Value::Null, after).with(told.with(StatusCode::CREATED));
    if let Some(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// Longest name of an agent, in characters.
const NAME_CHARS: usize = 100;

/// An object, with its text as it came: the digest of a file is of its bytes.
async fn whole_json(request: Request) -> Result<(String, Map<String, Value>)> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    if !media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")) {
        let remedy = "send JSON with `Content-Type: application/json`";
        return Err(Fault::new(Kind::Unsupported, "not-json", "the body is not said to be JSON", remedy));
    }
    let bytes = whole(request).await?;
    let bad =
        |message: String| Fault::input("bad-json", message, "send the agent file as it is, or {\"pack\": \"id\"}");
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| bad("the body is not UTF-8".to_owned()))?;
    let object = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    Ok((text, object))
}

/// What is to be made. A file of the original engine has no field `pack`.
fn new_agent((text, body): &(String, Map<String, Value>)) -> Result<NewAgent> {
    if !body.contains_key("pack") {
        return Ok(NewAgent::File(text.clone()));
    }
    let bad = |field: &str, message: String| {
        Fault::input("bad-body", message, "write {\"pack\": \"id\", \"id\": \"…\", \"name\": \"…\"}").of_field(field)
    };
    if let Some(field) = body.keys().find(|key| !["pack", "id", "name"].contains(&key.as_str())) {
        return Err(bad(field, format!("unknown field `{field}`")));
    }
    let text = |field: &str| match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad(field, format!("`{field}` is no text"))),
    };
    let pack = text("pack")?.filter(|pack| is_id(pack)).ok_or_else(|| bad("pack", "`pack` is no id".to_owned()))?;
    let id = text("id")?.map(|id| AgentId::parse(&id).map_err(|error| bad("id", error.to_string()))).transpose()?;
    let name = text("name")?.map(|name| asked::line("name", name, NAME_CHARS)).transpose()?;
    Ok(NewAgent::Pack { pack: PackId::new(pack), id, name })
}

/// One.
#[utoipa::path(get, path = "/api/v1/agents/{agent}", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It.", body = ref("#/components/schemas/agent-show")),
))]
async fn show(State(app): State<Arc<App>>, Id(agent): Id<AgentId>) -> Result<Told> {
    app.operations.agent(&agent).await
}

/// What changes about one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AgentChanges)]
struct Changes {
    /// Settings of its plugin that are so from now on; null takes one away. The others stay.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
}

/// Changes settings of one.
#[utoipa::path(patch, path = "/api/v1/agents/{agent}", tag = "agents", request_body = Changes, params(
    ("agent" = String, Path, description = "Its id."),
    ("If-Match" = Option<String>, Header, description = "The tag of what was seen of it: 412 where that has changed."),
), responses(
    (status = 200, description = "It, as it is now.", body = ref("#/components/schemas/agent-show")),
))]
async fn change(
    State(app): State<Arc<App>>,
    Id(agent): Id<AgentId>,
    headers: HeaderMap,
    Json(changes): Json<Changes>,
) -> Result<Response> {
    if headers.contains_key(header::IF_MATCH) {
        etag::check(&headers, &app.operations.agent(&agent).await?.value)?;
    }
    changed(&app, &agent, AgentWord::Settings(changes.settings), &["settings"]).await
}

/// Changes one, and says how these fields of it were and are.
async fn changed(app: &App, agent: &AgentId, word: AgentWord, names: &[&str]) -> Result<Response> {
    let before = fields(&described(app, agent).await?, names);
    let told = app.operations.change_agent(agent, word).await?;
    let after = fields(&described(app, agent).await?, names);
    Ok(Audited::change(before, after).with(told))
}

/// One as it is described in the store; null where there is none.
async fn described(app: &App, agent: &AgentId) -> Result<Value> {
    Ok(app.store.agent(agent).await?.map(|row| row.body).unwrap_or_default())
}

/// What the audit log has of one that comes or goes.
pub async fn audited(app: &App, agent: &AgentId) -> Result<Value> {
    Ok(fields(&described(app, agent).await?, &["name", "handle", "pack", "llm", "settings"]))
}

/// Takes one away, with its mail and its timers. What it did stays in the journal.
#[utoipa::path(delete, path = "/api/v1/agents/{agent}", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 204, description = "It is no more."),
    (status = 409, description = "It comes from the folder `agents/`, and would come back.",
        body = ref("#/components/schemas/problem")),
))]
async fn retire(State(app): State<Arc<App>>, Id(agent): Id<AgentId>) -> Result<Response> {
    let before = audited(&app, &agent).await?;
    app.operations.change_agent(&agent, AgentWord::Retire).await?;
    Ok(Audited::change(before, Value::Null).with(StatusCode::NO_CONTENT))
}

/// Lets its events wait until it is resumed. What it has decided still leaves.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/pause", tag = "agents", request_body = Reason, params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It, paused.", body = ref("#/components/schemas/agent-show")),
))]
async fn pause(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Json(said): Json<Reason>,
) -> Result<Response> {
    let word = AgentWord::Pause { reason: asked::reason(said.reason)?, by: principal.name };
    changed(&app, &agent, word, &["paused"]).await
}

/// Lets it go on, first with what waited.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/resume", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It, as it is now.", body = ref("#/components/schemas/agent-show")),
))]
async fn resume(State(app): State<Arc<App>>, principal: Principal, Id(agent): Id<AgentId>) -> Result<Response> {
    changed(&app, &agent, AgentWord::Resume { by: principal.name }, &["paused"]).await
}

/// Casts it anew and tells it that it started.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/restart", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It.", body = ref("#/components/schemas/agent-show")),
))]
async fn restart(State(app): State<Arc<App>>, Id(agent): Id<AgentId>) -> Result<Told> {
    app.operations.change_agent(&agent, AgentWord::Restart).await
}
