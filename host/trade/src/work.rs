//! A desk at work: answers a question, and stores what it led to before it does. The order of things:
//! the kill switch is asked, the trader gets the bars ([`batch`](crate::batch)), one transaction keeps it, and only then is
//! anything carried out ([`carry`](crate::carry)).

use std::sync::Arc;
use std::time::Duration;

use puppet_backtest::Trader;
use puppet_store::{PurseEntry, TradeStore};
use puppet_types::Timestamp;
use puppet_wallet::Mode;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::desk::{Answer, Ask, CLOSED, Halted, Shared};
use crate::keep::{Head, Keep, Notes, Papers, Terms};
use crate::switch::PurseWord;
use crate::thread::{Leave, Then, Turn};
use crate::wish::Wishes;
use crate::{DeskError, DeskPlan, DeskStrategy, Happened, SwapResult, Told};

/// What a desk has around it.
pub(crate) struct Room {
    pub store: Arc<dyn TradeStore>,
    pub halted: Halted,
    pub told: mpsc::UnboundedSender<Told>,
    pub runtime: Handle,
    pub shared: Arc<Shared>,
}

impl Room {
    /// Whoever does not listen any more has been told enough.
    pub(crate) fn tell(&self, told: Told) {
        let _ = self.told.send(told);
    }

    /// What was said from outside: of everything, or of this purse.
    pub(crate) fn halt_reason(&self) -> Option<String> {
        (self.halted)().or_else(|| Shared::get(&self.shared.halt))
    }
}

/// When the exchange is asked again, and after how long then.
pub(crate) struct Again {
    pub at: Instant,
    pub pause: Duration,
    /// What it waits for, in words.
    pub waits: String,
}

impl Again {
    /// What was under way when another version took its place is asked for at once.
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), pause: Duration::from_secs(1), waits: "another version took its place".to_owned() }
    }
}

/// A desk at work.
pub(crate) struct Work<'s> {
    pub plan: &'s DeskPlan,
    pub room: &'s Room,
    pub trader: Trader<'s>,
    pub keep: Keep,
    pub papers: Papers,
    pub terms: Terms,
    pub notes: Notes,
    pub warm_up: u32,
    /// The latest time that was told.
    pub now: Timestamp,
    pub again: Option<Again>,
    pub wishes: Wishes,
    /// The version that is gone back to, where the one that runs is on trial.
    pub spare: Option<DeskStrategy>,
    /// Results to be stored with the next write, and told after it.
    pub results: Vec<SwapResult>,
    /// What the question led to so far.
    pub happened: Happened,
    /// How it stood when it was last looked at.
    pub mode: Mode,
}

