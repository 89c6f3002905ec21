//! Trading in SQLite: purses, swaps and candles through the one writer. What is pruned goes in steps.

use async_trait::async_trait;
use puppet_types::{Timestamp, trade::Candle};
use rusqlite::Connection;

use super::{SqliteStore, candles, purses, swaps};
use crate::{CandleSeries, Purse, PurseEntry, PurseRow, Result, SwapApproval, SwapRow, TradeStore};

impl SqliteStore {
    /// Drops in steps of so many until one finds less. How many in all.
    async fn drop_steps<F>(&self, step: usize, work: F) -> Result<u64>
    where
        F: Fn(&Connection) -> Result<usize> + Clone + Send + 'static,
    {
        let mut gone = 0_u64;
        loop {
            let now = self.write(work.clone()).await?;
            gone += now as u64;
            if now < step {
                return Ok(gone);
            }
        }
    }
}

#[async_trait]
impl TradeStore for SqliteStore {
    async fn purses(&self) -> Result<Vec<Purse>> {
        self.read(purses::list)
    }

    async fn purse(&self, name: &str) -> Result<Option<Purse>> {
        self.read(|conn| purses::one(conn, name))
    }

    async fn write_purse(&self, purse: Purse, after: u64, rows: Vec<PurseRow>) -> Result<bool> {
        purse.follows(after, &rows)?;
        self.write(move |conn| purses::write(conn, &purse, after, &rows)).await
    }

    async fn purse_log(&self, name: &str, kinds: &[PurseEntry], after: u64, limit: usize) -> Result<Vec<PurseRow>> {
        let (name, kinds) = (name.to_owned(), kinds.to_vec());
        self.scan(move |conn| purses::log(conn, &name, &kinds, purses::Walk::After(after), limit)).await
    }

    async fn purse_past(
        &self,
        name: &str,
        kinds: &[PurseEntry],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<PurseRow>> {
        let (name, kinds) = (name.to_owned(), kinds.to_vec());
        self.scan(move |conn| purses::log(conn, &name, &kinds, purses::Walk::Before(before), limit)).await
    }

    async fn prune_purse(&self, name: &str, kinds: &[PurseEntry], up_to: u64) -> Result<u64> {
        let (name, kinds) = (name.to_owned(), kinds.to_vec());
        self.drop_steps(purses::STEP, move |conn| purses::prune(conn, &name, &kinds, up_to)).await
    }

    async fn append_swap(&self, row: SwapRow) -> Result<bool> {
        self.write(move |conn| swaps::append(conn, &row)).await
    }

    async fn swap(&self, id: &str) -> Result<Vec<SwapRow>> {
        self.read(|conn| swaps::entries(conn, id))
    }

    async fn open_swaps(&self) -> Result<Vec<String>> {
        self.read(swaps::open)
    }

    async fn ask_swap_approval(&self, approval: SwapApproval) -> Result<()> {
        self.write(move |conn| swaps::ask(conn, &approval)).await
    }

    async fn swap_approvals(&self) -> Result<Vec<SwapApproval>> {
        self.read(swaps::approvals)
    }

    async fn grant_swap(&self, hash: &str, at: Timestamp) -> Result<bool> {
        let hash = hash.to_owned();
        self.write(move |conn| swaps::grant(conn, &hash, at)).await
    }

    async fn take_swap_approval(&self, hash: &str) -> Result<Option<SwapApproval>> {
        let hash = hash.to_owned();
        self.write(move |conn| swaps::take(conn, &hash)).await
    }

    async fn drop_swap_approval(&self, hash: &str) -> Result<bool> {
        let hash = hash.to_owned();
        self.write(move |conn| swaps::drop_one(conn, &hash)).await
    }

    async fn put_candles(&self, market: &str, bar_seconds: u32, bars: &[Candle]) -> Result<()> {
        let (market, bars) = (market.to_owned(), bars.to_vec());
        self.write(move |conn| candles::put(conn, &market, bar_seconds, &bars)).await
    }

    async fn candles(
        &self,
        market: &str,
        bar_seconds: u32,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Candle>> {
        let market = market.to_owned();
        self.scan(move |conn| candles::range(conn, (&market, bar_seconds), (from, to), limit)).await
    }

    async fn last_candles(&self, market: &str, bar_seconds: u32, limit: usize) -> Result<Vec<Candle>> {
        let market = market.to_owned();
        self.scan(move |conn| candles::last(conn, &market, bar_seconds, limit)).await
    }

    async fn candle_series(&self) -> Result<Vec<CandleSeries>> {
        self.scan(candles::series).await
    }

    async fn prune_candles(&self, market: &str, bar_seconds: u32, before: Timestamp) -> Result<u64> {
        let market = market.to_owned();
        self.drop_steps(candles::STEP, move |conn| candles::prune(conn, &market, bar_seconds, before)).await
    }
}
