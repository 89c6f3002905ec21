//! What is there, what is held, and what was counted: everything that must outlive the process. Books know no rules. They
//! change by steps only, each as a whole or not at all, live and from the log by the same lines.

mod adopt;
mod fill;
mod value;
mod window;

use std::collections::{BTreeMap, VecDeque};

use puppet_types::{
    Timestamp,
    trade::{Market, Mint, Position, Rounding, Side},
};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    value::{Scale, bps_up, product},
    window::Window,
};
use crate::{FillError, Flow, Held, MoveError, REMEMBERED, ReservationId, State, Step};

/// Of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Purse {
    pub mint: Mint,
    pub amount: u64,
    pub held: u64,
}

impl Purse {
    pub(crate) fn free(&self) -> u64 {
        self.amount.saturating_sub(self.held)
    }
}

/// A sale that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub at: Timestamp,
    pub result: i64,
    pub cost: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct InMarket {
    /// Bought here and not sold.
    pub quantity: u64,
    /// What that cost, without and with...
    pub paid: u64,
    /// ...the fees of buying it.
    pub fees_in: u64,
    /// Open buys, in the base token.
    pub buying: u64,
    /// Open sells that hold what they sell.
    pub selling: u64,
    pub realised: i64,
    pub fees: u64,
    pub price: Option<u64>,
    pub sales: VecDeque<Sale>,
}

/// Found again at every start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub base: usize,
    pub scale: Scale,
}

/// Everything that must outlive the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// The number of the last step.
    pub(crate) step: u64,
    pub(crate) latest: Timestamp,
    pub(crate) next_id: u64,
    pub(crate) markets: Vec<Market>,
    pub(crate) inside: Vec<InMarket>,
    /// The quote token's first.
    pub(crate) purses: Vec<Purse>,
    /// Boxed: the tree makes room for eleven as soon as there is one.
    pub(crate) held: BTreeMap<u64, Box<Held>>,
    /// Of the hour and the day, by all open orders.
    pub(crate) held_notional: u64,
    /// Open orders that are no exits and have no fill yet.
    pub(crate) untraded: u32,
    pub(crate) hour: Window,
    pub(crate) day: Window,
    pub(crate) trades: Window,
    /// When orders were admitted, of the last 60 seconds.
    pub(crate) admitted: VecDeque<Timestamp>,
    pub(crate) last_trade: Option<Timestamp>,
    /// When sales at a loss ended.
    pub(crate) losses: VecDeque<Timestamp>,
    pub(crate) peak: u64,
    pub(crate) network_fees: u64,
    pub(crate) state: Option<State>,
    #[serde(skip)]
    pub(crate) places: Vec<Place>,
}

/// Within how long orders are counted for their rate.
pub(crate) const RATE_WINDOW: u64 = 60_000;

/// The quote token's place among the purses.
pub(crate) const QUOTE: usize = 0;

pub(crate) fn remember<T>(ring: &mut VecDeque<T>, value: T) {
    if ring.len() == REMEMBERED {
        ring.pop_front();
    }
    ring.push_back(value);
}

impl Books {
    /// With nothing open. What a token is there several times of is summed.
    pub(crate) fn new(quote: &Mint, markets: Vec<Market>, balances: &[(Mint, u64)]) -> Self {
        let mut books = Self {
            step: 0,
            latest: Timestamp::from_millis(0),
            next_id: 1,
            inside: vec![InMarket::default(); markets.len()],
            markets,
            purses: vec![Purse { mint: quote.clone(), amount: 0, held: 0 }],
            held: BTreeMap::new(),
            held_notional: 0,
            untraded: 0,
            hour: Window::of(window::HOUR),
            day: Window::of(window::DAY),
            trades: Window::of(window::DAY),
            admitted: VecDeque::new(),
            last_trade: None,
            losses: VecDeque::new(),
            peak: 0,
            network_fees: 0,
            state: None,
            places: Vec::new(),
        };
        for (mint, amount) in balances {
            let place = books.purse_or_new(mint);
            books.purses[place].amount = books.purses[place].amount.saturating_add(*amount);
        }
        // Fees are paid in lamports whatever is traded.
        if let Some(sol) = Mint::parse(Mint::SOL) {
            books.purse_or_new(&sol);
        }
        books.find_places();
        books.peak = books.equity().unwrap_or(0);
        books
    }

