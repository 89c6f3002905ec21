//! Orders that wait for somebody else to carry them out: the venue of live trading. The triggers are the book's, measured by
//! the latest price alone; nothing is filled here.

use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Market, Order, Side, TimeInForce};
use puppet_wallet::Rule;

use super::Happening;
use super::pending::{self, Pending};
use super::touch::{follow, touch};
use crate::LimitRule;
use crate::account::Account;

/// See the head of this file.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    /// By number.
    pending: Vec<Pending>,
}

/// An order that the latest price reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    pub pending: Pending,
    /// How much of it can be carried out.
    pub quantity: u64,
    /// The price that reached it.
    pub price: u64,
}

/// What is known of prices.
pub(crate) struct Prices<'a> {
    /// By place of the market: the new ones.
    pub new: &'a [(u32, u64)],
    /// The last bars.
    pub last: &'a [Option<Candle>],
}

impl Prices<'_> {
    /// An order is tried against a new price; one that was never tried, against the last close.
    fn of(&self, pending: &Pending) -> Option<u64> {
        let market = pending.order.market;
        let new = self.new.iter().find(|(of, _)| *of == market).map(|(_, price)| *price);
        let last = || self.last.get(market as usize).copied().flatten().map(|candle| candle.close);
        new.or_else(|| if pending.was_tried { None } else { last() }).filter(|price| *price > 0)
    }
}

impl Waiting {
    /// Nothing waits.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn place(&mut self, number: u64, order: Order, at: Timestamp, worst_price: u64, reference: u64) {
        self.pending.push(Pending::new(number, order, at, worst_price, reference));
    }
    pub(crate) fn cancel(&mut self, market: u32, client_id: &str) -> Option<u64> {
        pending::take(&mut self.pending, market, client_id)
    }
    pub(crate) fn all(&self) -> &[Pending] {
        &self.pending
    }
    pub(crate) fn restore(&mut self, waiting: Vec<Pending>) {
        self.pending = waiting;
    }

    /// Ends what expired before now: a price of the last moment may still reach an order.
    pub(crate) fn expire(&mut self, at: Timestamp, out: &mut Vec<Happening>) {
        for pending in &mut self.pending {
            if pending.order.expires_at.is_some_and(|until| until < at) {
                pending.end((Rule::Expired, "its time is over"), out);
            }
        }
        self.pending.retain(|pending| !pending.is_over);
    }

    /// Ends what may not wait.
    pub(crate) fn end_immediate(&mut self, why: &str, out: &mut Vec<Happening>) {
        for pending in &mut self.pending {
            if pending.order.time_in_force != TimeInForce::Gtc {
                pending.end((Rule::NotFilled, why), out);
            }
        }
        self.pending.retain(|pending| !pending.is_over);
    }

    /// Takes the first order out that these prices reach. What they do not reach and may not wait ends.
    pub(crate) fn next(
        &mut self,
        at: Timestamp,
        prices: &Prices<'_>,
        markets: &[Market],
        account: &Account,
        out: &mut Vec<Happening>,
    ) -> Option<Reached> {
        let mut found = None;
        for index in 0..self.pending.len() {
            let promised = pending::promised_to_others(&self.pending, index);
            let Some(pending) = self.pending.get_mut(index) else { break };
            let Some(price) = prices.of(pending) else { continue };
            let least = markets.get(pending.order.market as usize).map_or(1, |market| market.min_quantity);
            let held = account.holding(pending.order.market).quantity;
            match try_one(pending, price, held, promised, least) {
                Tried::Reached(quantity) => {
                    found = Some((index, quantity, price));
                    break;
                }
                Tried::Waits if pending.order.expires_at.is_some_and(|until| until <= at) => {
                    pending.end((Rule::Expired, "its time is over"), out);
                }
                Tried::Waits => {}
                Tried::Ends(rule, detail) => pending.end((rule, detail), out),
            }
        }
        let reached = found.map(|(index, quantity, price)| {
            let pending = self.pending.remove(index);
            Reached { pending, quantity, price }
        });
        self.pending.retain(|pending| !pending.is_over);
        reached
    }

    /// Ends sales of a market: of those that only reduce, or of all.
    pub(crate) fn end_sales(&mut self, market: u32, exits_only: bool, out: &mut Vec<Happening>) {
        for pending in &mut self.pending {
            let order = &pending.order;
            if order.market == market && order.side == Side::Sell && (order.reduce_only || !exits_only) {
                pending.end((Rule::ReduceOnly, "the position is closed"), out);
            }
        }
        self.pending.retain(|pending| !pending.is_over);
    }
}

/// What a price does to an order.
enum Tried {
    /// So much of it is to be carried out.
    Reached(u64),
    Waits,
    Ends(Rule, &'static str),
}

fn try_one(pending: &mut Pending, price: u64, held: u64, promised: u64, least: u64) -> Tried {
    let candle = Candle { open: price, high: price, low: price, close: price, ..Candle::default() };
    pending.was_tried = true;
    let order = &pending.order;
    pending.best = follow(order.side, pending.best, &candle);
    let may_wait = order.time_in_force == TimeInForce::Gtc;
    let Some(touch) = touch(order.kind, order.side, pending.best, pending.is_triggered, &candle, LimitRule::Touch)
    else {
        return if may_wait { Tried::Waits } else { Tried::Ends(Rule::NotFilled, "it was not to be had at once") };
    };
    let is_too_bad = match order.side {
        Side::Buy => price > pending.worst_price,
        Side::Sell => price < pending.worst_price,
    };
    if touch.takes && is_too_bad {
        return Tried::Ends(Rule::Slippage, "the price slipped by more than the order or the operator allows");
    }
    let (rule, why) = pending.lacks();
    let quantity = match (order.side, order.reduce_only) {
        (Side::Buy, true) => return Tried::Ends(rule, why),
        (Side::Buy, false) | (Side::Sell, false) => pending.remaining,
        (Side::Sell, true) if held == 0 => return Tried::Ends(rule, why),
        // What other sales were promised is theirs.
        (Side::Sell, true) => pending.remaining.min(held.saturating_sub(promised)),
    };
    if quantity > 0 && quantity >= pending.remaining.min(least) {
        return Tried::Reached(quantity);
    }
    // A stop that was reached takes what there is as soon as there is something.
    pending.is_triggered |= touch.takes;
    if may_wait { Tried::Waits } else { Tried::Ends(rule, why) }
}
