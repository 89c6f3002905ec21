//! What is owned: cash in the quote token and a holding per market, with what each cost. Spot only: nothing is owed, no
//! amount is ever below zero. The books close to the unit: cash + cost of what is held + fees paid for it is always the
//! start plus the profit of everything that was closed.

use puppet_types::Timestamp;
use puppet_types::trade::{Market, Position, Rounding};
use serde::{Deserialize, Serialize};

use crate::WHOLE_BPS;

/// What is held in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Holding {
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// Sum of quantity times price of what it was bought with, for the average price.
    weighted: u128,
    /// What was paid for it, without fees.
    pub cost: u64,
    /// Fees that were paid for it.
    pub fees: u64,
    /// When it was opened from nothing.
    pub opened_at: Timestamp,
}

impl Holding {
    /// The average of what was paid, rounded up.
    pub fn entry_price(&self) -> u64 {
        average(self.weighted, self.quantity)
    }
}

/// Sum of quantity times price over quantity, rounded up; 0 of nothing.
pub(crate) fn average(weighted: u128, quantity: u64) -> u64 {
    if quantity == 0 { 0 } else { u64::try_from(weighted.div_ceil(u128::from(quantity))).unwrap_or(u64::MAX) }
}

/// What one sale closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// What was received, before its fee.
    pub proceeds: u64,
    /// What the sold part had cost.
    pub cost: u64,
    /// The sold part's share of the fees of opening.
    pub opening_fees: u64,
    /// Sum of quantity times price that the sold part was bought with.
    pub weighted: u128,
    /// When the holding was opened.
    pub opened_at: Timestamp,
    /// Nothing is left of it.
    pub is_flat: bool,
}

/// Cash and holdings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    cash: u64,
    holdings: Vec<Holding>,
}

/// Part of a whole, rounded down: `whole × part / of`.
fn share(whole: u64, part: u64, of: u64) -> u64 {
    if of == 0 { 0 } else { u64::try_from(u128::from(whole) * u128::from(part) / u128::from(of)).unwrap_or(whole) }
}

/// The fee of what is traded, rounded up.
pub fn fee_of(notional: u64, fee_bps: u32) -> u64 {
    let fee = (u128::from(notional) * u128::from(fee_bps)).div_ceil(u128::from(WHOLE_BPS));
    u64::try_from(fee).unwrap_or(u64::MAX)
}

impl Account {
    /// Cash only.
    pub fn new(cash: u64, markets: usize) -> Self {
        Self { cash, holdings: vec![Holding::default(); markets] }
    }

