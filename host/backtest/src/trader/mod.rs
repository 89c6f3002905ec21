//! The trader: one loop for backtest, paper and live. Bars come in; what waits is filled, the strategy is told, prices are
//! marked, the strategy is asked, and the risk engine decides about every proposal. Time is the batch's; nothing here
//! asks a clock.

mod carry;
mod closing;
mod deal;
mod event;
mod exact;
mod instance;
mod journal;
mod look;
mod names;
mod real;
mod state;
mod venue;

use std::sync::Arc;

use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Market};
use puppet_wallet::{FillError, MoveError, ReservationId, Risk};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::book::Happening;
use crate::outcome::BreachRecord;
use crate::strategy::{Answer, Batch, Fault, Setup, Strategies, Strategy, View};
use carry::Carrying;
pub use carry::{Carried, Due};
pub(crate) use closing::Closing;
pub use event::Event;
use instance::{Failure, Instance};
pub use journal::{BatchRecord, Divergence, Journal, Message, Saved, replay};
use names::Names;
pub use state::TraderState;
pub use venue::Venue;

/// A strategy saves itself at least this often, in batches.
pub const SAVE_EVERY: usize = 100;

/// The run cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// More faults than are put up with.
    #[error("the strategy failed {faults} times, the last time with {last}")]
    Faults {
        /// How many.
        faults: u32,
        /// The last one.
        last: Fault,
    },
    /// No instance can be built from the last save.
    #[error("the strategy cannot be built again from its last save: {0}")]
    Lost(Fault),
    /// The account and the risk engine keep the same books; here they do not agree, and nothing may be traded on.
    #[error("the books of the account and of the risk engine do not agree: {0}")]
    Books(FillError),
    /// Something came or went that the books do not hold.
    #[error("what came or went is not in the books: {0}")]
    Moved(MoveError),
}

/// An order that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    number: u64,
    held: ReservationId,
    closing: Closing,
    market: u32,
}

/// What a trader begins with.
pub struct Begin<'s> {
    /// Where instances come from.
    pub strategies: &'s dyn Strategies,
    /// A fresh one, as far as it is there (it was asked to describe itself).
    pub fresh: Box<dyn Strategy + 's>,
    /// What it is told at the start.
    pub setup: Setup,
    /// What an instance before it saved.
    pub saved: Option<Vec<u8>>,
    /// Decides, and keeps the reservations.
    pub risk: Risk,
    /// Where orders wait.
    pub venue: Venue,
    /// What is owned.
    pub account: Account,
    /// How many faults are put up with.
    pub max_faults: u32,
    /// Where records go; a backtest has no use for them.
    pub journal: Option<Box<dyn Journal + 's>>,
}

/// What others say of the markets, by market, as the risk engine looks at it. Nobody says anything in a backtest. It is not
/// stored: whoever builds a trader anew on the same markets hands it on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outside {
    second: Vec<Option<(u64, Timestamp)>>,
    trending: Vec<Option<Timestamp>>,
}

/// See the head of this file.
pub struct Trader<'s> {
    instance: Instance<'s>,
    markets: Vec<Market>,
    risk: Risk,
    venue: Venue,
    /// Out of the venue, and with somebody else.
    carrying: Option<Carrying>,
    account: Account,
    open: Vec<Open>,
    /// Client ids that were used.
    names: Names,
    /// Those of orders that were not the strategy's.
    asked: Names,
    orders: u64,
    trades: u64,
    faults: u32,
    max_faults: u32,
    /// The last bar, by market.
    last: Vec<Option<Candle>>,
    outside: Outside,
    view: Arc<View>,
    is_stale: bool,
    answer: Answer,
    happenings: Vec<Happening>,
    /// What became of orders that somebody else carried out: booked, and the strategy is still to be told.
    unheard: Vec<Message>,
    prices: Vec<(u32, u64)>,
    /// What the risk engine reckoned at the last closes.
    marked: Option<u64>,
    events: Vec<Event>,
}

