//! What another network charges for what is done there, by day and by whoever did it.

use async_trait::async_trait;

use crate::Result;

/// Thirteen months. A day that is written first takes with it those that are older than so many days by then.
pub const BILLED_DAYS: i64 = 400;

/// What one of them did on a day, and what that costs: all of it, and not what was added last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// Days since 1970, UTC.
    pub day: i64,
    /// As the network's client calls it: `@ada`, or an app.
    pub account: String,
    /// Posts, replies and quotes that were made.
    pub posts: u64,
    /// Posts and users that were read.
    pub reads: u64,
    /// Micro-dollars.
    pub usd_micros: u64,
}

/// The bill.
#[async_trait]
pub trait BillStore: Send + Sync {
    /// What was written down from this day on, by day and account.
    async fn billed(&self, since: i64) -> Result<Vec<Billed>>;
}
