//! Other markets than before: the operator added one, left one out, or changed their order. What is held stays where it was.

use puppet_types::trade::Market;

use super::{ApplyError, Books, InMarket, QUOTE};
use crate::RestoreError;

impl Books {
    /// Finds again what is not stored, and refuses books that contradict themselves: no number of them may lead astray.
    pub(crate) fn open_again(&mut self) -> Result<(), RestoreError> {
        let wrong = |why: &str| Err(RestoreError::Snapshot(why.to_owned()));
        if self.purses.is_empty() || self.inside.len() != self.markets.len() {
            return wrong("purses or markets are missing");
        }
        self.find_places();
        let mut held = vec![0_u128; self.purses.len()];
        let mut inside = vec![(0_u128, 0_u128); self.markets.len()];
        let (mut notional, mut untraded) = (0_u128, 0_u32);
        for (id, order) in &self.held {
            let Some(place) = self.places.get(order.market as usize) else {
                return wrong("an open order is of a market that is not there");
            };
            if *id != order.id.0 || *id >= self.next_id {
                return wrong("an open order has a number that was not given yet");
            }
            held[QUOTE] += u128::from(order.quote);
            held[place.base] += u128::from(order.base());
            let market = &mut inside[order.market as usize];
            market.1 += u128::from(order.base());
            if order.side == puppet_types::trade::Side::Buy {
                market.0 += u128::from(order.quantity);
            }
            notional += u128::from(order.notional);
            untraded += u32::from(order.is_untraded());
        }
        let is_held = self.purses.iter().zip(&held).all(|(purse, held)| u128::from(purse.held) == *held);
        let is_inside = self
            .inside
            .iter()
            .zip(&inside)
            .all(|(market, sums)| (u128::from(market.buying), u128::from(market.selling)) == *sums);
        if !is_held || !is_inside || u128::from(self.held_notional) != notional || self.untraded != untraded {
            return wrong("what is held is not the sum of what open orders hold");
        }
        if self.purses.iter().any(|purse| purse.held > purse.amount) {
            return wrong("more is held than is there");
        }
        Ok(())
    }

    pub(crate) fn adopt(&mut self, markets: Vec<Market>) -> Result<(), ApplyError> {
        let quote = &self.purses[QUOTE].mint;
        let gone = |market: &Market| ApplyError::Market(market.id.clone());
        if let Some(other) = markets.iter().find(|market| market.quote.mint != *quote) {
            return Err(ApplyError::Quote(other.id.clone()));
        }
        // Where each of the old ones is now. One whose tokens or digits changed is another market under the same name.
        let mut now = Vec::with_capacity(self.markets.len());
        for (market, inside) in self.markets.iter().zip(&self.inside) {
            let is_same = |new: &&Market| {
                (&new.id, &new.base.mint, new.base.decimals, new.quote.decimals, new.price_decimals)
                    == (
                        &market.id,
                        &market.base.mint,
                        market.base.decimals,
                        market.quote.decimals,
                        market.price_decimals,
                    )
            };
            let place = markets.iter().position(|new| is_same(&new));
            let has_orders = self.held.values().any(|held| held.market as usize == now.len());
            if place.is_none() && (has_orders || inside.quantity > 0) {
                return Err(gone(market));
            }
            now.push(place);
        }
        let mut inside = vec![InMarket::default(); markets.len()];
        for (place, old) in now.iter().zip(std::mem::take(&mut self.inside)) {
            if let Some(new) = place.and_then(|place| inside.get_mut(place)) {
                *new = old;
            }
        }
        for held in self.held.values_mut() {
            if let Some(place) = now.get(held.market as usize).copied().flatten() {
                held.market = u32::try_from(place).unwrap_or(u32::MAX);
            }
        }
        (self.inside, self.markets) = (inside, markets);
        self.find_places();
        Ok(())
    }
}
