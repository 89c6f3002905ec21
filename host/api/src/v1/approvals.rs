//! Effects that wait for a person's yes.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use puppet_engine::Verdict;
use puppet_store::{Effect, EffectState};
use puppet_types::{Digest, EffectId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page, outbox};
use crate::{
    app::App,
    auth::Principal,
    extract::{Id, Json, Query},
    fault::{Fault, Result},
    page::{self, List},
    shape,
    view::effect::Asking,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, decide))
}

/// What waits for approval, the oldest first.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", params(Page), responses(
    (status = 200, description = "A page of it.", body = ref("#/components/schemas/approvals")),
))]
async fn list(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Page>,
) -> Result<Json<List<Asking>>> {
    let limit = page::limit(asked.limit)?;
    let after: Option<u64> = page::place("approvals", asked.cursor.as_deref())?;
    let now = app.host.now();
    let mut effects = app.store.effects(&[EffectState::WaitingForApproval]).await?;
    effects.retain(|effect| {
        principal.sees(&effect.agent)
            && effect.expires.is_some_and(|expires| expires > now)
            && after.is_none_or(|after| effect.seq > after)
    });
    let is_last = effects.len() <= limit;
    effects.truncate(limit);
    let next = effects.last().filter(|_| !is_last).map(|last| last.seq);
    let items = effects.iter().map(Asking::of).collect::<std::result::Result<_, _>>().map_err(Fault::internal)?;
    Ok(Json(asked::list("approvals", "puppet.approvals/1", items, next)))
}

async fn asking(app: &App, principal: &Principal, id: &EffectId) -> Result<Effect> {
    let effect = outbox::effect(app, principal, id).await?;
    if effect.state != EffectState::WaitingForApproval {
        let message = format!("effect `{id}` does not wait for approval: it is {}", effect.state.name());
        return Err(Fault::conflict("not-waiting", message, "`GET /api/v1/approvals` lists what does"));
    }
    Ok(effect)
}

/// One that waits.
#[utoipa::path(get, path = "/api/v1/approvals/{effect}", tag = "approvals", params(
    ("effect" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "A list of it alone.", body = ref("#/components/schemas/approvals")),
    (status = 409, description = "It does not wait.", body = ref("#/components/schemas/problem")),
))]
async fn show(State(app): State<Arc<App>>, principal: Principal, Id(id): Id<EffectId>) -> Result<Json<List<Asking>>> {
    let effect = asking(&app, &principal, &id).await?;
    let items = vec![Asking::of(&effect).map_err(Fault::internal)?];
    Ok(Json(List { schema: "puppet.approvals/1", items, next: None }))
}

/// A verdict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Decision)]
struct Said {
    /// `approve` or `reject`.
    verdict: Word,
    /// Of what was seen: nothing else is approved.
    #[schema(value_type = Option<shape::Digest>)]
    digest: Option<String>,
    /// Why not, for its plugin.
    #[schema(min_length = 1, max_length = 500, pattern = r"[^\s]")]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Verdict)]
enum Word {
    Approve,
    Reject,
}

/// Says yes or no.
#[utoipa::path(post, path = "/api/v1/approvals/{effect}", tag = "approvals", request_body = Said, params(
    ("effect" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It, as it is now.", body = ref("#/components/schemas/approval")),
    (status = 409, description = "It does not wait, or says something else by now.",
        body = ref("#/components/schemas/problem")),
))]
async fn decide(
    State(app): State<Arc<App>>,
    principal: Principal,
    Id(id): Id<EffectId>,
    Json(said): Json<Said>,
) -> Result<Response> {
    let bad = |field: &str, message: &str, remedy: &str| Fault::input("bad-value", message, remedy).of_field(field);
    let remedy = "take `digest` of `GET /api/v1/approvals`";
    let digest = said.digest.map(|text| Digest::parse(&text).ok_or_else(|| bad("digest", "this is no digest", remedy)));
    let digest = digest.transpose()?;
    let verdict = match said.verdict {
        Word::Approve if digest.is_none() => {
            return Err(bad("digest", "what is approved is not said", remedy));
        }
        Word::Approve if said.reason.is_some() => {
            return Err(bad("reason", "a yes has no reason", "leave `reason` out"));
        }
        Word::Approve => Verdict::Approve,
        Word::Reject => Verdict::Reject(asked::reason(said.reason)?),
    };
    let before = outbox::effect(&app, &principal, &id).await?;
    let told = app.operations.decide(&id, digest, verdict).await?;
    Ok(outbox::audited(&app, &before).await?.with(told))
}
