//! The audit log: who changed what.

use std::sync::Arc;

use axum::extract::State;
use puppet_store::{ApiChange, ApiChanges};
use puppet_types::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    extract::{Json, Query},
    fault::{Fault, Result},
    page::{self, List},
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// About this agent.
    agent: Option<String>,
    /// By the key of this id.
    principal: Option<String>,
    /// Not earlier.
    #[param(format = DateTime)]
    since: Option<String>,
    /// 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// An item of `audit.json`.
#[derive(Serialize)]
struct Row {
    seq: u64,
    at: Timestamp,
    principal: String,
    role: String,
    address: String,
    method: String,
    path: String,
    agent: Option<AgentId>,
    what: String,
    before: Option<Value>,
    after: Option<Value>,
    status: u16,
}

impl From<ApiChange> for Row {
    fn from(change: ApiChange) -> Self {
        let ApiChange { seq, at, principal, role, address, method, path, agent, what, before, after, status } = change;
        Self { seq, at, principal, role, address, method, path, agent, what, before, after, status }
    }
}

/// Changes, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Which), responses(
    (status = 200, description = "A page of changes.", body = ref("#/components/schemas/audit")),
))]
async fn list(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Result<Json<List<Row>>> {
    let limit = page::limit(which.limit)?;
    let agent = which.agent.map(|text| {
        AgentId::parse(&text)
            .map_err(|error| Fault::input("bad-id", error.to_string(), "use the id of an agent").of_field("agent"))
    });
    let since = which.since.map(|text| {
        let wrong = || Fault::input("bad-value", "`since` is no time", "write it as RFC 3339").of_field("since");
        Timestamp::parse(&text).ok_or_else(wrong)
    });
    let changes = ApiChanges {
        agent: agent.transpose()?,
        principal: which.principal,
        since: since.transpose()?,
        before_seq: page::place("audit", which.cursor.as_deref())?,
        limit: limit + 1,
    };
    app.following.written().await;
    let mut rows = app.store.api_changes(&changes).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| page::cursor("audit", &row.seq));
    Ok(Json(List { schema: "puppet.audit/1", items: rows.into_iter().map(Row::from).collect(), next }))
}
