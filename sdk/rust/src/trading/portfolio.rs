//! What the strategy owns, as of the bar that it was last given. Answered from a snapshot: costs next to nothing.

use crate::bindings::strategy::puppet::trading::portfolio as wit;
pub use wit::Position;

#[cfg(not(target_family = "wasm"))]
use crate::testing::portfolio as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// What is held in a market. Nothing is a position of zero.
///
/// ```
/// use puppet_sdk::trading::prelude::*;
///
/// fn on_candles(batch: &Batch) -> Vec<Order> {
///     let held = portfolio::position(0).quantity;
///     if held > 0 { vec![Order::sell("out", 0, held).reduce_only()] } else { Vec::new() }
/// }
/// ```
pub fn position(market: u32) -> Position {
    sys::position_in(market)
}
/// What is free of the quote token of a market, in its smallest unit.
///
/// ```
/// use puppet_sdk::trading::prelude::*;
///
/// fn on_candles(batch: &Batch) -> Vec<Order> {
///     let affordable = portfolio::cash(0) / 10;
///     if affordable > 0 { vec![Order::buy("in", 0, affordable)] } else { Vec::new() }
/// }
/// ```
pub fn cash(market: u32) -> u64 {
    sys::cash(market)
}
/// Client ids of orders that are open.
///
/// ```
/// use puppet_sdk::trading::prelude::*;
///
/// fn on_candles(batch: &Batch) -> Vec<Order> {
///     portfolio::open_orders().into_iter().map(|open| Order::cancel(open, 0)).collect()
/// }
/// ```
pub fn open_orders() -> Vec<String> {
    sys::open_orders()
}
