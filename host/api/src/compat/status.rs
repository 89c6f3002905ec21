//! `GET /api/status`.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{By, Result};
use crate::{app::App, extract::Json};

/// How the engine stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OriginalStatus)]
pub(super) struct Status {
    status: &'static str,
    /// How many there are.
    agents: usize,
    /// Seconds since the start.
    uptime: f64,
}

/// How the engine stands.
#[utoipa::path(get, path = "/api/status", tag = "original", responses((status = 200, body = Status)))]
pub(super) async fn status(State(app): State<Arc<App>>, By(principal): By) -> Result<Json<Status>> {
    let agents = match &principal.agents {
        None => app.host.agents.len(),
        Some(seen) => seen.iter().filter(|agent| app.host.agents.knows(agent)).count(),
    };
    let uptime = (app.started.elapsed().as_secs_f64() * 1e3).round() / 1e3;
    Ok(Json(Status { status: "online", agents, uptime }))
}
