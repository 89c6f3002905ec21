//! What is asked of an emulator itself, below `/_emulator`; it is not counted. The address of a service may stand before it.

use serde::Deserialize;
use serde_json::json;

use crate::{
    asked::Asked,
    faults::Plan,
    reply::Reply,
    world::World,
    x::{self, Disconnect},
};

/// `POST /_emulator/stream`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    disconnect: Disconnect,
}

impl World {
    /// None: it is asked of a service.
    pub(crate) fn control(&self, asked: &Asked) -> Option<Reply> {
        let path = asked.path.strip_prefix("/v1").unwrap_or(&asked.path).strip_prefix("/_emulator/")?;
        let done = match (asked.method.as_str(), path) {
            ("GET", "counts") => return Some(Reply::new(200, self.counts())),
            ("GET", "report") => return Some(Reply::new(200, self.report())),
            ("POST", "faults") => {
                Plan::parse(&asked.body).map(|plan| self.misbehave(plan)).map_err(|error| error.to_string())
            }
            ("POST", "stream") => serde_json::from_slice(&asked.body)
                .map(|Command { disconnect }| self.disconnect(disconnect))
                .map_err(|error| error.to_string()),
            _ => return Some(x::no_such_path()),
        };
        Some(match done {
            Ok(()) => Reply::new(200, json!({})),
            Err(error) => Reply::new(400, json!({ "error": error })),
        })
    }
}
