//! Orders that somebody else carries out, one at a time: which is due, which is under way, and who is told of it.

use puppet_types::Timestamp;
use puppet_types::trade::{Denial, Mint, Order};
use puppet_wallet::{Flow, MoveError, Origin, Rule, Seen};
use serde::{Deserialize, Serialize};

use super::closing::Closing;
use super::venue::Venue;
use super::{Event, Message, Open, Stopped, Trader};
use crate::book::{Happening, Pending, Prices};
use crate::outcome::{OrderRecord, OrderStatus};

/// The order that is with somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carrying {
    pub pending: Pending,
    /// How much of it is to be carried out.
    pub quantity: u64,
    /// The price that reached it.
    pub price: u64,
    /// What is behind it. The strategy is told of its own orders only.
    pub origin: Origin,
}

impl Carrying {
    pub(super) fn is_own(&self) -> bool {
        self.origin == Origin::Strategy
    }
    /// It is the strategy's order of this name.
    pub(super) fn is_named(&self, market: u32, client_id: &str) -> bool {
        self.is_own() && self.pending.order.market == market && self.pending.order.client_id == client_id
    }
}

/// An order that is to be carried out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its number.
    pub number: u64,
    /// What is wanted.
    pub order: Order,
    /// How much of it is to be carried out, in the base token.
    pub quantity: u64,
    /// The price that reached it.
    pub price: u64,
    /// A buy may not be carried out above it, a sale not below. 0: a sale takes what there is.
    pub worst_price: u64,
    /// What is behind it.
    pub origin: Origin,
    /// When it was decided.
    pub since: Timestamp,
}

/// How that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It was carried out, as a whole: nothing more will come of it.
    Filled {
        /// What is gone, of what it gives.
        gave: u64,
        /// What came, of what it takes.
        took: u64,
    },
    /// It was not, and will not be.
    Not {
        /// Why.
        rule: Rule,
        /// For people.
        detail: String,
    },
}

