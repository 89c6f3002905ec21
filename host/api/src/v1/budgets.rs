//! Budgets: what each allows, and what is left.

use std::sync::Arc;

use axum::extract::State;
use puppet_types::AgentId;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, auth::Principal, fault::Result, operations::Told};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// How every budget stands, reservations included. A key that is bound to agents sees those of its agents.
#[utoipa::path(get, path = "/api/v1/budgets", tag = "budgets", responses(
    (status = 200, description = "All of them.", body = ref("#/components/schemas/budgets")),
))]
async fn list(State(app): State<Arc<App>>, principal: Principal) -> Result<Told> {
    let mut told = app.operations.budgets().await?;
    if principal.is_scoped() {
        if let Some(items) = told.value["items"].as_array_mut() {
            items.retain(|item| item["agent"].as_str().is_some_and(|agent| principal.sees(&AgentId::new(agent))));
        }
        // Of accounts and of the host.
        for key in ["limits", "caps", "bill"] {
            told.value[key] = Value::Array(Vec::new());
        }
    }
    Ok(told)
}
