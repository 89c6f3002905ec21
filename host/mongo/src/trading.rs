//! Trading in MongoDB: purses, swaps and candles. Each write is one commit.

use async_trait::async_trait;
use puppet_store::{CandleSeries, Purse, PurseEntry, PurseRow, Result, SwapApproval, SwapRow, TradeStore};
use puppet_types::{Timestamp, trade::Candle};

use crate::{
    candles::{PutCandles, Series},
    purses::WritePurse,
    store::MongoStore,
    swaps::{Append, Ask, DropOne, Grant, Take},
};

fn series(market: &str, bar_seconds: u32) -> Series {
    Series { market: market.to_owned(), bar_seconds }
}

#[async_trait]
impl TradeStore for MongoStore {
    async fn purses(&self) -> Result<Vec<Purse>> {
        self.all_purses().await
    }

    async fn purse(&self, name: &str) -> Result<Option<Purse>> {
        self.one_purse(name).await
    }

    async fn write_purse(&self, purse: Purse, after: u64, rows: Vec<PurseRow>) -> Result<bool> {
        purse.follows(after, &rows)?;
        self.write(WritePurse { purse, after, rows }).await
    }

    async fn purse_log(&self, name: &str, kinds: &[PurseEntry], after: u64, limit: usize) -> Result<Vec<PurseRow>> {
        self.log_after(name, kinds, after, limit).await
    }

    async fn purse_past(
        &self,
        name: &str,
        kinds: &[PurseEntry],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<PurseRow>> {
        self.log_before(name, kinds, before, limit).await
    }

    async fn prune_purse(&self, name: &str, kinds: &[PurseEntry], up_to: u64) -> Result<u64> {
        self.prune_log(name, kinds, up_to).await
    }

    async fn append_swap(&self, row: SwapRow) -> Result<bool> {
        self.write(Append(row)).await
    }

    async fn swap(&self, id: &str) -> Result<Vec<SwapRow>> {
        self.swap_entries(id).await
    }

    async fn open_swaps(&self) -> Result<Vec<String>> {
        self.swaps_not_over().await
    }

    async fn ask_swap_approval(&self, approval: SwapApproval) -> Result<()> {
        self.write(Ask(approval)).await
    }

    async fn swap_approvals(&self) -> Result<Vec<SwapApproval>> {
        self.all_approvals().await
    }

    async fn grant_swap(&self, hash: &str, at: Timestamp) -> Result<bool> {
        self.write(Grant { hash: hash.to_owned(), at }).await
    }

    async fn take_swap_approval(&self, hash: &str) -> Result<Option<SwapApproval>> {
        self.write(Take(hash.to_owned())).await
    }

    async fn drop_swap_approval(&self, hash: &str) -> Result<bool> {
        self.write(DropOne(hash.to_owned())).await
    }

    async fn put_candles(&self, market: &str, bar_seconds: u32, bars: &[Candle]) -> Result<()> {
        self.write(PutCandles { series: series(market, bar_seconds), bars: bars.to_vec() }).await
    }

    async fn candles(
        &self,
        market: &str,
        bar_seconds: u32,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Candle>> {
        self.candles_between(&series(market, bar_seconds), (from, to), limit).await
    }

    async fn last_candles(&self, market: &str, bar_seconds: u32, limit: usize) -> Result<Vec<Candle>> {
        self.latest_candles(&series(market, bar_seconds), limit).await
    }

    async fn candle_series(&self) -> Result<Vec<CandleSeries>> {
        self.all_series().await
    }

    async fn prune_candles(&self, market: &str, bar_seconds: u32, before: Timestamp) -> Result<u64> {
        self.drop_candles(series(market, bar_seconds), before).await
    }
}
