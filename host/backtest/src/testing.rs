//! What tests of this crate share: a market, orders and bars.

use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Market, Mint, Order, OrderKind, Side, TimeInForce, Token};

use crate::strategy::Bar;

/// SOL (9) against USDC (6), prices with nine digits.
pub fn market(id: &str) -> Market {
    let token = |symbol: &str, mint: &str, decimals| Token {
        mint: Mint::parse(mint).unwrap(),
        symbol: symbol.into(),
        decimals,
    };
    Market {
        id: id.to_owned(),
        base: token("SOL", Mint::SOL, 9),
        quote: token("USDC", Mint::USDC, 6),
        price_decimals: 9,
        min_quantity: 1,
    }
}

/// Everything else as it is most often.
pub fn order(client_id: &str, side: Side, kind: OrderKind, quantity: u64) -> Order {
    Order {
        client_id: client_id.to_owned(),
        market: 0,
        side,
        kind,
        quantity,
        reduce_only: false,
        time_in_force: TimeInForce::Gtc,
        expires_at: None,
        max_slippage_bps: None,
        reason: String::new(),
    }
}

/// Bar number `n` of market 0, a minute each: `[open, high, low, close]` in whole quote tokens.
pub fn bar(n: u64, prices: [u64; 4], volume: u64) -> Bar {
    let [open, high, low, close] = prices.map(|price| price * 1_000_000_000);
    (0, Candle { at: Timestamp::from_millis(0).plus_millis(n * 60_000), open, high, low, close, volume })
}
