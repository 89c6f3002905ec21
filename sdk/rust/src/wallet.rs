//! The agent's purse: what is in it, and swaps. A swap is a decision; how it ended arrives as `swap_done` or `swap_failed`
//! ([`crate::SwapEnded`]). There is no way to send anything to anybody.

use crate::{
    bindings::imports::puppet::wallet::wallet as wit,
    failure::{Answer, answer},
};
pub use wit::{Balance, SwapIntent, SwapQuote};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::wallet as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// What is there, in the smallest units.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_balance("A", "SOL", 5, 9).with_rate("A", "B", 1, 2).within(|| {
///     assert_eq!(wallet::balances()?[0].symbol, "SOL");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn balances() -> Answer<Vec<Balance>> {
    answer(sys::balances())
}
/// What a swap would give now. `amount` is in the smallest unit of `in_mint`.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_balance("A", "SOL", 5, 9).with_rate("A", "B", 1, 2).within(|| {
///     let quote = wallet::quote("A", "B", 5)?;
///     assert_eq!(quote.out_amount, 10);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn quote(in_mint: &str, out_mint: &str, amount: u64) -> Answer<SwapQuote> {
    answer(sys::quote(in_mint, out_mint, amount))
}
/// Decision: swaps. Where the risk engine says no, the error is `denied`, and its message begins with the rule's code.
/// Answers the decision's number.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().with_balance("A", "SOL", 5, 9).deny_swaps("max-trade").within(|| {
///     let swapped = wallet::swap(&wallet::SwapIntent {
///         in_mint: "A".to_owned(), out_mint: "B".to_owned(), amount: 5, max_slippage_bps: 50, reason: "rebalancing".to_owned(),
///     });
///     assert!(swapped.is_err_and(|error| error.is("denied")));
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn swap(intent: &SwapIntent) -> Answer<u32> {
    answer(sys::swap(intent))
}
