//! `POST …/mood`.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, response::Response};
use puppet_engine::ShiftError;
use puppet_types::{AgentId, Mood};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    asked::{Agent, Body, Result, drawn, failed, not_found},
    bodies,
    shape::Feeling,
};
use crate::{app::App, audit::Audited, extract::Json};

/// A mood that has moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OriginalMoved)]
pub(super) struct Moved {
    #[schema(value_type = String)]
    agent: AgentId,
    mood: Feeling,
}

/// Adds to an agent's mood; each part is clamped to its range.
#[utoipa::path(post, path = "/api/agents/{agent}/mood", tag = "original", params(("agent" = String, Path)),
    request_body = bodies::Shift, responses((status = 200, body = Moved), (status = 400, description = "It is no shift."),
        (status = 404, description = "There is no such agent.")))]
pub(super) async fn shift(State(app): State<Arc<App>>, Agent(agent): Agent, body: Body) -> Result<Response> {
    // Twice the widest range: more moves nothing further.
    let part = |name| body.number(name, (-2.0, 2.0)).map(|part| part.unwrap_or(0.0));
    let shift =
        Mood { valence: part("valenceShift")?, arousal: part("arousalShift")?, dominance: part("dominanceShift")? };
    let before = app.host.mood(&agent).await?;
    let shifting = app.host.shift_mood(drawn()?, &agent, shift);
    match tokio::time::timeout(Duration::from_millis(app.settings.wait_ms), shifting).await {
        Ok(Ok(mood)) => Ok(Audited::change(json!(before), json!(mood)).with(Json(Moved { agent, mood: mood.into() }))),
        Ok(Err(ShiftError::Unknown(agent))) => Err(not_found(&agent)),
        Ok(Err(ShiftError::Store(error))) => Err(error.into()),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("still waiting: the mood moves once what is under way has ended")),
    }
}
