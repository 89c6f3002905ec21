//! The switch itself, and the way back. Whoever began on a version finishes on it; from the next event on the other
//! one serves.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_sandbox::Standing;
use puppet_store::{AgentRow, Change, StoreError};
use puppet_types::{AgentId, Digest, PackId};

use crate::{host::Host, pause::as_paused_as, plugin::Plugin, swap::Watch, versions::Trial};

/// What is to serve.
#[derive(Clone)]
pub struct Candidate {
    /// Its component, loaded.
    pub plugin: Arc<Plugin>,
    /// The agents whose data comes with it, as they will be.
    pub rows: Vec<AgentRow>,
}

/// What served before a switch.
pub struct Replaced {
    /// Its component; none where nobody served.
    pub plugin: Option<Arc<Plugin>>,
    /// The agents as they were.
    pub rows: Vec<AgentRow>,
    /// How long the pointers took.
    pub took: Duration,
}

/// What a version wrote as its state gives way to what another one had there before: for an agent, or for all.
pub(crate) fn state_given_way(from: &Plugin, to: Digest, agent: Option<&AgentId>) -> Vec<Change> {
    let agents = agent.map(|agent| vec![agent.clone()]);
    vec![Change::RestoreState { plugin: from.id.clone(), agents, from: from.digest(), to }]
}

impl Host {
    /// Begins to look at how a version does, for some agents or for all.
    pub fn look_at(&self, plugin: &Plugin, agents: Option<BTreeSet<AgentId>>) -> Arc<Watch> {
        let watch = Watch::new(plugin.id.clone(), plugin.digest(), agents);
        self.watches.add(&watch);
        watch
    }

    /// Ends that.
    pub fn look_away(&self, watch: &Arc<Watch>) {
        self.watches.remove(watch);
    }

    /// Lets a version serve some agents of its pack.
    pub fn try_out(&self, plugin: Arc<Plugin>, agents: BTreeSet<AgentId>) {
        let agents = Arc::new(agents);
        let before = self.versions.try_out(Trial { plugin, agents: Arc::clone(&agents) });
        // All others go on with what they have: casting a hundred anew would be felt.
        self.recast_some(before.iter().flat_map(|trial| &*trial.agents).chain(&*agents));
    }

    /// The version of a pack that is on trial.
    pub fn trial(&self, pack: &PackId) -> Option<Trial> {
        self.versions.trial(pack)
    }

    /// Lets a candidate serve everybody.
    pub async fn switch(&self, candidate: &Candidate) -> Result<Replaced, StoreError> {
        let rows = self.replaced_rows(&candidate.rows).await?;
        let since = Instant::now();
        let before = self.serve(&candidate.plugin);
        let took = since.elapsed();
        // It waited for a version that might not run.
        if before.as_ref().is_some_and(|before| before.standing(self.now()) != Standing::Good) {
            self.look_again_for(&candidate.plugin.id);
        }
        Ok(Replaced { plugin: before, rows, took })
    }

    /// The pointers. Where it serves already, a version of its pack that is on trial goes on.
    fn serve(&self, plugin: &Arc<Plugin>) -> Option<Arc<Plugin>> {
        let now = self.versions.serving().get(&plugin.id).cloned();
        if now.as_ref().is_some_and(|now| Arc::ptr_eq(now, plugin)) {
            return now;
        }
        let before = self.versions.serve(Arc::clone(plugin));
        self.recast();
        before
    }

    /// What has happened to a pack's agents and waits is due now.
    fn look_again_for(&self, pack: &PackId) {
        let (agents, now) = (self.served_by(pack).into_iter().collect(), self.now());
        self.agenda().look_again(&agents, now);
        self.wake();
    }

    /// An agent lives here no more: what waits for it is dead-lettered as it comes up. What it remembers stays.
    pub async fn retire(&self, agent: &AgentId) -> Result<(), StoreError> {
        let _alone = self.rows.lock().await;
        self.apply(vec![Change::Retire { agent: agent.clone() }]).await?;
        self.accounts.remove(&self.agents.line(agent), agent);
        self.agents.remove(agent);
        self.pauses.put(agent, None);
        self.agenda().cancel_timers_of(agent);
        self.recast();
        Ok(())
    }

    /// Nobody serves for a pack any more.
    pub fn dismiss(&self, pack: &PackId) {
        self.versions.dismiss(pack);
        self.recast();
    }

    /// Writes rows of agents; answers them as they were.
    async fn replaced_rows(&self, rows: &[AgentRow]) -> Result<Vec<AgentRow>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let _alone = self.rows.lock().await;
        let (mut before, mut after) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            let old = self.store.agent(&row.id).await?;
            after.push(Change::Agent(old.as_ref().map_or_else(|| row.clone(), |old| as_paused_as(row.clone(), old))));
            before.extend(old);
        }
        self.apply(after).await?;
        self.recast();
        Ok(before)
    }

    /// Ends the trial of a candidate: its agents are served as everybody else.
    pub async fn end_trial(&self, plugin: &Arc<Plugin>, served: &Arc<Plugin>) -> Result<(), StoreError> {
        self.give_way(plugin, served).await?;
        let trial = self.versions.end_trial(&plugin.id);
        self.recast_some(trial.iter().flat_map(|trial| &*trial.agents));
        self.look_again_for(&plugin.id);
        Ok(())
    }

    /// Puts back what served before. What the candidate wrote as its own state gives way to what was there before it.
    pub async fn take_back(&self, candidate: &Candidate, replaced: &Replaced) -> Result<(), StoreError> {
        let plugin = &candidate.plugin;
        if let Some(before) = &replaced.plugin {
            self.give_way(plugin, before).await?;
        }
        self.replaced_rows(&replaced.rows).await?;
        match &replaced.plugin {
            Some(before) => drop(self.serve(before)),
            None => self.dismiss(&plugin.id),
        }
        self.look_again_for(&plugin.id);
        Ok(())
    }

    /// From now on what a version puts as its state is followed by what was there before it; and so is what it has put.
    pub async fn give_way(&self, from: &Arc<Plugin>, to: &Arc<Plugin>) -> Result<(), StoreError> {
        if from.digest() == to.digest() {
            return Ok(());
        }
        from.gives_way_to(to.digest()).await;
        to.serves().await;
        self.apply(state_given_way(from, to.digest(), None)).await.map(drop)
    }
}
