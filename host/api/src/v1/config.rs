//! The configuration in effect, and the settings of it that a running host takes up.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    audit::Audited,
    etag,
    extract::Json,
    fault::{Fault, Result},
    operations::Told,
    shape,
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show, change))
}

/// Most keys of one change.
const KEYS: usize = 100;

/// From looking at what it is to what it is then: of two who change it, the second sees what the first did.
static CHANGING: Mutex<()> = Mutex::const_new(());

/// Every value in effect, and where it comes from; secrets are masked.
#[utoipa::path(get, path = "/api/v1/config", tag = "configuration", responses(
    (status = 200, description = "All of them.", body = ref("#/components/schemas/config")),
))]
async fn show(State(app): State<Arc<App>>) -> Result<Told> {
    app.operations.config().await
}

/// Values by key; null for the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfigChanges)]
struct Changes {
    /// A text, a whole number, true or false, or a list of texts each.
    #[schema(value_type = std::collections::BTreeMap<String, shape::Setting>)]
    changes: Map<String, Value>,
}

/// Writes settings that hold at once into `puppet.toml`. With `If-Match` only where nothing else has changed since.
#[utoipa::path(patch, path = "/api/v1/config", tag = "configuration", request_body = Changes, responses(
    (status = 200, description = "All of them, as they are now.", body = ref("#/components/schemas/config")),
    (status = 409, description = "A host reads this key when it starts.", body = ref("#/components/schemas/problem")),
    (status = 412, description = "It has changed since.", body = ref("#/components/schemas/problem")),
))]
async fn change(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(Changes { changes }): Json<Changes>,
) -> Result<Response> {
    if changes.is_empty() || changes.len() > KEYS {
        let remedy = format!("name 1 to {KEYS} keys");
        return Err(Fault::input("bad-value", "this many keys cannot be changed", remedy).of_field("changes"));
    }
    let _changing = CHANGING.lock().await;
    let before = app.operations.config().await?.value;
    etag::check(&headers, &before)?;
    let audited = |value: &Value| {
        let items = value["items"].as_array().into_iter().flatten();
        let of_key = |key: &str| items.clone().find(|item| item["key"] == key).map(|item| item["value"].clone());
        changes.keys().map(|key| (key.clone(), of_key(key).unwrap_or_default())).collect::<Map<_, _>>()
    };
    let told = app.operations.set_config(changes.clone()).await?;
    let (before, after) = (audited(&before), audited(&told.value));
    Ok(Audited::change(json!(before), json!(after)).with(told))
}

#[cfg(test)]
mod tests {
    use puppet_store::{ApiChanges, ApiStore as _};
    use serde_json::json;

    use crate::{auth::Role, operations::Told, testing::Scene};

    fn config(shadow: &str) -> serde_json::Value {
        let items = [json!({ "key": "swap.shadow", "value": shadow, "origin": "default" })];
        json!({ "schema": "puppet.config/1", "items": items, "next": null, "warnings": [] })
    }

    #[tokio::test]
    async fn a_setting_is_changed_by_who_saw_how_it_was() {
        let scene = Scene::new().await;
        scene.stub.will("config", Ok(Told::new(config("20"))));
        scene.stub.will("set_config", Ok(Told::new(config("30"))));
        let seen = scene.get(Some(Role::Viewer), "/api/v1/config").await;
        seen.is("config", 200);
        let tag = seen.header("etag").unwrap().to_owned();
        let body = json!({ "changes": { "swap.shadow": 30 } });
        let change = |tag: &str| {
            let asked = scene.request("PATCH", "/api/v1/config").role(Role::Admin).header("if-match", tag);
            asked.json(&body).send()
        };
        change("\"another\"").await.is_fault(412, "stale");
        change(&tag).await.is("config", 200);
        let sets = scene.stub.asked().into_iter().filter(|(method, _)| *method == "set_config").count();
        assert_eq!(sets, 1);
        let all = ApiChanges { limit: 10, ..ApiChanges::default() };
        let log = scene.store.api_changes(&all).await.unwrap();
        let row = log.iter().find(|row| row.what == "config.set").expect("a row of the audit log");
        assert_eq!(
            (&row.before, &row.after),
            (&Some(json!({ "swap.shadow": "20" })), &Some(json!({ "swap.shadow": "30" })))
        );
    }

    #[tokio::test]
    async fn nothing_and_too_much_are_no_change_and_a_viewer_changes_nothing() {
        let scene = Scene::new().await;
        let patch =
            |role, body: serde_json::Value| scene.request("PATCH", "/api/v1/config").role(role).json(&body).send();
        patch(Role::Admin, json!({ "changes": {} })).await.is_fault(400, "bad-value");
        patch(Role::Admin, json!({ "changes": {}, "more": 1 })).await.is_fault(400, "bad-body");
        patch(Role::Operator, json!({ "changes": { "swap.shadow": 1 } })).await.is_fault(403, "role");
        assert_eq!(scene.stub.asked(), []);
    }
}
