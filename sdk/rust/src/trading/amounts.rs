//! From money to quantities, in whole numbers: rounded down, and nothing where it does not fit in 64 bits or makes no
//! sense. For proposing orders; what they cost, the host says.

use super::MarketInfo;

impl MarketInfo {
    /// So many hundredths of the quote token, in its smallest unit.
    pub fn hundredths(&self, hundredths: u64) -> u64 {
        let unit = power(self.quote_decimals.into());
        narrow(unit.and_then(|unit| u128::from(hundredths).checked_mul(unit)).map(|all| all / 100))
    }

    /// What so much money buys at a price; 0 where that is less than the market takes.
    pub fn quantity_for(&self, money: u64, price: u64) -> u64 {
        let (base, quote) = (self.digits_of_base(), u32::from(self.quote_decimals));
        let bought = match base.checked_sub(quote) {
            Some(digits) => power(digits).and_then(|unit| u128::from(money).checked_mul(unit)),
            None => power(quote - base).map(|unit| u128::from(money) / unit),
        };
        let quantity = narrow(bought.and_then(|bought| bought.checked_div(u128::from(price))));
        if quantity < self.min_quantity { 0 } else { quantity }
    }

    fn digits_of_base(&self) -> u32 {
        u32::from(self.base_decimals) + u32::from(self.price_decimals)
    }
}

fn power(digits: u32) -> Option<u128> {
    10_u128.checked_pow(digits)
}

fn narrow(value: Option<u128>) -> u64 {
    value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(base_decimals: u8, quote_decimals: u8, price_decimals: u8, min_quantity: u64) -> MarketInfo {
        let [id, base_mint, quote_mint] = ["A/B", "A", "B"].map(str::to_owned);
        MarketInfo { id, base_mint, quote_mint, base_decimals, quote_decimals, price_decimals, min_quantity }
    }

    #[test]
    fn money_buys_a_quantity_that_is_worth_no_more() {
        let sol = market(9, 6, 6, 1_000);
        assert_eq!(sol.hundredths(1_050), 10_500_000);
        assert_eq!(sol.quantity_for(150_000_000, 150_000_000), 1_000_000_000);
        assert_eq!(sol.quantity_for(1_000_000, 3_000_000), 333_333_333);
        // Below the least, and at no price.
        assert_eq!((sol.quantity_for(149, 150_000_000), sol.quantity_for(1, 0)), (0, 0));
        // A quote token with more digits than price and base.
        let odd = market(0, 8, 2, 1);
        assert_eq!(odd.quantity_for(500_000_000, 250), 2);
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        let wide = market(18, 0, 18, 1);
        assert_eq!(wide.quantity_for(u64::MAX, 1), 0);
        let absurd = market(255, 255, 255, 1);
        assert_eq!((absurd.quantity_for(1, 1), absurd.hundredths(1)), (0, 0));
    }
}
