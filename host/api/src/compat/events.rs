//! `GET|POST /api/events`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::HeaderMap};
use puppet_types::{AgentId, Event, EventId, Priority, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    asked::{Body, By, Old, Result, bad, drawn, not_found},
    bodies,
};
use crate::{
    app::App,
    extract::Json,
    fault::Fault,
    operations::Wish,
    v1::{scope, words},
    view::handled::{Handled, handled},
};

/// Events that are shown (contract §7).
const SHOWN: usize = 100;

/// Rows of the journal that are looked at for them: an event has one for each agent.
const LOOKED_AT: usize = 10_000;

/// A kind of an old client's own, which has no dot in it, is kept behind this.
const OWN: &str = "api.";

/// Longest delay in milliseconds: a year.
const DELAY_MS: f64 = 366.0 * 86_400_000.0;

/// An event that was handled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalProcessed)]
pub(super) struct Processed {
    #[schema(value_type = String)]
    id: EventId,
    r#type: String,
    #[schema(value_type = Object)]
    data: Value,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    processed_at: Timestamp,
    #[schema(value_type = Vec<String>)]
    target_agent_ids: Vec<AgentId>,
}

/// The last events that were handled, at most 100, the latest last.
#[utoipa::path(get, path = "/api/events", tag = "original", responses((status = 200, body = [Processed])))]
pub(super) async fn history(State(app): State<Arc<App>>, By(principal): By) -> Result<Json<Vec<Processed>>> {
    let mut rows = 4 * SHOWN;
    loop {
        let all = handled(&*app.store, None, rows).await?;
        let is_all = all.len() < rows || rows >= LOOKED_AT;
        let seen = all.into_iter().filter(|one| principal.sees(&one.agent) && !Event::HOST_KINDS.contains(&&*one.kind));
        let mut events = together(seen);
        // The last of them may have more agents further down.
        if is_all || events.len() > SHOWN {
            events.truncate(SHOWN);
            events.reverse();
            return Ok(Json(events));
        }
        rows = (rows * 4).min(LOOKED_AT);
    }
}

/// Copies of one event, which is told once.
fn together(rows: impl Iterator<Item = Handled>) -> Vec<Processed> {
    let (mut out, mut places) = (Vec::<Processed>::new(), BTreeMap::new());
    for row in rows {
        let id = row.broadcast.clone().unwrap_or_else(|| row.id.clone());
        let place = *places.entry(id.clone()).or_insert(out.len());
        match out.get_mut(place) {
            Some(known) => known.target_agent_ids.push(row.agent),
            None => out.push(Processed {
                id,
                r#type: row.kind.strip_prefix(OWN).unwrap_or(&row.kind).to_owned(),
                data: row.payload,
                timestamp: row.at,
                processed_at: row.handled_at,
                target_agent_ids: vec![row.agent],
            }),
        }
    }
    out.iter_mut().for_each(|event| event.target_agent_ids.sort());
    out
}

/// An event that was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OriginalQueued)]
pub(super) struct Queued {
    scheduled: bool,
    event: Accepted,
}

/// It, in short.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OriginalEvent)]
pub(super) struct Accepted {
    id: String,
    r#type: String,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    execute_after: Option<Timestamp>,
}

/// Sends an event; without targets to everybody.
#[utoipa::path(post, path = "/api/events", tag = "original", request_body = bodies::NewEvent, responses(
    (status = 200, body = Queued), (status = 400, description = "It is no event."),
    (status = 404, description = "There is no such agent."),
))]
pub(super) async fn send(
    State(app): State<Arc<App>>,
    By(principal): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Queued>> {
    let required = || bad("Event type and data are required");
    let said = body.text("type")?.filter(|kind| !kind.is_empty()).ok_or_else(required)?.to_owned();
    let payload = body.0.get("data").cloned().ok_or_else(required)?;
    if !payload.is_object() {
        return Err(bad("data must be an object"));
    }
    scope::may_send(&app, &principal, &said, &payload)?;
    let priority = body.read("priority", "low, normal, high or critical", priority)?;
    let delay = body.number("delay", (0.0, DELAY_MS))?.unwrap_or(0.0) as u64;
    let named = body.read("targetAgentIds", "a list of ids", targets)?.unwrap_or_default();
    if let Some(unknown) = named.iter().find(|id| !principal.sees(id) || !app.host.agents.knows(id)) {
        return Err(not_found(unknown));
    }
    let to = match &principal.agents {
        Some(seen) if named.is_empty() => seen.iter().filter(|agent| app.host.agents.knows(agent)).cloned().collect(),
        _ => named,
    };
    let now = app.host.now();
    let id = if app.host.agents.is_empty() || principal.is_scoped() && to.is_empty() {
        // There is nobody to hear of it.
        drawn()?.to_string()
    } else {
        let (kind, key) = (kind(&said), words::key(&principal, &headers));
        let wish = Wish { kind, payload, to, priority, delay_ms: delay, source: "api".to_owned(), key };
        let told = app.operations.send(wish, None).await.map_err(of_kind)?;
        told.value["event_id"].as_str().unwrap_or_default().to_owned()
    };
    let execute_after = (delay > 0).then(|| now.plus_millis(delay));
    let event = Accepted { id, r#type: said, timestamp: now, execute_after };
    Ok(Json(Queued { scheduled: delay > 0, event }))
}

/// A kind that is neither ours nor has a dot in it is a client's own.
fn kind(said: &str) -> String {
    let is_ours = said.contains('.') || Event::KINDS.contains(&said) || Event::HOST_KINDS.contains(&said);
    if is_ours { said.to_owned() } else { format!("{OWN}{said}") }
}

/// In the original's word for it.
fn of_kind(fault: Fault) -> Old {
    let message = fault.message.replace(OWN, "");
    Old(Fault { message, ..fault })
}

/// By its word, or by its rank.
fn priority(value: &Value) -> Option<Priority> {
    const RANKS: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];
    match value {
        Value::Number(rank) => RANKS.get(usize::try_from(rank.as_u64()?).ok()?).copied(),
        word => serde_json::from_value(word.clone()).ok(),
    }
}

fn targets(value: &Value) -> Option<Vec<AgentId>> {
    value.as_array()?.iter().map(|id| AgentId::parse(id.as_str()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_of_a_client_are_kept_apart_from_ours() {
        assert_eq!(kind("party"), "api.party");
        for ours in ["news", "timer", "pack.kind"] {
            assert_eq!(kind(ours), ours);
        }
    }

    #[test]
    fn priorities_are_words_or_ranks() {
        assert_eq!(priority(&json!("high")), Some(Priority::High));
        assert_eq!(priority(&json!(3)), Some(Priority::Critical));
        for none in [json!(4), json!(-1), json!(1.5), json!("urgent"), json!([])] {
            assert_eq!(priority(&none), None, "{none}");
        }
    }

    #[test]
    fn ids_that_lead_elsewhere_are_no_targets() {
        assert_eq!(targets(&json!(["ember"])), Some(vec!["ember".into()]));
        for none in [json!(["../x"]), json!([1]), json!("ember"), json!([""])] {
            assert_eq!(targets(&none), None, "{none}");
        }
    }
}