impl<'s> Trader<'s> {
    /// Initialises the strategy.
    pub fn begin(begin: Begin<'s>) -> Result<Self, Fault> {
        let Begin { strategies, fresh, setup, saved, risk, venue, account, max_faults, journal } = begin;
        let markets = setup.markets.clone();
        let is_kept = journal.is_some();
        let instance = Instance::begin(strategies, fresh, setup, saved, journal)?;
        let last = vec![None; markets.len()];
        let outside = Outside { second: vec![None; markets.len()], trending: vec![None; markets.len()] };
        let mut trader = Self {
            instance,
            markets,
            risk,
            venue,
            carrying: None,
            account,
            open: Vec::new(),
            names: Names::new(is_kept),
            asked: Names::new(is_kept),
            orders: 0,
            trades: 0,
            faults: 0,
            max_faults,
            last,
            outside,
            view: Arc::default(),
            is_stale: true,
            answer: Answer::default(),
            happenings: Vec::new(),
            unheard: Vec::new(),
            prices: Vec::new(),
            marked: None,
            events: Vec::new(),
        };
        trader.refresh();
        Ok(trader)
    }

    /// One bar close. What happened is in [`events`](Self::events) until the next one.
    pub fn on_batch(&mut self, batch: &Batch<'_>) -> Result<(), Stopped> {
        self.events.clear();
        self.settle(batch)?;
        self.prices.clear();
        for (market, candle) in batch.bars {
            if let Some(last) = self.last.get_mut(*market as usize) {
                *last = Some(*candle);
                self.prices.push((*market, candle.close));
            }
        }
        self.marked = self.risk.mark(batch.at, &self.prices);
        let asked = self.instance.on_candles(batch, &self.view, &mut self.answer);
        self.heed(asked, batch.at)?;
        if !self.answer.is_empty() {
            let mut answer = std::mem::take(&mut self.answer);
            let dealt = self.deal(batch, &mut answer);
            answer.clear();
            self.answer = answer;
            dealt?;
        }
        self.refresh();
        if self.instance.batches_since_save() >= SAVE_EVERY {
            self.save(batch.at)?;
        }
        Ok(())
    }

    /// Fills what waits, and tells the strategy.
    fn settle(&mut self, batch: &Batch<'_>) -> Result<(), Stopped> {
        let Venue::Book(book) = &mut self.venue else { return Ok(()) };
        if book.is_empty() {
            return Ok(());
        }
        let mut happenings = std::mem::take(&mut self.happenings);
        book.on_bars(batch, &mut self.account, &mut happenings);
        let entered = happenings.iter().try_for_each(|happening| self.enter(happening, batch.at));
        self.refresh();
        let told = entered.and_then(|()| happenings.iter().try_for_each(|happening| self.tell(happening, batch.at)));
        happenings.clear();
        self.happenings = happenings;
        told
    }

    /// A save, out of turn: before another version takes over from it, and at the end.
    pub fn save(&mut self, at: Timestamp) -> Result<(), Stopped> {
        let saved = self.instance.save();
        self.heed(saved, at)
    }

    /// Hands the record of the last batch to the journal now, and not with the next one: what has to be durable before
    /// anything is done about it.
    pub fn flush(&mut self) {
        self.instance.hand_over();
    }

    /// A call ended badly: told, counted, and the end where there were too many.
    fn heed(&mut self, result: Result<(), Failure>, at: Timestamp) -> Result<(), Stopped> {
        let (fault, is_lost) = match result {
            Ok(()) => return Ok(()),
            Err(Failure::Rebuilt(fault)) => (fault, false),
            Err(Failure::Lost(fault)) => (fault, true),
        };
        self.faults += 1;
        self.events.push(Event::Breached(BreachRecord {
            at,
            breach: fault.breach.clone(),
            detail: fault.detail.clone(),
        }));
        match (is_lost, self.faults > self.max_faults) {
            (true, _) => Err(Stopped::Lost(fault)),
            (false, true) => Err(Stopped::Faults { faults: self.faults, last: fault }),
            (false, false) => Ok(()),
        }
    }

    /// What the strategy may see, made anew where something changed.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let markets = 0..u32::try_from(self.markets.len()).unwrap_or(u32::MAX);
        self.view = Arc::new(View {
            cash: self.risk.cash(),
            positions: markets.map(|market| self.risk.position(market)).collect(),
            open_orders: self.open_names(),
        });
    }

    /// Client ids of the strategy's open orders, oldest first.
    fn open_names(&self) -> Vec<String> {
        let waiting = self.venue.waiting().iter();
        let mut names: Vec<_> = waiting.map(|pending| pending.order.client_id.clone()).collect();
        if let Some(Carrying { pending, origin: puppet_wallet::Origin::Strategy, .. }) = &self.carrying {
            let place = self.venue.waiting().partition_point(|waiting| waiting.number < pending.number);
            names.insert(place, pending.order.client_id.clone());
        }
        names
    }
}