    /// In the smallest unit of the quote token.
    pub fn cash(&self) -> u64 {
        self.cash
    }
    /// What is held of a market; nothing of one that is not there.
    pub fn holding(&self, market: u32) -> Holding {
        self.holdings.get(market as usize).copied().unwrap_or_default()
    }
    /// As strategies and the risk engine see it.
    pub fn position(&self, market: u32) -> Position {
        let holding = self.holding(market);
        Position { quantity: holding.quantity, entry_price: holding.entry_price() }
    }
    /// By market.
    pub fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// The most of a market's base token that cash pays for at this price and fee, up to `wanted`.
    pub fn affordable(&self, market: &Market, wanted: u64, price: u64, fee_bps: u32) -> u64 {
        let fits = |quantity: u64| {
            market
                .notional(quantity, price, Rounding::Up)
                .and_then(|notional| notional.checked_add(fee_of(notional, fee_bps)))
                .is_some_and(|cost| cost <= self.cash)
        };
        if fits(wanted) {
            return wanted;
        }
        // The largest that fits: `fits` is true up to it and false above.
        let (mut good, mut bad) = (0, wanted);
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            if fits(middle) {
                good = middle;
            } else {
                bad = middle;
            }
        }
        good
    }

    /// Pays for a purchase; none and unchanged where cash does not suffice or 64 bits do not hold it. Answers the fee.
    pub fn buy(&mut self, number: u32, market: &Market, part: &mut Parts, traded: Traded) -> Option<u64> {
        let after = part.and(market, &traded, Rounding::Up)?;
        let (cost, fee) = (after.worth - part.worth, after.fee - part.fee);
        self.bought(number, &traded, cost, fee)?;
        *part = after;
        Some(fee)
    }

    /// The same, of what is known to have been paid.
    pub(crate) fn bought(&mut self, number: u32, traded: &Traded, cost: u64, fee: u64) -> Option<()> {
        let cash = self.cash.checked_sub(cost.checked_add(fee)?)?;
        let holding = self.holdings.get_mut(number as usize)?;
        *holding = Holding {
            quantity: holding.quantity.checked_add(traded.quantity)?,
            weighted: holding.weighted.checked_add(traded.product())?,
            cost: holding.cost.checked_add(cost)?,
            fees: holding.fees.checked_add(fee)?,
            opened_at: if holding.quantity == 0 { traded.at } else { holding.opened_at },
        };
        self.cash = cash;
        Some(())
    }

    /// Takes in a sale; none and unchanged where less is held or 64 bits do not hold it. Answers the fee and what was
    /// closed. A fee never exceeds what was received.
    pub fn sell(&mut self, number: u32, market: &Market, part: &mut Parts, traded: Traded) -> Option<(u64, Closed)> {
        let mut after = part.and(market, &traded, Rounding::Down)?;
        let proceeds = after.worth - part.worth;
        let fee = (after.fee - part.fee).min(proceeds);
        after.fee = part.fee + fee;
        let closed = self.sold(number, &traded, proceeds, fee)?;
        *part = after;
        Some((fee, closed))
    }

    /// The same, of what is known to have been received. `fee` is at most `proceeds`.
    pub(crate) fn sold(&mut self, number: u32, traded: &Traded, proceeds: u64, fee: u64) -> Option<Closed> {
        let holding = self.holdings.get_mut(number as usize)?;
        let left = holding.quantity.checked_sub(traded.quantity)?;
        let cash = self.cash.checked_add(proceeds.checked_sub(fee)?)?;
        let closed = match left {
            0 => Closed {
                proceeds,
                cost: holding.cost,
                opening_fees: holding.fees,
                weighted: holding.weighted,
                opened_at: holding.opened_at,
                is_flat: true,
            },
            _ => Closed {
                proceeds,
                cost: share(holding.cost, traded.quantity, holding.quantity),
                opening_fees: share(holding.fees, traded.quantity, holding.quantity),
                weighted: weighted_share(holding, traded.quantity),
                opened_at: holding.opened_at,
                is_flat: false,
            },
        };
        holding.quantity = left;
        holding.weighted -= closed.weighted;
        holding.cost -= closed.cost;
        holding.fees -= closed.opening_fees;
        self.cash = cash;
        Some(closed)
    }

    /// Takes in a sale of which a part may have been there before anything was bought: that part has no cost and closes
    /// nothing. Answers what was closed, and how much and what fee of it that was.
    pub(crate) fn sold_with_others(
        &mut self,
        number: u32,
        traded: &Traded,
        proceeds: u64,
        fee: u64,
    ) -> Option<Option<(Closed, u64, u64)>> {
        let ours = self.holding(number).quantity.min(traded.quantity);
        let (received, paid) = (share(proceeds, ours, traded.quantity), share(fee, ours, traded.quantity));
        let others = (proceeds - received).checked_sub(fee - paid)?;
        // Before anything is changed: the whole has to fit.
        self.cash.checked_add(proceeds)?;
        let part = Traded { quantity: ours, ..*traded };
        let closed = match ours {
            0 => None,
            _ => Some((self.sold(number, &part, received, paid)?, ours, paid)),
        };
        self.cash = self.cash.checked_add(others)?;
        Some(closed)
    }

    /// Cash came or went without a trade.
    pub(crate) fn cash_moved(&mut self, amount: u64, is_in: bool) {
        self.cash = if is_in { self.cash.saturating_add(amount) } else { self.cash.saturating_sub(amount) };
    }

    /// Holdings by other places of the markets: `now` has the place of each of the old ones.
    pub(crate) fn rearrange(&mut self, now: &[Option<usize>], markets: usize) {
        let mut holdings = vec![Holding::default(); markets];
        for (place, holding) in now.iter().zip(std::mem::take(&mut self.holdings)) {
            if let Some(slot) = place.and_then(|place| holdings.get_mut(place)) {
                *slot = holding;
            }
        }
        self.holdings = holdings;
    }
}

