//! The way of a trading strategy: read, checked, compiled apart, asked what it is. It is no plugin of the host's: no agent is
//! served by it, and no event goes to it. Where no desk trades by it, it is from then on the version that runs begin with.
//! Desks that do are shown it first, go over to it between two batches, and go back where it fails in its first ones.

use std::{sync::Arc, time::Duration};

use puppet_backtest::{Sandboxed, StrategyId};
use puppet_engine::swap::{Shadow, SwapRules};
use puppet_packs::{Component, Entry, State};
use puppet_trade::{DeskStrategy, Trial};
use puppet_types::{AgentId, Digest, counted};
use tokio::sync::watch::Receiver;

use super::{
    blocking,
    drive::{End, Way},
    stages::give_way,
    verify::{Stop, Verified},
};
use crate::{
    strategies,
    trading::{Trading, strategy},
};

impl Way {
    /// All of it.
    pub(super) async fn strategy(
        &self,
        entry: &Entry,
        verified: Verified,
        asked: &mut Receiver<u64>,
    ) -> Result<End, Stop> {
        let host = &self.context.host;
        if host.plugins().contains_key(&self.pack) || host.agents.knows(&AgentId::new(self.pack.as_str())) {
            let reason =
                format!("agents live by the pack `{}`, and this is a trading strategy: give it another id", self.pack);
            return Err(Stop::Refused(reason));
        }
        self.step(entry, "verified", None, |_| {});
        let mut desks = self.context.floor.trading(&self.pack);
        let next = self.prove(entry, verified, desks.count()).await?;
        self.step(entry, "compiled", None, |_| {});
        if self.is_overtaken(entry).await? {
            return Ok(End::Overtaken);
        }
        match entry.state {
            _ if desks.count() == 0 => {}
            // The last host ended within its trial.
            State::Watched => {
                if !self.again_on_trial(&mut desks, asked).await {
                    return Ok(End::Overtaken);
                }
                self.step(entry, "live", Some(format!("on {}, and looked at again", desks.names())), |_| {});
                return self.watched(entry, &desks, asked).await;
            }
            // The operator went back to it, or let it in: that is done.
            State::Current => desks.take_over(&next, None).await.map_err(Stop::Refused)?,
            _ => return self.on_desks(entry, &next, &mut desks, asked).await,
        }
        if !self.context.note(entry, (State::Current, None), give_way).await? {
            return Ok(End::Overtaken);
        }
        let detail = match desks.count() {
            0 => "a run that begins now begins with it".to_owned(),
            _ => format!("on {}", desks.names()),
        };
        self.step(entry, "settled", Some(detail), |_| {});
        self.tidy().await;
        Ok(End::Settled)
    }

    /// The operator went back to a version: it is looked at once more, and is what runs begin with.
    pub(super) async fn follow_strategy(&self, entry: &Entry, asked: &mut Receiver<u64>) {
        if self.is_taken_up(entry) {
            return;
        }
        self.begin(entry, entry.component);
        let ended = match self.verified(entry).await {
            Ok(verified) => self.strategy(entry, verified, asked).await,
            Err(stop) => Err(stop),
        };
        if let Err(stop) = ended {
            self.stopped(entry, stop).await;
        }
    }

    /// Shown to the desks, and in place of what trades there; looked at until it has shown enough.
    async fn on_desks(
        &self,
        entry: &Entry,
        next: &DeskStrategy,
        desks: &mut Trading,
        asked: &mut Receiver<u64>,
    ) -> Result<End, Stop> {
        let (context, rules) = (&self.context, self.context.rules());
        let shown = desks.shadow(next).await.map_err(Stop::Refused)?;
        self.step(entry, "shadow", Some(words(&shown)), |progress| progress.shadow = Some(shown.clone()));
        if let Some(reason) = stops(&shown, &rules) {
            return Err(Stop::Refused(reason));
        }
        if self.is_overtaken(entry).await? {
            return Ok(End::Overtaken);
        }
        let from = self.running().await?;
        if !context.note(entry, (State::Watched, None), give_way).await? {
            return Ok(End::Overtaken);
        }
        if let Err(reason) = desks.take_over(next, Some(trial(&rules))).await {
            context.note_back(entry, from.map(|(_, digest)| digest), &reason).await?;
            return Err(Stop::Refused(reason));
        }
        self.step(entry, "live", Some(format!("on {}", desks.names())), |progress| progress.from = from);
        self.watched(entry, desks, asked).await
    }

    /// The version that runs now, and its component.
    async fn running(&self) -> Result<Option<(String, Digest)>, Stop> {
        let entries = self.context.entries(&self.pack).await?;
        let runs = entries.iter().find(|entry| entry.state.runs());
        Ok(runs.and_then(|entry| Some((entry.version.to_string(), entry.component?))))
    }