    pub(crate) fn purse(&self, mint: &str) -> Option<usize> {
        self.purses.iter().position(|purse| purse.mint.as_str() == mint)
    }
    fn purse_or_new(&mut self, mint: &Mint) -> usize {
        self.purse(mint.as_str()).unwrap_or_else(|| {
            self.purses.push(Purse { mint: mint.clone(), amount: 0, held: 0 });
            self.purses.len() - 1
        })
    }
    fn find_places(&mut self) {
        let markets = std::mem::take(&mut self.markets);
        let place = |market: &Market| Place { base: self.purse_or_new(&market.base.mint), scale: Scale::of(market) };
        self.places = markets.iter().map(place).collect();
        self.markets = markets;
    }

    /// What a step does. `fill` answers more, and is called by itself where that is wanted.
    pub(crate) fn apply(&mut self, step: Step) -> Result<(), ApplyError> {
        match step {
            Step::Admitted(held) => self.admit(held)?,
            Step::Filled { id, at, quantity, price, fee } => {
                self.fill(id, at, quantity, price, fee)?;
            }
            Step::Released { id } => self.release(id)?,
            Step::Marked { at, prices } => {
                self.mark(at, &prices);
            }
            Step::Turned(state) => self.turn(state),
            Step::Resumed { at } => self.resume(at),
            Step::Moved { at, mint, amount, flow } => self.move_balance(at, &mint, amount, flow)?,
            Step::Adopted { markets } => self.adopt(markets)?,
        }
        Ok(())
    }

    /// Holds what an admitted order may take.
    pub(crate) fn admit(&mut self, held: Held) -> Result<(), FillError> {
        let (id, market) = (held.id, held.market as usize);
        let (Some(place), true) = (self.places.get(market), id.0 >= self.next_id) else {
            return Err(FillError::Unknown(id));
        };
        for (purse, wanted) in [(QUOTE, held.quote), (place.base, held.base())] {
            let purse = &self.purses[purse];
            if wanted > purse.free() {
                return Err(FillError::NotCovered { mint: purse.mint.clone(), wanted, free: purse.free() });
            }
        }
        let inside = &mut self.inside[market];
        let buying = if held.side == Side::Buy { held.quantity } else { 0 };
        let buying = inside.buying.checked_add(buying).ok_or(FillError::TooLarge)?;
        let notional = self.held_notional.checked_add(held.notional).ok_or(FillError::TooLarge)?;
        inside.buying = buying;
        inside.selling += held.base();
        self.held_notional = notional;
        self.purses[QUOTE].held += held.quote;
        self.purses[place.base].held += held.base();
        self.untraded += u32::from(held.is_untraded());
        self.next_id = id.0 + 1;
        let at = self.see(held.at);
        let since = |earlier: &Timestamp| at.millis_since(*earlier);
        while self.admitted.front().map(since) >= Some(RATE_WINDOW) {
            self.admitted.pop_front();
        }
        self.admitted.push_back(at);
        self.held.insert(id.0, Box::new(held));
        Ok(())
    }

    /// An order ends. What it still held is free; a sale that sold something is remembered.
    pub(crate) fn release(&mut self, id: ReservationId) -> Result<(), FillError> {
        let held = self.held.remove(&id.0).ok_or(FillError::Unknown(id))?;
        let (Some(place), Some(inside)) =
            (self.places.get(held.market as usize), self.inside.get_mut(held.market as usize))
        else {
            return Err(FillError::Unknown(id));
        };
        self.purses[QUOTE].held -= held.quote;
        self.purses[place.base].held -= held.base();
        inside.selling -= held.base();
        if held.side == Side::Buy {
            inside.buying -= held.quantity;
        }
        self.held_notional -= held.notional;
        self.untraded -= u32::from(held.is_untraded());
        if held.done.cost > 0 {
            let sale = Sale { at: held.done.at, result: held.done.result, cost: held.done.cost };
            remember(&mut inside.sales, sale);
            if sale.result < 0 {
                remember(&mut self.losses, sale.at);
            }
        }
        Ok(())
    }

