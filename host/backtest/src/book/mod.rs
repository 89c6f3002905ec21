//! The book of waiting orders, filled from bars: the venue of a backtest and of paper trading. What was decided at the
//! close of one bar is tried from the next bar on, never earlier.

mod cost;
mod pending;
mod touch;
mod waiting;

use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Fill, Market, Order, Side, TimeInForce};

use crate::Models;
use crate::account::{Account, Closed, Traded};
use crate::chance::{Purpose, draw};
use crate::strategy::Batch;
pub(crate) use cost::slipped;
pub(crate) use pending::Pending;
use puppet_wallet::Rule;
use touch::{Moment, Touch, follow, touch};
pub(crate) use waiting::Prices;
pub use waiting::Waiting;

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It was carried out, or a part of it. With `remaining` 0 it is finished.
    Filled {
        /// Its number.
        order: u64,
        /// What was carried out.
        fill: Fill,
        /// What a sale closed.
        closed: Option<Closed>,
    },
    /// It ended by a rule; nothing more will happen to it.
    Ended {
        /// Its number.
        order: u64,
        /// Its name.
        client_id: String,
        /// Place of the market.
        market: u32,
        /// Which rule.
        rule: Rule,
        /// For people.
        detail: String,
    },
}

/// Orders that wait, and how they are filled.
#[derive(Debug, Clone)]
pub struct Book {
    markets: Vec<Market>,
    models: Models,
    seed: u64,
    /// By number.
    pending: Vec<Pending>,
    tries: Vec<Try>,
    room: Vec<Room>,
}

/// An order that the bar reaches.
#[derive(Debug, Clone, Copy)]
struct Try {
    touch: Touch,
    order: u64,
    index: usize,
    candle: Candle,
}

/// What a market still gives within the bar.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Of the volume, as far as orders may share in it.
    volume: u64,
    /// What was held when the first price was over, less what was sold since.
    held: Option<u64>,
}

impl Book {
    /// An empty book.
    pub fn new(markets: Vec<Market>, models: Models, seed: u64) -> Self {
        Self { markets, models, seed, pending: Vec::new(), tries: Vec::new(), room: Vec::new() }
    }

    /// Takes an admitted order in. A buy is not filled above `worst_price`, a sale not below; `reference` is the last
    /// close, from which a trailing order starts.
    pub fn place(&mut self, number: u64, order: Order, at: Timestamp, worst_price: u64, reference: u64) {
        let jitter = match self.models.latency_jitter_ms {
            0 => 0,
            most => draw(self.seed, Purpose::Latency, number, 0, most.saturating_add(1)),
        };
        let from = at.plus_millis(self.models.latency_ms.saturating_add(jitter));
        self.pending.push(Pending::new(number, order, from, worst_price, reference));
    }

    /// Takes an order back; its number, or none where none of this name waits.
    pub fn cancel(&mut self, market: u32, client_id: &str) -> Option<u64> {
        pending::take(&mut self.pending, market, client_id)
    }

    /// What waits, by number.
    pub(crate) fn waiting(&self) -> &[Pending] {
        &self.pending
    }
    /// As it was before.
    pub(crate) fn restore(&mut self, waiting: Vec<Pending>) {
        self.pending = waiting;
    }
    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Tries everything that waits against bars that closed, and tells what happened in the order in which it did.
    pub fn on_bars(&mut self, batch: &Batch<'_>, account: &mut Account, out: &mut Vec<Happening>) {
        if self.pending.is_empty() {
            return;
        }
        self.collect(batch);
        let mut tries = std::mem::take(&mut self.tries);
        for one in &tries {
            self.attempt(one, batch.at, account, out);
        }
        tries.clear();
        self.tries = tries;
        self.close_of_bars(batch, out);
        self.pending.retain(|pending| !pending.is_over);
    }

    /// Which orders these bars reach, in the order in which they are filled, and what room there is.
    fn collect(&mut self, batch: &Batch<'_>) {
        self.room.clear();
        self.room.resize(self.markets.len(), Room { volume: 0, held: None });
        for (market, candle) in batch.bars {
            if let Some(room) = self.room.get_mut(*market as usize) {
                room.volume = cost::volume_for_us(candle.volume, self.models.fill.participation_bps);
            }
        }
        for (index, pending) in self.pending.iter_mut().enumerate() {
            let Some(candle) = candle_of(batch, pending.order.market) else { continue };
            if batch.at <= pending.from {
                continue;
            }
            pending.was_tried = true;
            if pending.order.expires_at.is_some_and(|at| at < batch.at) {
                continue;
            }
            let Order { kind, side, .. } = pending.order;
            let reached = touch(kind, side, pending.best, pending.is_triggered, &candle, self.models.fill.limit);
            if let Some(touch) = reached {
                self.tries.push(Try { touch, order: pending.number, index, candle });
            }
        }
        self.tries.sort_unstable_by_key(|one| (one.touch.moment, one.order));
    }

