//! All routes: a line for each module.

use std::sync::{Arc, LazyLock};

use axum::Router;
use serde_json::Value;
use utoipa::openapi::{InfoBuilder, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, compat, door, errors, health, live, metrics, openapi, pages, v1};

/// Those of each module.
fn modules() -> Vec<OpenApiRouter<Arc<App>>> {
    vec![
        health::routes(),
        compat::routes(),
        v1::agents::routes(),
        v1::approvals::routes(),
        v1::budgets::routes(),
        v1::config::routes(),
        v1::events::routes(),
        v1::grants::routes(),
        v1::journal::routes(),
        v1::memory::routes(),
        v1::mood::routes(),
        v1::outbox::routes(),
        v1::packs::routes(),
        v1::plugins::routes(),
        v1::status::routes(),
        v1::timeline::routes(),
        v1::timers::routes(),
        v1::trades::routes(),
        v1::trading::routes(),
        v1::words::routes(),
        v1::session::routes(),
        v1::keys::routes(),
        v1::audit::routes(),
        live::routes(),
        metrics::routes(),
        openapi::routes(),
        pages::routes(),
        errors::routes(),
    ]
}

/// All of them, with their description.
fn routes() -> OpenApiRouter<Arc<App>> {
    let info = InfoBuilder::new()
        .title("Puppet Engine")
        .description(Some("A host of characters: what they are, what they do, and what they may."))
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    let none = OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build());
    modules().into_iter().fold(none, OpenApiRouter::merge)
}

/// The description of the API (OpenAPI 3.1).
pub static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let mut description = serde_json::to_value(routes().into_openapi()).unwrap_or_default();
    openapi::complete(&mut description);
    description
});

/// What answers requests, from the door on.
pub fn build(app: Arc<App>) -> Router {
    let (router, _) = routes().split_for_parts();
    door::before(router, app)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_two_modules_mean_different_things_by_the_name_of_a_schema() {
        let mut known = BTreeMap::new();
        for module in modules() {
            let module = serde_json::to_value(module.into_openapi()).unwrap();
            for (name, schema) in module["components"]["schemas"].as_object().into_iter().flatten() {
                let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
                assert_eq!(first, schema, "{name}");
            }
        }
        assert!(known.len() > 30, "{:?}", known.keys());
    }
}
