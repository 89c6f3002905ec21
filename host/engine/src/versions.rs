//! Which version of a pack serves: one for everybody, and at most one more that is tried on some of its agents.
//! Whoever was cast already stays with the version that it was cast with; [`crate::Host`] forgets the cast.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use puppet_types::{AgentId, PackId};

use crate::plugin::Plugin;

/// Plugins by pack.
pub type Plugins = BTreeMap<PackId, Arc<Plugin>>;

/// A version on trial.
#[derive(Clone)]
pub struct Trial {
    /// It.
    pub plugin: Arc<Plugin>,
    /// Whom it serves.
    pub agents: Arc<BTreeSet<AgentId>>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Versions(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    serving: Arc<Plugins>,
    trials: BTreeMap<PackId, Trial>,
}

impl Versions {
    fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Those that serve everybody.
    pub(crate) fn serving(&self) -> Arc<Plugins> {
        self.read(|kept| Arc::clone(&kept.serving))
    }

    /// Those that serve an agent.
    pub(crate) fn of(&self, agent: &AgentId) -> Arc<Plugins> {
        self.read(|kept| {
            let mut trials = kept.trials.values().filter(|trial| trial.agents.contains(agent)).peekable();
            if trials.peek().is_none() {
                return Arc::clone(&kept.serving);
            }
            let mut plugins = Plugins::clone(&kept.serving);
            plugins.extend(trials.map(|trial| (trial.plugin.id.clone(), Arc::clone(&trial.plugin))));
            Arc::new(plugins)
        })
    }

    /// Whether a version is the one that serves an agent.
    pub(crate) fn serves(&self, agent: &AgentId, plugin: &Plugin) -> bool {
        self.of(agent).get(&plugin.id).is_some_and(|serving| serving.digest() == plugin.digest())
    }

    /// Every version, also those on trial.
    pub(crate) fn all(&self) -> Vec<Arc<Plugin>> {
        self.read(|kept| {
            let trials = kept.trials.values().map(|trial| &trial.plugin);
            kept.serving.values().chain(trials).map(Arc::clone).collect()
        })
    }

    /// The version of a pack that is on trial.
    pub(crate) fn trial(&self, pack: &PackId) -> Option<Trial> {
        self.read(|kept| kept.trials.get(pack).cloned())
    }

    /// Serves everybody from now on; a trial of its pack ends. Answers the version that served before.
    pub(crate) fn serve(&self, plugin: Arc<Plugin>) -> Option<Arc<Plugin>> {
        self.write(|kept| {
            kept.trials.remove(&plugin.id);
            Arc::make_mut(&mut kept.serving).insert(plugin.id.clone(), plugin)
        })
    }

    /// Serves nobody from now on.
    pub(crate) fn dismiss(&self, pack: &PackId) -> Option<Arc<Plugin>> {
        self.write(|kept| {
            kept.trials.remove(pack);
            Arc::make_mut(&mut kept.serving).remove(pack)
        })
    }

    /// Tries a version. Answers the trial of its pack that ends with that.
    pub(crate) fn try_out(&self, trial: Trial) -> Option<Trial> {
        self.write(|kept| kept.trials.insert(trial.plugin.id.clone(), trial))
    }

    /// Ends the trial of a pack.
    pub(crate) fn end_trial(&self, pack: &PackId) -> Option<Trial> {
        self.write(|kept| kept.trials.remove(pack))
    }
}