    /// Fills one order as far as volume, holdings and cash go.
    fn attempt(&mut self, one: &Try, at: Timestamp, account: &mut Account, out: &mut Vec<Happening>) {
        let promised = pending::promised_to_others(&self.pending, one.index);
        let (Some(pending), fee_bps) = (self.pending.get_mut(one.index), self.models.fee_bps) else { return };
        let number = pending.order.market;
        let (Some(market), Some(room)) = (self.markets.get(number as usize), self.room.get_mut(number as usize)) else {
            return;
        };
        if pending.is_over {
            return;
        }
        let (held, lacks) = (account.holding(number).quantity, pending.lacks());
        let wanted = match pending.order.side {
            Side::Buy if pending.order.reduce_only => return pending.end(lacks, out),
            Side::Buy => pending.remaining,
            Side::Sell if held == 0 => return pending.end(lacks, out),
            // What other orders were promised is theirs.
            Side::Sell => pending.remaining.min(held.saturating_sub(promised)),
        };
        let mut quantity = room.give(one.touch.moment, wanted, held);
        // A stop that was reached and finds no volume takes what the next bar begins with.
        pending.is_triggered |= one.touch.takes && room.volume < wanted;
        if quantity == 0 || quantity < wanted.min(market.min_quantity) {
            return;
        }
        let Some(price) = cost::price(&self.models, self.seed, pending, &one.touch, quantity, &one.candle) else {
            return pending.end((Rule::Slippage, "the price slips by more than the order or the operator allows"), out);
        };
        let given = quantity;
        if pending.order.side == Side::Buy {
            quantity = account.affordable(market, quantity, price, fee_bps);
        }
        if quantity == 0 {
            return pending.end(lacks, out);
        }
        if pending.order.time_in_force == TimeInForce::Fok && quantity < pending.remaining {
            return;
        }
        let traded = Traded { quantity, price, fee_bps, at };
        let done = match pending.order.side {
            Side::Buy => account.buy(number, market, &mut pending.parts, traded).map(|fee| (fee, None)),
            Side::Sell => {
                account.sell(number, market, &mut pending.parts, traded).map(|(fee, closed)| (fee, Some(closed)))
            }
        };
        let Some((fee, closed)) = done else {
            return pending.end((Rule::TooLarge, "the amount does not fit into 64 bits"), out);
        };
        room.take(quantity, pending.order.side);
        out.push(pending.fill(at, quantity, price, fee, closed));
        let is_flat = closed.is_some_and(|closed| closed.is_flat);
        if !pending.is_over && (quantity < given || is_flat) {
            pending.end(lacks, out);
        }
        if is_flat {
            self.end_exits(number, out);
        }
    }

    /// A position was closed: what was there only to reduce it has nothing left to do.
    fn end_exits(&mut self, market: u32, out: &mut Vec<Happening>) {
        for pending in &mut self.pending {
            if pending.order.market == market && pending.order.reduce_only && pending.was_tried && !pending.is_over {
                pending.end((Rule::ReduceOnly, "the position is closed"), out);
            }
        }
    }

    /// After the bars: what may not wait longer ends, and trailing orders follow the price.
    fn close_of_bars(&mut self, batch: &Batch<'_>, out: &mut Vec<Happening>) {
        for pending in self.pending.iter_mut().filter(|pending| !pending.is_over) {
            let order = &pending.order;
            if order.expires_at.is_some_and(|at| at <= batch.at) {
                pending.end((Rule::Expired, "its time is over"), out);
            } else if let Some(candle) = candle_of(batch, order.market)
                && pending.was_tried
            {
                match order.time_in_force {
                    TimeInForce::Gtc => pending.best = follow(order.side, pending.best, &candle),
                    TimeInForce::Ioc => pending.end((Rule::NotFilled, "the rest was not to be had at once"), out),
                    TimeInForce::Fok => pending.end((Rule::NotFilled, "all of it was not to be had at once"), out),
                }
            }
        }
    }
}

impl Room {
    /// How much of what is wanted there is.
    fn give(&mut self, moment: Moment, wanted: u64, held: u64) -> u64 {
        if moment != Moment::Open && self.held.is_none() {
            self.held = Some(held);
        }
        let quantity = wanted.min(self.volume);
        if moment == Moment::Profit { quantity.min(self.held.unwrap_or(held)) } else { quantity }
    }

    fn take(&mut self, quantity: u64, side: Side) {
        self.volume = self.volume.saturating_sub(quantity);
        if side == Side::Sell {
            self.held = self.held.map(|held| held.saturating_sub(quantity));
        }
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;

fn candle_of(batch: &Batch<'_>, market: u32) -> Option<Candle> {
    batch.bars.iter().find(|(of, _)| *of == market).map(|(_, candle)| *candle)
}
