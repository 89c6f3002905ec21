//! Another version of the strategy on a desk that trades. It is shown first what the one that runs was told since its last
//! save; then it begins from a save of it, in its place, and is on trial for some batches. One that fails in them has decided
//! nothing on the batch at which it fails: the desk goes back to what is stored, with the version before, and that one is told
//! what came. What is stored stays: a batch whose swap the version failed to hear of is not asked about again.

use puppet_backtest::{BatchRecord, Event, Shadow, Strategies, StrategyId, shadow};
use puppet_types::counted;
use serde::{Deserialize, Serialize};

use crate::desk::{Answer, Ask, Desk, Shared};
use crate::keep::{Notes, Terms};
use crate::open;
use crate::thread::{Leave, Then, Turn, apart};
use crate::wish::Wishes;
use crate::work::{Work, end};
use crate::{DeskError, DeskPlan, DeskStrategy};

/// What a version has to show in the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// For so many batches.
    pub batches: u32,
    /// So many of its calls may end badly in them.
    pub strikes: u32,
}

impl Default for Trial {
    /// As `[swap]` has it where nothing is said.
    fn default() -> Self {
        Self { batches: 100, strikes: 0 }
    }
}

/// The version before the one that is on trial, and from where it goes on if it comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub strategy: StrategyId,
    /// As [`Notes::since`] and [`Notes::has_save`] when the other took its place.
    pub since: u64,
    pub has_save: bool,
    /// How many batches there were then, and how many of its calls had ended badly.
    pub batches: u64,
    pub faults: u32,
    /// What the other has to show.
    pub trial: Trial,
}

impl Before {
    /// The version of these terms gives way now.
    pub(crate) fn of(terms: &Terms, notes: &Notes, (batches, faults): (u64, u32), trial: Trial) -> Option<Self> {
        let strategy = terms.strategy.clone()?;
        Some(Self { strategy, since: notes.since, has_save: notes.has_save, batches, faults, trial })
    }
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Tried {
    /// There was none, or it was passed.
    #[default]
    Over,
    /// It goes on.
    Goes,
    /// The version before came back. Why.
    WentBack(String),
}

/// What the strategy that runs saved last, and what it was told since.
pub(crate) struct Memory {
    pub plan: DeskPlan,
    pub saved: Option<Vec<u8>>,
    pub records: Vec<BatchRecord>,
}

impl Desk {
    /// Shows another version what the one that runs was told since its last save. Nothing comes of it. Fails with
    /// [`DeskError::Plan`] where it cannot run on this desk at all: other parameters, markets, length of bars.
    pub async fn shadow(&self, next: &DeskStrategy) -> Result<Shadow, DeskError> {
        let Memory { plan, saved, records } = self.ask(Ask::Memory).await?;
        let show = move |strategies: &dyn Strategies| {
            let setup = open::setup(&plan, strategies)?;
            Ok(shadow(strategies, &setup, saved.as_deref(), &records))
        };
        apart(next, show).await?
    }

    /// Another version of the same pack takes the place of the one that runs, between two batches: the one that runs saves
    /// itself, and the other goes on from there, on trial. What is owned and open stays. Where it cannot begin, the one before
    /// goes on and the error says why. Without a trial it is an operator's wish: a version that comes back within the trial of the
    /// other goes on from its own save, and one that cannot begin from the save begins afresh.
    pub async fn take_over(&self, next: DeskStrategy, trial: Option<Trial>) -> Result<(), DeskError> {
        self.ask(|answer| Ask::TakeOver(Box::new(next), trial, answer)).await
    }

    /// A desk that was opened again within a trial: the trial begins anew, and `before` is what is gone back to. Nothing happens
    /// where no trial goes on, or that of another version.
    pub async fn try_on(&self, before: DeskStrategy, trial: Trial) -> Result<(), DeskError> {
        self.ask(|answer| Ask::TryOn(Box::new(before), trial, answer)).await
    }

    /// Ends a trial: the version before comes back. Answers whether there was one that could.
    pub async fn go_back(&self, reason: &str) -> Result<bool, DeskError> {
        self.ask(|answer| Ask::GoBack(reason.to_owned(), answer)).await
    }

    /// Ends a trial: the version has shown enough.
    pub async fn settle(&self) -> Result<(), DeskError> {
        self.ask(Ask::Settle).await
    }

    /// Returns when no trial goes on: none where the version that runs stays, else why the one before came back.
    pub fn tried(&self) -> impl Future<Output = Option<String>> + Send + use<> {
        let mut tried = self.shared.tried.subscribe();
        async move {
            match tried.wait_for(|tried| *tried != Tried::Goes).await.as_deref() {
                Ok(Tried::WentBack(reason)) => Some(reason.clone()),
                _ => None,
            }
        }
    }

