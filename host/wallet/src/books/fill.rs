//! A fill: what it moves, what it made, and what it counts for. Everything is reckoned before anything is changed.

use puppet_types::{
    Timestamp,
    trade::{Rounding, Side},
};

use super::{Books, InMarket, QUOTE, product, value::share};
use crate::{FillError, Held, ReservationId, Settled};

impl Books {
    pub(crate) fn fill(
        &mut self,
        id: ReservationId,
        at: Timestamp,
        quantity: u64,
        price: u64,
        fee: u64,
    ) -> Result<Settled, FillError> {
        let (held, place) = self
            .held
            .get(&id.0)
            .and_then(|held| Some((held, *self.places.get(held.market as usize)?)))
            .ok_or(FillError::Unknown(id))?;
        let (side, market, was_untraded, was_done) = (held.side, held.market as usize, held.is_untraded(), held.done);
        if quantity == 0 || quantity > held.quantity {
            return Err(FillError::Quantity { filled: quantity, open: held.quantity });
        }
        let mut done = was_done;
        done.quantity += quantity;
        let add = |sum: u128, price| sum.checked_add(product(quantity, price)).ok_or(FillError::TooLarge);
        done.product = add(done.product, price)?;
        done.counted = add(done.counted, held.counted_price)?;
        let (worth, counted) = {
            let between = |from, to, rounding| {
                let value = |sum| place.scale.value(sum, rounding).ok_or(FillError::TooLarge);
                Ok::<_, FillError>(value(to)? - value(from)?)
            };
            let rounding = if side == Side::Buy { Rounding::Up } else { Rounding::Down };
            let worth = between(was_done.product, done.product, rounding)?;
            let counted = match side {
                Side::Buy => worth,
                Side::Sell if held.is_exit => 0,
                Side::Sell => between(was_done.counted, done.counted, Rounding::Up)?,
            };
            (worth, counted)
        };
        let mut settled = match side {
            Side::Buy => self.buy(id, place.base, quantity, worth, fee)?,
            Side::Sell => {
                let (settled, cost) = self.sell(id, place.base, quantity, worth, fee)?;
                done.cost = done.cost.saturating_add(cost);
                done.result = done.result.saturating_add(settled.result);
                settled
            }
        };
        done.at = self.see(at);
        self.last_trade = Some(done.at);
        self.hour.add(done.at, counted);
        self.day.add(done.at, counted);
        if was_done.quantity == 0 {
            self.trades.add(done.at, 1);
            self.untraded -= u32::from(was_untraded);
        }
        self.inside[market].fees = self.inside[market].fees.saturating_add(fee);
        if let Some(held) = self.held.get_mut(&id.0) {
            let freed = counted.min(held.notional);
            self.held_notional -= freed;
            held.notional -= freed;
            held.quantity -= quantity;
            held.done = done;
            settled.is_done = held.quantity == 0;
        }
        if settled.is_done {
            self.release(id)?;
        }
        Ok(settled)
    }

    fn buy(
        &mut self,
        id: ReservationId,
        base: usize,
        quantity: u64,
        cost: u64,
        fee: u64,
    ) -> Result<Settled, FillError> {
        let (purses, held) = (&mut self.purses, self.held.get_mut(&id.0).ok_or(FillError::Unknown(id))?);
        let inside = self.inside.get_mut(held.market as usize).ok_or(FillError::Unknown(id))?;
        let pay = cost.checked_add(fee).ok_or(FillError::TooLarge)?;
        let free = purses[QUOTE].free() + held.quote;
        if pay > free {
            return Err(FillError::NotCovered { mint: purses[QUOTE].mint.clone(), wanted: pay, free });
        }
        let there = purses[base].amount.checked_add(quantity).ok_or(FillError::TooLarge)?;
        let paid = inside.paid.checked_add(cost).ok_or(FillError::TooLarge)?;
        let fees_in = inside.fees_in.checked_add(fee).ok_or(FillError::TooLarge)?;
        let position = inside.quantity.checked_add(quantity).ok_or(FillError::TooLarge)?;
        let from_held = pay.min(held.quote);
        purses[QUOTE].amount -= pay;
        purses[QUOTE].held -= from_held;
        held.quote -= from_held;
        purses[base].amount = there;
        (inside.quantity, inside.paid, inside.fees_in) = (position, paid, fees_in);
        inside.buying -= quantity;
        Ok(Settled { beyond: pay - from_held, ..Settled::default() })
    }

    /// What it made, and what the sold part had cost.
    fn sell(
        &mut self,
        id: ReservationId,
        base: usize,
        quantity: u64,
        proceeds: u64,
        fee: u64,
    ) -> Result<(Settled, u64), FillError> {
        let (purses, held) = (&mut self.purses, self.held.get(&id.0).ok_or(FillError::Unknown(id))?);
        let inside = self.inside.get_mut(held.market as usize).ok_or(FillError::Unknown(id))?;
        if let Some(free) = lacking(held, inside, purses[base].free(), quantity) {
            return Err(FillError::NotCovered { mint: purses[base].mint.clone(), wanted: quantity, free });
        }
        let quote = &mut purses[QUOTE];
        let there = quote.amount.checked_add(proceeds).ok_or(FillError::TooLarge)?;
        let left = there.checked_sub(fee).filter(|left| *left >= quote.held).ok_or_else(|| FillError::NotCovered {
            mint: quote.mint.clone(),
            wanted: fee,
            free: there - quote.held,
        })?;
        quote.amount = left;
        purses[base].amount -= quantity;
        if !held.is_shared() {
            purses[base].held -= quantity;
            inside.selling -= quantity;
        }
        // What was in the wallet before has no known cost: only what was bought here can win or lose.
        let sold = quantity.min(inside.quantity);
        let (paid, fees_in) = (share(inside.paid, sold, inside.quantity), share(inside.fees_in, sold, inside.quantity));
        let made = i128::from(share(proceeds, sold, quantity)) - i128::from(share(fee, sold, quantity));
        let made = made - i128::from(paid) - i128::from(fees_in);
        let result = i64::try_from(made.clamp(i64::MIN.into(), i64::MAX.into())).unwrap_or_default();
        inside.quantity -= sold;
        inside.paid -= paid;
        inside.fees_in -= fees_in;
        inside.realised = inside.realised.saturating_add(result);
        Ok((Settled { result, ..Settled::default() }, paid.saturating_add(fees_in)))
    }
}

/// What is free for this sell, where that is not enough.
fn lacking(held: &Held, inside: &InMarket, free: u64, quantity: u64) -> Option<u64> {
    let free = if held.is_shared() {
        free.min(inside.quantity.saturating_sub(inside.selling))
    } else {
        free.saturating_add(held.quantity)
    };
    (quantity > free).then_some(free)
}
