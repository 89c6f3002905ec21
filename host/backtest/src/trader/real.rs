//! What a real swap came to, and what that moves: the way into the books is that of a backtest's fills.

use puppet_types::Timestamp;
use puppet_types::trade::{Fill, Market, Mint, Rounding, Side};
use puppet_wallet::{FillError, Flow, Rule};

use super::carry::Carrying;
use super::deal::denial;
use super::exact::{self, Exact};
use super::{Event, Message, Open, Stopped, Trader};
use crate::account::Traded;
use crate::book::{Happening, Pending};
use crate::outcome::OrderStatus;

impl Trader<'_> {
    pub(super) fn settle_real(
        &mut self,
        carrying: &Carrying,
        at: Timestamp,
        gave: u64,
        took: u64,
    ) -> Result<(), Stopped> {
        let order = &carrying.pending.order;
        let Some(market) = self.markets.get(order.market as usize).cloned() else { return Ok(()) };
        let base = if order.side == Side::Buy { took } else { gave };
        let quantity = base.min(carrying.quantity);
        let exact = match order.side {
            Side::Buy => exact::bought(&market, quantity, gave),
            // Where no price says it, it came without one.
            Side::Sell => exact::sold(&market, quantity, took).unwrap_or(Exact { price: 0, fee: 0 }),
        };
        if quantity == 0 {
            let (left, came) = if order.side == Side::Buy { (gave, 0) } else { (0, took) };
            let why = "nothing came of it".to_owned();
            self.give_up(carrying, at, Rule::Failed, why)?;
            return self.beside(at, &market.quote.mint, came, left);
        }
        let fill = Fill {
            client_id: order.client_id.clone(),
            market: order.market,
            side: order.side,
            at,
            quantity,
            price: exact.price,
            fee: exact.fee,
            remaining: 0,
        };
        let told = self.unheard.len();
        let is_flat = self.book_real(carrying.pending.number, &market, &fill)?;
        let (more_base, more_quote) = (base - quantity, self.unsaid(&market, &fill, took));
        match order.side {
            Side::Buy => self.beside(at, &market.base.mint, more_base, 0)?,
            Side::Sell => self.beside(at, &market.base.mint, 0, more_base)?,
        }
        self.beside(at, &market.quote.mint, more_quote, 0)?;
        if is_flat {
            self.end_sales(order.market, true, at)?;
        }
        if carrying.is_own() {
            // Before what ended with it.
            self.unheard.insert(told, Message::Fill(fill));
        }
        self.is_stale = true;
        self.refresh();
        Ok(())
    }

    /// Of what was taken, what the fill does not say.
    fn unsaid(&self, market: &Market, fill: &Fill, took: u64) -> u64 {
        let said = || market.notional(fill.quantity, fill.price, Rounding::Down)?.checked_sub(fill.fee);
        if fill.side == Side::Sell { took.saturating_sub(said().unwrap_or(0)) } else { 0 }
    }

    /// Books the fill in both books and ends the order. Answers whether the position is closed by it.
    fn book_real(&mut self, number: u64, market: &Market, fill: &Fill) -> Result<bool, Stopped> {
        let find = |open: &Open| open.number == number;
        let Some(held) = self.open.iter().find(|open| find(open)).map(|open| open.held) else { return Ok(false) };
        let settled = match self.risk.filled(held, fill) {
            // A waiting exit holds nothing. What sells the same tokens later has nothing left to sell.
            Err(FillError::NotCovered { .. }) if fill.side == Side::Sell => {
                self.end_sales(fill.market, false, fill.at)?;
                self.risk.filled(held, fill)
            }
            settled => settled,
        }
        .map_err(Stopped::Books)?;
        let too_large = Stopped::Books(FillError::TooLarge);
        let traded = Traded { quantity: fill.quantity, price: fill.price, fee_bps: 0, at: fill.at };
        let mut is_flat = false;
        match fill.side {
            Side::Buy => {
                let cost = market.notional(fill.quantity, fill.price, Rounding::Up).ok_or(too_large.clone())?;
                self.account.bought(fill.market, &traded, cost, fill.fee).ok_or(too_large)?;
            }
            Side::Sell => {
                let proceeds = market.notional(fill.quantity, fill.price, Rounding::Down).ok_or(too_large.clone())?;
                let sold = self.account.sold_with_others(fill.market, &traded, proceeds, fill.fee).ok_or(too_large)?;
                if let (Some((closed, quantity, fee)), Some(open)) =
                    (sold, self.open.iter_mut().find(|open| find(open)))
                {
                    is_flat = closed.is_flat;
                    open.closing.add(&Fill { quantity, fee, ..fill.clone() }, &closed);
                }
            }
        }
        self.events.push(Event::Filled { order: number, fill: fill.clone() });
        if !settled.is_done {
            self.risk.release(held).map_err(Stopped::Books)?;
        }
        self.close(number, OrderStatus::Filled, None)?;
        Ok(is_flat)
    }

    /// Ends sales that have nothing left to sell.
    fn end_sales(&mut self, market: u32, exits_only: bool, at: Timestamp) -> Result<(), Stopped> {
        let mut happenings = Vec::new();
        self.venue.end_sales(market, exits_only, &mut happenings);
        for happening in &happenings {
            self.enter(happening, at)?;
            self.unheard.extend(ended(happening, at));
        }
        Ok(())
    }

    /// What came and went of a token beside a fill.
    fn beside(&mut self, at: Timestamp, mint: &Mint, came: u64, went: u64) -> Result<(), Stopped> {
        for (amount, flow) in [(came, Flow::In), (went, Flow::Out)] {
            if amount > 0 {
                self.moved(at, mint, amount, flow).map_err(Stopped::Moved)?;
            }
        }
        Ok(())
    }

    pub(super) fn give_up(
        &mut self,
        carrying: &Carrying,
        at: Timestamp,
        rule: Rule,
        detail: String,
    ) -> Result<(), Stopped> {
        let Pending { number, order, .. } = &carrying.pending;
        let happening =
            Happening::Ended { order: *number, client_id: order.client_id.clone(), market: order.market, rule, detail };
        self.enter(&happening, at)?;
        self.refresh();
        if carrying.is_own() {
            self.unheard.extend(ended(&happening, at));
        }
        Ok(())
    }
}

/// What a strategy is told of an order that ended by a rule.
fn ended(happening: &Happening, at: Timestamp) -> Option<Message> {
    match happening {
        Happening::Ended { client_id, market, rule, detail, .. } => {
            Some(Message::Denied(denial(at, *market, client_id, *rule, detail)))
        }
        Happening::Filled { .. } => None,
    }
}
