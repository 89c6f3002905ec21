//! How a version does while it is looked at: counted as its invocations are committed, whoever they are for.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use puppet_types::{AgentId, Breach, Digest, Invocation, Outcome, PackId};
use serde::Serialize;
use tokio::sync::Notify;

use crate::actor::Actor;

/// What was seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Invocations.
    pub total: u64,
    /// Those that failed or ended in a breach.
    pub errors: u64,
    /// Those that ended in a breach.
    pub strikes: u64,
    /// Units of fuel in all.
    pub fuel: u64,
    /// The last breach.
    pub breach: Option<Breach>,
}

/// How a version does: the status that people and programs read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Health {
    /// Whether its errors are within the bound.
    pub healthy: bool,
    /// 0..1, six decimals; 1 where nothing was seen.
    pub success_rate: f64,
    /// 0..1, six decimals.
    pub error_rate: f64,
    /// Invocations.
    pub total: u64,
    /// Those that failed or ended in a breach.
    pub errors: u64,
}

impl Seen {
    /// One invocation.
    fn of(invocation: &Invocation) -> Self {
        let (errors, breach) = match &invocation.outcome {
            Outcome::Breach(breach, _) => (1, Some(*breach)),
            Outcome::Failed(_) => (1, None),
            Outcome::Ok | Outcome::Declined(_) => (0, None),
        };
        Self { total: 1, errors, strikes: u64::from(breach.is_some()), fuel: invocation.fuel, breach }
    }

    /// As a status, where so many percent of errors are borne.
    pub fn health(&self, error_percent: u64) -> Health {
        let Self { total, errors, .. } = *self;
        let rate = |n: u64| (n as f64 * 1e6 / total.max(1) as f64).round() / 1e6;
        let healthy = errors * 100 <= total * error_percent;
        let success_rate = if total == 0 { 1.0 } else { rate(total - errors) };
        Health { healthy, success_rate, error_rate: rate(errors), total, errors }
    }
}

/// One look at a version, or at agents whose data is new.
#[derive(Debug)]
pub struct Watch {
    pack: PackId,
    digest: Digest,
    /// None: whomever the version serves.
    agents: Option<BTreeSet<AgentId>>,
    seen: Mutex<Seen>,
    changed: Notify,
}

impl Watch {
    /// At a version of a pack, for these agents or for all.
    pub fn new(pack: PackId, digest: Digest, agents: Option<BTreeSet<AgentId>>) -> Arc<Self> {
        Arc::new(Self { pack, digest, agents, seen: Mutex::default(), changed: Notify::new() })
    }

    /// So far.
    pub fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when something was seen since the last time.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn is_at(&self, pack: &PackId, digest: Digest, agent: &AgentId) -> bool {
        (pack, digest) == (&self.pack, self.digest) && self.agents.as_ref().is_none_or(|agents| agents.contains(agent))
    }

    fn count(&self, one: Seen) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen {
            total: seen.total + one.total,
            errors: seen.errors + one.errors,
            strikes: seen.strikes + one.strikes,
            fuel: seen.fuel.saturating_add(one.fuel),
            breach: one.breach.or(seen.breach),
        };
        drop(seen);
        self.changed.notify_one();
    }
}

/// Everything that is looked at now.
#[derive(Default)]
pub(crate) struct Watches {
    any: AtomicBool,
    all: RwLock<Vec<Arc<Watch>>>,
}

impl Watches {
    /// Begins.
    pub(crate) fn add(&self, watch: &Arc<Watch>) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(watch));
        self.any.store(true, Ordering::Release);
    }

    /// Ends.
    pub(crate) fn remove(&self, watch: &Arc<Watch>) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(other, watch));
        self.any.store(!all.is_empty(), Ordering::Release);
    }

    /// Whether an actor's version, or its data, is looked at.
    pub(crate) fn look_at(&self, actor: &Actor) -> bool {
        let all = || self.all.read().unwrap_or_else(PoisonError::into_inner);
        self.any() && all().iter().any(|watch| watch.is_at(&actor.plugin.id, actor.plugin.digest(), &actor.id))
    }

    fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// What an invocation adds, and to what: to be counted when it is committed.
    pub(crate) fn of(&self, invocation: &Invocation) -> Looks {
        let mut looks = Looks(Vec::new(), Seen::of(invocation));
        if self.any() {
            let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
            let is_at =
                |watch: &&Arc<Watch>| watch.is_at(&invocation.plugin.id, invocation.plugin.digest, &invocation.agent);
            looks.0.extend(all.iter().filter(is_at).cloned());
        }
        looks
    }
}

/// What one invocation adds to those who look at it.
pub(crate) struct Looks(Vec<Arc<Watch>>, Seen);

impl Looks {
    /// It was committed.
    pub(crate) fn count(self) {
        self.0.iter().for_each(|watch| watch.count(self.1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_six_decimals_and_nothing_seen_is_healthy() {
        let seen = |total, errors| Seen { total, errors, ..Seen::default() }.health(5);
        assert_eq!(seen(0, 0), Health { healthy: true, success_rate: 1.0, error_rate: 0.0, total: 0, errors: 0 });
        assert_eq!(
            seen(3, 1),
            Health { healthy: false, success_rate: 0.666667, error_rate: 0.333333, total: 3, errors: 1 }
        );
        assert!(seen(20, 1).healthy && !seen(19, 1).healthy);
    }
}
