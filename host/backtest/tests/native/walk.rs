//! Seeded bars: a price that walks, with volume, a minute each.

use puppet_backtest::Bar;
use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Market, Mint, Token};

const MINUTE_MS: u64 = 60_000;
/// A price of one whole quote token.
pub const ONE: u64 = 1_000_000_000;

/// SOL (9) against USDC (6), prices with nine digits.
pub fn market() -> Market {
    let token = |symbol: &str, mint: &str, decimals| Token {
        mint: Mint::parse(mint).unwrap(),
        symbol: symbol.into(),
        decimals,
    };
    Market {
        id: "SOL/USDC".to_owned(),
        base: token("SOL", Mint::SOL, 9),
        quote: token("USDC", Mint::USDC, 6),
        price_decimals: 9,
        min_quantity: 1,
    }
}

/// BONK (5) against USDC (6).
pub fn second() -> Market {
    let bonk = Mint::parse("DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263").unwrap();
    let base = Token { mint: bonk, symbol: "BONK".to_owned(), decimals: 5 };
    Market { id: "BONK/USDC".to_owned(), base, ..market() }
}

/// SplitMix64.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// So many bars of market 0 around a price of 100, each within a tenth of a percent of the one before.
pub fn bars(seed: u64, count: usize) -> Vec<Bar> {
    bars_of(0, seed, count)
}

pub fn bars_of(market: u32, seed: u64, count: usize) -> Vec<Bar> {
    let (mut state, mut price) = (seed, 100 * ONE);
    let one = |n: usize| {
        let mut step = |most: u64| next(&mut state) % (2 * most + 1);
        let most = price / 1_000;
        let open = price;
        price = (open + step(most) - most).clamp(20 * ONE, 500 * ONE);
        let wick = price / 4_000;
        let (high, low) = (open.max(price) + step(wick), open.min(price) - step(wick));
        let at = Timestamp::default().plus_millis((n as u64 + 1) * MINUTE_MS);
        (market, Candle { at, open, high, low, close: price, volume: 1_000_000_000_000 + step(500_000_000_000) })
    };
    (0..count).map(one).collect()
}