    /// Waits until the version has shown enough, has failed on a desk, or something newer is there.
    async fn watched(&self, entry: &Entry, desks: &Trading, asked: &mut Receiver<u64>) -> Result<End, Stop> {
        let context = &self.context;
        let mut until = std::pin::pin!(tokio::time::sleep(Duration::from_millis(context.rules().watch_ms)));
        let failed = loop {
            tokio::select! {
                biased;
                changed = asked.changed() => {
                    if changed.is_err() || self.is_overtaken(entry).await? {
                        return Ok(End::Overtaken);
                    }
                }
                failed = desks.tried() => break failed,
                () = &mut until => break None,
            }
        };
        match failed {
            None => {
                desks.settle().await;
                if !context.note(entry, (State::Current, None), |state| state).await? {
                    return Ok(End::Overtaken);
                }
                self.step(entry, "settled", Some(format!("on {}", desks.names())), |_| {});
            }
            Some(reason) => {
                let before = desks.before_trial();
                context.note_back(entry, before, &reason).await?;
                desks.go_back(&reason).await;
                self.step(entry, "rolled-back", Some(reason), |_| {});
            }
        }
        self.tidy().await;
        Ok(End::Settled)
    }

    /// Desks that were opened within a trial go on with it, from its start. Answers false where the host ends meanwhile.
    async fn again_on_trial(&self, desks: &mut Trading, asked: &mut Receiver<u64>) -> bool {
        let most = Duration::from_millis(self.context.rules().watch_ms);
        tokio::select! {
            // One whose chain is silent goes on with what it is opened with.
            _ = tokio::time::timeout(most, desks.open()) => {}
            changed = asked.changed() => match changed {
                Ok(()) => asked.mark_changed(),
                Err(_) => return false,
            },
        }
        let Some(before) = desks.before() else { return true };
        match self.kept(&before, desks.count()).await {
            Ok(before) => desks.try_on(before, trial(&self.context.rules())).await,
            Err(Stop::Refused(reason) | Stop::Waits(reason)) => {
                tracing::warn!(pack = %self.pack, "there is no way back to what traded before: {reason}");
            }
        }
        true
    }

    /// A version that traded before.
    async fn kept(&self, id: &StrategyId, desks: usize) -> Result<DeskStrategy, Stop> {
        let entries = self.context.entries(&self.pack).await?;
        let is_it = |entry: &&Entry| entry.component == id.digest && entry.state == State::Kept;
        let entry = entries.iter().find(is_it).ok_or_else(|| Stop::Refused(format!("{} is gone", id.version)))?;
        let verified = self.verified(entry).await?;
        self.prove(entry, verified, desks).await
    }

    /// Compiles it apart, and asks it what it is. What trades has a sandbox of its own: desks hold their instances for good.
    async fn prove(&self, entry: &Entry, verified: Verified, desks: usize) -> Result<DeskStrategy, Stop> {
        let own = Arc::clone(&self.context);
        let id = StrategyId { pack: entry.id.to_string(), version: entry.version.to_string(), digest: entry.component };
        let proving = tokio::task::spawn_blocking(move || {
            let (Component::File(file), Some(version)) = (&verified.pack.manifest.component, &verified.version) else {
                return Err("it brings no component".to_owned());
            };
            let opened = match desks {
                0 => Arc::clone(&own.host.sandbox),
                desks => Arc::new(strategy::opened(own.sandbox.clone(), desks).map_err(|trouble| trouble.in_a_line())?),
            };
            let (file, program) = (verified.pack.dir.join(file), (own.program.as_path(), &own.sandbox));
            let prepared = strategies::proved(&opened, program, (&file, &version.bytes), &own.rules())?;
            let strategies = Arc::new(Sandboxed::new(Arc::new(prepared), opened.strategy_stack_bytes()));
            Ok(DeskStrategy { id, strategies })
        });
        let proved = proving.await.unwrap_or_else(|error| Err(format!("it could not be loaded: {error}")));
        proved.map_err(Stop::Refused)
    }

    /// Whether an installed version is a strategy.
    pub(super) async fn is_strategy(&self, entry: &Entry) -> bool {
        let (own, entry) = (Arc::clone(&self.context), entry.clone());
        blocking(move || Ok(strategies::is_brought(&own.installed, &entry))).await.unwrap_or(false)
    }

    /// Whether the host has taken this very version up already, and no other one since; or went back to it by itself.
    pub(super) fn is_taken_up(&self, entry: &Entry) -> bool {
        let told = self.context.board.all().remove(&self.pack);
        told.is_some_and(|told| match told.state {
            "settled" => told.digest == entry.component,
            "rolled-back" => told.from.map(|(_, digest)| digest) == entry.component,
            _ => false,
        })
    }
}

/// What a version has to show on desks.
fn trial(rules: &SwapRules) -> Trial {
    let most = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Trial { batches: most(rules.watch_invocations), strikes: most(rules.watch_strikes) }
}

/// Why it may not trade, by what it showed; none where it may.
fn stops(shown: &Shadow, rules: &SwapRules) -> Option<String> {
    let (now, then) = (shown.fuel_replayed, shown.fuel_recorded);
    if now.saturating_mul(100) > then.saturating_mul(rules.fuel_percent) {
        return Some(format!(
            "it burns {now} units of fuel where {then} were recorded: more than {} percent",
            rules.fuel_percent
        ));
    }
    let changed = shown.changed_decisions;
    (rules.same_decisions && changed > 0)
        .then(|| format!("it orders otherwise on {} of {} recorded batches", changed, shown.replayed))
}

/// What the desks showed it, in words.
fn words(shown: &Shadow) -> String {
    let replayed = counted(shown.replayed, "recorded batch", "recorded batches");
    let ratio = shown.fuel_ratio().map_or_else(String::new, |ratio| format!(", fuel × {ratio:.2}"));
    format!("{replayed}: {} answered with other orders{ratio}", shown.changed_decisions)
}
