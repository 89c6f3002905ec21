//! The live stream: what happens in the host, told to those who watch, as server-sent events ([`sse`]) or over a WebSocket
//! ([`ws`]). Messages are the same. [`hub`] holds them; [`reader`] is one who watches; [`told`] says what a message says.

pub mod hub;
pub mod message;
pub mod reader;
mod sse;
mod told;
pub mod topics;
mod watch;
mod ws;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use puppet_types::AgentId;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use hub::{Hub, Reason};
pub use told::post;
pub use topics::Topic;

use crate::{app::App, auth::Principal, fault::Result, parts::Parts};
use reader::{Reader, Wish};
use topics::Topics;

/// Its routes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(sse::live)).routes(routes!(ws::ws))
}

/// The stream of a server. Its tasks end with it.
pub struct Live {
    hub: Arc<Hub>,
    tasks: [JoinHandle<()>; 2],
}

impl Live {
    /// Watches the host from now on.
    pub fn start(parts: &Parts) -> Self {
        let hub = Arc::new(Hub::new(parts.host.now(), parts.settings.live_readers));
        hub.tell(parts.host.now(), Topic::SystemStatus, None, json!({ "state": "started" }));
        let tasks = [
            tokio::spawn(watch::tell(Arc::clone(&hub), Arc::clone(&parts.host), parts.host.watch())),
            tokio::spawn(watch::look(Arc::clone(&hub), watch::Looked::of(parts))),
        ];
        Self { hub, tasks }
    }
}

impl std::ops::Deref for Live {
    type Target = Arc<Hub>;

    fn deref(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What may be asked of the stream.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Topics with commas between them; `agent` is every topic that begins so. All where it is left out.
    topics: Option<String>,
    /// Messages about this agent alone.
    agent: Option<String>,
    /// The `id` of the last message that was seen: those after it come first. Where they are gone, `system.reset` does.
    after: Option<String>,
}

/// Somebody reads.
async fn open(app: &App, principal: Principal, asked: &Asked, last: Option<&str>) -> Result<Reader> {
    let topics = Topics::parse(asked.topics.as_deref())?;
    let agent = asked.agent.as_deref().map(AgentId::new);
    if let Some(agent) = &agent {
        principal.must_see(agent)?;
        if app.store.agent(agent).await?.is_none() {
            return Err(crate::Fault::unknown_agent(agent));
        }
    }
    app.live.open(principal, Wish { topics, agent }, last.or(asked.after.as_deref()))
}
