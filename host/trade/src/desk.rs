//! The handle of a desk: what a host asks of it. The desk itself is a thread ([`thread`](crate::thread)), since strategies are
//! synchronous; questions go to it through a channel and are answered when everything that they led to is stored.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use puppet_backtest::{Bar, StrategyId};
use puppet_store::TradeStore;
use puppet_types::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::switch::PurseWord;
use crate::version::{Memory, Tried};
use crate::{DeskError, DeskPlan, DeskStrategy, DeskView, Happened, Intent, SwapResult, Told, Trial};
use crate::{thread, work};

/// The kill switch of everything: a reason while it is on. Asked before every admission and before every swap, so it has to
/// answer at once.
pub type Halted = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// How many questions may wait. Whoever asks waits for the answer, so this is how many may ask at once.
const QUESTIONS: usize = 64;

/// Why a desk is no more that nothing went wrong with.
pub(crate) const CLOSED: &str = "it is closed";

/// What is asked.
pub(crate) enum Ask {
    History(Vec<(Timestamp, Vec<Bar>)>, Answer<Happened>),
    Bars(Timestamp, Vec<Bar>, Answer<Happened>),
    Prices(Timestamp, Vec<(u32, u64)>, Answer<Happened>),
    Second(Timestamp, Vec<(u32, u64)>),
    Trending(Timestamp, Vec<u32>),
    Swap(Box<Intent>, Answer<SwapResult>),
    Forget(String, Answer<bool>),
    Word(PurseWord, Answer<()>),
    Heard(String),
    Memory(Answer<Memory>),
    TakeOver(Box<DeskStrategy>, Option<Trial>, Answer<()>),
    TryOn(Box<DeskStrategy>, Trial, Answer<()>),
    GoBack(String, Answer<bool>),
    Settle(Answer<()>),
    Close(Answer<()>),
}

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, DeskError>>;

/// What both sides look at.
#[derive(Default)]
pub(crate) struct Shared {
    /// As of the last write; none before the first.
    pub view: Mutex<Option<DeskView>>,
    /// An operator's halt that is on its way: it holds before its turn in the channel has come.
    pub halt: Mutex<Option<String>>,
    /// Intents that are taken back, likewise.
    pub taken_back: Mutex<BTreeSet<String>>,
    /// Why the thread ended.
    pub stopped: Mutex<Option<DeskError>>,
    /// The version before the one that is on trial.
    pub before: Mutex<Option<StrategyId>>,
    /// What came of the last trial of a version.
    pub tried: watch::Sender<Tried>,
}

