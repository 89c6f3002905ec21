//! The desk's thread: takes one question after the other, and stores what it led to before it answers. The order of things:
//! the kill switch is asked, the trader gets the bars ([`batch`](crate::batch)), one transaction keeps it, and only then is
//! anything carried out ([`carry`](crate::carry)).

use std::sync::Arc;
use std::time::Duration;

use puppet_backtest::Trader;
use puppet_store::{PurseEntry, TradeStore};
use puppet_types::Timestamp;
use puppet_wallet::Mode;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::desk::{Ask, Halted, Shared};
use crate::idle::Idle;
use crate::keep::{Head, Keep, Notes, Papers, Terms};
use crate::open;
use crate::switch::PurseWord;
use crate::wish::Wishes;
use crate::{DeskError, DeskPlan, Happened, SwapResult, Told};

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

/// Beside what the strategy needs: JSON and the books.
const STACK_BESIDE: usize = 2 << 20;

/// When the exchange is asked again, and after how long then.
pub(crate) struct Again {
    pub at: Instant,
    pub pause: Duration,
    /// What it waits for, in words.
    pub waits: String,
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
    /// Results to be stored with the next write, and told after it.
    pub results: Vec<SwapResult>,
    /// What the question led to so far.
    pub happened: Happened,
    /// How it stood when it was last looked at.
    pub mode: Mode,
}

/// Begins, and answers how many batches of history the strategy wants when it stands.
pub(crate) async fn start(plan: DeskPlan, room: Room, questions: mpsc::Receiver<Ask>) -> Result<u32, DeskError> {
    let (ready, is_ready) = oneshot::channel();
    let stack = plan.strategy.as_ref().map_or(0, |strategy| strategy.strategies.stack_bytes());
    let name = format!("desk {}", plan.purse);
    std::thread::Builder::new()
        .name(name)
        .stack_size(stack + STACK_BESIDE)
        .spawn(move || run(&plan, &room, questions, ready))
        .map_err(|error| DeskError::Plan(format!("no thread can be started: {error}")))?;
    is_ready.await.map_err(|_| DeskError::Stopped("its thread ended".to_owned()))?
}

fn run(
    plan: &DeskPlan,
    room: &Room,
    mut questions: mpsc::Receiver<Ask>,
    ready: oneshot::Sender<Result<u32, DeskError>>,
) {
    let idle = Idle;
    let mut work = match open::open(plan, room, &idle) {
        Ok(work) => work,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let _ = ready.send(Ok(work.warm_up));
    loop {
        match room.runtime.block_on(next(&mut questions, work.again.as_ref().map(|again| again.at))) {
            Next::Ask(ask) => {
                if !work.answer(ask) {
                    return;
                }
            }
            Next::Again => {
                if let Err(error) = work.ask_again() {
                    return work.stop(&error);
                }
            }
            Next::Gone => return,
        }
    }
}

enum Next {
    Ask(Ask),
    /// It is time to ask the exchange again.
    Again,
    /// The handle was dropped.
    Gone,
}

async fn next(questions: &mut mpsc::Receiver<Ask>, again: Option<Instant>) -> Next {
    let asked = match again {
        Some(at) => match tokio::time::timeout_at(at, questions.recv()).await {
            Ok(asked) => asked,
            Err(_) => return Next::Again,
        },
        None => questions.recv().await,
    };
    asked.map_or(Next::Gone, Next::Ask)
}

impl Work<'_> {
    /// Answers whether the desk goes on.
    fn answer(&mut self, ask: Ask) -> bool {
        self.happened = Happened::default();
        match ask {
            Ask::History(bars, answer) => {
                let done = self.history(bars);
                self.say(done, answer)
            }
            Ask::Bars(at, bars, answer) => {
                let done = self.bars(at, bars);
                self.say(done, answer)
            }
            Ask::Prices(at, prices, answer) => {
                let done = self.prices(at, &prices);
                self.say(done, answer)
            }
            Ask::Word(word, answer) => {
                let done = self.word(word);
                self.say(done, answer)
            }
            Ask::Swap(intent, answer) => match self.wish(*intent, answer) {
                Ok(()) => true,
                Err(error) => {
                    self.stop(&error);
                    false
                }
            },
            Ask::Forget(id, answer) => {
                let done = self.take_back(&id);
                self.say(done, answer)
            }
            Ask::Second(at, prices) => {
                for (market, price) in prices {
                    self.trader.see_second(market, price, at);
                }
                true
            }
            Ask::Trending(at, markets) => {
                markets.into_iter().for_each(|market| self.trader.see_trending(market, at));
                true
            }
            Ask::Heard(id) => {
                self.notes.untold.retain(|result| result.id != id);
                true
            }
            Ask::Close(answer) => {
                let done = self.close();
                if let Err(error) = &done {
                    self.stop(error);
                } else {
                    Shared::set(&self.room.shared.stopped, Some("it is closed".to_owned()));
                }
                let _ = answer.send(done);
                false
            }
        }
    }

    /// A desk that failed is no more: what it has in memory may not be what is stored. A plan or bars that cannot be meant are
    /// the asker's.
    fn say<T>(&mut self, done: Result<T, DeskError>, answer: oneshot::Sender<Result<T, DeskError>>) -> bool {
        let goes_on = match &done {
            Ok(_) | Err(DeskError::Plan(_)) => true,
            Err(error) => {
                self.stop(error);
                false
            }
        };
        // Whoever does not wait any more has no use for it.
        let _ = answer.send(done);
        goes_on
    }

    pub(crate) fn stop(&mut self, error: &DeskError) {
        let why = match error {
            DeskError::Stopped(why) => why.clone(),
            other => other.to_string(),
        };
        Shared::set(&self.room.shared.stopped, Some(why.clone()));
        self.room.tell(Told::Stopped(why));
        self.wishes.gone(error);
    }

    /// Everything since the last write, in one transaction; then it is told.
    pub(crate) fn store(&mut self) -> Result<(), DeskError> {
        self.note_events(&[])?;
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
        for result in &results {
            self.room.tell(Told::Swapped(Box::new(result.clone())));
        }
        self.happened.swaps.extend(results);
        self.tell_mode();
        Ok(())
    }

    fn word(&mut self, word: PurseWord) -> Result<(), DeskError> {
        match &word {
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

    fn close(&mut self) -> Result<(), DeskError> {
        self.trader.save(self.now).map_err(stopped)?;
        self.store()
    }
}

/// The trader cannot go on.
pub(crate) fn stopped(why: puppet_backtest::Stopped) -> DeskError {
    DeskError::Stopped(why.to_string())
}