impl Trader<'_> {
    /// The next order that is to be carried out at these prices: new ones, by number of the market; of a market that is not
    /// among them, the last close for an order that was never tried. It is under way from here on, and no other one is due
    /// until [`carried`](Self::carried) says what became of it. What may not wait any longer ends. None in a backtest.
    pub fn due(&mut self, at: Timestamp, prices: &[(u32, u64)]) -> Result<Option<Due>, Stopped> {
        let Venue::Desk(waiting) = &mut self.venue else { return Ok(None) };
        let mut happenings = std::mem::take(&mut self.happenings);
        waiting.expire(at, &mut happenings);
        let is_free = self.carrying.is_none();
        if is_free {
            let prices = Prices { new: prices, last: &self.last };
            let reached = waiting.next(at, &prices, &self.markets, &self.account, &mut happenings);
            self.carrying = reached.map(|reached| Carrying {
                pending: reached.pending,
                quantity: reached.quantity,
                price: reached.price,
                origin: Origin::Strategy,
            });
        }
        self.happened(happenings, at)?;
        Ok(if is_free { self.under_way() } else { None })
    }

    /// Nothing is carried out for now: what was to be had at once or not at all (`ioc`, `fok`) ends. Answers whether anything
    /// did.
    pub fn end_immediate(&mut self, at: Timestamp, why: &str) -> Result<bool, Stopped> {
        let Venue::Desk(waiting) = &mut self.venue else { return Ok(false) };
        let mut happenings = std::mem::take(&mut self.happenings);
        waiting.end_immediate(why, &mut happenings);
        let has_ended = !happenings.is_empty();
        self.happened(happenings, at)?;
        Ok(has_ended)
    }

    /// The order that is under way.
    pub fn under_way(&self) -> Option<Due> {
        self.carrying.as_ref().map(|carrying| Due {
            number: carrying.pending.number,
            order: carrying.pending.order.clone(),
            quantity: carrying.quantity,
            price: carrying.price,
            worst_price: carrying.pending.worst_price,
            origin: carrying.origin,
            since: carrying.pending.from,
        })
    }

    /// Whether this name was asked for, by somebody who is not the strategy.
    pub fn was_asked(&self, client_id: &str) -> bool {
        self.asked.contains(client_id)
    }

    /// This name was answered without being proposed, and is used up.
    pub fn answered(&mut self, client_id: &str) {
        self.asked.insert(client_id);
    }

    /// A market order that is not the strategy's. Admitted, it is under way at once. `client_id` is once for ever, apart from
    /// the strategy's names.
    pub fn propose(&mut self, order: Order, origin: Origin, seen: &Seen) -> Result<Due, Denial> {
        self.orders += 1;
        let (number, at) = (self.orders, seen.now);
        let denied = |rule: Rule, detail: &str| super::deal::denial(at, order.market, &order.client_id, rule, detail);
        let decided = if self.carrying.is_some() {
            Err(denied(Rule::OpenOrders, "another order is under way"))
        } else if origin == Origin::Strategy {
            Err(denied(Rule::Invalid, "a strategy proposes by itself"))
        } else if !self.asked.insert(&order.client_id) {
            Err(denied(Rule::Duplicate, "this was asked for before"))
        } else {
            self.risk.admit(&order, origin, seen)
        };
        let (status, denied_by) = match &decided {
            Ok(_) => (OrderStatus::Open, None),
            Err(denial) => (OrderStatus::Denied, Some(denial.rule.clone())),
        };
        let record = OrderRecord { id: number, at, order: order.clone(), status, denied_by, filled: 0 };
        self.events.push(Event::Ordered(record));
        let held = decided.inspect_err(|denial| {
            self.events.push(Event::Denied { order: number, denial: denial.clone() });
        })?;
        let worst = self.risk.held(held).map_or(0, |held| held.worst_price);
        self.open.push(Open { number, held, closing: Closing::default(), market: order.market });
        let due = Due {
            number,
            quantity: order.quantity,
            price: seen.price,
            worst_price: worst,
            origin,
            since: at,
            order: order.clone(),
        };
        let pending = Pending::new(number, order, at, worst, seen.price);
        self.carrying = Some(Carrying { quantity: due.quantity, price: due.price, origin, pending });
        self.is_stale = true;
        self.refresh();
        Ok(due)
    }

    /// What became of the order that is under way. The books move by exactly what was given and taken: less than was ordered
    /// ends the order all the same, and what is beyond it comes or goes without a trade. The strategy is not told yet: what
    /// happened is first to be stored, whatever a strategy does about it ([`tell_carried`](Self::tell_carried)).
    pub fn carried(&mut self, number: u64, at: Timestamp, carried: Carried) -> Result<(), Stopped> {
        let Some(carrying) = self.carrying.take_if(|carrying| carrying.pending.number == number) else { return Ok(()) };
        self.is_stale = true;
        match carried {
            Carried::Filled { gave, took } => self.settle_real(&carrying, at, gave, took),
            Carried::Not { rule, detail } => self.give_up(&carrying, at, rule, detail),
        }
    }

    /// Something that was carried out, or was not, is still to be told.
    pub fn has_unheard(&self) -> bool {
        !self.unheard.is_empty()
    }

    /// Tells the strategy what became of its orders, in order. What a call fails at is not told again; where there were too
    /// many faults, the rest is still to be told.
    pub fn tell_carried(&mut self, at: Timestamp) -> Result<(), Stopped> {
        while !self.unheard.is_empty() {
            let told = match self.unheard.remove(0) {
                Message::Fill(fill) => self.instance.on_fill(&fill, &self.view),
                Message::Denied(denial) => self.instance.on_denied(&denial, &self.view),
            };
            self.heed(told, at)?;
        }
        Ok(())
    }

    /// A balance changed without a trade.
    pub fn moved(&mut self, at: Timestamp, mint: &Mint, amount: u64, flow: Flow) -> Result<(), MoveError> {
        self.risk.moved(at, mint, amount, flow)?;
        if self.markets.first().is_some_and(|market| market.quote.mint == *mint) {
            self.account.cash_moved(amount, flow == Flow::In);
        }
        self.is_stale = true;
        self.refresh();
        Ok(())
    }

    /// Books what happened and tells the strategy, after all of it is booked.
    fn happened(&mut self, mut happenings: Vec<Happening>, at: Timestamp) -> Result<(), Stopped> {
        let entered = happenings.iter().try_for_each(|happening| self.enter(happening, at));
        self.is_stale |= self.carrying.is_some();
        self.refresh();
        let told = entered.and_then(|()| happenings.iter().try_for_each(|happening| self.tell(happening, at)));
        happenings.clear();
        self.happenings = happenings;
        told
    }

    /// Every order that waits is taken back: whoever placed them is no more. The one that is under way stays.
    pub fn cancel_all(&mut self) -> Result<(), Stopped> {
        let waiting: Vec<_> = self
            .venue
            .waiting()
            .iter()
            .map(|pending| (pending.number, pending.order.market, pending.order.client_id.clone()))
            .collect();
        self.venue.restore(Vec::new());
        for (number, market, client_id) in waiting {
            self.close(number, OrderStatus::Cancelled, None)?;
            self.events.push(Event::Cancelled { market, client_id });
        }
        self.refresh();
        Ok(())
    }
}
