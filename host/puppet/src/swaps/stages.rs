//! The way of a new version, stage by stage, up to the switch.

use std::{collections::BTreeSet, sync::Arc};

use puppet_engine::{
    Plugin,
    swap::{Candidate, Shadow, Verdict, Watch, canary, shadow},
};
use puppet_packs::{AgentSpec, Entry, State};
use puppet_sandbox::World;
use puppet_types::{AgentId, counted};
use tokio::sync::watch::Receiver;

use super::{
    drive::{End, Looking, Way},
    noting::{is_newer, is_wanted},
    telling::words,
    verify::{self, Stop, Verified},
};
use crate::{
    agents::{self, NewAgent},
    grants::Vouched,
};

/// A version that gave way is kept; one that waits for the operator goes on waiting.
pub(super) fn give_way(state: State) -> State {
    match state {
        State::Current | State::Watched | State::Canary | State::Next => State::Kept,
        other => other,
    }
}

/// Only what was on its way gives way.
pub(super) fn overtaken(state: State) -> State {
    match state {
        State::Canary | State::Next => State::Kept,
        other => other,
    }
}

impl Way {
    /// Reads, checks, compiles, links.
    pub(super) async fn ready(&self, entry: &Entry) -> Result<(Candidate, Option<AgentSpec>), Stop> {
        let verified = self.verified(entry).await?;
        self.loaded(&verified).await
    }

    pub(super) async fn verified(&self, entry: &Entry) -> Result<Verified, Stop> {
        let (own, entry, now) = (Arc::clone(&self.context), entry.clone(), self.context.host.now());
        let verifying = tokio::task::spawn_blocking(move || verify::verify(&own.installed, &entry, &own.grants, now));
        verifying.await.unwrap_or_else(|error| Err(Stop::Refused(error.to_string())))
    }

    async fn loaded(&self, verified: &Verified) -> Result<(Candidate, Option<AgentSpec>), Stop> {
        let plugin = verify::load(&self.context, verified).await?;
        if let Some(plugin) = &plugin {
            self.context.host.load_strikes_of(plugin).await?;
        }
        verify::candidate(&self.context.host, &verified.pack, plugin).await
    }

    /// All the way of a new version.
    pub(super) async fn bring(&self, entry: &Entry, asked: &mut Receiver<u64>) -> End {
        self.begin(entry, entry.component);
        let ended = match self.verified(entry).await {
            Ok(verified) if verified.world == World::TradingStrategy => self.strategy(entry, verified, asked).await,
            Ok(verified) => {
                let looking = self.stages(entry, &verified, asked).await;
                looking.map(|looking| looking.map_or(End::Overtaken, |looking| End::Serves(Box::new(looking))))
            }
            Err(stop) => Err(stop),
        };
        ended.unwrap_or_else(End::Stopped)
    }

    async fn stages(
        &self,
        entry: &Entry,
        verified: &Verified,
        asked: &mut Receiver<u64>,
    ) -> Result<Option<Looking>, Stop> {
        let (context, host) = (&self.context, &self.context.host);
        self.step(entry, "verified", None, |_| {});
        let (candidate, newborn) = self.loaded(verified).await?;
        self.step(entry, "compiled", None, |progress| progress.digest = Some(candidate.plugin.digest()));

        let rules = context.rules();
        let agents = self.affected(&candidate);
        let shown = shadow(host, &candidate, &agents, &rules).await?;
        self.step(entry, "shadow", Some(words(&shown)), |progress| progress.shadow = Some(shown.clone()));
        if let Some(reason) = shown.stops(&rules) {
            return Err(Stop::Refused(reason));
        }
        if self.is_overtaken(entry).await? {
            return Ok(None);
        }
        let serving = host.plugins().get(&self.pack).cloned();
        let Some(serving) = serving.filter(|_| self.tries(&candidate, &agents) > 0) else {
            return self.switch(entry, candidate, newborn).await;
        };
        let tried = self.canary(entry, (&candidate, &serving), (&agents, &shown), asked).await?;
        let Some(watch) = tried else { return Ok(None) };
        let plugin = Arc::clone(&candidate.plugin);
        let looking = self.switch(entry, candidate, newborn).await;
        if !matches!(looking, Ok(Some(_))) {
            host.end_trial(&plugin, &serving).await?;
        }
        // Not sooner: a fault in between is still one of a version on trial.
        host.look_away(&watch);
        looking
    }

    /// The agents that a candidate would serve otherwise than now.
    fn affected(&self, candidate: &Candidate) -> Vec<AgentId> {
        let host = &self.context.host;
        let is_new = |plugin: &Arc<Plugin>| !Arc::ptr_eq(plugin, &candidate.plugin);
        if candidate.plugin.id == self.pack && host.plugins().get(&self.pack).is_none_or(is_new) {
            return host.served_by(&self.pack);
        }
        candidate.rows.iter().map(|row| row.id.clone()).filter(|id| host.agents.knows(id)).collect()
    }

    /// How many agents try a candidate first.
    fn tries(&self, candidate: &Candidate, agents: &[AgentId]) -> usize {
        let serving = self.context.host.plugins().get(&self.pack).cloned();
        let is_new = serving.is_some_and(|serving| serving.digest() != candidate.plugin.digest());
        let percent = usize::try_from(self.context.rules().canary_percent).unwrap_or(0);
        if is_new && candidate.plugin.id == self.pack { agents.len() * percent / 100 } else { 0 }
    }

