//! How the host stands, and the stop of everything that would leave.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use puppet_types::{AgentId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::asked;
use crate::{app::App, audit::Audited, auth::Principal, extract::Json, fault::Result};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(status)).routes(routes!(halt)).routes(routes!(resume))
}

/// How the host stands.
#[utoipa::path(get, path = "/api/v1/status", tag = "system", responses(
    (status = 200, description = "How it stands.", body = ref("#/components/schemas/status")),
))]
async fn status(State(app): State<Arc<App>>, principal: Principal) -> Json<Value> {
    let host = &app.host;
    let seen: Vec<AgentId> = host.agents.ids().into_iter().filter(|id| principal.sees(id)).collect();
    let paused = seen.iter().filter(|id| host.paused(id).is_some()).count();
    let uptime_ms = u64::try_from(app.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let now = host.now();
    let disk = host.disk.fault().map(|fault| json!({ "message": fault.to_string(), "remedy": fault.remedy() }));
    let gauges = host.gauges();
    Json(json!({
        "schema": "puppet.status/1",
        "at": now,
        "version": env!("CARGO_PKG_VERSION"),
        "ready": *app.ready.borrow(),
        "started_at": Timestamp::from_millis(now.as_millis().saturating_sub(i64::try_from(uptime_ms).unwrap_or(i64::MAX))),
        "uptime_ms": uptime_ms,
        "agents": { "total": seen.len(), "paused": paused },
        "halt": halted(&app),
        "disk": disk,
        "queue": {
            "waiting": gauges.waiting, "oldest_at": gauges.oldest, "deferred": gauges.deferred,
            "effects_waiting": gauges.effects_waiting, "in_doubt": gauges.in_doubt,
        },
        "live": { "readers": app.live.readers() },
    }))
}

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In the operator's words: 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, pattern = r"[^\s]")]
    pub reason: Option<String>,
}

/// Lets nothing leave from now on.
#[utoipa::path(post, path = "/api/v1/halt", tag = "system", request_body = Reason, responses(
    (status = 200, description = "Everything is halted.", body = ref("#/components/schemas/halt")),
))]
async fn halt(State(app): State<Arc<App>>, Json(said): Json<Reason>) -> Result<Response> {
    let (reason, before) = (asked::reason(said.reason)?, halted(&app));
    let told = app.operations.halt(reason).await?;
    Ok(Audited::change(before, halted(&app)).with(told))
}

/// Since when nothing leaves, and why; null where it does.
fn halted(app: &App) -> Value {
    app.host.halted().map(|halt| json!({ "since": halt.since, "reason": halt.reason })).unwrap_or_default()
}

/// Lets effects leave again.
#[utoipa::path(post, path = "/api/v1/resume", tag = "system", responses(
    (status = 200, description = "Effects leave.", body = ref("#/components/schemas/halt")),
))]
async fn resume(State(app): State<Arc<App>>) -> Result<Response> {
    let before = halted(&app);
    let told = app.operations.resume().await?;
    Ok(Audited::change(before, halted(&app)).with(told))
}
