//! Where a desk's bars and prices come from: candles that were recorded, or prices that are asked for again and again.

mod kept;
mod polled;
mod recorded;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use puppet_backtest::Bar;
use puppet_store::StoreError;
use puppet_types::{Timestamp, trade::Market};

pub use kept::{KeptError, kept};
pub use polled::{Clock, Polled, PolledError, Polling};
pub use recorded::{Pace, Recorded};

/// Bars of several markets that closed at one time.
pub type Batch = (Timestamp, Vec<Bar>);

/// What a feed brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tick {
    /// Bars have closed; at most one per market, by market.
    Bars {
        /// When.
        at: Timestamp,
        /// Them.
        bars: Vec<Bar>,
    },
    /// Prices between two bars, by number of the market.
    Prices {
        /// When.
        at: Timestamp,
        /// Them.
        prices: Vec<(u32, u64)>,
    },
    /// A market that had no price has one again.
    Well {
        /// Its id.
        market: String,
    },
}

/// What a feed cannot bring. It goes on all the same: told once, until it is otherwise.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Nobody says what a market costs.
    #[error("{market} has no price: {why}; no bar is made up")]
    Source {
        /// Its id.
        market: String,
        /// Why.
        why: String,
    },
    /// What it is said to cost is too old.
    #[error("the price of {market} is {age_ms} ms old; no bar is made up")]
    Stale {
        /// Its id.
        market: String,
        /// How old it is.
        age_ms: u64,
    },
    /// The clock went back, or was ahead when the last bar was kept: bars of that time are there already.
    #[error("the clock is behind the last bar: none closes until {until}; prices are looked at all the same")]
    Clock {
        /// When the next one may close at the earliest.
        until: Timestamp,
    },
    /// Bars cannot be kept: they are traded on all the same, and history lacks them.
    #[error("bars are not kept: {0}")]
    Store(#[from] StoreError),
}

/// See the head of this file.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Bars from before the first tick, oldest first: so many batches of them, or as many as there are. Asked once, before
    /// [`next`](Self::next).
    async fn history(&mut self, batches: u32) -> Result<Vec<Batch>, FeedError>;
    /// Leaves out what was handed over before a restart, up to a close. Answers how many batches that were. What comes from now
    /// on has nothing to leave out.
    fn skip(&mut self, _to: Timestamp) -> u64 {
        0
    }
    /// What comes next; none: there is nothing more. Nothing is lost where it is dropped while it waits.
    async fn next(&mut self) -> Option<Result<Tick, FeedError>>;
}

/// Whoever knows what a whole base token costs.
#[async_trait]
pub trait Prices: Send + Sync {
    /// As [`Market::price_decimals`] says, and when it was. A reason for people where nobody knows.
    async fn price(&self, market: &Market) -> Result<(u64, Timestamp), String>;
}
