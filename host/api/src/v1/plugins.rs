//! Plugins: the versions that run, how they stand and behave, and how they came to their place.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use puppet_types::{AgentId, PackId};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked::Page, packs::version};
use crate::{
    app::App,
    audit::{Audited, fields},
    extract::{Id, Query},
    fault::{Fault, Result},
    operations::{CompareTerms, Told},
    page,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(release))
        .routes(routes!(diff))
        .routes(routes!(swaps))
}

/// Versions that run, and the newest of each pack that does not. Calls and fuel are counted since the host started.
#[utoipa::path(get, path = "/api/v1/plugins", tag = "plugins", params(Page), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/plugins")),
))]
async fn list(State(app): State<Arc<App>>, Query(asked): Query<Page>) -> Result<Told> {
    let Told { value, notes } = app.operations.plugins().await?;
    Ok(Told { value: page::of_whole("plugins", value, &asked, &["pack", "digest"])?, notes })
}

/// The same of one pack.
#[utoipa::path(get, path = "/api/v1/plugins/{pack}", tag = "plugins", params(
    ("pack" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "Its versions.", body = ref("#/components/schemas/plugin")),
))]
async fn show(State(app): State<Arc<App>>, Id(pack): Id<PackId>) -> Result<Told> {
    app.operations.plugin(&pack).await
}

/// Lets a plugin run again that its strikes hold back.
#[utoipa::path(post, path = "/api/v1/plugins/{pack}/release", tag = "plugins", params(
    ("pack" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "How it stood before.", body = ref("#/components/schemas/release")),
))]
async fn release(State(app): State<Arc<App>>, Id(pack): Id<PackId>) -> Result<Response> {
    let told = app.operations.release(&pack).await?;
    let before = fields(&told.value, &["pack", "was", "strikes"]);
    Ok(Audited::change(before, json!({ "strikes": 0 })).with(told))
}

/// What is compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Sides {
    /// A version by its number, or by the first digits of a digest. The one that runs where it is left out; the one before,
    /// where none came after that.
    old: Option<String>,
    /// Another. The newest where it is left out.
    new: Option<String>,
    /// On records of this agent alone.
    agent: Option<String>,
    /// The last so many records of each agent: 1 to 200, 20 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    last: Option<u64>,
}

/// What two versions of a plugin decide on the same recorded invocations. Nothing leaves, and nobody is asked.
#[utoipa::path(get, path = "/api/v1/plugins/{pack}/diff", tag = "plugins", params(
    ("pack" = String, Path, description = "Its id."), Sides,
), responses(
    (status = 200, description = "Both, record by record.", body = ref("#/components/schemas/diff-behaviour")),
    (status = 409, description = "There is nothing to compare it with."),
))]
async fn diff(State(app): State<Arc<App>>, Id(pack): Id<PackId>, Query(sides): Query<Sides>) -> Result<Told> {
    let last = sides.last.unwrap_or(20);
    if !(1..=200).contains(&last) {
        return Err(Fault::input("bad-value", format!("`last` is {last}"), "1 to 200").of_field("last"));
    }
    let bad = |_| Fault::input("bad-value", "`agent` is no id", "use an id as the lists give it").of_field("agent");
    let terms = CompareTerms {
        old: sides.old.map(|text| version("old", text)).transpose()?,
        new: sides.new.map(|text| version("new", text)).transpose()?,
        agent: sides.agent.map(|text| AgentId::parse(&text).map_err(bad)).transpose()?,
        last,
    };
    app.operations.compare(&pack, terms).await
}

/// How its installed versions came to where they are, the newest first. Of versions that were swept nothing is kept.
#[utoipa::path(get, path = "/api/v1/plugins/{pack}/swaps", tag = "plugins", params(
    ("pack" = String, Path, description = "Its id."), Page,
), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/swaps")),
))]
async fn swaps(State(app): State<Arc<App>>, Id(pack): Id<PackId>, Query(asked): Query<Page>) -> Result<Told> {
    let Told { value, notes } = app.operations.swaps(&pack).await?;
    Ok(Told { value: page::of_whole("swaps", value, &asked, &["digest", "swap", "at"])?, notes })
}
