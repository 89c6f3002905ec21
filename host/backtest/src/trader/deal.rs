//! What becomes of proposals and of open orders: records, reservations, and what the strategy is told.

use puppet_types::Timestamp;
use puppet_types::trade::{Denial, Order, Proposal};
use puppet_wallet::{Origin, Rule, Seen};

use super::closing::Closing;
use super::{Carrying, Event, Open, Stopped, Trader};
use crate::book::Happening;
use crate::outcome::{OrderRecord, OrderStatus};
use crate::strategy::{Answer, Batch};

impl Trader<'_> {
    /// Decides about proposals, in their order.
    pub(super) fn deal(&mut self, batch: &Batch<'_>, answer: &mut Answer) -> Result<(), Stopped> {
        for denial in answer.denials.drain(..) {
            self.deny(0, denial)?;
        }
        for proposal in answer.proposals.drain(..) {
            match proposal {
                Proposal::Place(order) => self.place(batch, order)?,
                Proposal::Cancel { market, client_id } => self.cancel(batch.at, market, client_id)?,
            }
        }
        Ok(())
    }

    fn place(&mut self, batch: &Batch<'_>, order: Order) -> Result<(), Stopped> {
        self.orders += 1;
        let number = self.orders;
        let decided = self.decide(batch, &order);
        let (status, denied_by) = match &decided {
            Ok(_) => (OrderStatus::Open, None),
            Err(denial) => (OrderStatus::Denied, Some(denial.rule.clone())),
        };
        let record = OrderRecord { id: number, at: batch.at, order: order.clone(), status, denied_by, filled: 0 };
        self.events.push(Event::Ordered(record));
        match decided {
            Ok(held) => {
                let worst = self.risk.held(held).map_or(0, |held| held.worst_price);
                let reference = self.last(order.market).map_or(0, |candle| candle.close);
                self.open.push(Open { number, held, closing: Closing::default(), market: order.market });
                self.venue.place(number, order, batch.at, worst, reference);
                self.is_stale = true;
                Ok(())
            }
            Err(denial) => self.deny(number, denial),
        }
    }

    fn decide(&mut self, batch: &Batch<'_>, order: &Order) -> Result<puppet_wallet::ReservationId, Denial> {
        let deny = |rule: Rule, detail: &str| denial(batch.at, order.market, &order.client_id, rule, detail);
        if batch.is_warm_up {
            return Err(deny(Rule::WarmUp, "this bar is history"));
        }
        if order.client_id.is_empty() {
            return Err(deny(Rule::Invalid, "an order needs a client id"));
        }
        if !self.names.insert(&order.client_id) {
            return Err(deny(Rule::Duplicate, "the client id was used before in this run"));
        }
        // The close that the strategy decided at; of a market without a bar in this batch, the last one.
        let last = self.last(order.market);
        let seen = Seen {
            price_at: last.map_or(batch.at, |last| last.at),
            second: self.second(order.market),
            trending_at: self.trending(order.market),
            ..Seen::at(batch.at, last.map_or(0, |last| last.close))
        };
        self.risk.admit(order, Origin::Strategy, &seen)
    }

    fn cancel(&mut self, at: Timestamp, market: u32, client_id: String) -> Result<(), Stopped> {
        let Some(number) = self.venue.cancel(market, &client_id) else {
            let is_it = |carrying: &Carrying| carrying.is_named(market, &client_id);
            let why = match &self.carrying {
                Some(carrying) if is_it(carrying) => "it is being carried out, and cannot be taken back",
                _ => "no order of this client id is open",
            };
            return self.deny(0, denial(at, market, &client_id, Rule::Invalid, why));
        };
        self.close(number, OrderStatus::Cancelled, None)?;
        self.events.push(Event::Cancelled { market, client_id });
        Ok(())
    }

    fn deny(&mut self, number: u64, denial: Denial) -> Result<(), Stopped> {
        self.refresh();
        let told = self.instance.on_denied(&denial, &self.view);
        let at = denial.at;
        self.events.push(Event::Denied { order: number, denial });
        self.heed(told, at)
    }

    /// Books what happened to an open order.
    pub(super) fn enter(&mut self, happening: &Happening, at: Timestamp) -> Result<(), Stopped> {
        self.is_stale = true;
        match happening {
            Happening::Filled { order, fill, closed } => {
                let Some(open) = self.open.iter_mut().find(|open| open.number == *order) else { return Ok(()) };
                self.risk.filled(open.held, fill).map_err(Stopped::Books)?;
                if let Some(closed) = closed {
                    open.closing.add(fill, closed);
                }
                self.events.push(Event::Filled { order: *order, fill: fill.clone() });
                if fill.remaining == 0 {
                    self.close(*order, OrderStatus::Filled, None)?;
                }
            }
            Happening::Ended { order, client_id, market, rule, detail } => {
                self.close(*order, OrderStatus::Ended, Some(*rule))?;
                let denial = denial(at, *market, client_id, *rule, detail);
                self.events.push(Event::Denied { order: *order, denial });
            }
        }
        Ok(())
    }

    /// Tells the strategy what happened, after all of it is booked.
    pub(super) fn tell(&mut self, happening: &Happening, at: Timestamp) -> Result<(), Stopped> {
        let told = match happening {
            Happening::Filled { fill, .. } => self.instance.on_fill(fill, &self.view),
            Happening::Ended { client_id, market, rule, detail, .. } => {
                self.instance.on_denied(&denial(at, *market, client_id, *rule, detail), &self.view)
            }
        };
        self.heed(told, at)
    }

    /// An order is open no longer.
    pub(super) fn close(&mut self, number: u64, status: OrderStatus, rule: Option<Rule>) -> Result<(), Stopped> {
        self.is_stale = true;
        let Some(index) = self.open.iter().position(|open| open.number == number) else { return Ok(()) };
        let open = self.open.remove(index);
        if status != OrderStatus::Filled {
            self.risk.release(open.held).map_err(Stopped::Books)?;
        }
        self.events.push(Event::Ended { order: number, status, rule: rule.map(|rule| rule.code().to_owned()) });
        if let Some(trade) = open.closing.trade(self.trades + 1, open.market) {
            self.trades += 1;
            self.events.push(Event::Closed(trade));
        }
        Ok(())
    }

    /// What was sold by orders that are still open: told at the end of a run.
    pub fn unfinished(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for open in &mut self.open {
            if let Some(trade) = std::mem::take(&mut open.closing).trade(self.trades + 1, open.market) {
                self.trades += 1;
                events.push(Event::Closed(trade));
            }
        }
        events
    }
}

pub(super) fn denial(at: Timestamp, market: u32, client_id: &str, rule: Rule, detail: &str) -> Denial {
    Denial {
        client_id: client_id.to_owned(),
        market,
        at,
        rule: rule.code().to_owned(),
        detail: detail.to_owned(),
        retry_at: None,
    }
}
