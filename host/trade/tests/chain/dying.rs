//! A host that is killed at the so-many-th thing that it asks of the world: before it is done, or after it was done and
//! before anybody here knows.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use puppet_solana::{
    Address,
    accounts::Account,
    chain::{Blockhash, Chain, ChainError, Record, Simulation, Status},
    jupiter::{Ask, Built, Executed, Jupiter, JupiterError, Order},
};
use puppet_store::{CandleSeries, Purse, PurseEntry, PurseRow, Result, SwapApproval, SwapRow, TradeStore};
use puppet_types::{Timestamp, trade::Candle};
use rustix::process::{Signal, getpid, kill_process};
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

static MET: AtomicU64 = AtomicU64::new(0);
static DEATH: AtomicU64 = AtomicU64::new(0);

/// From 1; 0: never.
pub fn die_at(moment: u64) {
    DEATH.store(moment, Ordering::SeqCst);
}

/// As `kill -9` would: nothing is put in order first.
fn moment() {
    if MET.fetch_add(1, Ordering::SeqCst) + 1 == DEATH.load(Ordering::SeqCst) {
        kill_process(getpid(), Signal::KILL).unwrap();
        // It comes before anything else is done.
        loop {
            std::thread::park();
        }
    }
}

async fn around<T>(call: impl Future<Output = T>) -> T {
    moment();
    let answer = call.await;
    moment();
    answer
}

/// A part of the world.
pub struct Dying<T: ?Sized>(pub Arc<T>);

#[async_trait]
impl Chain for Dying<dyn Chain> {
    async fn genesis(&self) -> std::result::Result<String, ChainError> {
        around(self.0.genesis()).await
    }
    async fn accounts(&self, addresses: &[Address]) -> std::result::Result<Vec<Option<Account>>, ChainError> {
        around(self.0.accounts(addresses)).await
    }
    async fn token_accounts(&self, wallet: &Address) -> std::result::Result<Vec<Address>, ChainError> {
        around(self.0.token_accounts(wallet)).await
    }
    async fn blockhash(&self) -> std::result::Result<Blockhash, ChainError> {
        around(self.0.blockhash()).await
    }
    async fn finalized_height(&self) -> std::result::Result<u64, ChainError> {
        around(self.0.finalized_height()).await
    }
    async fn simulate(
        &self,
        transaction: &VersionedTransaction,
        watch: &[Address],
    ) -> std::result::Result<Simulation, ChainError> {
        around(self.0.simulate(transaction, watch)).await
    }
    async fn send(&self, transaction: &VersionedTransaction) -> std::result::Result<(), ChainError> {
        around(self.0.send(transaction)).await
    }
    async fn status(&self, signature: &Signature) -> std::result::Result<Option<Status>, ChainError> {
        around(self.0.status(signature)).await
    }
    async fn record(&self, signature: &Signature) -> std::result::Result<Option<Record>, ChainError> {
        around(self.0.record(signature)).await
    }
    async fn priority_fee(&self, accounts: &[Address]) -> std::result::Result<u64, ChainError> {
        around(self.0.priority_fee(accounts)).await
    }
}

#[async_trait]
impl Jupiter for Dying<dyn Jupiter> {
    async fn order(&self, ask: &Ask) -> std::result::Result<Order, JupiterError> {
        around(self.0.order(ask)).await
    }
    async fn execute(&self, signed: &str, order: &str) -> std::result::Result<Executed, JupiterError> {
        around(self.0.execute(signed, order)).await
    }
    async fn build(&self, ask: &Ask) -> std::result::Result<Built, JupiterError> {
        around(self.0.build(ask)).await
    }
}

#[async_trait]
impl TradeStore for Dying<dyn TradeStore> {
    async fn purses(&self) -> Result<Vec<Purse>> {
        around(self.0.purses()).await
    }
    async fn purse(&self, name: &str) -> Result<Option<Purse>> {
        around(self.0.purse(name)).await
    }
    async fn write_purse(&self, purse: Purse, after: u64, rows: Vec<PurseRow>) -> Result<bool> {
        around(self.0.write_purse(purse, after, rows)).await
    }
    async fn purse_log(&self, name: &str, kinds: &[PurseEntry], after: u64, limit: usize) -> Result<Vec<PurseRow>> {
        around(self.0.purse_log(name, kinds, after, limit)).await
    }
    async fn purse_past(
        &self,
        name: &str,
        kinds: &[PurseEntry],
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<PurseRow>> {
        around(self.0.purse_past(name, kinds, before, limit)).await
    }
    async fn prune_purse(&self, name: &str, kinds: &[PurseEntry], up_to: u64) -> Result<u64> {
        around(self.0.prune_purse(name, kinds, up_to)).await
    }
    async fn append_swap(&self, row: SwapRow) -> Result<bool> {
        around(self.0.append_swap(row)).await
    }
    async fn swap(&self, id: &str) -> Result<Vec<SwapRow>> {
        around(self.0.swap(id)).await
    }
    async fn open_swaps(&self) -> Result<Vec<String>> {
        around(self.0.open_swaps()).await
    }
    async fn ask_swap_approval(&self, approval: SwapApproval) -> Result<()> {
        around(self.0.ask_swap_approval(approval)).await
    }
    async fn swap_approvals(&self) -> Result<Vec<SwapApproval>> {
        around(self.0.swap_approvals()).await
    }
    async fn grant_swap(&self, hash: &str, at: Timestamp) -> Result<bool> {
        around(self.0.grant_swap(hash, at)).await
    }
    async fn take_swap_approval(&self, hash: &str) -> Result<Option<SwapApproval>> {
        around(self.0.take_swap_approval(hash)).await
    }
    async fn drop_swap_approval(&self, hash: &str) -> Result<bool> {
        around(self.0.drop_swap_approval(hash)).await
    }
    async fn put_candles(&self, market: &str, bar_seconds: u32, bars: &[Candle]) -> Result<()> {
        around(self.0.put_candles(market, bar_seconds, bars)).await
    }
    async fn candles(
        &self,
        market: &str,
        bar_seconds: u32,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Candle>> {
        around(self.0.candles(market, bar_seconds, from, to, limit)).await
    }
    async fn last_candles(&self, market: &str, bar_seconds: u32, limit: usize) -> Result<Vec<Candle>> {
        around(self.0.last_candles(market, bar_seconds, limit)).await
    }
    async fn candle_series(&self) -> Result<Vec<CandleSeries>> {
        around(self.0.candle_series()).await
    }
    async fn prune_candles(&self, market: &str, bar_seconds: u32, before: Timestamp) -> Result<u64> {
        around(self.0.prune_candles(market, bar_seconds, before)).await
    }
}
