//! One order that waits.

use puppet_types::Timestamp;
use puppet_types::trade::{Fill, Order, OrderKind, Side};
use serde::{Deserialize, Serialize};

use super::Happening;
use crate::account::{Closed, Parts};
use puppet_wallet::Rule;

/// An order, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub number: u64,
    pub order: Order,
    pub remaining: u64,
    /// When it is there. Bars that closed later can fill it.
    pub from: Timestamp,
    /// A buy is not filled above it, a sale not below.
    pub worst_price: u64,
    /// The best price since it is there: what a trailing order follows.
    pub best: u64,
    /// A bar reached it; it only waits for volume.
    pub is_triggered: bool,
    /// At least one bar of its market closed since it is there.
    pub was_tried: bool,
    pub is_over: bool,
    /// How many times a part of it was filled.
    pub fills: u64,
    /// What they came to.
    pub parts: Parts,
}

impl Pending {
    pub fn new(number: u64, order: Order, from: Timestamp, worst_price: u64, reference: u64) -> Self {
        Self {
            number,
            remaining: order.quantity,
            order,
            from,
            worst_price,
            best: reference,
            is_triggered: false,
            was_tried: false,
            is_over: false,
            fills: 0,
            parts: Parts::default(),
        }
    }

    /// So much of the base token is for nobody else; the risk engine reckons the same.
    pub fn holds_base(&self) -> bool {
        let is_waiting_exit = self.order.reduce_only && self.order.kind != OrderKind::Market;
        self.order.side == Side::Sell && !is_waiting_exit && !self.is_over
    }

    /// What is missing when it cannot be carried out.
    pub fn lacks(&self) -> (Rule, &'static str) {
        match (self.order.reduce_only, self.order.side) {
            (true, _) => (Rule::ReduceOnly, "there is no position left to reduce"),
            (false, Side::Buy) => (Rule::InsufficientFunds, "cash does not pay for it"),
            (false, Side::Sell) => (Rule::InsufficientFunds, "so much is not held"),
        }
    }

    pub fn fill(&mut self, at: Timestamp, quantity: u64, price: u64, fee: u64, closed: Option<Closed>) -> Happening {
        self.remaining -= quantity;
        self.fills += 1;
        self.is_over = self.remaining == 0;
        let fill = Fill {
            client_id: self.order.client_id.clone(),
            market: self.order.market,
            side: self.order.side,
            at,
            quantity,
            price,
            fee,
            remaining: self.remaining,
        };
        Happening::Filled { order: self.number, fill, closed }
    }

    pub fn end(&mut self, (rule, detail): (Rule, &str), out: &mut Vec<Happening>) {
        self.is_over = true;
        out.push(Happening::Ended {
            order: self.number,
            client_id: self.order.client_id.clone(),
            market: self.order.market,
            rule,
            detail: detail.to_owned(),
        });
    }
}

/// Takes an order out; its number, or none where none of this name waits.
pub(crate) fn take(all: &mut Vec<Pending>, market: u32, client_id: &str) -> Option<u64> {
    let is_it = |pending: &Pending| pending.order.market == market && pending.order.client_id == client_id;
    let index = all.iter().position(is_it)?;
    Some(all.remove(index).number)
}

/// What other sales of the market hold of it. A waiting exit holds nothing: stop and take-profit may stand for the
/// same tokens.
pub(crate) fn promised_to_others(all: &[Pending], index: usize) -> u64 {
    let Some(one) = all.get(index).filter(|one| one.order.side == Side::Sell) else { return 0 };
    let is_other = |(at, other): &(usize, &Pending)| *at != index && other.order.market == one.order.market;
    let others = all.iter().enumerate().filter(is_other).map(|(_, other)| other);
    others.filter(|other| other.holds_base()).fold(0, |sum: u64, other| sum.saturating_add(other.remaining))
}
