//! The durable record of invocations.

use std::collections::BTreeSet;

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
    /// Of these and of nobody else: the others are not looked at, so that not even a search tells of them.
    pub among: Option<BTreeSet<AgentId>>,
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

/// Those whose rows are asked for, where that is not everybody: one agent, some, or the one where it is among them.
pub fn whose<'a>(agent: Option<&'a AgentId>, among: Option<&'a BTreeSet<AgentId>>) -> Option<Vec<&'a AgentId>> {
    match (agent, among) {
        (None, None) => None,
        (Some(agent), among) => Some(Vec::from_iter(among.is_none_or(|among| among.contains(agent)).then_some(agent))),
        (None, Some(among)) => Some(among.iter().collect()),
    }
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