impl Shared {
    pub(crate) fn get<T: Clone>(slot: &Mutex<T>) -> T {
        slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(crate) fn set<T>(slot: &Mutex<T>, value: T) {
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
    pub(crate) fn taken_back(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.taken_back.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// A trial begins, goes on, or is over.
    pub(crate) fn trial(&self, goes_on: bool) {
        self.tried.send_if_modified(|tried| {
            let next = match (goes_on, &tried) {
                (true, _) => Tried::Goes,
                (false, Tried::Goes) => Tried::Over,
                (false, _) => return false,
            };
            let is_new = *tried != next;
            *tried = next;
            is_new
        });
    }
}

/// One strategy, or none, on one purse, trading. Dropped without [`close`](Self::close) it ends as if the process had: opened
/// again it goes on where it was.
pub struct Desk {
    asks: mpsc::Sender<Ask>,
    pub(crate) shared: Arc<Shared>,
    warm_up: u32,
}

impl Desk {
    /// Begins, or goes on where the purse's head says: an order that was under way is asked for again of the exchange first.
    /// `told` gets what nobody waits for; `runtime` runs store and exchange.
    pub async fn open(
        plan: DeskPlan,
        store: Arc<dyn TradeStore>,
        halted: Halted,
        told: mpsc::UnboundedSender<Told>,
        runtime: Handle,
    ) -> Result<Self, DeskError> {
        let (asks, questions) = mpsc::channel(QUESTIONS);
        let shared = Arc::new(Shared::default());
        let room = work::Room { store, halted, told, runtime, shared: Arc::clone(&shared) };
        let warm_up = thread::start(plan, room, questions).await?;
        Ok(Self { asks, shared, warm_up })
    }

    /// How many batches of history the strategy wants.
    pub fn warm_up(&self) -> u32 {
        self.warm_up
    }

    /// Bars from before now, oldest first, by their close: handed over as history. Those that the purse knows are passed over.
    pub async fn history(&self, bars: Vec<(Timestamp, Vec<Bar>)>) -> Result<Happened, DeskError> {
        self.ask(|answer| Ask::History(bars, answer)).await
    }

    /// One bar close, of all markets.
    pub async fn bars(&self, at: Timestamp, bars: Vec<Bar>) -> Result<Happened, DeskError> {
        self.ask(|answer| Ask::Bars(at, bars, answer)).await
    }

    /// Prices between bars, by number of the market: they mark the books, and trigger what waits for a price (of a live desk).
    pub async fn prices(&self, at: Timestamp, prices: Vec<(u32, u64)>) -> Result<Happened, DeskError> {
        self.ask(|answer| Ask::Prices(at, prices, answer)).await
    }

    /// What another source says of prices, by number of the market: for `max_deviation_bps`, without which it does nothing.
    /// It is not kept: after an opening it is told anew.
    pub async fn second(&self, at: Timestamp, prices: Vec<(u32, u64)>) -> Result<(), DeskError> {
        self.asks.send(Ask::Second(at, prices)).await.map_err(|_| self.gone())
    }

    /// Base tokens of these markets were on a list of what is trending: for `consider_trending`. It is not kept either.
    pub async fn trending(&self, at: Timestamp, markets: Vec<u32>) -> Result<(), DeskError> {
        self.asks.send(Ask::Trending(at, markets)).await.map_err(|_| self.gone())
    }

    /// A swap that is not the strategy's, through the same risk engine. Answers how it ended; a denial is an answer, too
    /// (`is_done` is false and `code` the rule's). Idempotent by the intent's id, while that is among the latest 10,000. Waits
    /// as long as the exchange does not answer: whoever gives up earlier hears of it by [`Told::Swapped`].
    ///
    /// # Errors
    /// [`DeskError::Busy`] where too many wait: it was not taken, or its asker is not told when it ends.
    pub async fn swap(&self, intent: Intent) -> Result<SwapResult, DeskError> {
        self.ask(|answer| Ask::Swap(Box::new(intent), answer)).await
    }

    /// An intent whose turn has not come never has it: it ends as `not-filled`. Holds from the moment of the call on. Answers
    /// false where nothing of this id waits: it is under way, has ended, or was never asked for.
    pub async fn forget(&self, id: &str) -> Result<bool, DeskError> {
        self.shared.taken_back().insert(id.to_owned());
        self.ask(|answer| Ask::Forget(id.to_owned(), answer)).await
    }

    /// Nothing is admitted and nothing is sent any more, until [`resume`](Self::resume). Holds from the moment of the call on.
    pub async fn halt(&self, reason: &str) -> Result<(), DeskError> {
        Shared::set(&self.shared.halt, Some(reason.to_owned()));
        self.ask(|answer| Ask::Word(PurseWord::Halt(reason.to_owned()), answer)).await
    }

    /// Exits only, until [`resume`](Self::resume).
    pub async fn reduce(&self, reason: &str) -> Result<(), DeskError> {
        self.ask(|answer| Ask::Word(PurseWord::Reduce(reason.to_owned()), answer)).await
    }

    /// Active again, whatever it was before: a drawdown is counted from here. The kill switch of everything is not lifted by it.
    pub async fn resume(&self) -> Result<(), DeskError> {
        Shared::set(&self.shared.halt, None);
        self.ask(|answer| Ask::Word(PurseWord::Resume, answer)).await
    }

    /// This result of a swap is where it has to be: it is not told again.
    pub async fn heard(&self, id: &str) {
        // One that is gone tells again when it is opened: nothing is lost.
        let _ = self.asks.send(Ask::Heard(id.to_owned())).await;
    }

    /// How it stands.
    pub fn view(&self) -> Result<DeskView, DeskError> {
        let mut view = Shared::get(&self.shared.view).ok_or_else(|| self.gone())?;
        view.stopped = self.ended().as_ref().map(DeskError::why);
        Ok(view)
    }

    /// Returns when it is no more, with why.
    pub async fn over(&self) -> DeskError {
        self.asks.closed().await;
        self.gone()
    }

    /// Why it is no more; none while it goes on.
    pub fn ended(&self) -> Option<DeskError> {
        Shared::get(&self.shared.stopped)
    }

    /// Saves the strategy, stores, and ends: whatever is asked afterwards is answered [`DeskError::Stopped`].
    pub async fn close(&self) -> Result<(), DeskError> {
        self.ask(Ask::Close).await
    }

    pub(crate) async fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> Ask) -> Result<T, DeskError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(ask(answer)).await.map_err(|_| self.gone())?;
        answered.await.map_err(|_| self.gone())?
    }

    pub(crate) fn gone(&self) -> DeskError {
        DeskError::Stopped(self.ended().map_or_else(|| CLOSED.to_owned(), |ended| ended.why()))
    }
}
