//! A store that keeps candles and nothing else, and fails on command.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use puppet_store::{CandleSeries, Purse, PurseEntry, PurseRow, Result, StoreError, SwapApproval, SwapRow, TradeStore};
use puppet_types::{Timestamp, trade::Candle};

#[derive(Default)]
pub struct Keeping {
    bars: Mutex<BTreeMap<(String, u32), BTreeMap<Timestamp, Candle>>>,
    fails: Mutex<bool>,
}

impl Keeping {
    pub fn fails(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }

    pub fn bars(&self, market: &str) -> Vec<Candle> {
        let bars = self.bars.lock().unwrap();
        let of_market = bars.iter().filter(|((id, _), _)| id == market);
        of_market.flat_map(|(_, bars)| bars.values().copied()).collect()
    }
}

#[async_trait]
impl TradeStore for Keeping {
    async fn put_candles(&self, market: &str, bar_seconds: u32, bars: &[Candle]) -> Result<()> {
        if *self.fails.lock().unwrap() {
            return Err(StoreError::Failed("on command".to_owned()));
        }
        let mut all = self.bars.lock().unwrap();
        all.entry((market.to_owned(), bar_seconds)).or_default().extend(bars.iter().map(|bar| (bar.at, *bar)));
        Ok(())
    }

    async fn candles(
        &self,
        market: &str,
        bar_seconds: u32,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Candle>> {
        let all = self.bars.lock().unwrap();
        let Some(bars) = all.get(&(market.to_owned(), bar_seconds)) else { return Ok(Vec::new()) };
        let is_within = |at: &Timestamp| from.is_none_or(|from| *at > from) && to.is_none_or(|to| *at <= to);
        Ok(bars.values().filter(|bar| is_within(&bar.at)).take(limit).copied().collect())
    }

    async fn last_candles(&self, market: &str, bar_seconds: u32, limit: usize) -> Result<Vec<Candle>> {
        let bars = self.candles(market, bar_seconds, None, None, usize::MAX).await?;
        Ok(bars[bars.len().saturating_sub(limit)..].to_vec())
    }

    async fn candle_series(&self) -> Result<Vec<CandleSeries>> {
        let all = self.bars.lock().unwrap();
        let series = |((market, bar_seconds), bars): (&(String, u32), &BTreeMap<Timestamp, Candle>)| CandleSeries {
            market: market.clone(),
            bar_seconds: *bar_seconds,
            bars: bars.len() as u64,
            from: *bars.keys().next().unwrap(),
            to: *bars.keys().last().unwrap(),
        };
        Ok(all.iter().map(series).collect())
    }

    async fn purses(&self) -> Result<Vec<Purse>> {
        unreachable!()
    }
    async fn purse(&self, _: &str) -> Result<Option<Purse>> {
        unreachable!()
    }
    async fn write_purse(&self, _: Purse, _: u64, _: Vec<PurseRow>) -> Result<bool> {
        unreachable!()
    }
    async fn purse_log(&self, _: &str, _: &[PurseEntry], _: u64, _: usize) -> Result<Vec<PurseRow>> {
        unreachable!()
    }
    async fn purse_past(&self, _: &str, _: &[PurseEntry], _: Option<u64>, _: usize) -> Result<Vec<PurseRow>> {
        unreachable!()
    }
    async fn prune_purse(&self, _: &str, _: &[PurseEntry], _: u64) -> Result<u64> {
        unreachable!()
    }
    async fn append_swap(&self, _: SwapRow) -> Result<bool> {
        unreachable!()
    }
    async fn swap(&self, _: &str) -> Result<Vec<SwapRow>> {
        unreachable!()
    }
    async fn open_swaps(&self) -> Result<Vec<String>> {
        unreachable!()
    }
    async fn ask_swap_approval(&self, _: SwapApproval) -> Result<()> {
        unreachable!()
    }
    async fn swap_approvals(&self) -> Result<Vec<SwapApproval>> {
        unreachable!()
    }
    async fn grant_swap(&self, _: &str, _: Timestamp) -> Result<bool> {
        unreachable!()
    }
    async fn take_swap_approval(&self, _: &str) -> Result<Option<SwapApproval>> {
        unreachable!()
    }
    async fn drop_swap_approval(&self, _: &str) -> Result<bool> {
        unreachable!()
    }
    async fn prune_candles(&self, _: &str, _: u32, _: Timestamp) -> Result<u64> {
        unreachable!()
    }
}
