//! The outbox: effects, how far they are, and the operator's word on those that do not get on.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use puppet_engine::Word;
use puppet_store::{Effect, EffectPage, EffectState};
use puppet_types::EffectId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, scope, status::Reason};
use crate::{
    app::App,
    audit::Audited,
    auth::Principal,
    extract::{Id, Json, Query},
    fault::{Fault, Result},
    page,
    view::effect::{OPEN, Row, Told, first_before},
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(retry)).routes(routes!(drop_it))
}

/// Which effects.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// In this state.
    state: Option<String>,
    /// Of this agent.
    agent: Option<String>,
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

fn state_of(name: &str) -> Result<EffectState> {
    let bad = || {
        let remedy = format!("use one of {}", EffectState::ALL.map(EffectState::name).join(", "));
        Fault::input("bad-value", format!("`{name}` is no state of an effect"), remedy).of_field("state")
    };
    EffectState::ALL.into_iter().find(|state| state.name() == name).ok_or_else(bad)
}

/// Effects, the last decided first.
#[utoipa::path(get, path = "/api/v1/outbox", tag = "outbox", params(Which), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/outbox")),
))]
async fn list(State(app): State<Arc<App>>, principal: Principal, Query(asked): Query<Which>) -> Result<Json<Value>> {
    let limit = page::limit(asked.limit)?;
    let states = Vec::from_iter(asked.state.as_deref().map(state_of).transpose()?);
    let agent = scope::named(&app, &principal, asked.agent)?;
    let before: Option<u64> = page::place("outbox", asked.cursor.as_deref())?;
    let wanted = EffectPage { states, agent, among: principal.among(), before_seq: before, limit: limit + 1 };
    let (effects, next) = page::cut(app.store.effects_before(&wanted).await?, limit, |effect| effect.seq);
    let items: Vec<Row> = effects.iter().map(Row::of).collect();
    let next = next.map(|place| page::cursor("outbox", &place));
    // What would become of a dry run is told of all effects by the command line alone.
    Ok(Json(json!({ "schema": "puppet.outbox/1", "items": items, "next": next, "dry_run": null })))
}

/// One; 404 where it is not there, or not to be seen.
pub async fn effect(app: &App, principal: &Principal, id: &EffectId) -> Result<Effect> {
    let effect = app.store.effect(id).await?.filter(|effect| principal.sees(&effect.agent));
    effect.ok_or_else(|| {
        Fault::not_found("unknown-effect", format!("there is no effect `{id}`"), "`GET /api/v1/outbox` lists them")
    })
}

/// One, with what it waits for.
#[utoipa::path(get, path = "/api/v1/outbox/{effect}", tag = "outbox", params(
    ("effect" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It.", body = ref("#/components/schemas/effect")),
))]
async fn show(State(app): State<Arc<App>>, principal: Principal, Id(id): Id<EffectId>) -> Result<Json<Told>> {
    let effect = effect(&app, &principal, &id).await?;
    let mut told = Told::of(&effect).map_err(Fault::internal)?;
    if effect.state == EffectState::Waiting {
        let open = app.store.effects(&OPEN).await?;
        let first = first_before(&open, &effect).filter(|first| principal.sees(&first.agent));
        told = told.waits((&effect, first), &app.host.held_accounts());
    }
    Ok(Json(told))
}

/// How it is tried anew.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retry {
    /// Also where it may have happened already.
    #[serde(default)]
    sure: bool,
}

/// Tries it anew.
#[utoipa::path(post, path = "/api/v1/outbox/{effect}/retry", tag = "outbox", request_body = Retry, params(
    ("effect" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It, as it is now.", body = ref("#/components/schemas/effect")),
    (status = 409, description = "It is not to be tried again.", body = ref("#/components/schemas/problem")),
))]
async fn retry(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(id): Id<EffectId>,
    Json(Retry { sure }): Json<Retry>,
) -> Result<Response> {
    let before = effect(&app, &principal, &id).await?;
    let told = app.operations.outbox(&id, Word::Retry { sure }).await?;
    Ok(audited(&app, &before).await?.with(told))
}

/// How an effect was, and how it is now.
pub async fn audited(app: &App, before: &Effect) -> Result<Audited> {
    let of = |effect: &Effect| {
        let kind = effect.body.kind();
        json!({ "agent": effect.agent, "kind": kind, "state": effect.state, "attempts": effect.attempts, "reason": effect.reason })
    };
    let after = app.store.effect(&before.id).await?;
    Ok(Audited::change(of(before), after.as_ref().map(of).unwrap_or_default()))
}

/// Lets it never happen.
#[utoipa::path(post, path = "/api/v1/outbox/{effect}/drop", tag = "outbox", request_body = Reason, params(
    ("effect" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It, as it is now.", body = ref("#/components/schemas/effect")),
    (status = 409, description = "It would not leave anyhow.", body = ref("#/components/schemas/problem")),
))]
async fn drop_it(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(id): Id<EffectId>,
    Json(said): Json<Reason>,
) -> Result<Response> {
    let reason = asked::reason(said.reason)?;
    let before = effect(&app, &principal, &id).await?;
    let told = app.operations.outbox(&id, Word::Drop { reason }).await?;
    Ok(audited(&app, &before).await?.with(told))
}
