//! What the server asks of the program: the operations of `puppet-api`, carried out inside the host that it runs in.

mod agents;
mod behaviour;
mod config;
mod grants;
mod journal;
mod packs;
mod remedies;
mod server;
mod trades;
mod trading;

pub use server::{bind, keys, serve};

use std::{sync::Arc, time::Duration};

use puppet_api::{
    fault::{Fault, Kind},
    operations::{Answer, Told},
};
use puppet_types::Timestamp;
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    setup::Setup,
    trouble::{About, Exit, Trouble},
};

/// What is run again beside a host: one at a time, it compiles components and keeps a core busy.
const REPLAYS: usize = 1;
/// Who waits for that, at most.
const QUEUED: usize = 4;
/// When another may have a place.
const AGAIN: Duration = Duration::from_secs(5);

/// The way into the program.
pub struct Door {
    setup: Arc<Setup>,
    /// From when on the host counts.
    began: Timestamp,
    /// Places of those that run again, and of those that wait for one.
    replays: (Semaphore, Semaphore),
    /// Held while an archive is taken in.
    installs: tokio::sync::Mutex<()>,
}

impl Door {
    /// `setup`: of the host, within it ([`Setup::within`]).
    pub fn new(setup: Arc<Setup>, began: Timestamp) -> Self {
        let replays = (Semaphore::new(REPLAYS), Semaphore::new(REPLAYS + QUEUED));
        Self { setup, began, replays, installs: tokio::sync::Mutex::default() }
    }

    /// A place to run something again in, with the one in the queue.
    async fn replay_place(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), Fault> {
        let (places, queue) = &self.replays;
        let queued = queue.try_acquire().map_err(|_| {
            let remedy = "wait until those before have ended";
            Fault::unavailable("too-many-replays", "others wait to be run again", remedy).after(AGAIN)
        })?;
        Ok((places.acquire().await.map_err(Fault::internal)?, queued))
    }
}

/// An answer of this form.
fn told<T: Serialize>(value: &T) -> Answer {
    with_notes(value, Vec::new())
}

/// The same, with what the command line would say beside it.
fn with_notes<T: Serialize>(value: &T, notes: Vec<String>) -> Answer {
    let value = serde_json::to_value(value).map_err(Fault::internal)?;
    Ok(Told { value, notes })
}

/// What stops a command, as the server says it.
fn fault(trouble: Trouble) -> Fault {
    let Trouble { exit, about, code, message, place, remedy } = trouble;
    let kind = match (exit, about) {
        // What is behind it is for the log.
        (Exit::Internal, _) => return Fault::internal(message),
        (Exit::Unreachable, _) => Kind::Unavailable,
        (Exit::Refused | Exit::Failed, _) | (Exit::Input, About::Standing) => Kind::Conflict,
        (Exit::Input, About::Missing) => Kind::NotFound,
        (Exit::Input, About::Words) => Kind::Input,
    };
    let fault = Fault::new(kind, code, message, remedies::over_http(&remedy));
    match place.field {
        Some(field) => fault.of_field(field),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::unknown_agent;

    #[test]
    fn what_stops_a_command_has_a_status() {
        let status = |trouble: Trouble| fault(trouble).kind.status().as_u16();
        // What is not here is said by those who look for it, whatever its code is called.
        assert_eq!(status(Trouble::input("unknown-key", "", "")), 400);
        assert_eq!(status(Trouble::input("unknown-key", "", "").missing()), 404);
        assert_eq!(status(Trouble::input("file-exists", "", "")), 400);
        assert_eq!(status(Trouble::input("bad-value", "", "").standing()), 409);
        assert_eq!(status(unknown_agent(&"ada".into(), &[])), 404);
        assert_eq!(status(crate::agents::exists(&"ada".into())), 409);
        assert_eq!(status(crate::wallets::unknown("w", &[])), 404);
        assert_eq!(status(Trouble::input("bad-value", "", "")), 400);
        assert_eq!(status(Trouble::refused("not-approved", "", "")), 409);
        assert_eq!(status(Trouble::unreachable("store-full", "", "")), 503);
        let internal = fault(Trouble::internal("/home/ann/puppet.db"));
        assert_eq!((internal.kind.status().as_u16(), internal.message.contains("ann")), (500, false));
    }
}
