//! The risk engine: decides about every order, keeps what is reserved, and tells what was decided. One caller at a time: a
//! mutex around it is all that concurrency needs.

use puppet_types::{
    Timestamp,
    trade::{Denial, Fill, Market, Mint, Order, Position},
};
use serde::{Deserialize, Serialize};

use crate::{
    Books, FillError, Flow, Held, MoveError, Numbered, Origin, Portfolio, ReservationId, RestoreError, Rules,
    RulesError, Seen, State,
};

/// The engine.
#[derive(Debug, Clone)]
pub struct Risk {
    rules: Rules,
    books: Books,
}

/// What a fill led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settled {
    /// What a sale made, after fees of both ways, in the quote token. 0 for a buy.
    pub result: i64,
    /// What was paid beyond what was held: the price or the fee was worse than the worst. It is booked and counted.
    pub beyond: u64,
    /// The whole order is filled; its number is gone.
    pub is_done: bool,
}

/// What looking at prices led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marked {
    /// All that is there, in the quote token; none while something that is held has no price.
    pub equity: Option<u64>,
    /// How far it is below its highest, in hundredths of a percent, rounded up.
    pub drawdown_bps: u32,
    /// The state changed by it: see [`Risk::state`].
    pub has_turned: bool,
}

/// When the next trade may be, and when it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// Not before.
    pub opens_at: Option<Timestamp>,
    /// `max_gap_seconds` after the last one. None where that is not set, or nothing was traded yet.
    pub due_at: Option<Timestamp>,
}

impl Risk {
    /// With what is in the wallet. Markets are known by their place in the list.
    pub fn new(rules: Rules, markets: Vec<Market>, balances: &[(Mint, u64)]) -> Result<Self, RulesError> {
        rules.check(&markets)?;
        let _ = balances;
        Ok(Self { rules, books: Books { markets } })
    }
    /// From a snapshot and the steps after it. Steps that the snapshot has already are passed over; one that is missing
    /// is an error. `markets` may have new ones, and another order.
    pub fn restore(
        rules: Rules,
        markets: Vec<Market>,
        snapshot: Books,
        steps: impl IntoIterator<Item = Numbered>,
    ) -> Result<Self, RestoreError> {
        let _ = (rules, markets, snapshot, steps.into_iter().count());
        Err(RestoreError::Missing { wanted: 1, found: 0 })
    }
    /// Whether steps are kept for [`take_steps`](Self::take_steps). Off at first: a backtest has no use for them.
    pub fn keep_steps(&mut self, keep: bool) {
        let _ = keep;
    }
    /// What happened since this was last asked. To be stored before anything is done about it.
    pub fn take_steps(&mut self) -> Vec<Numbered> {
        Vec::new()
    }
    /// Everything that there is to store instead of all steps so far.
    pub fn snapshot(&self) -> &Books {
        &self.books
    }

    /// Decides. Admitted, the worst case is held until it is filled or released.
    pub fn admit(&mut self, order: &Order, origin: Origin, seen: &Seen) -> Result<ReservationId, Denial> {
        let _ = origin;
        Err(Denial {
            client_id: order.client_id.clone(),
            market: order.market,
            at: seen.now,
            rule: crate::Rule::Disabled.code().to_owned(),
            detail: String::new(),
            retry_at: None,
        })
    }
    /// Books a fill of an admitted order, or of a part of it. `remaining` of the fill is not looked at.
    pub fn filled(&mut self, id: ReservationId, fill: &Fill) -> Result<Settled, FillError> {
        let _ = fill;
        Err(FillError::Unknown(id))
    }
    /// The order ended: nothing more will be filled of it.
    pub fn release(&mut self, id: ReservationId) -> Result<(), FillError> {
        Err(FillError::Unknown(id))
    }
    /// Latest prices, by place of the market: equity, drawdown, and what follows.
    pub fn mark(&mut self, now: Timestamp, prices: &[(u32, u64)]) -> Marked {
        let _ = (now, prices);
        Marked::default()
    }
    /// A balance changed without a trade.
    pub fn moved(&mut self, now: Timestamp, mint: &Mint, amount: u64, flow: Flow) -> Result<(), MoveError> {
        let _ = (now, amount, flow);
        Err(MoveError::Unknown(mint.clone()))
    }
    /// The kill switch: nothing is admitted until [`resume`](Self::resume).
    pub fn set_halt(&mut self, now: Timestamp, reason: &str) {
        let _ = (now, reason);
    }
    /// Exits only, until [`resume`](Self::resume). A halt stays one.
    pub fn set_reducing(&mut self, now: Timestamp, reason: &str) {
        let _ = (now, reason);
    }
    /// Active again. Drawdown is counted from here.
    pub fn resume(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Anything but active, and why.
    pub fn state(&self) -> Option<&State> {
        None
    }
    /// When the next trade may be, and when it should.
    pub fn pace(&self) -> Pace {
        Pace::default()
    }
    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
    /// The markets, by place.
    pub fn markets(&self) -> &[Market] {
        &self.books.markets
    }
    /// An admitted order that is open.
    pub fn held(&self, id: ReservationId) -> Option<&Held> {
        let _ = id;
        None
    }
    /// All of them, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Held> {
        std::iter::empty()
    }
    /// Exits of a market for which there is no longer enough: to be released by whoever carries them out.
    pub fn uncovered(&self, market: u32) -> impl Iterator<Item = ReservationId> {
        let _ = market;
        std::iter::empty()
    }
    /// What is held in one market.
    pub fn position(&self, market: u32) -> Position {
        let _ = market;
        Position::default()
    }
    /// What is free of the quote token.
    pub fn cash(&self) -> u64 {
        0
    }
    /// All that is there, in the quote token, at the latest prices; none while something that is held has no price.
    pub fn equity(&self) -> Option<u64> {
        None
    }
    /// For people: balances, positions, what was made and paid.
    pub fn portfolio(&self) -> Portfolio {
        Portfolio::default()
    }
}