    /// Which version is gone back to, where the one that runs is on trial.
    pub fn before(&self) -> Option<StrategyId> {
        Shared::get(&self.shared.before)
    }
}

impl Work<'_> {
    /// For a shadow of another version.
    pub(crate) fn memory(&self) -> Result<Memory, DeskError> {
        let (saved, mut records) = self.keep.memory(self.notes.since, self.notes.has_save)?;
        let is_new = |record: &&BatchRecord| records.last().is_none_or(|last| last.seq < record.seq);
        let unfinished = self.trader.last_record().filter(is_new).cloned();
        records.extend(unfinished);
        Ok(Memory { plan: self.plan.clone(), saved, records })
    }

    /// Saves the strategy for another version that takes its place.
    pub(crate) fn give_way(&mut self, next: Box<DeskStrategy>, trial: Option<Trial>, answer: Answer<()>) -> Turn {
        let done = match &self.terms.strategy {
            Some(runs) if *runs == next.id => Ok(false),
            Some(runs) if runs.pack == next.id.pack => self.close().map(|()| true),
            _ => Err(DeskError::Plan(format!("no version of `{}` trades on it", next.id.pack))),
        };
        match done {
            Ok(true) => Turn::Leave(Leave::For { next, trial, answer }),
            Ok(false) => self.say(Ok(()), answer, |answer| Ask::TakeOver(next, trial, answer)),
            Err(error) => self.say(Err(error), answer, |answer| Ask::TakeOver(next, trial, answer)),
        }
    }

    /// The trial begins anew, with a way back.
    pub(crate) fn try_on(&mut self, spare: &DeskStrategy, trial: Trial) -> Result<(), DeskError> {
        let Some(before) = self.notes.before.as_mut().filter(|before| before.strategy == spare.id) else {
            return Ok(());
        };
        let shown = u32::try_from(self.trader.batches().saturating_sub(before.batches)).unwrap_or(u32::MAX);
        before.trial = Trial { batches: trial.batches.saturating_add(shown), strikes: trial.strikes };
        self.spare = Some(spare.clone());
        self.store()
    }

    /// The version on trial has shown enough.
    pub(crate) fn settle(&mut self) -> Result<(), DeskError> {
        self.notes.before = None;
        self.store()
    }

    /// The version before, where there is a way back to it.
    pub(crate) fn way_back(&mut self) -> Option<Box<DeskStrategy>> {
        let before = self.notes.before.as_ref()?;
        self.spare.take_if(|spare| spare.id == before.strategy).map(Box::new)
    }

    /// Before anything is stored: whether the version on trial has failed, or has shown enough.
    pub(crate) fn look_at_trial(&mut self) -> Result<(), DeskError> {
        let Some(before) = &self.notes.before else {
            self.spare = None;
            return Ok(());
        };
        let (strikes, shown) = (self.trader.faults(), self.trader.batches().saturating_sub(before.batches));
        if strikes > before.trial.strikes && self.spare.is_some() {
            let last = self.happened.events.iter().rev().find_map(|event| match event {
                Event::Breached(breach) => Some(format!(", the last: {}: {}", breach.breach, breach.detail)),
                _ => None,
            });
            let (faults, batches) = (counted(strikes, "fault", "faults"), counted(shown, "batch", "batches"));
            let last = last.unwrap_or_default();
            return Err(DeskError::Stopped(format!("{faults} in the first {batches} after the swap{last}")));
        }
        if shown >= u64::from(before.trial.batches) {
            (self.notes.before, self.spare) = (None, None);
        }
        Ok(())
    }

    /// What follows something that nobody waits for the answer of.
    pub(crate) fn went(&mut self, done: Result<(), DeskError>) -> Turn {
        let Err(error) = done else { return Turn::Next };
        let back = self.failed(&error);
        back.map_or(Turn::End, |(before, reason)| Turn::Leave(Leave::Back { before, reason, then: Then::Nothing }))
    }

    /// What failed ends the desk, which is told; or the trial of a version, if there is a way back.
    pub(crate) fn failed(&mut self, error: &DeskError) -> Option<(Box<DeskStrategy>, String)> {
        if let DeskError::Stopped(reason) = error
            && let Some(before) = self.way_back()
        {
            // Asked again by their ids they are answered.
            self.wishes.gone(error);
            self.wishes = Wishes::default();
            return Some((before, reason.clone()));
        }
        end(self.room, &mut self.wishes, error);
        None
    }
}
