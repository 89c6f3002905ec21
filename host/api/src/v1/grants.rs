//! What packs ask for, and what they are granted.

mod changes;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use puppet_types::{Capability, Digest, PackId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::asked::Page;
use crate::{
    app::App,
    audit::Audited,
    etag,
    extract::{Id, Json, Query},
    fault::{Fault, Result},
    operations::Told,
    page, shape,
};
use changes::Changes;

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, set, revoke))
        .routes(routes!(approve))
        .routes(routes!(revoke_one))
}

/// What every pack asks for and has.
#[utoipa::path(get, path = "/api/v1/grants", tag = "grants", params(Page), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/grants")),
))]
async fn list(State(app): State<Arc<App>>, Query(asked): Query<Page>) -> Result<Told> {
    let Told { value, notes } = app.operations.grants().await?;
    Ok(Told { value: page::of_whole("grants", value, &asked, &["pack"])?, notes })
}

/// What one pack asks for and has, and how the two differ.
#[utoipa::path(get, path = "/api/v1/grants/{pack}", tag = "grants", params(
    ("pack" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "It.", body = ref("#/components/schemas/grant")),
))]
async fn show(State(app): State<Arc<App>>, Id(pack): Id<PackId>) -> Result<Told> {
    app.operations.grant(&pack).await
}

/// What is approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GrantApproval)]
struct Approval {
    /// The digest that was seen: nothing else is approved.
    #[schema(value_type = shape::Digest)]
    digest: String,
}

/// Grants a pack what it asks for. A version that waited for this takes its place.
#[utoipa::path(post, path = "/api/v1/grants/{pack}/approve", tag = "grants", request_body = Approval, params(
    ("pack" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "What it has now.", body = ref("#/components/schemas/grant")),
    (status = 409, description = "It is another one by now.", body = ref("#/components/schemas/problem")),
))]
async fn approve(State(app): State<Arc<App>>, Id(pack): Id<PackId>, Json(asked): Json<Approval>) -> Result<Response> {
    let digest = Digest::parse(&asked.digest).ok_or_else(|| {
        let remedy = "take `digest` of `GET /api/v1/grants/{pack}`";
        Fault::input("bad-value", "this is no digest", remedy).of_field("digest")
    })?;
    let before = app.operations.grant(&pack).await?.value;
    let told = app.operations.approve_grant(&pack, digest).await?;
    Ok(audited(before, told))
}

/// Changes amounts and terms. Nothing goes beyond what the pack asks for.
#[utoipa::path(patch, path = "/api/v1/grants/{pack}", tag = "grants", request_body = Changes, params(
    ("pack" = String, Path, description = "Its id."),
    ("If-Match" = Option<String>, Header, description = "The tag of what was seen of it: 412 where that has changed."),
), responses(
    (status = 200, description = "What it has now.", body = ref("#/components/schemas/grant")),
    (status = 409, description = "It was granted nothing so far.", body = ref("#/components/schemas/problem")),
    (status = 412, description = "It has changed since.", body = ref("#/components/schemas/problem")),
))]
async fn set(
    State(app): State<Arc<App>>,
    Id(pack): Id<PackId>,
    headers: HeaderMap,
    Json(changes): Json<Changes>,
) -> Result<Response> {
    let changes = changes.read()?;
    let before = app.operations.grant(&pack).await?.value;
    etag::check(&headers, &before)?;
    let told = app.operations.set_grant(&pack, changes).await?;
    Ok(audited(before, told))
}

/// Takes everything back that a pack was granted; of one that is not here any more, its entry goes.
#[utoipa::path(delete, path = "/api/v1/grants/{pack}", tag = "grants", params(
    ("pack" = String, Path, description = "Its id."),
), responses(
    (status = 200, description = "What it has now.", body = ref("#/components/schemas/grant")),
    (status = 204, description = "Nothing is said of it any more."),
))]
async fn revoke(State(app): State<Arc<App>>, Id(pack): Id<PackId>) -> Result<Response> {
    taken_back(&app, &pack, None).await
}

/// Takes one capability back.
#[utoipa::path(delete, path = "/api/v1/grants/{pack}/{capability}", tag = "grants", params(
    ("pack" = String, Path, description = "Its id."),
    ("capability" = String, Path, description = "`llm`, `tweet`, …"),
), responses(
    (status = 200, description = "What it has now.", body = ref("#/components/schemas/grant")),
))]
async fn revoke_one(
    State(app): State<Arc<App>>,
    Id(pack): Id<PackId>,
    Id(capability): Id<Capability>,
) -> Result<Response> {
    taken_back(&app, &pack, Some(capability)).await
}

async fn taken_back(app: &App, pack: &PackId, capability: Option<Capability>) -> Result<Response> {
    let before = match app.operations.grant(pack).await {
        Ok(told) => told.value,
        // One that was removed may still have an entry.
        Err(fault) if fault.code == "unknown-pack" => Value::Null,
        Err(fault) => return Err(fault),
    };
    let told = app.operations.revoke_grant(pack, capability).await?;
    Ok(audited(before, told))
}