    /// Prices of markets that are not there are passed over.
    pub(crate) fn mark(&mut self, at: Timestamp, prices: &[(u32, u64)]) -> Option<u64> {
        self.see(at);
        for (market, price) in prices {
            if let Some(inside) = self.inside.get_mut(*market as usize) {
                inside.price = (*price > 0).then_some(*price).or(inside.price);
            }
        }
        let equity = self.equity();
        self.peak = self.peak.max(equity.unwrap_or(0));
        equity
    }
    pub(crate) fn turn(&mut self, state: State) {
        self.see(state.since);
        self.state = Some(state).filter(|state| state.mode != crate::Mode::Active);
    }
    pub(crate) fn resume(&mut self, at: Timestamp) {
        self.see(at);
        self.state = None;
        self.peak = self.equity().unwrap_or(0);
    }

    /// A balance changes without a trade. What comes and goes is neither won nor lost: the highest goes with it. A fee
    /// is lost.
    pub(crate) fn move_balance(
        &mut self,
        at: Timestamp,
        mint: &Mint,
        amount: u64,
        flow: Flow,
    ) -> Result<(), MoveError> {
        let place = self.purse(mint.as_str()).ok_or_else(|| MoveError::Unknown(mint.clone()))?;
        let there = self.purses[place].amount;
        let after = match flow {
            Flow::In => there.checked_add(amount).ok_or_else(|| MoveError::TooLarge(mint.clone()))?,
            Flow::Out | Flow::NetworkFee => there
                .checked_sub(amount)
                .filter(|after| *after >= self.purses[place].held)
                .ok_or_else(|| MoveError::NotThere { mint: mint.clone(), amount, there: self.purses[place].free() })?,
        };
        self.see(at);
        let worth = if place == QUOTE { amount } else { self.worth(place, amount).unwrap_or(0) };
        self.purses[place].amount = after;
        match flow {
            Flow::In => self.peak = self.peak.saturating_add(worth),
            Flow::Out => self.peak = self.peak.saturating_sub(worth),
            Flow::NetworkFee => self.network_fees = self.network_fees.saturating_add(amount),
        }
        Ok(())
    }

    /// Time never goes back.
    fn see(&mut self, at: Timestamp) -> Timestamp {
        self.latest = self.latest.max(at);
        self.latest
    }

    /// At the latest price of the first market that has one. None where no market trades the token, or none has a price.
    fn worth(&self, purse: usize, amount: u64) -> Option<u64> {
        let in_it = |(place, _): &(&Place, &InMarket)| place.base == purse;
        let priced = |(place, inside): (&Place, &InMarket)| Some((place.scale, inside.price?));
        let (scale, price) = self.places.iter().zip(&self.inside).filter(in_it).find_map(priced)?;
        scale.value(product(amount, price), Rounding::Down)
    }

    /// All that is there, in the quote token. A token that no market trades (lamports for fees) is not counted.
    pub(crate) fn equity(&self) -> Option<u64> {
        self.sum(|purse, amount| self.worth(purse, amount))
    }
    /// Likewise, with the price of one market that is newer than the latest.
    pub(crate) fn equity_at(&self, market: u32, price: u64) -> Option<u64> {
        let place = self.places.get(market as usize)?;
        self.sum(|purse, amount| match purse == place.base {
            true => place.scale.value(product(amount, price), Rounding::Down),
            false => self.worth(purse, amount),
        })
    }
    fn sum(&self, worth: impl Fn(usize, u64) -> Option<u64>) -> Option<u64> {
        let mut sum = self.purses[QUOTE].amount;
        for (number, place) in self.places.iter().enumerate() {
            let amount = self.purses[place.base].amount;
            let is_first = self.places[..number].iter().all(|earlier| earlier.base != place.base);
            if amount > 0 && is_first {
                sum = sum.checked_add(worth(place.base, amount)?)?;
            }
        }
        Some(sum)
    }

    pub(crate) fn position(&self, market: u32) -> Position {
        match (self.inside.get(market as usize), self.places.get(market as usize)) {
            (Some(inside), Some(place)) => {
                Position { quantity: inside.quantity, entry_price: place.scale.price(inside.paid, inside.quantity) }
            }
            _ => Position::default(),
        }
    }
}

/// A step that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    Fill(#[from] FillError),
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error("market `{0}` holds something, and is no longer traded as it was")]
    Market(String),
    #[error("market `{0}` is paid in another token than this purse")]
    Quote(String),
}
