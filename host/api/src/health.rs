//! Whether the server answers, whether the host is ready, and which version it is.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use puppet_store::sqlite::SCHEMA_VERSION;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, extract::Json};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).routes(routes!(version))
}

/// The server answers.
#[utoipa::path(get, path = "/health", tag = "system", responses(
    (status = 200, description = "It answers.", body = ref("#/components/schemas/health")),
))]
async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The host handles events.
#[utoipa::path(get, path = "/ready", tag = "system", responses(
    (status = 200, description = "It does.", body = ref("#/components/schemas/health")),
    (status = 503, description = "Not yet, or not any more.", body = ref("#/components/schemas/health")),
))]
async fn ready(State(app): State<Arc<App>>) -> Response {
    let status = match (*app.stop.borrow(), *app.ready.borrow(), app.host.disk.fault()) {
        (true, ..) => "stopping",
        (_, false, _) => "starting",
        (_, _, Some(_)) => "disk",
        (_, _, None) => "ready",
    };
    let code = if status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(json!({ "status": status }))).into_response()
}

/// Which version this is, of the program, of the contract with plugins, and of the rows.
#[utoipa::path(get, path = "/api/v1/version", tag = "system", responses(
    (status = 200, description = "The versions.", body = ref("#/components/schemas/version")),
))]
async fn version() -> Json<Value> {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "contract": puppet_sandbox::CONTRACT,
        "schema_version": SCHEMA_VERSION,
    }))
}

#[cfg(test)]
mod tests {
    use crate::{auth::Role, testing::Scene};

    #[tokio::test]
    async fn anyone_is_told_whether_the_host_is_ready_and_a_viewer_which_version_it_is() {
        let scene = Scene::new().await;
        let health = scene.get(None, "/health").await;
        health.is("health", 200);
        scene.get(None, "/ready").await.is("health", 200);
        scene.be_ready(false);
        let ready = scene.get(None, "/ready").await;
        ready.is("health", 503);
        assert_eq!(ready.json()["status"], "starting");
        scene.get(None, "/api/v1/version").await.is_fault(401, "no-key");
        scene.get(Some(Role::Viewer), "/api/v1/version").await.is("version", 200);
    }

    #[tokio::test]
    async fn whoever_polls_is_told_that_nothing_changed() {
        let scene = Scene::new().await;
        let first = scene.get(Some(Role::Viewer), "/api/v1/version").await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert_eq!(first.header("cache-control"), Some("no-store, private"));
        let asked = scene.request("GET", "/api/v1/version").role(Role::Viewer).header("if-none-match", &tag);
        let again = asked.send().await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }

    #[tokio::test]
    async fn what_no_route_knows_is_refused_by_name() {
        let scene = Scene::new().await;
        scene.get(Some(Role::Admin), "/api/v1/nothing").await.is_fault(404, "no-route");
        scene.get(Some(Role::Admin), "/api/v1/version?nothing=1").await.is_fault(400, "bad-query");
        scene.request("DELETE", "/api/v1/version").role(Role::Admin).send().await.is_fault(405, "no-method");
    }
}
