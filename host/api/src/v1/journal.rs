//! The journal: what happened and why.

use std::sync::Arc;

use axum::extract::State;
use puppet_store::{Effect, Filter, JournalEntry};
use puppet_types::{AgentId, InvocationId, Outcome};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, mood::moment, scope};
use crate::{
    app::App,
    auth::Principal,
    extract::{Id, Json, Query},
    fault::{Fault, Result},
    operations::Told,
    page::{self, List},
    view::invocation::InvocationView,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(replay))
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of this agent.
    agent: Option<String>,
    /// On events of this kind.
    kind: Option<String>,
    /// Ended so: `ok`, `declined`, `failed` or `breach`.
    outcome: Option<String>,
    /// Not earlier.
    since: Option<String>,
    /// Not later.
    until: Option<String>,
    /// With this in its event, reads, decisions, log or error, in whichever case.
    #[param(max_length = 1024)]
    text: Option<String>,
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Longest text that is looked for, in bytes.
const TEXT_BYTES: usize = 1_024;

/// What happened, the last first.
#[utoipa::path(get, path = "/api/v1/journal", tag = "journal", params(Which), responses(
    (status = 200, description = "A page of records.", body = ref("#/components/schemas/journal")),
))]
async fn list(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Which>,
) -> Result<Json<List<InvocationView>>> {
    let limit = page::limit(asked.limit)?;
    let bad = |field: &str, message: String, remedy: &str| Fault::input("bad-value", message, remedy).of_field(field);
    if let Some(outcome) = asked.outcome.as_deref().filter(|outcome| !Outcome::NAMES.contains(outcome)) {
        let remedy = format!("use one of {}", Outcome::NAMES.join(", "));
        return Err(bad("outcome", format!("`{outcome}` is no outcome"), &remedy));
    }
    if asked.text.as_ref().is_some_and(|text| text.len() > TEXT_BYTES) {
        return Err(bad("text", "`text` is too long".to_owned(), "look for at most 1024 bytes"));
    }
    let before: Option<u64> = page::place("journal", asked.cursor.as_deref())?;
    let filter = Filter {
        agent: scope::named(&app, &principal, asked.agent)?,
        kind: asked.kind,
        outcome: asked.outcome,
        since: moment("since", asked.since)?,
        until: moment("until", asked.until)?,
        text: asked.text,
        among: principal.among(),
        before_seq: before,
        limit: limit + 1,
        ..Filter::default()
    };
    let (entries, next) = page::cut(app.store.journal(&filter).await?, limit, |entry| entry.seq);
    let ids: Vec<InvocationId> = entries.iter().map(|entry| entry.invocation.id.clone()).collect();
    let effects = app.store.effects_of_many(&ids).await?;
    let items = entries.into_iter().map(|entry| {
        let own: Vec<Effect> =
            effects.iter().filter(|effect| effect.invocation == entry.invocation.id).cloned().collect();
        InvocationView::new(entry, &own)
    });
    Ok(Json(asked::list("journal", "puppet.journal/1", items.collect(), next)))
}

fn unknown(id: &InvocationId) -> Fault {
    Fault::not_found("not-found", format!("there is no invocation `{id}`"), "`GET /api/v1/journal` lists them")
}

/// Whose it is; 404 where it is not there, or not to be seen.
async fn entry(app: &App, principal: &Principal, id: &InvocationId) -> Result<JournalEntry> {
    let entry = app.store.invocation(id).await?;
    let is_seen = |agent: &AgentId| principal.sees(agent);
    entry.filter(|entry| is_seen(&entry.invocation.agent)).ok_or_else(|| unknown(id))
}

/// One record: its event, what it read, what it decided, and what became of that.
#[utoipa::path(get, path = "/api/v1/journal/{invocation}", tag = "journal", params(
    ("invocation" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It.", body = ref("#/components/schemas/invocation")),
))]
async fn show(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(id): Id<InvocationId>,
) -> Result<Json<InvocationView>> {
    let entry = entry(&app, &principal, &id).await?;
    Ok(Json(InvocationView::new(entry, &app.store.effects_of(&id).await?)))
}

/// Runs it again from its record, and compares. Nothing leaves, and nobody is asked.
#[utoipa::path(post, path = "/api/v1/journal/{invocation}/replay", tag = "journal", params(
    ("invocation" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "Whether it went the same way.", body = ref("#/components/schemas/replay")),
))]
async fn replay(State(app): State<Arc<App>>, principal: Principal, Id(id): Id<InvocationId>) -> Result<Told> {
    entry(&app, &principal, &id).await?;
    app.operations.replay(&id).await
}
