//! What the strategy owns, as of the bar that it was last given. Answered from a snapshot: costs next to nothing.

use crate::bindings::strategy::puppet::trading::portfolio as wit;
pub use wit::Position;

#[cfg(not(target_family = "wasm"))]
use crate::testing::portfolio as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// What is held in a market. Nothing is a position of zero.
pub fn position(market: u32) -> Position {
    sys::position_in(market)
}
/// What is free of the quote token of a market, in its smallest unit.
pub fn cash(market: u32) -> u64 {
    sys::cash(market)
}
/// Client ids of orders that are open.
pub fn open_orders() -> Vec<String> {
    sys::open_orders()
}
