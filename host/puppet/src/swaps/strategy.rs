//! The way of a trading strategy: read, checked, compiled apart, asked what it is. It is no plugin of the host's: no
//! agent is served by it, no event goes to it, and nobody tries it. From then on it is the version that runs begin with.

use std::sync::Arc;

use puppet_packs::{Component, Entry, State};
use puppet_types::AgentId;

use super::{
    blocking,
    drive::{End, Way},
    stages::give_way,
    verify::{Stop, Verified},
};
use crate::strategies;

impl Way {
    /// All of it.
    pub(super) async fn strategy(&self, entry: &Entry, verified: Verified) -> Result<End, Stop> {
        let host = &self.context.host;
        if host.plugins().contains_key(&self.pack) || host.agents.knows(&AgentId::new(self.pack.as_str())) {
            let reason =
                format!("agents live by the pack `{}`, and this is a trading strategy: give it another id", self.pack);
            return Err(Stop::Refused(reason));
        }
        self.step(entry, "verified", None, |_| {});
        self.prove(verified).await?;
        self.step(entry, "compiled", None, |_| {});
        if self.is_overtaken(entry).await? {
            return Ok(End::Overtaken);
        }
        self.context.note((&self.pack, entry.digest), (State::Current, None), give_way).await?;
        self.step(entry, "settled", Some("a run that begins now begins with it".to_owned()), |_| {});
        self.tidy().await;
        Ok(End::Settled)
    }

    /// The operator went back to a version: it is looked at once more, and is what runs begin with.
    pub(super) async fn follow_strategy(&self, entry: &Entry) {
        if self.is_taken_up(entry) {
            return;
        }
        self.begin(entry, entry.component);
        let ended = match self.verified(entry).await {
            Ok(verified) => self.strategy(entry, verified).await,
            Err(stop) => Err(stop),
        };
        if let Err(Stop::Refused(reason) | Stop::Waits(reason)) = ended {
            self.step(entry, "refused", Some(reason), |_| {});
        }
    }

    /// Compiles it apart, and asks it what it is.
    async fn prove(&self, verified: Verified) -> Result<(), Stop> {
        let own = Arc::clone(&self.context);
        let proving = tokio::task::spawn_blocking(move || {
            let (Component::File(file), Some(version)) = (&verified.pack.manifest.component, &verified.version) else {
                return Err("it brings no component".to_owned());
            };
            let (file, program) = (verified.pack.dir.join(file), (own.program.as_path(), &own.sandbox));
            strategies::proved(&own.host.sandbox, program, (&file, &version.bytes), &own.rules()).map(drop)
        });
        let proved = proving.await.unwrap_or_else(|error| Err(format!("it could not be loaded: {error}")));
        proved.map_err(Stop::Refused)
    }

    /// Whether an installed version is a strategy.
    pub(super) async fn is_strategy(&self, entry: &Entry) -> bool {
        let (own, entry) = (Arc::clone(&self.context), entry.clone());
        blocking(move || Ok(strategies::is_brought(&own.installed, &entry))).await.unwrap_or(false)
    }

    /// Whether the host has taken this very version up already, and no other one since.
    pub(super) fn is_taken_up(&self, entry: &Entry) -> bool {
        let told = self.context.board.all().remove(&self.pack);
        told.is_some_and(|told| told.state == "settled" && told.digest == entry.component)
    }
}
