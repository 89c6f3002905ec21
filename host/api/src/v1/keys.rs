//! Keys: who may ask this server.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use puppet_store::ApiKey;
use puppet_types::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Audited,
    auth::{NewKey, Role},
    extract::{Id, Json, KeyId, Query},
    fault::{Fault, Result},
    idempotency::NotKept,
    page::{self, List},
    shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke))
}

/// A key as it is told: without its hash. An item of `keys.json`.
#[derive(Debug, Serialize)]
pub struct Row {
    id: String,
    name: String,
    role: String,
    agents: Option<Vec<AgentId>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl From<ApiKey> for Row {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, role, agents, created_at, expires_at, last_used_at, revoked_at, .. } = key;
        Self { id, name, role, agents, created_at, expires_at, last_used_at, revoked_at }
    }
}

/// `key.json`: a key that was made, or taken back.
#[derive(Debug, Serialize)]
pub struct Told {
    schema: &'static str,
    #[serde(flatten)]
    row: Row,
    /// Shown once, and by nobody else.
    key: Option<String>,
}

impl Told {
    /// With the key itself, where it was just made.
    pub fn new(row: ApiKey, key: Option<String>) -> Self {
        Self { schema: "puppet.key/1", row: row.into(), key }
    }
}

/// `keys.json`.
pub const KEYS: &str = "puppet.keys/1";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Keys, the newest first; also those that were taken back.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(Page), responses(
    (status = 200, description = "A page of keys.", body = ref("#/components/schemas/keys")),
))]
async fn list(State(app): State<Arc<App>>, Query(asked): Query<Page>) -> Result<Json<List<Row>>> {
    let limit = page::limit(asked.limit)?;
    let before: Option<(Timestamp, String)> = page::place("keys", asked.cursor.as_deref())?;
    let mut rows = app.keys.list().await?;
    rows.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    rows.retain(|row| before.as_ref().is_none_or(|(at, id)| (row.created_at, &row.id) < (*at, id)));
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| page::cursor("keys", &(row.created_at, &row.id)));
    Ok(Json(List { schema: KEYS, items: rows.into_iter().map(Row::from).collect(), next }))
}

/// What a new key is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
struct Create {
    /// For those who read the list: 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    role: Role,
    /// The agents that it is bound to; null: it is not.
    #[serde(default)]
    #[schema(min_items = 1, value_type = Option<Vec<shape::AgentId>>)]
    agents: Option<BTreeSet<String>>,
    /// When it ends; null: never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Make a key. `key` of the answer is shown this once.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = Create, responses(
    (status = 201, description = "Made.", body = ref("#/components/schemas/key")),
))]
async fn create(State(app): State<Arc<App>>, Json(asked): Json<Create>) -> Result<Response> {
    let agent = |text: String| {
        AgentId::parse(&text)
            .map_err(|error| Fault::input("bad-id", error.to_string(), "use ids of agents").of_field("agents"))
    };
    let agents =
        asked.agents.map(|agents| agents.into_iter().map(agent).collect::<Result<BTreeSet<_>>>()).transpose()?;
    if let Some(unknown) = agents.iter().flatten().find(|agent| !app.host.agents.knows(agent)) {
        let remedy = "`GET /api/v1/agents` lists them: make the agent first";
        return Err(Fault::input("bad-value", format!("there is no agent `{unknown}`"), remedy).of_field("agents"));
    }
    let time = |text: String| {
        let wrong =
            || Fault::input("bad-value", "`expires_at` is no time", "write it as RFC 3339").of_field("expires_at");
        Timestamp::parse(&text).ok_or_else(wrong)
    };
    let expires_at = asked.expires_at.map(time).transpose()?;
    let new = NewKey { name: asked.name, role: asked.role, agents, expires_at };
    let (row, key) = app.keys.create(new, app.host.now()).await?;
    let after =
        json!({ "id": row.id, "name": row.name, "role": row.role, "agents": row.agents, "expires_at": row.expires_at });
    let told = Told::new(row, Some(key.expose().to_owned()));
    let mut response = (StatusCode::CREATED, Json(told)).into_response();
    response.extensions_mut().insert(NotKept);
    Ok(Audited::change(Value::Null, after).with(response))
}

/// Take a key back. Its sessions end with it.
#[utoipa::path(delete, path = "/api/v1/keys/{key}", tag = "keys", params(
    ("key" = String, Path, description = "Its id: the eight digits."),
), responses(
    (status = 200, description = "Taken back.", body = ref("#/components/schemas/key")),
))]
async fn revoke(State(app): State<Arc<App>>, Id(KeyId(id)): Id<KeyId>) -> Result<Response> {
    let row = app.keys.revoke(&id, app.host.now()).await?.ok_or_else(|| {
        Fault::not_found("unknown-key-id", format!("there is no key `{id}`"), "`GET /api/v1/keys` lists them")
    })?;
    let before = json!({ "id": row.id, "name": row.name, "role": row.role });
    Ok(Audited::change(before, Value::Null).with(Json(Told::new(row, None))))
}