fn audited(before: Value, told: Told) -> Response {
    let audited = Audited::change(before, told.value.clone());
    if told.value.is_null() { audited.with(StatusCode::NO_CONTENT) } else { audited.with(told) }
}

#[cfg(test)]
mod tests {
    use puppet_types::Digest;
    use serde_json::{Value, json};

    use crate::{auth::Role, fault::Fault, operations::Told, testing::Scene};

    fn grant(granted: u64) -> Value {
        let item = json!({ "capability": "llm", "operations": ["complete"], "amount": "usd", "unit": "usd_micros",
            "period": "day", "requested": 1_000_000, "granted": granted, "plain": "ask models for $1 a day" });
        json!({ "schema": "puppet.grant/1", "pack": "harbour", "digest": Digest::of(b"x"), "approved_digest": null,
            "mode": "live", "agents": [], "expires_at": null, "links": "allow", "mentions": "allow", "items": [item],
            "widened": [], "narrowed": [], "unchanged": false })
    }

    #[tokio::test]
    async fn what_was_seen_is_approved_and_taken_back() {
        let scene = Scene::new().await;
        scene.stub.will("grant", Ok(Told::new(grant(0))));
        scene.stub.will("approve_grant", Ok(Told::new(grant(1_000_000))));
        scene.stub.will("revoke_grant", Ok(Told::new(grant(0))));
        scene.get(Some(Role::Viewer), "/api/v1/grants/harbour").await.is("grant", 200);
        let path = "/api/v1/grants/harbour/approve";
        scene.post(Role::Admin, path, json!({ "digest": "abc" })).await.is_fault(400, "bad-value");
        scene.post(Role::Operator, path, json!({ "digest": Digest::of(b"x") })).await.is_fault(403, "role");
        scene.post(Role::Admin, path, json!({ "digest": Digest::of(b"x") })).await.is("grant", 200);
        let delete = |path: &str| scene.request("DELETE", path).role(Role::Admin).send();
        delete("/api/v1/grants/harbour/llm").await.is("grant", 200);
        delete("/api/v1/grants/harbour/lmm").await.is_fault(400, "bad-id");
        scene.stub.will("revoke_grant", Ok(Told::new(Value::Null)));
        scene.stub.will("grant", Err(Fault::not_found("unknown-pack", "", "")));
        assert_eq!(delete("/api/v1/grants/harbour").await.status, 204);
        let asked: Vec<_> = scene.stub.asked().into_iter().filter(|(method, _)| *method == "revoke_grant").collect();
        assert_eq!(asked, [("revoke_grant", json!(["harbour", "llm"])), ("revoke_grant", json!(["harbour", null]))]);
    }

    #[tokio::test]
    async fn amounts_are_whole_numbers_of_what_the_grant_lists() {
        let scene = Scene::new().await;
        scene.stub.will("grant", Ok(Told::new(grant(0))));
        scene.stub.will("set_grant", Ok(Told::new(grant(500_000))));
        let patch = |body: Value| scene.request("PATCH", "/api/v1/grants/harbour").role(Role::Admin).json(&body).send();
        let item = |more: Value| {
            let mut item = json!({ "capability": "llm", "amount": "usd", "period": "day", "granted": 500_000 });
            item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "items": [item] })
        };
        patch(item(json!({}))).await.is("grant", 200);
        let tag = scene.get(Some(Role::Viewer), "/api/v1/grants/harbour").await.header("etag").unwrap().to_owned();
        let mut next = None;
        for (tag, status) in [(&*tag, 200), ("\"another\"", 412)] {
            let asked = scene.request("PATCH", "/api/v1/grants/harbour").role(Role::Admin).header("if-match", tag);
            let got = asked.json(&item(json!({}))).send().await;
            assert_eq!(got.status, status);
            next = next.or(got.header("etag").map(str::to_owned));
        }
        scene.stub.will("grant", Ok(Told::new(grant(500_000))));
        let now = scene.get(Some(Role::Viewer), "/api/v1/grants/harbour").await;
        assert_eq!(now.header("etag"), next.as_deref(), "a change answers the tag of what is there now");
        for bad in [
            item(json!({ "granted": 0.5 })),
            item(json!({ "granted": -1 })),
            item(json!({ "capability": "lmm" })),
            item(json!({ "amount": "usd/day=9 " })),
            item(json!({ "period": "year" })),
            json!({}),
            json!({ "agents": [] }),
            json!({ "agents": ["../x"] }),
            json!({ "expires_at": "soon" }),
            json!({ "mode": "loud" }),
        ] {
            assert_eq!(patch(bad.clone()).await.status, 400, "{bad}");
        }
        assert_eq!(scene.stub.asked().iter().filter(|(method, _)| *method == "set_grant").count(), 2);
    }
}
