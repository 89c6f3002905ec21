//! How far each pack's newest version has come: what `puppet plugins` shows of it while a host runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use puppet_engine::swap::{Health, Shadow, Watch};
use puppet_types::{Digest, PackId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

/// A version on its way, or at its end.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Semver.
    pub version: String,
    /// Of its component; none before that is known.
    pub digest: Option<Digest>,
    /// As SCHEMAS names it: `staged`, `verified`, `compiled`, `shadow`, `canary`, `live`, `settled`, `refused`, `rolled-back`.
    pub state: &'static str,
    /// Why.
    pub reason: Option<String>,
    /// Percent of the agents that it serves.
    pub share: u64,
    /// Version and component that served before.
    pub from: Option<(String, Digest)>,
    /// When it came to this state.
    pub at: Timestamp,
    /// What the shadow replay showed.
    pub shadow: Option<Shadow>,
    /// Counts it while it is looked at.
    pub watch: Option<Arc<Watch>>,
    /// How long the switch itself took, in microseconds.
    pub switch_us: Option<u64>,
}

/// The same for the socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// Semver.
    pub version: String,
    /// Of its component.
    pub digest: Option<Digest>,
    /// See [`Progress::state`].
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// Percent.
    pub share: u64,
    /// `swap` of `puppet.plugins/1`.
    pub swap: Value,
}

impl Progress {
    /// As it is told.
    pub fn told(&self, error_percent: u64) -> Told {
        let shadow = self.shadow.as_ref().map(|shadow| {
            json!({
                "replayed": shadow.replayed, "traps": shadow.traps, "breaches": shadow.breaches,
                "changed_decisions": shadow.changed_decisions, "unanswered_reads": shadow.unanswered_reads,
                "fuel_ratio": shadow.fuel_ratio(),
            })
        });
        let health: Option<Health> = self.watch.as_ref().map(|watch| watch.seen().health(error_percent));
        let from = self.from.as_ref().map(|(version, digest)| json!({ "version": version, "digest": digest }));
        let swap = json!({
            "from": from, "at": self.at, "shadow": shadow, "canary": health, "switch_us": self.switch_us,
        });
        Told {
            version: self.version.clone(),
            digest: self.digest,
            state: self.state.to_owned(),
            reason: self.reason.clone(),
            share: self.share,
            swap,
        }
    }
}

/// Of every pack that was swapped since the host started.
#[derive(Debug, Default)]
pub struct Board {
    all: Mutex<BTreeMap<PackId, Progress>>,
    changed: watch::Sender<()>,
}

impl Board {
    /// A pack's newest version begins its way, or comes one step further.
    pub fn put(&self, pack: &PackId, progress: Progress) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).insert(pack.clone(), progress);
        self.changed.send_replace(());
    }

    /// One step further.
    pub fn change(&self, pack: &PackId, change: impl FnOnce(&mut Progress)) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = all.get_mut(pack) {
            change(progress);
        }
        self.changed.send_replace(());
    }

    /// Wakes whoever looks, from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The pack is gone.
    pub fn forget(&self, pack: &PackId) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(pack);
    }

    /// All of it.
    pub fn all(&self) -> BTreeMap<PackId, Progress> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
