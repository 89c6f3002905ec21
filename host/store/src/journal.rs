//! The durable record of invocations.

use async_trait::async_trait;
use puppet_types::{AgentId, Invocation, InvocationId, Timestamp};

use crate::Result;

/// An invocation with its place in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalEntry {
    /// Order of commit.
    pub seq: u64,
    /// The record.
    pub invocation: Invocation,
}

/// What to look for. Empty fields match everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Whose.
    pub agent: Option<AgentId>,
    /// Event kind.
    pub kind: Option<String>,
    /// `ok`, `declined`, `failed` or `breach`.
    pub outcome: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Anywhere in payload, reads or decisions, without regard to case.
    pub text: Option<String>,
    /// Only with a larger seq.
    pub after_seq: Option<u64>,
    /// Only with a smaller seq.
    pub before_seq: Option<u64>,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// At most so many.
    pub limit: usize,
}

/// The journal.
#[async_trait]
pub trait JournalStore: Send + Sync {
    /// Finds entries.
    async fn journal(&self, filter: &Filter) -> Result<Vec<JournalEntry>>;
    /// One entry.
    async fn invocation(&self, id: &InvocationId) -> Result<Option<JournalEntry>>;
}
