//! What was spent, and what is reserved for paid reads under way.

use std::collections::BTreeMap;

use async_trait::async_trait;
use puppet_grants::{BudgetKey, Spend};
use puppet_types::{InvocationId, Read};

use crate::Result;

/// Budget rows. Spends are added to what is there.
#[async_trait]
pub trait BudgetStore: Send + Sync {
    /// Rows of the latest window of every key, with open reservations counted as spent. Called once at start.
    async fn spent(&self) -> Result<Vec<Spend>>;
    /// Keeps the worst case of a paid read before the provider is asked.
    async fn open_read(&self, invocation: &InvocationId, n: u32, worst: Vec<Spend>) -> Result<()>;
    /// Replaces the worst case by what was spent and keeps the read, in one transaction.
    async fn settle_read(&self, invocation: &InvocationId, read: Read, spent: Vec<Spend>) -> Result<()>;
    /// Replaces the worst case of a call that no invocation made; nothing else of it is kept.
    async fn close_read(&self, errand: &InvocationId, n: u32, spent: Vec<Spend>) -> Result<()>;
    /// Paid reads of an invocation that did not finish, by n.
    async fn kept_reads(&self, invocation: &InvocationId) -> Result<Vec<Read>>;
}

/// The latest rows of keys with what is open counted as spent: what [`BudgetStore::spent`] answers.
#[must_use]
pub fn with_open(mut latest: BTreeMap<BudgetKey, Spend>, open: impl IntoIterator<Item = Spend>) -> Vec<Spend> {
    for open in open {
        match latest.get_mut(&open.key) {
            Some(known) if known.window == open.window => known.add(&open),
            Some(known) if known.window > open.window => {}
            _ => {
                latest.insert(open.key.clone(), open);
            }
        }
    }
    latest.into_values().collect()
}
