//! What a quantity is worth, with the power of ten found once per market. Equal to `Market::notional`, in a tenth of its time.

use puppet_types::trade::{Market, Rounding};

/// How the product of quantity and price becomes an amount of the quote token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scale {
    Divide(u128),
    Multiply(u128),
    /// Decimals beyond all measure: nothing can be valued, so nothing is admitted.
    #[default]
    None,
}

impl Scale {
    pub(crate) fn of(market: &Market) -> Self {
        let below = u32::from(market.base.decimals) + u32::from(market.price_decimals);
        let quote = u32::from(market.quote.decimals);
        let power = |digits: u32| 10_u128.checked_pow(digits);
        match below.checked_sub(quote) {
            Some(digits) => power(digits).map_or(Self::None, Self::Divide),
            None => power(quote - below).map_or(Self::None, Self::Multiply),
        }
    }

    /// None where 64 bits do not hold it.
    pub(crate) fn value(self, product: u128, rounding: Rounding) -> Option<u64> {
        let value = match self {
            Self::Divide(unit) => match (u64::try_from(product), u64::try_from(unit)) {
                (Ok(product), Ok(unit)) if rounding == Rounding::Down => return Some(product / unit),
                (Ok(product), Ok(unit)) => return Some(product.div_ceil(unit)),
                _ if rounding == Rounding::Down => product / unit,
                _ => product.div_ceil(unit),
            },
            Self::Multiply(unit) => product.checked_mul(unit)?,
            Self::None => return None,
        };
        u64::try_from(value).ok()
    }

    /// The price at which `quantity` is worth `value`, rounded down: what an average entry is.
    pub(crate) fn price(self, value: u64, quantity: u64) -> u64 {
        let (value, quantity) = (u128::from(value), u128::from(quantity));
        if quantity == 0 {
            return 0;
        }
        let price = match self {
            Self::Divide(unit) => value.checked_mul(unit).map_or(u128::MAX, |product| product / quantity),
            Self::Multiply(unit) => value / unit / quantity,
            Self::None => 0,
        };
        u64::try_from(price).unwrap_or(u64::MAX)
    }
}

/// Quantity times price.
pub(crate) fn product(quantity: u64, price: u64) -> u128 {
    u128::from(quantity) * u128::from(price)
}

/// `amount × part ÷ whole`, rounded down. `part` is at most `whole`. Of nothing it is nothing.
pub(crate) fn share(amount: u64, part: u64, whole: u64) -> u64 {
    let share = product(amount, part) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// `amount × bps ÷ 10,000`, rounded up.
pub(crate) fn bps_up(amount: u64, bps: u64) -> Option<u64> {
    u64::try_from(product(amount, bps).div_ceil(u128::from(crate::BPS))).ok()
}