    /// Some agents try it. Answers who looks at it; none where a newer one has come.
    async fn canary(
        &self,
        entry: &Entry,
        (candidate, serving): (&Candidate, &Arc<Plugin>),
        (agents, shown): (&[AgentId], &Shadow),
        asked: &mut Receiver<u64>,
    ) -> Result<Option<Arc<Watch>>, Stop> {
        let (context, host) = (&self.context, &self.context.host);
        let rules = context.rules();
        let chosen = chosen(agents, self.tries(candidate, agents), entry);
        if !context.note(entry, (State::Canary, None), overtaken).await? {
            return Ok(None);
        }
        let watch = host.look_at(&candidate.plugin, None);
        let tries = counted(chosen.len() as u64, "agent", "agents");
        host.try_out(Arc::clone(&candidate.plugin), chosen);
        self.step(entry, "canary", Some(format!("{tries} of {} try it", agents.len())), |progress| {
            (progress.share, progress.watch) = (rules.canary_percent, Some(Arc::clone(&watch)));
        });
        let verdict = loop {
            tokio::select! {
                biased;
                verdict = canary(&watch, &rules, shown.usual_fuel()) => break Ok(Some(verdict)),
                changed = asked.changed() => {
                    let overtaken = if changed.is_err() { Ok(true) } else { self.is_overtaken(entry).await };
                    match overtaken {
                        Ok(false) => {}
                        Ok(true) => break Ok(None),
                        Err(stop) => break Err(stop),
                    }
                }
            }
        };
        if matches!(verdict, Ok(Some(Verdict::Good))) {
            return Ok(Some(watch));
        }
        let ended = host.end_trial(&candidate.plugin, serving).await;
        host.look_away(&watch);
        ended?;
        match verdict? {
            Some(Verdict::Bad(reason)) => Err(Stop::Refused(reason)),
            _ => Ok(None),
        }
    }

    /// Whether the lock has something newer, or does not want this one any more.
    pub(super) async fn is_overtaken(&self, entry: &Entry) -> Result<bool, Stop> {
        let entries = self.context.entries(&self.pack).await?;
        let is_newer = entries.iter().any(|other| is_newer(other, entry));
        Ok(is_newer || !entries.iter().any(|other| is_wanted(other, entry)))
    }

    /// It serves everybody. Answers none where the lock does not want it any more.
    async fn switch(
        &self,
        entry: &Entry,
        candidate: Candidate,
        newborn: Option<AgentSpec>,
    ) -> Result<Option<Looking>, Stop> {
        let (context, host) = (&self.context, &self.context.host);
        if !context.note(entry, (State::Watched, None), give_way).await? {
            return Ok(None);
        }
        let agents = (!candidate.rows.is_empty()).then(|| candidate.rows.iter().map(|row| row.id.clone()).collect());
        let of_data = host.plugins().get(&candidate.plugin.id).is_some_and(|now| Arc::ptr_eq(now, &candidate.plugin));
        let watch = host.look_at(&candidate.plugin, agents.filter(|_| of_data));
        let replaced = match host.switch(&candidate).await {
            Ok(replaced) => replaced,
            Err(error) => {
                host.look_away(&watch);
                let serving = host.plugins().get(&self.pack).map(|plugin| plugin.digest());
                context.note_back(entry, serving, &error.to_string()).await?;
                return Err(error.into());
            }
        };
        self.introduce(&candidate);
        context.repertoire.add_pack(self.pack.clone(), Vouched::of(entry));
        if let Some(spec) = newborn {
            self.born(spec).await;
        }
        if replaced.plugin.is_none() && candidate.plugin.world == World::EventGenerator {
            let start = agents::started(&AgentId::generator(&self.pack), host.now());
            if let Err(error) = host.submit(vec![start]).await {
                tracing::error!(pack = %self.pack, %error, "it begins at the next start");
            }
        }
        let from = replaced.plugin.as_ref().map(|plugin| (plugin.version.clone(), plugin.digest()));
        let took = u64::try_from(replaced.took.as_micros()).unwrap_or(u64::MAX);
        let nothing = match self.is_without_grant(entry, &candidate) {
            true => format!("; it may do nothing yet: `puppet grants approve {}`", self.pack),
            false => String::new(),
        };
        self.step(entry, "live", Some(format!("the switch took {took} µs{nothing}")), |progress| {
            progress.share = 100;
            progress.from = from;
            progress.watch = Some(Arc::clone(&watch));
            progress.switch_us = Some(took);
        });
        let until = host.now().plus_millis(context.rules().watch_ms);
        Ok(Some(Looking { entry: entry.clone(), candidate, replaced, watch, until }))
    }

    /// A component of the operator's own folder that nothing was said of.
    fn is_without_grant(&self, entry: &Entry, candidate: &Candidate) -> bool {
        let asks = !candidate.plugin.requests.is_empty();
        entry.component.is_some() && asks && self.context.grants.pack(&self.pack).is_none()
    }

    /// An agent comes to live here with its pack.
    async fn born(&self, spec: AgentSpec) {
        let _joining = self.context.joining.lock().await;
        let id = spec.id.clone();
        if let Err(trouble) = (NewAgent { spec }).join(&self.context.host).await {
            tracing::error!(agent = %id, "it does not come to live here: {}", trouble.message);
        }
    }
}

/// So many of them: others for each version, the same for each run.
fn chosen(agents: &[AgentId], count: usize, entry: &Entry) -> BTreeSet<AgentId> {
    let salt = entry.digest.to_string();
    let mut drawn: Vec<_> =
        agents.iter().map(|id| (puppet_types::ids::derive_u64(&["canary", &salt, id.as_str()]), id)).collect();
    drawn.sort_unstable();
    drawn.into_iter().take(count).map(|(_, id)| id.clone()).collect()
}
