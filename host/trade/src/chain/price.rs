//! What a whole base token costs now, by Jupiter's quote, in integers from end to end.

use puppet_solana::{
    Address,
    jupiter::{Ask, Jupiter, JupiterError},
};
use puppet_types::{
    Timestamp,
    trade::{Market, Mint},
};

/// A quote of fewer units than this says too little: a token of a thousandth of a cent is quoted by the thousand.
const FINE_ENOUGH: u64 = 10_000;
/// Digits that a price usually has beyond those of the quote token.
const USUAL_DIGITS: u8 = 3;
/// At most ten to this many whole tokens are quoted.
const MOST_DIGITS: u32 = 9;
/// Of the quote, in hundredths of a percent. Nothing is traded by it.
const SLIPPAGE_BPS: u16 = 50;

/// Why there is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Jupiter gives no answer.
    #[error(transparent)]
    Jupiter(#[from] JupiterError),
    /// It answers something else than it was asked.
    #[error("the quote is not for {0}")]
    Other(String),
    /// The price is nothing, or more than can be counted.
    #[error("{0} has no price that can be counted")]
    Uncountable(String),
    /// Its tokens are none.
    #[error("{0} is no market of two tokens")]
    NoMarket(String),
}

/// The price of a whole base token, as [`Market::price_decimals`] says, rounded down; and when it was asked for.
///
/// One whole token is quoted, of a cheap one ten, a hundred, …: as many as its price has digits for. Where that gives too
/// few units to be exact all the same, more are, which is a second request.
///
/// # Errors
/// Jupiter gives none, or one that cannot be counted.
pub async fn price(jupiter: &dyn Jupiter, market: &Market) -> Result<(u64, Timestamp), PriceError> {
    let mint = |mint: &Mint| mint.as_str().parse::<Address>().map_err(|_| PriceError::NoMarket(market.id.clone()));
    let (gives, takes) = (mint(&market.base.mint)?, mint(&market.quote.mint)?);
    let uncountable = || PriceError::Uncountable(market.id.clone());
    let (mut digits, mut is_last) = (expected(market), false);
    loop {
        let whole = u32::from(market.base.decimals) + digits;
        let amount = 10_u64.checked_pow(whole).ok_or_else(uncountable)?;
        let asked_at = Timestamp::from_system();
        let ask = Ask { gives, takes, amount, taker: None, slippage_bps: SLIPPAGE_BPS };
        let quote = jupiter.order(&ask).await?.quote;
        if (quote.gives, quote.takes, quote.in_amount) != (gives, takes, amount) {
            return Err(PriceError::Other(market.id.clone()));
        }
        let more = if is_last { 0 } else { missing(quote.out_amount, whole) };
        if more > 0 {
            (digits, is_last) = (digits + more, true);
            continue;
        }
        let price = of(market, quote.out_amount, digits).filter(|price| *price > 0).ok_or_else(uncountable)?;
        return Ok((price, asked_at));
    }
}

/// What is quoted at first, as a power of ten of whole tokens: a price that is kept with many digits beyond those of the
/// quote token is a small one.
fn expected(market: &Market) -> u32 {
    let digits = u32::from(market.price_decimals.saturating_sub(market.quote.decimals).saturating_sub(USUAL_DIGITS));
    digits.min(MOST_DIGITS).min(19_u32.saturating_sub(market.base.decimals.into()))
}

/// By how many powers of ten more has to be quoted, so that enough comes out and 64 bits hold what goes in.
fn missing(out: u64, whole: u32) -> u32 {
    let wanted = (0..=MOST_DIGITS).find(|digits| out.saturating_mul(10_u64.pow(*digits)) >= FINE_ENOUGH);
    // Ten to the nineteenth is the last that fits.
    wanted.unwrap_or(MOST_DIGITS).min(19_u32.saturating_sub(whole))
}

/// So much for ten to so many whole tokens, as the market counts a price.
fn of(market: &Market, out: u64, digits: u32) -> Option<u64> {
    let (price, quote) = (u32::from(market.price_decimals), u32::from(market.quote.decimals) + digits);
    let price = match price.checked_sub(quote) {
        Some(more) => u128::from(out).checked_mul(10_u128.checked_pow(more)?)?,
        None => u128::from(out) / 10_u128.checked_pow(quote - price)?,
    };
    u64::try_from(price).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(base: u8, quote: u8, price_decimals: u8) -> Market {
        let token = |mint, decimals| puppet_types::trade::Token {
            mint: Mint::parse(mint).unwrap(),
            symbol: "T".to_owned(),
            decimals,
        };
        let (base, quote) = (token(Mint::SOL, base), token(Mint::USDC, quote));
        Market { id: "T/USDC".to_owned(), base, quote, price_decimals, min_quantity: 1 }
    }

    #[test]
    fn a_price_has_the_decimals_of_its_market() {
        for (base, quote, decimals, out, digits, price) in [
            (9, 6, 9, 150_000_000, 0, Some(150_000_000_000)),
            (9, 6, 6, 150_000_000, 0, Some(150_000_000)),
            (9, 6, 2, 150_129_999, 0, Some(15_012)),
            // A thousand BONK for 0.020123 dollars.
            (5, 6, 12, 20_123, 3, Some(20_123_000)),
            (5, 6, 6, 20_123, 3, Some(20)),
            (5, 6, 0, 20_123, 3, Some(0)),
            (9, 0, 12, u64::MAX, 0, None),
        ] {
            assert_eq!(of(&market(base, quote, decimals), out, digits), price, "{out} {digits} {decimals}");
        }
    }

    #[test]
    fn of_a_cheap_token_more_is_quoted_at_once() {
        for ((base, quote, decimals), digits) in
            [((9, 6, 9), 0), ((5, 6, 12), 3), ((6, 6, 2), 0), ((6, 9, 9), 0), ((18, 0, 12), 1), ((0, 0, 12), 9)]
        {
            assert_eq!(expected(&market(base, quote, decimals)), digits, "{base} {quote} {decimals}");
        }
    }

    #[test]
    fn more_is_quoted_where_one_says_too_little() {
        for (out, whole, digits) in
            [(150_000_000, 9, 0), (10_000, 6, 0), (9_999, 6, 1), (20, 5, 3), (0, 5, 9), (0, 18, 1)]
        {
            assert_eq!(missing(out, whole), digits, "{out}");
        }
    }
}
