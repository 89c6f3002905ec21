//! Where the entries of swaps are kept. What is real money has to be real here as well: durable when `append` returns.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;

use super::Entry;

/// Why entries are not kept, or not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the log of swaps: {0}")]
pub struct LogError(pub String);

/// The log.
#[async_trait]
pub trait SwapLog: Send + Sync {
    /// Adds an entry. When it returns, the entry survives `kill -9`; where it fails, it may be there or not.
    async fn append(&self, id: &str, entry: &Entry) -> Result<(), LogError>;
    /// All entries of a swap, oldest first; none where it was never begun.
    async fn read(&self, id: &str) -> Result<Vec<Entry>, LogError>;
    /// Swaps that have not ended.
    async fn open(&self) -> Result<Vec<String>, LogError>;
}

/// Kept as long as the process lives: for paper and tests.
#[derive(Debug, Default)]
pub struct InMemorySwapLog(Mutex<BTreeMap<String, Vec<Entry>>>);

#[async_trait]
impl SwapLog for InMemorySwapLog {
    async fn append(&self, id: &str, entry: &Entry) -> Result<(), LogError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(id.to_owned()).or_default().push(entry.clone());
        Ok(())
    }

    async fn read(&self, id: &str) -> Result<Vec<Entry>, LogError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default())
    }

    async fn open(&self) -> Result<Vec<String>, LogError> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = all.iter().filter(|(_, entries)| !entries.last().is_some_and(Entry::is_end));
        Ok(open.map(|(id, _)| id.clone()).collect())
    }
}
