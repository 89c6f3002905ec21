//! One pack's way: from what the lock says to what serves. A newer version that comes while one is on its way takes its
//! place; what was live stays live until the one that follows has shown what it must.

use std::{collections::BTreeSet, sync::Arc};

use puppet_engine::{
    Plugin,
    swap::{Candidate, Replaced, Shadow, Verdict, Watch, canary, settled, shadow},
};
use puppet_packs::{AgentSpec, Entry, State};
use puppet_sandbox::{Standing, World};
use puppet_types::{AgentId, PackId, Timestamp, counted};
use tokio::sync::watch::Receiver;

use super::{
    Context, Progress, Watched,
    folders::is_live,
    verify::{self, Stop, Verified},
};
use crate::{
    agents::{self, NewAgent},
    grants::Vouched,
};

/// A version that serves and is looked at.
pub(super) struct Looking {
    pub(super) entry: Entry,
    pub(super) candidate: Candidate,
    pub(super) replaced: Replaced,
    pub(super) watch: Arc<Watch>,
    pub(super) until: Timestamp,
}

/// How a version's way ended.
enum End {
    /// It serves.
    Serves(Box<Looking>),
    /// A newer one is there.
    Overtaken,
    /// It does not serve.
    Stopped(Stop),
}

impl From<puppet_store::StoreError> for Stop {
    fn from(error: puppet_store::StoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<puppet_packs::InstallError> for Stop {
    fn from(error: puppet_packs::InstallError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// The task of a pack: as long as the host runs.
pub(super) async fn work(context: Arc<Context>, pack: PackId, mut asked: Receiver<u64>, watched: Option<Watched>) {
    let way = Way { context, pack };
    let mut looking = match watched {
        Some(watched) => way.resumed(watched).await,
        None => None,
    };
    asked.mark_changed();
    loop {
        tokio::select! {
            biased;
            changed = asked.changed() => {
                if changed.is_err() {
                    return;
                }
                let old = match way.look(&mut asked).await {
                    Looked::Serves(new) => looking.replace(*new),
                    Looked::WentBack => looking.take(),
                    Looked::Nothing => None,
                };
                old.iter().for_each(|old| way.context.host.look_away(&old.watch));
            }
            verdict = way.verdict(&looking) => {
                let Some(ended) = looking.take() else { continue };
                way.end(ended, verdict).await;
            }
        }
    }
}

/// What a look at the lock brought.
enum Looked {
    /// Nothing new serves.
    Nothing,
    /// A version that is to be looked at.
    Serves(Box<Looking>),
    /// One that was there before, as the operator wants it: it is not looked at.
    WentBack,
}

struct Way {
    context: Arc<Context>,
    pack: PackId,
}

/// A version that gave way is kept; one that waits for the operator goes on waiting.
fn give_way(state: State) -> State {
    match state {
        State::Current | State::Watched | State::Canary | State::Next => State::Kept,
        other => other,
    }
}

/// Only what was on its way gives way.
fn overtaken(state: State) -> State {
    match state {
        State::Canary | State::Next => State::Kept,
        other => other,
    }
}

impl Way {
    async fn verdict(&self, looking: &Option<Looking>) -> Verdict {
        match looking {
            Some(Looking { watch, until, .. }) => {
                settled(watch, &self.context.rules(), &self.context.host.clock, *until).await
            }
            None => std::future::pending().await,
        }
    }

    /// What was watched when the last host ended is watched again, from the start. Where there is no way back, it stays.
    async fn resumed(&self, (serving, watch): Watched) -> Option<Looking> {
        let host = &self.context.host;
        let until = host.now().plus_millis(self.context.rules().watch_ms);
        let entries = self.context.entries(&self.pack).await.unwrap_or_default();
        let watched = entries.iter().find(|entry| entry.state == State::Watched).cloned();
        let before = entries.iter().filter(|entry| entry.state == State::Kept).max_by_key(|entry| entry.since);
        if let (Some(entry), Some(before)) = (watched, before) {
            match self.ready(before).await {
                Ok((before, _)) => {
                    let took = std::time::Duration::ZERO;
                    let replaced = Replaced { plugin: Some(before.plugin), rows: Vec::new(), took };
                    let is_struck = serving.standing(host.now()) != Standing::Good;
                    let candidate = Candidate { plugin: serving, rows: Vec::new() };
                    let looking = Looking { entry, candidate, replaced, watch, until };
                    if !is_struck {
                        return Some(looking);
                    }
                    // The last host ended on the way back.
                    let reason = "it ended in a breach while it was watched, and may not run".to_owned();
                    self.end(looking, Verdict::Bad(reason)).await;
                    return None;
                }
                Err(Stop::Refused(reason) | Stop::Waits(reason)) => {
                    tracing::warn!(pack = %self.pack, "there is no way back to what served before: {reason}");
                }
            }
        }
        host.look_away(&watch);
        None
    }

    /// Brings the host to where the lock is; answers what is to be looked at from now on.
    async fn look(&self, asked: &mut Receiver<u64>) -> Looked {
        loop {
            let entries = match self.context.entries(&self.pack).await {
                Ok(entries) => entries,
                Err(error) => {
                    self.context.tell(&self.pack, "", "refused", error.to_string());
                    return Looked::Nothing;
                }
            };
            let next = entries.iter().filter(|entry| entry.state == State::Next).max_by_key(|entry| entry.since);
            let new = entries.iter().find(|entry| entry.state.runs() && self.is_new_here(entry));
            let Some(next) = next.or(new) else {
                return if self.follow(&entries).await { Looked::WentBack } else { Looked::Nothing };
            };
            match self.bring(next, asked).await {
                End::Serves(looking) => return Looked::Serves(looking),
                End::Overtaken => {}
                End::Stopped(stop) => {
                    self.stopped(next, stop).await;
                    return Looked::Nothing;
                }
            }
        }
    }

    /// Whether it is to run, and nothing of its pack ever did here: it was approved, or installed, just now.
    fn is_new_here(&self, entry: &Entry) -> bool {
        let host = &self.context.host;
        match entry.component {
            Some(_) => !host.plugins().contains_key(&self.pack),
            None => !host.agents.knows(&AgentId::new(self.pack.as_str())),
        }
    }

    /// There is nothing new: where something else is to serve than what does, the operator went back or took it away.
    /// Answers whether another one serves now.
    async fn follow(&self, entries: &[Entry]) -> bool {
        let serves = |state| matches!(state, State::Current | State::Watched);
        let Some(entry) = entries.iter().find(|entry| serves(entry.state)) else {
            if entries.is_empty() {
                self.gone().await;
            }
            return entries.is_empty();
        };
        let host = &self.context.host;
        let serving = host.plugins().get(&self.pack).cloned();
        let same =
            entry.component.is_none_or(|digest| serving.as_ref().is_some_and(|plugin| plugin.digest() == digest));
        if same && entry.component.is_some() {
            return false;
        }
        match self.back_to(entry, serving).await {
            Ok(went_back) => return went_back,
            Err(Stop::Refused(reason) | Stop::Waits(reason)) => {
                self.context.tell(&self.pack, &entry.version.to_string(), "refused", reason);
            }
        }
        false
    }

    /// The operator went back to a version: it serves at once, and what the other wrote gives way.
    async fn back_to(&self, entry: &Entry, serving: Option<Arc<Plugin>>) -> Result<bool, Stop> {
        let (candidate, _) = self.ready(entry).await?;
        let host = &self.context.host;
        if candidate.rows.is_empty()
            && serving.as_ref().is_some_and(|plugin| plugin.digest() == candidate.plugin.digest())
        {
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
        self.retired().await;
        let built_in = crate::repertoire::Version::built_in();
        let host = &self.context.host;
        let own = built_in.into_iter().find(|version| version.manifest.id == self.pack);
        match own {
            Some(version) => {
                let is_it = |plugin: &Arc<Plugin>| plugin.digest() == puppet_types::Digest::of(&version.bytes);
                if host.plugins().get(&self.pack).is_some_and(is_it) {
                    return;
                }
                let loaded = host.sandbox.compile(&version.bytes).and_then(|it| version.load(&host.sandbox, &it));
                match loaded {
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

    /// Reads, checks, compiles, links.
    async fn ready(&self, entry: &Entry) -> Result<(Candidate, Option<AgentSpec>), Stop> {
        let verified = self.verified(entry).await?;
        self.loaded(&verified).await
    }

    async fn verified(&self, entry: &Entry) -> Result<Verified, Stop> {
        let (own, entry, now) = (Arc::clone(&self.context), entry.clone(), self.context.host.now());
        let verifying = tokio::task::spawn_blocking(move || verify::verify(&own.installed, &entry, &own.grants, now));
        verifying.await.unwrap_or_else(|error| Err(Stop::Refused(error.to_string())))
    }

    async fn loaded(&self, verified: &Verified) -> Result<(Candidate, Option<AgentSpec>), Stop> {
        let plugin = verify::load(&self.context, verified).await?;
        if let Some(plugin) = &plugin {
            self.context.host.load_strikes_of(plugin).await?;
        }
        verify::candidate(&self.context.host, verified, plugin).await
    }

    /// All the way of a new version.
    async fn bring(&self, entry: &Entry, asked: &mut Receiver<u64>) -> End {
        match self.stages(entry, asked).await {
            Ok(Some(looking)) => End::Serves(Box::new(looking)),
            Ok(None) => End::Overtaken,
            Err(stop) => End::Stopped(stop),
        }
    }

    async fn stages(&self, entry: &Entry, asked: &mut Receiver<u64>) -> Result<Option<Looking>, Stop> {
        let (context, host) = (&self.context, &self.context.host);
        self.begin(entry, entry.component);
        let verified = self.verified(entry).await?;
        self.step(entry, "verified", None, |_| {});
        let (candidate, newborn) = self.loaded(&verified).await?;
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
            return self.switch(entry, candidate, newborn).await.map(Some);
        };
        let tried = self.canary(entry, (&candidate, &serving), (&agents, &shown), asked).await?;
        let Some(watch) = tried else { return Ok(None) };
        let plugin = Arc::clone(&candidate.plugin);
        let looking = self.switch(entry, candidate, newborn).await;
        if looking.is_err() {
            host.end_trial(&plugin, &serving).await?;
        }
        // Not sooner: a fault in between is still one of a version on trial.
        host.look_away(&watch);
        looking.map(Some)
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
        context.note((&self.pack, entry.digest), (State::Canary, None), overtaken).await?;
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
    async fn is_overtaken(&self, entry: &Entry) -> Result<bool, Stop> {
        let entries = self.context.entries(&self.pack).await?;
        let is_newer = |other: &Entry| other.state == State::Next && other.since > entry.since;
        let is_wanted = |other: &Entry| other.digest == entry.digest && is_live(other.state);
        Ok(entries.iter().any(is_newer) || !entries.iter().any(is_wanted))
    }

    /// It serves everybody.
    async fn switch(&self, entry: &Entry, candidate: Candidate, newborn: Option<AgentSpec>) -> Result<Looking, Stop> {
        let (context, host) = (&self.context, &self.context.host);
        context.note((&self.pack, entry.digest), (State::Watched, None), give_way).await?;
        let agents = (!candidate.rows.is_empty()).then(|| candidate.rows.iter().map(|row| row.id.clone()).collect());
        let of_data = host.plugins().get(&candidate.plugin.id).is_some_and(|now| Arc::ptr_eq(now, &candidate.plugin));
        let watch = host.look_at(&candidate.plugin, agents.filter(|_| of_data));
        let replaced = match host.switch(&candidate).await {
            Ok(replaced) => replaced,
            Err(error) => {
                host.look_away(&watch);
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
            host.submit(vec![start]).await?;
        }
        let from = replaced.plugin.as_ref().map(|plugin| (plugin.version.clone(), plugin.digest()));
        let took = u64::try_from(replaced.took.as_micros()).unwrap_or(u64::MAX);
        self.step(entry, "live", Some(format!("the switch took {took} µs")), |progress| {
            progress.share = 100;
            progress.from = from;
            progress.watch = Some(Arc::clone(&watch));
            progress.switch_us = Some(took);
        });
        let until = host.now().plus_millis(context.rules().watch_ms);
        Ok(Looking { entry: entry.clone(), candidate, replaced, watch, until })
    }

    /// An agent comes to live here with its pack.
    async fn born(&self, spec: AgentSpec) {
        let _joining = self.context.joining.lock().await;
        let id = spec.id.clone();
        if let Err(trouble) = (NewAgent { spec }).join(&self.context.host).await {
            tracing::error!(agent = %id, "it does not come to live here: {}", trouble.message);
        }
    }

    /// What was looked at has shown enough.
    async fn end(&self, looking: Looking, verdict: Verdict) {
        let Looking { entry, candidate, replaced, watch, .. } = looking;
        let (context, host) = (&self.context, &self.context.host);
        let done = match verdict {
            Verdict::Good => {
                host.look_away(&watch);
                let noted = context.note((&self.pack, entry.digest), (State::Current, None), |state| state).await;
                self.step(&entry, "settled", None, |_| {});
                noted.map_err(Stop::from)
            }
            Verdict::Bad(reason) => {
                let done = self.roll_back(&entry, (&candidate, &replaced), &reason).await;
                host.look_away(&watch);
                done
            }
        };
        if let Err(Stop::Refused(reason) | Stop::Waits(reason)) = done {
            tracing::error!(pack = %self.pack, "{reason}");
        }
        let (own, keep) = (Arc::clone(context), context.keep);
        if let Err(error) = super::blocking(move || own.installed.sweep(keep)).await {
            tracing::warn!(pack = %self.pack, %error, "old versions are not tidied away");
        }
    }

    /// Back to what served before, once: what is written down now is not tried again.
    async fn roll_back(
        &self,
        entry: &Entry,
        (candidate, replaced): (&Candidate, &Replaced),
        reason: &str,
    ) -> Result<(), Stop> {
        let context = &self.context;
        let before = replaced.plugin.as_ref().map(|plugin| plugin.digest());
        context.note_back((&self.pack, entry.digest), before, reason).await?;
        context.host.take_back(candidate, replaced).await?;
        self.introduce(&Candidate { plugin: Arc::clone(&candidate.plugin), rows: replaced.rows.clone() });
        self.step(entry, "rolled-back", Some(reason.to_owned()), |progress| progress.share = 0);
        Ok(())
    }

    async fn stopped(&self, entry: &Entry, stop: Stop) {
        let (state, stage, reason) = match stop {
            Stop::Refused(reason) => (State::Refused, "refused", reason),
            Stop::Waits(reason) => (State::Waiting, "staged", reason),
        };
        let noted = self.context.note((&self.pack, entry.digest), (state, Some(reason.clone())), |state| state).await;
        if let Err(error) = noted {
            tracing::error!(pack = %self.pack, %error, "what became of a version is not written down");
        }
        self.step(entry, stage, Some(reason), |progress| progress.share = 0);
    }

    /// Agents whose data came with it are known by their new names and accounts; one that is new begins to live.
    fn introduce(&self, candidate: &Candidate) {
        let host = &self.context.host;
        for row in &candidate.rows {
            if let Ok(spec) = agents::spec_of(row) {
                agents::introduce(host, &spec);
            }
        }
    }

    fn begin(&self, entry: &Entry, digest: Option<puppet_types::Digest>) {
        let serving = self.context.host.plugins().get(&self.pack).cloned();
        let progress = Progress {
            version: entry.version.to_string(),
            digest,
            state: "staged",
            reason: None,
            share: 0,
            from: serving.map(|plugin| (plugin.version.clone(), plugin.digest())),
            at: self.context.host.now(),
            shadow: None,
            watch: None,
            switch_us: None,
        };
        self.context.board.put(&self.pack, progress);
        self.context.tell(&self.pack, &entry.version.to_string(), "staged", String::new());
    }

    fn step(&self, entry: &Entry, stage: &'static str, detail: Option<String>, more: impl FnOnce(&mut Progress)) {
        let at = self.context.host.now();
        let reason = detail.clone().filter(|_| matches!(stage, "refused" | "rolled-back" | "staged"));
        self.context.board.change(&self.pack, |progress| {
            (progress.state, progress.at, progress.reason) = (stage, at, reason);
            more(progress);
        });
        self.context.tell(&self.pack, &entry.version.to_string(), stage, detail.unwrap_or_default());
    }
}

fn words(shown: &Shadow) -> String {
    let replayed = counted(shown.replayed, "recorded invocation", "recorded invocations");
    let ratio = shown.fuel_ratio().map_or_else(String::new, |ratio| format!(", fuel × {ratio:.2}"));
    format!(
        "{replayed}: {} in a breach, {} decide otherwise, {} unanswered{ratio}",
        shown.traps + shown.breaches,
        shown.changed_decisions,
        counted(shown.unanswered_reads, "read", "reads"),
    )
}

/// So many of them: others for each version, the same for each run.
fn chosen(agents: &[AgentId], count: usize, entry: &Entry) -> BTreeSet<AgentId> {
    let salt = entry.digest.to_string();
    let mut drawn: Vec<_> =
        agents.iter().map(|id| (puppet_types::ids::derive_u64(&["canary", &salt, id.as_str()]), id)).collect();
    drawn.sort_unstable();
    drawn.into_iter().take(count).map(|(_, id)| id.clone()).collect()
}
