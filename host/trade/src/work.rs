//! The desk's thread: takes one question after the other, and stores what it led to before it answers. The order of things:
//! the kill switch is asked, the trader gets the bars, one transaction keeps it, and only then is anything carried out.

use std::sync::Arc;
use std::time::Duration;

use puppet_backtest::{Bar, Batch, Event, Trader};
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
use crate::wish::Wishes;
use crate::{DeskError, DeskPlan, DeskVenue, Happened, PurseWord, SwapResult, Told};

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
            Ask::Second(at, prices) => {
                for (market, price) in prices {
                    self.trader.see_second(market, price, at);
                }
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

    /// Bars from before now. Stored once, at the end: until then all of them can be handed over again.
    fn history(&mut self, batches: Vec<(Timestamp, Vec<Bar>)>) -> Result<Happened, DeskError> {
        let mut has_new = false;
        for (at, bars) in batches {
            if self.is_known(at) {
                continue;
            }
            self.sound(&bars)?;
            self.begin_at(at);
            self.hand_over(at, bars, true)?;
            has_new = true;
        }
        if has_new {
            self.trader.save(self.now).map_err(stopped)?;
            self.store()?;
        }
        Ok(Happened { is_passed_over: !has_new, ..std::mem::take(&mut self.happened) })
    }

    /// One bar close.
    fn bars(&mut self, at: Timestamp, bars: Vec<Bar>) -> Result<Happened, DeskError> {
        if self.is_known(at) {
            let last = self.notes.last_bars.unwrap_or_default();
            self.room.tell(Told::Note(format!("bars of {at} were passed over: the last ones are of {last}")));
            return Ok(Happened { is_passed_over: true, ..Happened::default() });
        }
        self.sound(&bars)?;
        self.begin_at(at);
        let closes: Vec<_> = bars.iter().map(|(market, candle)| (*market, candle.close)).collect();
        self.hand_over(at, bars, false)?;
        self.store()?;
        self.carry_due(&closes)?;
        self.serve()?;
        Ok(std::mem::take(&mut self.happened))
    }

    /// Prices between bars.
    fn prices(&mut self, at: Timestamp, prices: &[(u32, u64)]) -> Result<Happened, DeskError> {
        self.begin_at(at);
        self.see(self.now, prices);
        self.trader.risk_mut().mark(self.now, prices);
        self.store()?;
        self.carry_due(prices)?;
        self.serve()?;
        Ok(std::mem::take(&mut self.happened))
    }

    fn hand_over(&mut self, at: Timestamp, bars: Vec<Bar>, is_history: bool) -> Result<(), DeskError> {
        let reasons = self.reasons();
        let is_warm_up = is_history || self.trader.batches() < u64::from(self.warm_up);
        self.trader.on_batch(&Batch { at, is_warm_up, bars: &bars }).map_err(stopped)?;
        let closes: Vec<_> = bars.iter().map(|(market, candle)| (*market, candle.close)).collect();
        self.see(at, &closes);
        self.notes.last_bars = Some(at);
        self.note_events(&reasons)
    }

    /// What happened goes into the log and the answer; fills of the paper book become results.
    pub(crate) fn note_events(&mut self, reasons: &[(u64, String)]) -> Result<(), DeskError> {
        for event in self.trader.take_events() {
            self.keep.add(PurseEntry::Event, self.now, &event)?;
            if let (Event::Filled { order, fill }, DeskVenue::Paper { .. }) = (&event, &self.plan.venue)
                && let Some((_, reason)) = reasons.iter().find(|(number, _)| number == order)
            {
                let result = self.filled_on_paper(*order, fill, reason.clone());
                self.results.extend(result);
            }
            self.happened.events.push(event);
        }
        Ok(())
    }

    /// Why open orders were wanted: after they are filled nobody knows.
    fn reasons(&self) -> Vec<(u64, String)> {
        self.trader.open_orders().map(|(number, order, ..)| (number, order.reason.clone())).collect()
    }

    /// Time does not go back; and the kill switch is asked.
    pub(crate) fn begin_at(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        self.ask_switch();
    }

    fn see(&mut self, at: Timestamp, prices: &[(u32, u64)]) {
        for (market, price) in prices {
            if let Some(slot) = self.notes.prices.get_mut(*market as usize)
                && *price > 0
            {
                *slot = Some((*price, at));
            }
        }
    }

    fn is_known(&self, at: Timestamp) -> bool {
        self.notes.last_bars.is_some_and(|last| at <= last)
    }

    /// At most one bar per market, of markets that are there.
    fn sound(&self, bars: &[Bar]) -> Result<(), DeskError> {
        let most = self.terms.markets.len();
        for (index, (market, _)) in bars.iter().enumerate() {
            let is_twice = bars.iter().take(index).any(|(other, _)| other == market);
            if *market as usize >= most || is_twice {
                return Err(DeskError::Plan(format!("bars of market {market}, which is not there or there twice")));
            }
        }
        if bars.is_empty() { Err(DeskError::Plan("a close without a bar".to_owned())) } else { Ok(()) }
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
            self.keep.add(PurseEntry::Event, self.now, &serde_json::json!({ "event": "swap", "result": result }))?;
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
        word.apply(self.trader.risk_mut(), self.now);
        if word == PurseWord::Resume {
            self.notes.switched_off = None;
        }
        self.ask_switch();
        self.keep.add(PurseEntry::Word, self.now, &word.row())?;
        self.store()?;
        if word == PurseWord::Resume {
            self.ask_again()?;
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
