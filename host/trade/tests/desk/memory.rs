//! A store of purses in memory. It counts its writes, and fails at one of them when it is told to: before it has written or
//! after, since whoever is told of a failure cannot know.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use puppet_store::{CandleSeries, Purse, PurseEntry, PurseRow, Result, StoreError, SwapApproval, SwapRow, TradeStore};
use puppet_types::{Timestamp, trade::Candle};

/// Which write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    Before(u64),
    After(u64),
}

#[derive(Default)]
struct Kept {
    purses: BTreeMap<String, Purse>,
    log: BTreeMap<String, Vec<PurseRow>>,
    writes: u64,
    fails: Option<Fails>,
    meanwhile: Option<Box<dyn Fn() + Send>>,
}

#[derive(Default)]
pub struct Memory(Mutex<Kept>);

impl Memory {
    pub fn fail(&self, fails: Fails) {
        self.0.lock().unwrap().fails = Some(fails);
    }
    pub fn heal(&self) {
        self.0.lock().unwrap().fails = None;
    }
    /// Something happens while it writes.
    pub fn meanwhile(&self, happens: impl Fn() + Send + 'static) {
        self.0.lock().unwrap().meanwhile = Some(Box::new(happens));
    }
    pub fn writes(&self) -> u64 {
        self.0.lock().unwrap().writes
    }
    pub fn body(&self, purse: &str) -> serde_json::Value {
        self.0.lock().unwrap().purses[purse].body.clone()
    }
    pub fn row(&self, purse: &str) -> Purse {
        self.0.lock().unwrap().purses[purse].clone()
    }
    pub fn rows(&self, purse: &str, kind: PurseEntry) -> Vec<serde_json::Value> {
        let kept = self.0.lock().unwrap();
        kept.log[purse].iter().filter(|row| row.kind == kind).map(|row| row.body.clone()).collect()
    }
}

fn no<T>() -> Result<T> {
    Err(StoreError::Failed("this store keeps purses only".to_owned()))
}

#[async_trait]
impl TradeStore for Memory {
    async fn purses(&self) -> Result<Vec<Purse>> {
        Ok(self.0.lock().unwrap().purses.values().cloned().collect())
    }
    async fn purse(&self, name: &str) -> Result<Option<Purse>> {
        Ok(self.0.lock().unwrap().purses.get(name).cloned())
    }
    async fn write_purse(&self, purse: Purse, after: u64, rows: Vec<PurseRow>) -> Result<bool> {
        let mut kept = self.0.lock().unwrap();
        kept.writes += 1;
        if let Some(happens) = &kept.meanwhile {
            happens();
        }
        let failed = || Err(StoreError::Failed("the power went".to_owned()));
        if kept.fails == Some(Fails::Before(kept.writes)) {
            return failed();
        }
        if kept.purses.get(&purse.name).map_or(0, |there| there.seq) != after {
            return Ok(false);
        }
        assert_eq!(purse.seq, after + rows.len() as u64);
        // What is read back is what was written: bodies go through text.
        let body = serde_json::from_str(&purse.body.to_string()).unwrap();
        let name = purse.name.clone();
        kept.log.entry(name.clone()).or_default().extend(rows);
        kept.purses.insert(name, Purse { body, ..purse });
        if kept.fails == Some(Fails::After(kept.writes)) { failed() } else { Ok(true) }
    }
    async fn purse_log(&self, name: &str, kinds: &[PurseEntry], after: u64, limit: usize) -> Result<Vec<PurseRow>> {
        let kept = self.0.lock().unwrap();
        let rows = kept.log.get(name).into_iter().flatten();
        Ok(rows.filter(|row| kinds.contains(&row.kind) && row.seq > after).take(limit).cloned().collect())
    }
    async fn purse_past(
        &self,
        name: &str,
        kinds: &[PurseEntry],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<PurseRow>> {
        let kept = self.0.lock().unwrap();
        let rows = kept.log.get(name).into_iter().flatten().rev();
        let rows = rows.filter(|row| kinds.contains(&row.kind) && before.is_none_or(|before| row.seq < before));
        Ok(rows.take(limit).cloned().collect())
    }
    async fn prune_purse(&self, name: &str, kinds: &[PurseEntry], up_to: u64) -> Result<u64> {
        let mut kept = self.0.lock().unwrap();
        let Some(rows) = kept.log.get_mut(name) else { return Ok(0) };
        let before = rows.len();
        rows.retain(|row| !(kinds.contains(&row.kind) && row.seq <= up_to));
        Ok((before - rows.len()) as u64)
    }
    async fn append_swap(&self, _: SwapRow) -> Result<bool> {
        no()
    }
    async fn swap(&self, _: &str) -> Result<Vec<SwapRow>> {
        no()
    }
    async fn open_swaps(&self) -> Result<Vec<String>> {
        no()
    }
    async fn ask_swap_approval(&self, _: SwapApproval) -> Result<()> {
        no()
    }
    async fn swap_approvals(&self) -> Result<Vec<SwapApproval>> {
        no()
    }
    async fn grant_swap(&self, _: &str, _: Timestamp) -> Result<bool> {
        no()
    }
    async fn take_swap_approval(&self, _: &str) -> Result<Option<SwapApproval>> {
        no()
    }
    async fn drop_swap_approval(&self, _: &str) -> Result<bool> {
        no()
    }
    async fn put_candles(&self, _: &str, _: u32, _: &[Candle]) -> Result<()> {
        no()
    }
    async fn candles(
        &self,
        _: &str,
        _: u32,
        _: Option<Timestamp>,
        _: Option<Timestamp>,
        _: usize,
    ) -> Result<Vec<Candle>> {
        no()
    }
    async fn last_candles(&self, _: &str, _: u32, _: usize) -> Result<Vec<Candle>> {
        no()
    }
    async fn candle_series(&self) -> Result<Vec<CandleSeries>> {
        no()
    }
    async fn prune_candles(&self, _: &str, _: u32, _: Timestamp) -> Result<u64> {
        no()
    }
}
