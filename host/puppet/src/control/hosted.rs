//! The versions that a host runs, and how each stands.

use std::collections::BTreeMap;

use puppet_engine::{Host, Plugin};
use puppet_sandbox::Standing;
use puppet_types::{AgentId, Digest, PackId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::swaps::{Swaps, Told};

/// The versions that a host runs, and how far the newest of each pack has come.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hosted {
    /// Serving or on trial.
    pub versions: Vec<Running>,
    /// By pack.
    pub swaps: BTreeMap<PackId, Told>,
}

/// One version that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// Its pack.
    pub pack: PackId,
    /// Of its component.
    pub digest: Digest,
    /// Whether it serves whom the pack serves; else it is on trial.
    pub serves: bool,
    /// Whom it is tried on.
    pub tried_on: Vec<AgentId>,
    /// How it stands.
    pub stands: Stands,
}

impl Hosted {
    pub(super) fn of(host: &Host, swaps: &Swaps) -> Self {
        let now = host.now();
        let running = |plugin: &Plugin, tried_on: Option<Vec<AgentId>>| Running {
            pack: plugin.id.clone(),
            digest: plugin.digest(),
            serves: tried_on.is_none(),
            tried_on: tried_on.unwrap_or_default(),
            stands: Stands::of(plugin.standing(now), plugin.strikes()),
        };
        let mut versions = Vec::new();
        for (pack, plugin) in host.plugins().iter() {
            versions.push(running(plugin, None));
            let trial = host.trial(pack);
            versions.extend(trial.map(|trial| running(&trial.plugin, Some(trial.agents.iter().cloned().collect()))));
        }
        Self { versions, swaps: swaps.context().board() }
    }
}

impl Stands {
    /// Of a version's standing and strikes.
    pub fn of(standing: Standing, strikes: u32) -> Self {
        let (backoff_until, quarantined) = match standing {
            Standing::Good => (None, false),
            Standing::BackOff { until } => (Some(until), false),
            Standing::Quarantined => (None, true),
        };
        Self { strikes: Some(strikes), backoff_until, quarantined }
    }

    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self { quarantined: true, .. } => "quarantined",
            Self { backoff_until: Some(_), .. } => "backed-off",
            _ => "live",
        }
    }
}

/// How a plugin stands with a host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stands {
    /// Breaches that count; none where nothing was stored.
    pub strikes: Option<u32>,
    /// It does not run before.
    pub backoff_until: Option<Timestamp>,
    /// It does not run at all.
    pub quarantined: bool,
}
