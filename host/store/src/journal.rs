//! The durable record of invocations.

use async_trait::async_trait;
use puppet_types::{AgentId, EffectId, EventId, Invocation, InvocationId, Timestamp};

use crate::{EffectState, Result};

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
    /// Before.
    pub until: Option<Timestamp>,
    /// Anywhere in payload, reads, decisions, log lines or the error, without regard to case.
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
    /// Blanks what ended entries say (payload, reads, decisions, log, error), and the bodies of their effects, in one
    /// transaction; what is blanked is no longer in the files either. `reason` stands in the entries from then on.
    async fn forget(&self, ids: Vec<InvocationId>, reason: &str) -> Result<Forgetting>;
}

/// What became of entries that were to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgetting {
    /// Of each that was named, in that order.
    pub fates: Vec<(InvocationId, Fate)>,
    /// Whether nothing of it is in the database's own log any more; false where somebody read from it for too long.
    pub log_emptied: bool,
}

/// What became of one entry that was to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is.
    Forgotten,
    /// There is no such entry.
    Unknown,
    /// Its event is tried again, and is needed for that.
    Retried(EventId),
    /// This effect of it has not ended, and may still have to leave.
    Leaving(EffectId, EffectState),
}
