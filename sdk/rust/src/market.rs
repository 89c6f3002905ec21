//! Prices: reads, answered at once. Nothing here trades ([`crate::wallet`] does).

use crate::{
    bindings::imports::puppet::market::market as wit,
    failure::{Answer, answer},
};
pub use wit::{Bar, Price, Token, Trend};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::market as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// Closed bars of a market like `SOL/USDC`, the newest last, at most 1,000. A bar is 60 s to a day.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let mut host = testing::Host::new();
/// let (open, close) = (100_000_000, 97_000_000);
/// let bar = market::Bar { at: 0, open, high: open, low: close, close, volume: 5 };
/// host.candles.insert("SOL/USDC".to_owned(), vec![bar]);
/// let run = host.within(|| {
///     let bars = market::candles("SOL/USDC", 60, 100)?;
///     assert_eq!(bars.last().map(|bar| bar.close), Some(97_000_000));
///     Ok(())
/// });
/// assert!(run.result.is_ok(), "{:?}", run.result);
/// ```
pub fn candles(market: &str, bar_seconds: u32, limit: u32) -> Answer<Vec<Bar>> {
    answer(sys::candles(market, bar_seconds, limit))
}
/// The latest price.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let mut host = testing::Host::new();
/// let market = "SOL/USDC".to_owned();
/// let price = market::Price { market: market.clone(), price: 97_000_000, price_decimals: 6, at: 0, change_bps: -300 };
/// host.prices.insert(market, price);
/// let run = host.within(|| {
///     assert_eq!(market::quote("SOL/USDC")?.price, 97_000_000);
///     Ok(())
/// });
/// assert!(run.result.is_ok(), "{:?}", run.result);
/// ```
pub fn quote(market: &str) -> Answer<Price> {
    answer(sys::quote(market))
}
/// What many trade now, at most 50.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let mut host = testing::Host::new();
/// let run = host.within(|| {
///     assert!(market::trending(5)?.is_empty());
///     Ok(())
/// });
/// assert!(run.result.is_ok(), "{:?}", run.result);
/// ```
pub fn trending(limit: u32) -> Answer<Vec<Trend>> {
    answer(sys::trending(limit))
}
/// A token by mint or by symbol.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let mut host = testing::Host::new();
/// let [mint, symbol, name] = ["So11", "SOL", "Solana"].map(str::to_owned);
/// host.tokens.push(market::Token { mint, symbol, name, decimals: 9, is_verified: true });
/// let run = host.within(|| {
///     assert_eq!(market::token_info("SOL")?.decimals, 9);
///     Ok(())
/// });
/// assert!(run.result.is_ok(), "{:?}", run.result);
/// ```
pub fn token_info(token: &str) -> Answer<Token> {
    answer(sys::token_info(token))
}
