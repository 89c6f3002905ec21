//! What can be seen of a trader.

use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Order, Position, Proposal, Rounding};
use puppet_wallet::Risk;

use super::{Event, Outside, Trader};
use crate::account::Account;
use crate::outcome::EquityPoint;

impl Trader<'_> {
    /// What is open, oldest first: number, order, what is left of it, and whether it is under way.
    pub fn open_orders(&self) -> impl Iterator<Item = (u64, &Order, u64, bool)> {
        let carrying = self.carrying.iter().map(|carrying| (&carrying.pending, true));
        let waiting = self.venue.waiting().iter().map(|pending| (pending, false));
        carrying
            .chain(waiting)
            .map(|(pending, is_under_way)| (pending.number, &pending.order, pending.remaining, is_under_way))
    }

    /// What is owned at the last closes, as the risk engine reckoned it: it keeps the same books.
    #[inline(always)]
    pub fn equity(&self, at: Timestamp) -> EquityPoint {
        match self.marked {
            Some(equity) => EquityPoint { at, equity, exposed: equity.saturating_sub(self.account.cash()) },
            None => self.valued(at),
        }
    }

    /// The same, reckoned anew.
    pub(crate) fn valued(&self, at: Timestamp) -> EquityPoint {
        let mut exposed = 0_u64;
        for ((market, holding), close) in self.markets.iter().zip(self.account.holdings()).zip(self.closes()) {
            if holding.quantity > 0 {
                let value = market.notional(holding.quantity, close, Rounding::Down).unwrap_or(u64::MAX);
                exposed = exposed.saturating_add(value);
            }
        }
        EquityPoint { at, equity: self.account.cash().saturating_add(exposed), exposed }
    }

    /// What happened in the last batch, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
    /// What another source says that one whole base token costs, for the strategy's next orders.
    pub fn see_second(&mut self, market: u32, price: u64, at: Timestamp) {
        if let Some(slot) = self.outside.second.get_mut(market as usize) {
            *slot = Some((price, at));
        }
    }
    /// The base token of a market is on a list of what is trending, for the strategy's next orders.
    pub fn see_trending(&mut self, market: u32, at: Timestamp) {
        if let Some(slot) = self.outside.trending.get_mut(market as usize) {
            *slot = Some(at);
        }
    }
    /// All of it, for a trader on the same markets that takes the place of this one.
    pub fn outside(&self) -> &Outside {
        &self.outside
    }
    /// What a trader before it on the same markets was told.
    pub fn see_outside(&mut self, outside: Outside) {
        self.outside = outside;
    }
    /// When it was on one last.
    pub(super) fn trending(&self, market: u32) -> Option<Timestamp> {
        self.outside.trending.get(market as usize).copied().flatten()
    }
    /// What another source said last.
    pub fn second(&self, market: u32) -> Option<(u64, Timestamp)> {
        self.outside.second.get(market as usize).copied().flatten()
    }
    /// What happened since they were last taken, or since the last batch began.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    /// Calls of the strategy that ended badly.
    pub fn faults(&self) -> u32 {
        self.faults
    }
    /// Batches that the strategy was handed.
    pub fn batches(&self) -> u64 {
        self.instance.seq()
    }
    /// The last close by market, 0 before the first.
    pub fn closes(&self) -> impl Iterator<Item = u64> {
        self.last.iter().map(|last| last.map_or(0, |candle| candle.close))
    }
    /// The last bar of a market.
    pub fn last(&self, market: u32) -> Option<Candle> {
        self.last.get(market as usize).copied().flatten()
    }
    /// What was decided in the last batch.
    pub(crate) fn decisions(&self) -> impl Iterator<Item = Proposal> {
        self.events.iter().filter_map(crate::gather::decision)
    }
    pub(crate) fn account_mut(&mut self) -> &mut Account {
        &mut self.account
    }
    /// What is owned.
    pub fn account(&self) -> &Account {
        &self.account
    }
    /// Who decides.
    pub fn risk(&self) -> &Risk {
        &self.risk
    }
    /// Who decides, to halt or to resume.
    pub fn risk_mut(&mut self) -> &mut Risk {
        &mut self.risk
    }
    /// Used by the strategy so far.
    pub fn fuel(&self) -> u64 {
        self.instance.fuel()
    }
    /// What is held in a market.
    pub fn position(&self, market: u32) -> Position {
        self.account.position(market)
    }
}
