//! What was really given and taken, as price and fee: what the books reckon from the two is exactly that, to the unit.

use puppet_types::trade::{Market, Rounding};

/// Price and fee of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    pub price: u64,
    pub fee: u64,
}

/// Digits between a quantity times a price and an amount of the quote token.
fn digits(market: &Market) -> i32 {
    i32::from(market.base.decimals) + i32::from(market.price_decimals) - i32::from(market.quote.decimals)
}

/// `amount × 10^digits`; none where 128 bits do not hold it.
fn scaled(market: &Market, amount: u64) -> Option<u128> {
    u128::from(amount).checked_mul(10_u128.checked_pow(u32::try_from(digits(market)).ok()?)?)
}

/// A purchase: the highest price at which the quantity costs at most what was given; the rest is the fee.
pub(super) fn bought(market: &Market, quantity: u64, gave: u64) -> Exact {
    let of = u128::from(quantity.max(1));
    let price = match digits(market) {
        0.. => scaled(market, gave).map(|product| product / of),
        below => 10_u128.checked_pow(below.unsigned_abs()).map(|unit| u128::from(gave) / unit / of),
    };
    // A price that 64 bits do not hold is told as a fee.
    let price = price.and_then(|price| u64::try_from(price).ok()).unwrap_or(0);
    match market.notional(quantity, price, Rounding::Up).and_then(|cost| gave.checked_sub(cost)) {
        Some(fee) => Exact { price, fee },
        None => Exact { price: 0, fee: gave },
    }
}

/// A sale: the lowest price at which the quantity brings at least what was taken; what it brings beyond is the fee. None
/// where no price says it.
pub(super) fn sold(market: &Market, quantity: u64, took: u64) -> Option<Exact> {
    let of = u128::from(quantity.max(1));
    let price = match digits(market) {
        0.. => scaled(market, took)?.div_ceil(of),
        below => u128::from(took).div_ceil(10_u128.checked_pow(below.unsigned_abs())?).div_ceil(of),
    };
    let price = u64::try_from(price).ok()?;
    let fee = market.notional(quantity, price, Rounding::Down)?.checked_sub(took)?;
    Some(Exact { price, fee })
}
