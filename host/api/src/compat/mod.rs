//! The routes of the original engine (`/api/*`), with its bodies, codes and names: camelCase, and `{error}` where something
//! is wrong. What is different on purpose is in docs/differences.md.
//!
//! `asked` reads requests, `shape` makes the bodies; the others are the routes.

mod agents;
mod asked;
#[allow(dead_code, reason = "they are for the description")]
mod bodies;
mod events;
mod memory;
mod mood;
mod posting;
mod shape;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The 13 of them.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(agents::list, agents::make))
        .routes(routes!(agents::show))
        .routes(routes!(agents::context))
        .routes(routes!(memory::memory))
        .routes(routes!(memory::relationships))
        .routes(routes!(memory::remember))
        .routes(routes!(posting::post))
        .routes(routes!(posting::reply))
        .routes(routes!(mood::shift))
        .routes(routes!(events::history, events::send))
}