/// One fill, before its fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traded {
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// As the market's `price_decimals` says.
    pub price: u64,
    /// What the fee is, of what is traded.
    pub fee_bps: u32,
    /// When.
    pub at: Timestamp,
}

impl Traded {
    fn product(&self) -> u128 {
        u128::from(self.quantity) * u128::from(self.price)
    }
}

/// What the parts of one order came to so far. Values are rounded once over all of them: many small fills cost what
/// one costs, here as in the risk engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parts {
    product: u128,
    worth: u64,
    fee: u64,
}

impl Parts {
    fn and(&self, market: &Market, traded: &Traded, rounding: Rounding) -> Option<Self> {
        let product = self.product.checked_add(traded.product())?;
        let worth = market.worth(product, rounding)?;
        Some(Self { product, worth, fee: fee_of(worth, traded.fee_bps).max(self.fee) })
    }
}

/// The part of the weight that belongs to so much of a holding. Divided first where the product would not fit.
fn weighted_share(holding: &Holding, quantity: u64) -> u128 {
    let (of, part) = (u128::from(holding.quantity), u128::from(quantity));
    let whole = holding.weighted / of * part;
    whole + holding.weighted % of * part / of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::market;

    fn traded(quantity: u64, price: u64, fee_bps: u32) -> Traded {
        Traded { quantity, price, fee_bps, at: Timestamp::default() }
    }

    #[test]
    fn books_close_to_the_unit() {
        let market = market("SOL/USDC");
        let mut account = Account::new(1_000_000_000, 1);
        let fee = account.buy(0, &market, &mut Parts::default(), traded(3_000_000_001, 100_000_000_007, 30)).unwrap();
        assert_eq!(account.cash(), 1_000_000_000 - account.holding(0).cost - fee);
        let (sold, closed) =
            account.sell(0, &market, &mut Parts::default(), traded(1_000_000_000, 110_000_000_000, 30)).unwrap();
        let profit = closed.proceeds - sold - closed.cost - closed.opening_fees;
        let holding = account.holding(0);
        assert_eq!(account.cash() + holding.cost + holding.fees, 1_000_000_000 + profit);
        assert_eq!(holding.entry_price(), 100_000_000_007);
        let (_, closed) =
            account.sell(0, &market, &mut Parts::default(), traded(2_000_000_001, 90_000_000_000, 30)).unwrap();
        assert!(closed.is_flat);
        assert_eq!((account.holding(0).cost, account.holding(0).fees, account.holding(0).entry_price()), (0, 0, 0));
    }

    #[test]
    fn nothing_is_spent_that_is_not_there() {
        let market = market("SOL/USDC");
        let mut account = Account::new(100_000_000, 1);
        let part = &mut Parts::default();
        assert_eq!(account.buy(0, &market, part, traded(1_000_000_000, 100_000_000_000, 1)), None);
        assert_eq!(account.sell(0, &market, part, traded(1, 1, 0)), None);
        assert_eq!((account.clone(), *part), (Account::new(100_000_000, 1), Parts::default()));
        let most = account.affordable(&market, 1_000_000_000, 100_000_000_000, 1);
        assert!(account.clone().buy(0, &market, part, traded(most, 100_000_000_000, 1)).is_some());
        let more = traded(most + 10_000, 100_000_000_000, 1);
        assert_eq!(account.buy(0, &market, &mut Parts::default(), more), None);
    }

    #[test]
    fn many_small_parts_cost_what_one_costs() {
        let market = market("SOL/USDC");
        let (mut whole, mut parts) = (Account::new(1_000_000, 1), Account::new(1_000_000, 1));
        whole.buy(0, &market, &mut Parts::default(), traded(1_000, 150_000_000_001, 30)).unwrap();
        let order = &mut Parts::default();
        for _ in 0..1_000 {
            parts.buy(0, &market, order, traded(1, 150_000_000_001, 30)).unwrap();
        }
        assert_eq!((whole.cash(), whole.holding(0).cost), (parts.cash(), parts.holding(0).cost));
        let order = &mut Parts::default();
        for _ in 0..1_000 {
            parts.sell(0, &market, order, traded(1, 150_000_000_001, 30)).unwrap();
        }
        whole.sell(0, &market, &mut Parts::default(), traded(1_000, 150_000_000_001, 30)).unwrap();
        assert_eq!(whole, parts);
    }
}
