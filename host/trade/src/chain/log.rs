//! The log of swaps in the store. Whoever adds an entry has read the ones before it: where somebody else has added one
//! meanwhile nothing is written, and what was to follow is not done.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use puppet_solana::{
    Address,
    swap::{Entry, LogError, SwapLog},
};
use puppet_store::{SwapRow, TradeStore};
use puppet_types::Timestamp;

/// Of one wallet.
pub(super) struct StoredLog {
    store: Arc<dyn TradeStore>,
    wallet: String,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How many entries there were when a swap was last read or written here.
    known: Mutex<HashMap<String, u32>>,
}

impl StoredLog {
    pub(super) fn new(
        store: Arc<dyn TradeStore>,
        wallet: Address,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self { store, wallet: wallet.to_string(), now, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: impl ToString) -> LogError {
    LogError(error.to_string())
}

#[async_trait]
impl SwapLog for StoredLog {
    async fn append(&self, id: &str, entry: &Entry) -> Result<(), LogError> {
        // Once: after a failure it is not known whether it was written, and everything is read anew.
        let n = self.known().remove(id);
        let n = n.ok_or_else(|| failed("what was there before is not known"))?;
        let row = SwapRow {
            swap: id.to_owned(),
            n,
            wallet: self.wallet.clone(),
            at: (self.now)(),
            is_end: entry.is_end(),
            body: serde_json::to_value(entry).map_err(failed)?,
        };
        if !self.store.append_swap(row).await.map_err(failed)? {
            return Err(failed(format!("somebody else has written to the swap `{id}`")));
        }
        // What is over is not asked for often, and what is remembered of it would only grow.
        if !entry.is_end() {
            self.known().insert(id.to_owned(), n.saturating_add(1));
        }
        Ok(())
    }

    async fn read(&self, id: &str) -> Result<Vec<Entry>, LogError> {
        let rows = self.store.swap(id).await.map_err(failed)?;
        let unread = |error| failed(format!("an entry of the swap `{id}` cannot be read: {error}"));
        let entries: Vec<Entry> = rows
            .iter()
            .map(|row| serde_json::from_value(row.body.clone()))
            .collect::<Result<_, _>>()
            .map_err(unread)?;
        let length = u32::try_from(entries.len()).map_err(failed)?;
        if entries.last().is_some_and(Entry::is_end) {
            self.known().remove(id);
        } else {
            self.known().insert(id.to_owned(), length);
        }
        Ok(entries)
    }

    async fn open(&self) -> Result<Vec<String>, LogError> {
        self.store.open_swaps().await.map_err(failed)
    }
}
