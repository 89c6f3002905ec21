//! How an agent feels, felt, and stands to others.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::HeaderMap, response::Response};
use puppet_engine::ShiftError;
use puppet_types::{AgentId, EventId, Mood, Timestamp, ids};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked::Page, scope, words};
use crate::{
    app::App,
    audit::Audited,
    auth::Principal,
    extract::{Id, Json, Query},
    fault::{Fault, Kind, Result},
    page,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(now, shift)).routes(routes!(history)).routes(routes!(relationships))
}

/// How it feels now, and how it would feel if nothing ever happened.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/mood", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "Its mood.", body = ref("#/components/schemas/mood")),
))]
async fn now(State(app): State<Arc<App>>, principal: Principal, Id(agent): Id<AgentId>) -> Result<Json<Value>> {
    scope::must_know(&app, &principal, &agent)?;
    Ok(Json(told(&app, &agent, app.host.mood(&agent).await?).await?))
}

async fn told(app: &App, agent: &AgentId, mood: Mood) -> Result<Value> {
    let actor = app.host.actor(agent).await?;
    let baseline = actor.and_then(|actor| actor.decay.as_ref().map(|decay| decay.baseline)).unwrap_or_default();
    Ok(json!({ "schema": "puppet.mood/1", "agent": agent, "at": app.host.now(), "mood": mood, "baseline": baseline }))
}

/// What is added to a mood. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MoodShift)]
struct Shift {
    /// −2 to 2.
    #[serde(default)]
    #[schema(minimum = -2, maximum = 2)]
    valence: f64,
    /// −1 to 1.
    #[serde(default)]
    #[schema(minimum = -1, maximum = 1)]
    arousal: f64,
    /// −1 to 1.
    #[serde(default)]
    #[schema(minimum = -1, maximum = 1)]
    dominance: f64,
}

/// Moves its mood, once what it does at the moment has ended. Each part is kept within its range.
#[utoipa::path(post, path = "/api/v1/agents/{agent}/mood", tag = "agents", request_body = Shift, params(
    ("agent" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "Its mood from then on.", body = ref("#/components/schemas/mood")),
))]
async fn shift(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    headers: HeaderMap,
    Json(shift): Json<Shift>,
) -> Result<Response> {
    scope::must_know(&app, &principal, &agent)?;
    for (field, part, most) in
        [("valence", shift.valence, 2.0), ("arousal", shift.arousal, 1.0), ("dominance", shift.dominance, 1.0)]
    {
        if !part.is_finite() || part.abs() > most {
            let message = format!("`{field}` is {part}");
            return Err(Fault::input("bad-value", message, format!("−{most} to {most}")).of_field(field));
        }
    }
    let id = match words::key(&principal, &headers) {
        Some(key) => {
            let by = format!("{} {} {}", shift.valence, shift.arousal, shift.dominance);
            ids::derive("evt", &["api", "mood", agent.as_str(), &key, &by]).into()
        }
        None => EventId::drawn("api").map_err(Fault::internal)?,
    };
    let before = app.host.mood(&agent).await?;
    let by = Mood { valence: shift.valence, arousal: shift.arousal, dominance: shift.dominance };
    let shifted = app.host.shift_mood(id, &agent, by);
    let mood = tokio::time::timeout(Duration::from_millis(app.settings.wait_ms), shifted).await.map_err(|_| {
        let remedy = "it is moved when the agent goes on: `GET …/mood` shows it";
        Fault::new(Kind::NotInTime, "still-waiting", "the mood has not moved yet", remedy).of_change()
    })?;
    let mood = mood.map_err(|error| match error {
        ShiftError::Unknown(agent) => Fault::unknown_agent(agent),
        ShiftError::Store(error) => error.into(),
        ShiftError::GivenUp(_) => {
            Fault::conflict("event-failed", error.to_string(), "`GET /api/v1/events/dead-letters` tells why")
                .of_change()
        }
    })?;
    Ok(Audited::change(json!(before), json!(mood)).with(Json(told(&app, &agent, mood).await?)))
}

/// A part of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Past {
    /// Not earlier.
    since: Option<String>,
    /// Not later.
    until: Option<String>,
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before, which goes on towards the past.
    cursor: Option<String>,
}

/// How it felt: the last of these changes, the oldest of them first.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/mood/history", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."), Past,
), responses(
    (status = 200, description = "Changes of its mood.", body = ref("#/components/schemas/mood-history")),
))]
async fn history(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Query(asked): Query<Past>,
) -> Result<Json<Value>> {
    scope::must_know(&app, &principal, &agent)?;
    let limit = page::limit(asked.limit)?;
    let (since, until) = (moment("since", asked.since)?, moment("until", asked.until)?);
    let mut before: Option<u64> = page::place("moods", asked.cursor.as_deref())?;
    let mut moods = Vec::new();
    loop {
        let page = app.store.moods(&agent, since, before, limit + 1).await?;
        let is_last = page.len() <= limit;
        before = page.last().map(|entry| entry.seq);
        moods.extend(page.into_iter().filter(|entry| until.is_none_or(|until| entry.at <= until)));
        if is_last || moods.len() > limit {
            break;
        }
    }
    let is_last = moods.len() <= limit;
    moods.truncate(limit);
    let next = moods.last().filter(|_| !is_last).map(|last| page::cursor("moods", &last.seq));
    let told = moods.into_iter().rev().map(|entry| {
        let Mood { valence, arousal, dominance } = entry.mood;
        let cause = json!({ "kind": entry.kind, "invocation": entry.invocation });
        json!({ "at": entry.at, "valence": valence, "arousal": arousal, "dominance": dominance, "cause": cause })
    });
    let items: Vec<Value> = told.collect();
    Ok(Json(json!({ "schema": "puppet.mood-history/1", "items": items, "next": next })))
}

/// A parameter that is a time.
pub fn moment(field: &str, text: Option<String>) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let bad = || {
        let message = format!("`{field}` is no time");
        Fault::input("bad-value", message, "write it as RFC 3339: 2026-01-05T12:00:00Z").of_field(field)
    };
    Timestamp::parse(&text).map(Some).ok_or_else(bad)
}

/// How it stands to others.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/relationships", tag = "agents", params(
    ("agent" = String, Path, description = "Its id."), Page,
), responses(
    (status = 200, description = "A page of those that it knows, by name.", body = ref("#/components/schemas/relationships")),
))]
async fn relationships(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(agent): Id<AgentId>,
    Query(asked): Query<Page>,
) -> Result<Json<Value>> {
    scope::must_know(&app, &principal, &agent)?;
    let items = app.store.relationships(&agent).await?.into_iter().map(|bond| {
        json!({
            "target_agent_id": bond.target, "sentiment": bond.sentiment, "familiarity": bond.familiarity,
            "trust": bond.trust, "interactions": bond.interactions, "last_at": bond.last_interaction,
            "notes": bond.notes,
        })
    });
    let items: Vec<Value> = items.collect();
    let whole = json!({ "schema": "puppet.relationships/1", "items": items, "next": null });
    Ok(Json(page::of_whole("relationships", whole, &asked, &["target_agent_id"])?))
}
