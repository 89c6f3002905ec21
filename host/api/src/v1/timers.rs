//! Timers that plugins have set.

use std::sync::Arc;

use axum::extract::State;
use puppet_store::Timer;
use puppet_types::Timestamp;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{asked, asked::Page};
use crate::{
    app::App,
    auth::Principal,
    extract::{Json, Query},
    fault::Result,
    page::{self, List},
};

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Where a timer stands in the list.
type Place = (Timestamp, String, String, String);

/// Timers, the next to fire first.
#[utoipa::path(get, path = "/api/v1/timers", tag = "timers", params(Page), responses(
    (status = 200, description = "A page of them.", body = ref("#/components/schemas/timers")),
))]
async fn list(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(asked): Query<Page>,
) -> Result<Json<List<Value>>> {
    let limit = page::limit(asked.limit)?;
    let after: Option<Place> = page::place("timers", asked.cursor.as_deref())?;
    let place = |timer: &Timer| (timer.next, timer.agent.to_string(), timer.plugin.to_string(), timer.name.clone());
    let mut timers = app.store.timers().await?;
    timers.retain(|timer| principal.sees(&timer.agent) && after.as_ref().is_none_or(|after| place(timer) > *after));
    let is_last = timers.len() <= limit;
    timers.truncate(limit);
    let next = timers.last().filter(|_| !is_last).map(place);
    let items = timers.into_iter().map(|timer| {
        json!({
            "agent": timer.agent, "plugin": timer.plugin, "name": timer.name, "next": timer.next,
            "rule": timer.rule, "payload": timer.payload,
        })
    });
    Ok(Json(asked::list("timers", "puppet.timers/1", items.collect(), next)))
}
