//! Names of the rules by which an order ends here, beside those of the risk engine (docs/trading/risk.md). They are what
//! a denial's `rule` says.

/// It was proposed to a bar of history.
pub const WARM_UP: &str = "warm-up";
/// Another order of this run has the same client id, or it has none.
pub const CLIENT_ID: &str = "client-id";
/// What was to be cancelled does not wait.
pub const NOT_OPEN: &str = "not-open";
/// There is no such market in the run.
pub const UNKNOWN_MARKET: &str = "unknown-market";
/// Its time was over.
pub const EXPIRED: &str = "expired";
/// `ioc` and `fok`: it was not to be had at once.
pub const UNFILLED: &str = "unfilled";
/// The price slipped by more than the order allows.
pub const SLIPPAGE: &str = "slippage";
/// It would open a position, or there is none left to reduce.
pub const REDUCE_ONLY: &str = "reduce-only";
/// Cash does not pay for it, or so much is not held.
pub const INSUFFICIENT_FUNDS: &str = "insufficient-funds";
/// 64 bits do not hold the amount.
pub const AMOUNT: &str = "amount";
