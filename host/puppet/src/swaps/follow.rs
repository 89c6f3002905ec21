//! Where the lock has nothing new: what the operator went back to, or took away, is followed at once.

use std::sync::Arc;

use puppet_engine::Plugin;
use puppet_packs::{Entry, State};
use puppet_types::{AgentId, Digest};
use tokio::sync::watch::Receiver;

use super::{
    drive::Way,
    verify::{self, Stop},
};
use crate::agents;

impl Way {
    /// Whether it is to run, and nothing of its pack ever did here: it was approved, or installed, just now.
    pub(super) fn is_new_here(&self, entry: &Entry) -> bool {
        let host = &self.context.host;
        match entry.component {
            Some(_) => !host.plugins().contains_key(&self.pack) && !self.is_taken_up(entry),
            None => !host.agents.knows(&AgentId::new(self.pack.as_str())),
        }
    }

    /// There is nothing new: where something else is to serve than what does, the operator went back or took it away.
    /// Answers whether another one serves now.
    pub(super) async fn follow(&self, entries: &[Entry], asked: &mut Receiver<u64>) -> bool {
        let serves = |state| matches!(state, State::Current | State::Watched);
        let Some(entry) = entries.iter().find(|entry| serves(entry.state)) else {
            if entries.is_empty() {
                self.gone().await;
            }
            return entries.is_empty();
        };
        if self.is_strategy(entry).await {
            self.follow_strategy(entry, asked).await;
            return false;
        }
        let serving = self.context.host.plugins().get(&self.pack).cloned();
        let is_same = entry.component.is_some() && entry.component == serving.as_ref().map(|plugin| plugin.digest());
        if is_same && !self.has_other_data(entry, serving).await {
            return false;
        }
        match self.back_to(entry).await {
            Ok(went_back) => return went_back,
            Err(Stop::Refused(reason) | Stop::Waits(reason)) => {
                self.context.tell(&self.pack, &entry.version.to_string(), "refused", reason);
            }
        }
        false
    }

    /// Whether the pack's agent is another than this version makes it.
    async fn has_other_data(&self, entry: &Entry, serving: Option<Arc<Plugin>>) -> bool {
        let (own, entry) = (Arc::clone(&self.context), entry.clone());
        let pack = match super::blocking(move || own.installed.open(&entry)).await {
            Ok(pack) => pack,
            Err(error) => {
                tracing::error!(pack = %self.pack, %error, "it is not followed");
                return false;
            }
        };
        let made = verify::candidate(&self.context.host, &pack, serving).await;
        made.is_ok_and(|(candidate, _)| !candidate.rows.is_empty())
    }

    /// The operator went back to a version: it serves at once, and what the other wrote gives way.
    async fn back_to(&self, entry: &Entry) -> Result<bool, Stop> {
        let (candidate, _) = self.ready(entry).await?;
        let host = &self.context.host;
        let serving = host.plugins().get(&candidate.plugin.id).map(|plugin| plugin.digest());
        if candidate.rows.is_empty() && serving == Some(candidate.plugin.digest()) {
            return Ok(false);
        }
        self.begin(entry, Some(candidate.plugin.digest()));
        let replaced = host.switch(&candidate).await?;
        if let Some(before) = &replaced.plugin {
            host.give_way(before, &candidate.plugin).await?;
        }
        self.introduce(&candidate);
        self.step(entry, "settled", Some("the operator went back to it".to_owned()), |progress| progress.share = 100);
        Ok(true)
    }

    /// The pack was removed, and its agents with it: what comes with the program serves again, or nobody.
    async fn gone(&self) {
        self.context.board.forget(&self.pack);
        self.retired().await;
        let built_in = crate::repertoire::Version::built_in();
        let host = &self.context.host;
        let own = built_in.into_iter().find(|version| version.manifest.id == self.pack);
        match own {
            Some(version) => {
                let is_it = |plugin: &Arc<Plugin>| plugin.digest() == Digest::of(&version.bytes);
                if host.plugins().get(&self.pack).is_some_and(is_it) {
                    return;
                }
                let sandbox = Arc::clone(&host.sandbox);
                let load = move || sandbox.compile(&version.bytes).and_then(|it| version.load(&sandbox, &it));
                let loaded = tokio::task::spawn_blocking(load).await.map_err(|error| error.to_string());
                match loaded.and_then(|loaded| loaded.map_err(|error| error.to_string())) {
                    Ok(plugin) => host.install(plugin),
                    Err(error) => tracing::error!(pack = %self.pack, %error, "the plugin of the program does not load"),
                }
            }
            None => host.dismiss(&self.pack),
        }
    }

    /// Agents that were made from the pack live no more.
    async fn retired(&self) {
        let (host, id) = (&self.context.host, AgentId::new(self.pack.as_str()));
        let row = match host.store.agent(&id).await {
            Ok(row) => row,
            Err(error) => return tracing::error!(agent = %id, %error, "it cannot be looked at, and stays"),
        };
        let made_of_it = row.as_ref().and_then(|row| agents::spec_of(row).ok()).filter(|spec| spec.pack == self.pack);
        if made_of_it.is_some()
            && let Err(error) = host.retire(&id).await
        {
            tracing::error!(agent = %id, %error, "it stays");
        }
    }
}
