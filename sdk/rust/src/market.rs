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
pub fn candles(market: &str, bar_seconds: u32, limit: u32) -> Answer<Vec<Bar>> {
    answer(sys::candles(market, bar_seconds, limit))
}
/// The latest price.
pub fn quote(market: &str) -> Answer<Price> {
    answer(sys::quote(market))
}
/// What many trade now, at most 50.
pub fn trending(limit: u32) -> Answer<Vec<Trend>> {
    answer(sys::trending(limit))
}
/// A token by mint or by symbol.
pub fn token_info(token: &str) -> Answer<Token> {
    answer(sys::token_info(token))
}