impl Work<'_> {
    /// Answers a question.
    pub(crate) fn answer(&mut self, ask: Ask) -> Turn {
        self.happened = Happened::default();
        match ask {
            Ask::History(bars, answer) => {
                let done = self.history(&bars);
                self.say(done, answer, |answer| Ask::History(bars, answer))
            }
            Ask::Bars(at, bars, answer) => {
                let done = self.bars(at, &bars);
                self.say(done, answer, |answer| Ask::Bars(at, bars, answer))
            }
            Ask::Prices(at, prices, answer) => {
                let done = self.prices(at, &prices);
                self.say(done, answer, |answer| Ask::Prices(at, prices, answer))
            }
            Ask::Word(word, answer) => {
                let done = self.word(&word);
                self.say(done, answer, |answer| Ask::Word(word, answer))
            }
            Ask::Swap(intent, answer) => {
                let done = self.wish(*intent, answer);
                self.went(done)
            }
            Ask::Forget(id, answer) => {
                let done = self.take_back(&id);
                self.say(done, answer, |answer| Ask::Forget(id, answer))
            }
            Ask::Second(at, prices) => {
                for (market, price) in prices {
                    self.trader.see_second(market, price, at);
                }
                Turn::Next
            }
            Ask::Trending(at, markets) => {
                markets.into_iter().for_each(|market| self.trader.see_trending(market, at));
                Turn::Next
            }
            Ask::Heard(id) => {
                self.notes.untold.retain(|result| result.id != id);
                Turn::Next
            }
            Ask::Memory(answer) => {
                let done = self.memory();
                self.say(done, answer, Ask::Memory)
            }
            Ask::TakeOver(next, trial, answer) => self.give_way(next, trial, answer),
            Ask::TryOn(before, trial, answer) => {
                let done = self.try_on(&before, trial);
                self.say(done, answer, |answer| Ask::TryOn(before, trial, answer))
            }
            Ask::GoBack(reason, answer) => match self.way_back() {
                Some(before) => Turn::Leave(Leave::Back { before, reason, then: Then::Answer(answer) }),
                None => {
                    let _ = answer.send(Ok(false));
                    Turn::Next
                }
            },
            Ask::Settle(answer) => {
                let done = self.settle();
                self.say(done, answer, Ask::Settle)
            }
            Ask::Close(answer) => {
                let done = self.close();
                match self.say(done, answer, Ask::Close) {
                    Turn::Next => {
                        Shared::set(&self.room.shared.stopped, Some(DeskError::Stopped(CLOSED.to_owned())));
                        Turn::End
                    }
                    turn => turn,
                }
            }
        }
    }

    /// A desk that failed is no more: what it has in memory may not be what is stored. Where a version on trial failed, it goes
    /// back to what is stored and is asked once more. A plan or bars that cannot be meant are the asker's.
    pub(crate) fn say<T>(
        &mut self,
        done: Result<T, DeskError>,
        answer: Answer<T>,
        again: impl FnOnce(Answer<T>) -> Ask,
    ) -> Turn {
        if let Err(error) = &done
            && !matches!(error, DeskError::Plan(_))
        {
            if let Some((before, reason)) = self.failed(error) {
                return Turn::Leave(Leave::Back { before, reason, then: Then::Ask(Box::new(again(answer))) });
            }
            let _ = answer.send(done);
            return Turn::End;
        }
        // Whoever does not wait any more has no use for it.
        let _ = answer.send(done);
        Turn::Next
    }

    /// Everything since the last write, in one transaction; then it is told.
    pub(crate) fn store(&mut self) -> Result<(), DeskError> {
        self.note_events(&[])?;
        self.look_at_trial()?;
        for step in self.trader.risk_mut().take_steps() {
            self.keep.add(PurseEntry::Step, self.now, &step)?;
        }
        let papers = self.papers.clone();
        if let Some(save) = self.keep.add_papers(&papers, self.now)? {
            (self.notes.since, self.notes.has_save) = (save, true);
        }
        let results = std::mem::take(&mut self.results);
        for result in &results {
            self.keep.add_ended(self.now, result)?;
            if result.agent.is_some() {
                self.notes.untold.push(result.clone());
            }
        }
        let head = Head {
            terms: self.terms.clone(),
            books: self.trader.risk().snapshot().clone(),
            trader: self.trader.state(),
            notes: self.notes.clone(),
        };
        self.keep.write(self.now, head)?;
        Shared::set(&self.room.shared.view, Some(self.view()));
        Shared::set(&self.room.shared.before, self.notes.before.as_ref().map(|before| before.strategy.clone()));
        self.room.shared.trial(self.notes.before.is_some());
        for result in &results {
            self.room.tell(Told::Swapped(Box::new(result.clone())));
        }
        self.happened.swaps.extend(results);
        self.tell_mode();
        Ok(())
    }

    fn word(&mut self, word: &PurseWord) -> Result<(), DeskError> {
        match word {
            PurseWord::Halt(reason) => self.halt(reason),
            PurseWord::Reduce(reason) => self.reduce(reason),
            PurseWord::Resume => self.resume(),
        }
        self.ask_switch();
        self.keep.add(PurseEntry::Word, self.now, &word.row())?;
        self.store()?;
        match (word, &mut self.again) {
            (PurseWord::Resume, _) => self.ask_again()?,
            // What waits for its signature is given up; whoever said so need not wait for that.
            (PurseWord::Halt(_), Some(again)) => again.at = Instant::now(),
            _ => {}
        }
        Ok(())
    }

    /// Saves the strategy, and stores.
    pub(crate) fn close(&mut self) -> Result<(), DeskError> {
        self.trader.save(self.now).map_err(stopped)?;
        self.store()
    }
}

/// Tells why a desk is no more.
pub(crate) fn end(room: &Room, wishes: &mut Wishes, error: &DeskError) {
    Shared::set(&room.shared.stopped, Some(error.clone()));
    room.tell(Told::Stopped(error.why()));
    wishes.gone(error);
}

/// The trader cannot go on.
pub(crate) fn stopped(why: puppet_backtest::Stopped) -> DeskError {
    DeskError::Stopped(why.to_string())
}
