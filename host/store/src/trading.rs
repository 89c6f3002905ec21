//! What is kept of trading: purses with their logs, the entries of real swaps, approvals of messages, and candles. Bodies are
//! JSON of `puppet-trade`, `puppet-wallet` and `puppet-solana`: the store keeps and finds them.

use async_trait::async_trait;
use puppet_types::{Timestamp, trade::Candle};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Result, StoreError};

/// A purse between two entries of its log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Purse {
    /// Its name: `main`, `paper/sma-cross`.
    pub name: String,
    /// Of the last entry of its log; 0 before the first.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Everything that is there to go on from.
    pub body: Value,
}

impl Purse {
    /// Whether new entries follow `after` one by one, and this is the purse after the last of them.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where they do not: whoever made them has counted wrong.
    pub fn follows(&self, after: u64, rows: &[PurseRow]) -> Result<()> {
        let wrong =
            |seq: u64| StoreError::Failed(format!("entry {seq} of purse {} does not follow {after}", self.name));
        let mut last = after;
        for row in rows {
            last = last.checked_add(1).filter(|next| *next == row.seq).ok_or_else(|| wrong(row.seq))?;
        }
        if self.seq == last { Ok(()) } else { Err(wrong(self.seq)) }
    }
}

/// What an entry of a purse's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurseEntry {
    /// A step of the risk engine.
    Step,
    /// A batch that a strategy was handed.
    Batch,
    /// What a strategy saved.
    Save,
    /// What happened: orders, fills, denials, trades, breaches.
    Event,
    /// What an operator said: halt, resume, a start on other terms.
    Word,
}

/// One entry of a purse's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PurseRow {
    /// From 1, without gaps until it is pruned.
    pub seq: u64,
    /// What it is.
    pub kind: PurseEntry,
    /// When.
    pub at: Timestamp,
    /// Its words.
    pub body: Value,
}

/// One entry of a real swap. The last one of a swap that is over says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapRow {
    /// Which swap.
    pub swap: String,
    /// From 0, without gaps.
    pub n: u32,
    /// The wallet's address.
    pub wallet: String,
    /// When.
    pub at: Timestamp,
    /// Nothing comes after it.
    pub is_end: bool,
    /// Its words.
    pub body: Value,
}

/// A message that waits for a person's yes, or has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwapApproval {
    /// SHA-256 of the message, in hex.
    pub hash: String,
    /// Which swap.
    pub swap: String,
    /// From then on it is worth nothing.
    pub expires_at: Timestamp,
    /// When a person said yes; none before.
    pub granted_at: Option<Timestamp>,
    /// What is shown to that person.
    pub body: Value,
}

/// Bars of one market and length that are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleSeries {
    /// Its id: `SOL/USDC`.
    pub market: String,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// How many.
    pub bars: u64,
    /// When the first one closed.
    pub from: Timestamp,
    /// When the last one closed.
    pub to: Timestamp,
}

/// Trading. What is written is durable when it is answered. Where kinds of entries are given, none are all.
#[async_trait]
pub trait TradeStore: Send + Sync {
    /// All purses, by name.
    async fn purses(&self) -> Result<Vec<Purse>>;
    /// One of them.
    async fn purse(&self, name: &str) -> Result<Option<Purse>>;
    /// Writes a purse and new entries of its log in one transaction, where its row has `seq` `after` still (0: there is no
    /// row, or one without entries). `purse.seq` is that of the last of `rows`, or `after` where there are none; such a
    /// write replaces the purse and lets the next of the same `after` do so too. Answers false, and writes nothing, where
    /// somebody else has written.
    ///
    /// # Errors
    /// As [`Purse::follows`] where `rows` have gaps; those of a store.
    async fn write_purse(&self, purse: Purse, after: u64, rows: Vec<PurseRow>) -> Result<bool>;
    /// Entries of a purse's log after a `seq`, of these kinds, oldest first, so many at most.
    async fn purse_log(&self, name: &str, kinds: &[PurseEntry], after: u64, limit: usize) -> Result<Vec<PurseRow>>;
    /// Likewise before a `seq` (none: the end), latest first.
    async fn purse_past(
        &self,
        name: &str,
        kinds: &[PurseEntry],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<PurseRow>>;
    /// Drops entries of these kinds up to a `seq`, this one included. Answers how many. The oldest go first, in steps: where
    /// it fails some are gone. The purse stays where it is, and numbers go on.
    async fn prune_purse(&self, name: &str, kinds: &[PurseEntry], up_to: u64) -> Result<u64>;
    /// Adds an entry of a swap. Answers false, and writes nothing, where there is an entry of this number, where the one
    /// before is missing, or where the swap is over.
    async fn append_swap(&self, row: SwapRow) -> Result<bool>;
    /// All entries of a swap, oldest first.
    async fn swap(&self, id: &str) -> Result<Vec<SwapRow>>;
    /// Swaps that are not over, by id.
    async fn open_swaps(&self) -> Result<Vec<String>>;
    /// Asks for a person's yes. One of this message that is there already stays as it is.
    async fn ask_swap_approval(&self, approval: SwapApproval) -> Result<()>;
    /// All that are there, the first to expire first; then by hash.
    async fn swap_approvals(&self) -> Result<Vec<SwapApproval>>;
    /// A person says yes at this time. Answers false where nothing of this hash waits (one that has its yes waits no more),
    /// or its time is over.
    async fn grant_swap(&self, hash: &str, at: Timestamp) -> Result<bool>;
    /// Takes a granted one away, so that it is used once, also over a crash. None where there is none, or nobody said yes.
    /// Whether its time is over meanwhile is for the caller to see.
    async fn take_swap_approval(&self, hash: &str) -> Result<Option<SwapApproval>>;
    /// Takes one away, granted or not: a person said no, or its swap is over. Answers whether there was one.
    async fn drop_swap_approval(&self, hash: &str) -> Result<bool>;
    /// Keeps bars in one transaction, which the caller bounds. One of the same market, length and time is replaced.
    async fn put_candles(&self, market: &str, bar_seconds: u32, bars: &[Candle]) -> Result<()>;
    /// Bars that closed after `from` and not after `to`, oldest first, so many at most.
    async fn candles(
        &self,
        market: &str,
        bar_seconds: u32,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Candle>>;
    /// The latest bars, oldest of them first.
    async fn last_candles(&self, market: &str, bar_seconds: u32, limit: usize) -> Result<Vec<Candle>>;
    /// What there is, by market and length.
    async fn candle_series(&self) -> Result<Vec<CandleSeries>>;
    /// Drops bars that closed before a time. Answers how many. The oldest go first, in steps: where it fails some are gone.
    async fn prune_candles(&self, market: &str, bar_seconds: u32, before: Timestamp) -> Result<u64>;
}
