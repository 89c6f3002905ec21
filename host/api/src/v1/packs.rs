//! Packs: what is installed, and how versions come and go.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use puppet_types::PackId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page};
use crate::{
    app::App,
    audit::{Audited, fields},
    extract::{self, Id, Json, Query},
    fault::{Fault, Kind, Result},
    operations::{InstallTerms, RemoveTerms, Told},
    page, shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, install)).routes(routes!(show, remove)).routes(routes!(rollback))
}

/// Longest name of a version, in bytes.
const VERSION_BYTES: usize = 128;

/// The number of a version, or digits of its digest.
pub(super) fn version(field: &str, text: String) -> Result<String> {
    let may_be = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':');
    if (1..=VERSION_BYTES).contains(&text.len()) && text.chars().all(may_be) {
        return Ok(text);
    }
    let remedy = "use the number of a version (1.2.0), or the first digits of its digest";
    Err(Fault::input("bad-value", format!("`{field}` names no version"), remedy).of_field(field))
}

/// Installed versions.
#[utoipa::path(get, path = "/api/v1/packs", tag = "packs", params(Page), responses(
    (status = 200, description = "A page of what is installed.", body = ref("#/components/schemas/packs")),
))]
async fn list(State(app): State<Arc<App>>, Query(asked): Query<Page>) -> Result<Told> {
    let Told { value, notes } = app.operations.packs().await?;
    Ok(Told { value: page::of_whole("packs", value, &asked, &["pack", "digest"])?, notes })
}

/// The installed versions of one pack.
#[utoipa::path(get, path = "/api/v1/packs/{pack}", tag = "packs", params(
    ("pack" = String, Path, description = "Its id."), Page,
), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/packs")),
))]
async fn show(State(app): State<Arc<App>>, Id(pack): Id<PackId>, Query(asked): Query<Page>) -> Result<Told> {
    let Told { mut value, notes } = app.operations.packs().await?;
    let items = value["items"].as_array_mut().ok_or_else(|| Fault::internal("a list without items"))?;
    items.retain(|item| item["pack"] == pack.as_str());
    if items.is_empty() {
        let message = format!("`{pack}` is not installed");
        return Err(Fault::not_found("not-installed", message, "`GET /api/v1/packs` lists them"));
    }
    Ok(Told { value: page::of_whole(&format!("packs {pack}"), value, &asked, &["digest"])?, notes })
}

/// How it is taken in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct How {
    /// Also if nobody signed it.
    allow_unsigned: Option<bool>,
    /// Also if it is older than the version that runs.
    force_downgrade: Option<bool>,
    /// Answer when it serves or is refused, and after so many milliseconds at the latest.
    #[param(minimum = 0, maximum = 120_000)]
    wait_ms: Option<u64>,
}

const MEDIA: [&str; 2] = ["application/x-tar", "application/octet-stream"];

/// Takes a pack in: the body is its archive. A pack that is there already goes over to this version.
#[utoipa::path(post, path = "/api/v1/packs", tag = "packs", params(How),
    request_body(content((Vec<u8> = "application/x-tar"), (Vec<u8> = "application/octet-stream")), description = "An archive as `puppet pack build` makes it."),
    responses(
        (status = 201, description = "It is installed.", body = ref("#/components/schemas/install")),
        (status = 202, description = "It asks for more than it was granted, and waits for an approval.", body = ref("#/components/schemas/install")),
    ))]
async fn install(State(app): State<Arc<App>>, Query(how): Query<How>, request: Request) -> Result<Response> {
    let terms = InstallTerms {
        allow_unsigned: how.allow_unsigned.unwrap_or_default(),
        force_downgrade: how.force_downgrade.unwrap_or_default(),
        wait: asked::wait(how.wait_ms)?,
    };
    is_archive(request.headers())?;
    let archive: Bytes = extract::whole(request).await?;
    let told = app.operations.install(archive, terms).await?;
    let is_waiting = told.value["status"] == "waiting";
    let place = format!(
        "/api/v1/{}/{}",
        if is_waiting { "grants" } else { "packs" },
        told.value["pack"].as_str().unwrap_or_default()
    );
    let before = fields(&told.value["diff"], &["from"]);
    let after = fields(&told.value, &["pack", "version", "digest", "status", "state"]);
    let status = if is_waiting { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let mut response = Audited::change(before, after).with(told.with(status));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

fn is_archive(headers: &HeaderMap) -> Result<()> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if MEDIA.contains(&&*media) {
        return Ok(());
    }
    let remedy = "send the archive itself with `Content-Type: application/x-tar`";
    Err(Fault::new(Kind::Unsupported, "not-an-archive", "the body is not said to be an archive", remedy))
}

/// What of it goes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// This version alone.
    version: Option<String>,
    /// The agent that was made from it goes, too: it lives no more, and what it remembers stays.
    with_agent: Option<bool>,
}

/// Takes a pack out. Not while an agent runs it, a desk trades by it or another pack needs it.
#[utoipa::path(delete, path = "/api/v1/packs/{pack}", tag = "packs", params(
    ("pack" = String, Path, description = "Its id."), Which,
), responses(
    (status = 200, description = "What went.", body = ref("#/components/schemas/remove")),
))]
async fn remove(State(app): State<Arc<App>>, Id(pack): Id<PackId>, Query(which): Query<Which>) -> Result<Response> {
    let version = which.version.map(|text| version("version", text)).transpose()?;
    let terms = RemoveTerms { version, with_agent: which.with_agent.unwrap_or_default() };
    let told = app.operations.remove(&pack, terms).await?;
    Ok(Audited::change(fields(&told.value, &["pack", "removed"]), Value::Null).with(told))
}

/// To which version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rollback)]
struct Back {
    /// Its number, or the first digits of its digest. The one that ran last where it is left out.
    #[schema(value_type = Option<shape::Version>)]
    version: Option<String>,
    /// Answer when it serves, and after so many milliseconds at the latest: 0 to 120000.
    #[schema(minimum = 0, maximum = 120_000)]
    wait_ms: Option<u64>,
}

/// Brings an earlier version back.
#[utoipa::path(post, path = "/api/v1/packs/{pack}/rollback", tag = "packs", request_body = Back, params(
    ("pack" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It comes back.", body = ref("#/components/schemas/rollback")),
))]
async fn rollback(State(app): State<Arc<App>>, Id(pack): Id<PackId>, Json(back): Json<Back>) -> Result<Response> {
    let to = back.version.map(|text| version("version", text)).transpose()?;
    let told = app.operations.rollback(&pack, to.as_deref(), asked::wait(back.wait_ms)?).await?;
    let (before, after) =
        (fields(&told.value, &["pack", "from"]), fields(&told.value, &["pack", "to", "digest", "state"]));
    Ok(Audited::change(before, after).with(told))
}
