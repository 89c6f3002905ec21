//! Everything of a trader that must outlive the process, beside what the risk engine and the strategy keep themselves.

use puppet_types::trade::{Candle, Market, Order};
use serde::{Deserialize, Serialize};

use super::journal::{BatchRecord, Message};
use super::{Begin, Carrying, Open, Trader};
use crate::account::Account;
use crate::book::Pending;
use crate::strategy::{Fault, View};

/// A trader between two calls. To be stored together with the steps of the risk engine; the strategy's own part is
/// its last save, the records since, and what it was told since the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraderState {
    account: Account,
    waiting: Vec<Pending>,
    carrying: Option<Carrying>,
    open: Vec<Open>,
    names: Vec<String>,
    asked: Vec<String>,
    orders: u64,
    trades: u64,
    faults: u32,
    last: Vec<Option<Candle>>,
    seq: u64,
    /// Of the last batch, as far as the journal has it not.
    record: Option<BatchRecord>,
    /// Told since, where the journal has it.
    before: Vec<(Message, View)>,
    /// Booked, and not told yet.
    #[serde(default)]
    unheard: Vec<Message>,
}

impl TraderState {
    /// For other markets than before, by the same identities as the risk engine's
    /// ([`Risk::restore`](puppet_wallet::Risk::restore)), which refuses what cannot be: a market that holds something and
    /// is gone. The strategy has to begin afresh: its markets have other numbers.
    pub fn adopt(&mut self, old: &[Market], new: &[Market]) {
        let place = |market: &Market| new.iter().position(|other| other.id == market.id);
        let now: Vec<_> = old.iter().map(place).collect();
        let number = |market: &mut u32| {
            if let Some(place) = now.get(*market as usize).copied().flatten() {
                *market = u32::try_from(place).unwrap_or(u32::MAX);
            }
        };
        self.account.rearrange(&now, new.len());
        let mut last = vec![None; new.len()];
        for (place, candle) in now.iter().zip(std::mem::take(&mut self.last)) {
            if let Some(slot) = place.and_then(|place| last.get_mut(place)) {
                *slot = candle;
            }
        }
        self.last = last;
        self.open.iter_mut().for_each(|open| number(&mut open.market));
        let carrying = self.carrying.iter_mut().map(|carrying| &mut carrying.pending);
        self.waiting.iter_mut().chain(carrying).for_each(|pending| number(&mut pending.order.market));
        self.begin_again();
    }

    /// Another strategy begins: its names are its own, and nothing that the one before was told is told to it. What is owned
    /// and open stays; orders that wait are for [`Trader::cancel_all`].
    pub fn begin_again(&mut self) {
        self.names.clear();
        self.before.clear();
        self.unheard.clear();
        (self.record, self.faults, self.seq) = (None, 0, 0);
    }

    /// Another version of the strategy goes on where this one is: its faults are its own.
    pub fn another_version(&mut self) {
        self.faults = 0;
    }

    /// The version that was there before comes back, with so many faults. What failed after batch `after` was the other's, and
    /// is told to this one all the same.
    pub fn went_back(&mut self, after: u64, faults: u32) {
        self.faults = faults;
        if let Some(record) = self.record.as_mut().filter(|record| record.seq > after) {
            record.fault = None;
        }
    }

    /// How many batches the strategy was handed.
    pub fn batches(&self) -> u64 {
        self.seq
    }
    /// Calls of the strategy that ended badly.
    pub fn faults(&self) -> u32 {
        self.faults
    }
    /// What is open, as [`Trader::open_orders`] tells it.
    pub fn open_orders(&self) -> impl Iterator<Item = (u64, &Order, u64, bool)> {
        let carrying = self.carrying.iter().map(|carrying| (&carrying.pending, true));
        let all = carrying.chain(self.waiting.iter().map(|pending| (pending, false)));
        all.map(|(pending, is_under_way)| (pending.number, &pending.order, pending.remaining, is_under_way))
    }
}

impl<'s> Trader<'s> {
    /// What to store after a batch, or after anything else that happened.
    pub fn state(&self) -> TraderState {
        let (record, before) = self.instance.unfinished();
        TraderState {
            account: self.account.clone(),
            waiting: self.venue.waiting().to_vec(),
            carrying: self.carrying.clone(),
            open: self.open.clone(),
            names: self.names.to_vec(),
            asked: self.asked.to_vec(),
            orders: self.orders,
            trades: self.trades,
            faults: self.faults,
            last: self.last.clone(),
            seq: self.instance.seq(),
            record: record.cloned(),
            before: before.to_vec(),
            unheard: self.unheard.clone(),
        }
    }

    /// The record of the last batch, as far as the journal has it not.
    pub fn last_record(&self) -> Option<&BatchRecord> {
        self.instance.unfinished().0
    }

    /// Goes on where another process ended: `begin` holds the strategy's last save and the risk engine as it was
    /// restored, `since` the records after that save. Account and waiting orders are those of the state.
    pub fn resume(begin: Begin<'s>, state: TraderState, since: &[BatchRecord]) -> Result<Self, Fault> {
        let mut trader = Self::begin(begin)?;
        // Where the journal was given the record after all, it is among those since.
        let is_there = |record: &BatchRecord| since.last().is_some_and(|last| last.seq >= record.seq);
        let record = state.record.filter(|record| !is_there(record));
        trader.instance.retell(since, record, state.before, state.seq)?;
        trader.account = state.account;
        trader.venue.restore(state.waiting);
        trader.carrying = state.carrying;
        trader.names.restore(state.names);
        trader.asked.restore(state.asked);
        (trader.open, trader.orders, trader.trades) = (state.open, state.orders, state.trades);
        (trader.faults, trader.last, trader.unheard) = (state.faults, state.last, state.unheard);
        trader.is_stale = true;
        trader.refresh();
        Ok(trader)
    }
}
