//! Amounts of a swap: what an order that is due asks of the exchange, and which market trades what an intent names.

use puppet_backtest::Due;
use puppet_types::trade::{Market, Mint, Rounding, Side};
use puppet_wallet::BPS;

use crate::{Intent, Want};

/// What so much of the quote token buys at a price, in the base token; none where 64 bits do not hold it.
pub fn base_for(market: &Market, amount: u64, price: u64, rounding: Rounding) -> Option<u64> {
    let digits = i32::from(market.base.decimals) + i32::from(market.price_decimals) - i32::from(market.quote.decimals);
    let unit = 10_u128.checked_pow(digits.unsigned_abs())?;
    let (above, below) = match digits {
        0.. => (u128::from(amount).checked_mul(unit)?, u128::from(price)),
        _ => (u128::from(amount), u128::from(price).checked_mul(unit)?),
    };
    let base = match rounding {
        _ if below == 0 => return None,
        Rounding::Down => above / below,
        Rounding::Up => above.div_ceil(below),
    };
    u64::try_from(base).ok()
}

/// Which of the markets trades these two tokens, by number, and which way.
pub fn find_market<'m>(markets: &'m [Market], gives: &Mint, takes: &Mint) -> Option<(u32, &'m Market, Side)> {
    let pair = (gives, takes);
    (0_u32..).zip(markets).find_map(|(number, market)| match () {
        () if pair == (&market.quote.mint, &market.base.mint) => Some((number, market, Side::Buy)),
        () if pair == (&market.base.mint, &market.quote.mint) => Some((number, market, Side::Sell)),
        () => None,
    })
}

/// What is asked of the exchange. `amount` is what an intent gives; a strategy's order gives what its quantity is worth at the
/// price that reached it. None where that is nothing.
pub(crate) fn want(market: &Market, due: &Due, most_slippage: u32, amount: Option<u64>) -> Option<Want> {
    let slip = due.order.max_slippage_bps.unwrap_or(most_slippage).min(most_slippage).min(BPS);
    let at_worst = |side| {
        let part = match side {
            Side::Buy => BPS + slip,
            Side::Sell => BPS - slip,
        };
        u64::try_from(u128::from(due.price) * u128::from(part) / u128::from(BPS)).unwrap_or(u64::MAX)
    };
    let (base, quote) = (market.base.mint.clone(), market.quote.mint.clone());
    let (gives, takes, amount, expected, least_out) = match due.order.side {
        Side::Buy => {
            let amount = amount.or_else(|| market.notional(due.quantity, due.price, Rounding::Down))?;
            let worst = at_worst(Side::Buy).min(due.worst_price).max(1);
            // Rounded down, so that what is reckoned from rounded numbers can be had at all.
            let at = |price| base_for(market, amount, price, Rounding::Down);
            (quote, base, amount, at(due.price)?, at(worst)?)
        }
        Side::Sell => {
            let worst = at_worst(Side::Sell).max(due.worst_price);
            let at = |price| market.notional(due.quantity, price, Rounding::Down);
            (base, quote, due.quantity, at(due.price)?, at(worst)?)
        }
    };
    // One half of what may be lost is for the time until the quote, the other half for the time after it.
    let room = u128::from(expected.saturating_sub(least_out)) * u128::from(BPS) / u128::from(expected.max(1));
    let max_slippage_bps = u16::try_from(room.div_ceil(2)).unwrap_or(u16::MAX);
    (amount > 0).then(|| Want { gives, takes, amount, least_out: least_out.max(1), max_slippage_bps })
}

/// Of a swap that no exchange is asked for: a paper desk's, or one that is worth nothing.
pub(crate) fn nothing(intent: &Intent) -> Want {
    let (gives, takes) = (intent.in_mint.clone(), intent.out_mint.clone());
    Want { gives, takes, amount: intent.amount, least_out: 0, max_slippage_bps: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use puppet_types::Timestamp;
    use puppet_types::trade::{Order, OrderKind, TimeInForce, Token};
    use puppet_wallet::Origin;

    fn market() -> Market {
        let token =
            |symbol: &str, mint, decimals| Token { mint: Mint::parse(mint).unwrap(), symbol: symbol.into(), decimals };
        Market {
            id: "SOL/USDC".to_owned(),
            base: token("SOL", Mint::SOL, 9),
            quote: token("USDC", Mint::USDC, 6),
            price_decimals: 6,
            min_quantity: 1,
        }
    }

    fn due(side: Side, price: u64, worst_price: u64, max_slippage_bps: Option<u32>) -> Due {
        let order = Order {
            client_id: "a".to_owned(),
            market: 0,
            side,
            kind: OrderKind::Market,
            quantity: 1_000_000_000,
            reduce_only: false,
            time_in_force: TimeInForce::Gtc,
            expires_at: None,
            max_slippage_bps,
            reason: String::new(),
        };
        let since = Timestamp::default();
        Due { number: 1, quantity: order.quantity, order, price, worst_price, origin: Origin::Strategy, since }
    }

    #[test]
    fn a_swap_gives_what_the_order_is_worth_and_takes_no_less_than_its_worst_price_says() {
        for (side, price, worst, slip, amount, least, slippage) in [
            (Side::Buy, 100_000_000, 101_000_000, None, 100_000_000, 990_099_009, 50),
            (Side::Buy, 100_000_000, 101_000_000, Some(10), 100_000_000, 999_000_999, 5),
            // A limit that the price is below: not above the limit.
            (Side::Buy, 100_000_000, 100_000_000, None, 100_000_000, 1_000_000_000, 0),
            (Side::Sell, 100_000_000, 99_000_000, None, 1_000_000_000, 99_000_000, 50),
            // A stop takes what there is, but not less than the operator allows from the price that triggered it.
            (Side::Sell, 100_000_000, 0, None, 1_000_000_000, 99_000_000, 50),
            (Side::Sell, 100_000_000, 0, Some(50), 1_000_000_000, 99_500_000, 25),
        ] {
            let want = want(&market(), &due(side, price, worst, slip), 100, None).unwrap();
            assert_eq!((want.amount, want.least_out), (amount, least), "{side:?} {slip:?}");
            // Half of it: what a quote at a price a little worse promises is still enough.
            assert_eq!(want.max_slippage_bps, slippage, "{side:?} {slip:?}");
        }
    }

    #[test]
    fn an_intent_gives_its_own_amount_and_nothing_gives_nothing() {
        let due = due(Side::Buy, 100_000_000, 101_000_000, None);
        assert_eq!(want(&market(), &due, 100, Some(77)).unwrap().amount, 77);
        let dust = Due { quantity: 1, ..due };
        assert_eq!(want(&market(), &dust, 100, None), None);
    }

    #[test]
    fn a_base_amount_is_rounded_as_asked_and_never_wraps() {
        let market = market();
        assert_eq!(base_for(&market, 1, 3_000_000, Rounding::Down), Some(333));
        assert_eq!(base_for(&market, 1, 3_000_000, Rounding::Up), Some(334));
        assert_eq!(base_for(&market, u64::MAX, 1, Rounding::Up), None);
        assert_eq!(base_for(&market, 1, 0, Rounding::Up), None);
    }
}
