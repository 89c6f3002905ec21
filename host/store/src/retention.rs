//! What is kept of the journal, and what goes: records that are too old or too many, with their events and effects.
//! Where the bounds are is the caller's business; what is still needed, the store knows.

use async_trait::async_trait;
use puppet_types::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;

/// What a record takes beside its texts: its columns, those of its event, and their indexes. Measured by the test
/// `a_record_takes_no_more_than_is_said`.
pub const RECORD_BYTES: u64 = 320;

/// How much is kept of an agent's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Those from then on.
    pub since: Option<Timestamp>,
    /// The newest, up to so many bytes: their texts, and [`RECORD_BYTES`] each.
    pub bytes: Option<u64>,
    /// So many of the newest, however old or large they are.
    pub last: u64,
}

/// Where the records of an agent divide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Whose.
    pub agent: AgentId,
    /// Records before this time may go.
    pub since: Option<Timestamp>,
    /// Records up to this seq may go, whatever their time; 0: none.
    pub beyond: u64,
    /// Records from this seq on stay; 0: all.
    pub stay: u64,
}

/// A record beyond a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldRecord {
    /// Its place in the journal.
    pub seq: u64,
    /// What it takes.
    pub bytes: u64,
    /// Whether it has to stay: its event waits, an effect of it has not ended, or an answer is kept for its next try.
    pub needed: bool,
}

/// What is to go in one transaction: the caller bounds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Old {
    /// Records, by seq. Those that are needed stay.
    pub records: Vec<u64>,
    /// Dead letters without a record, by the seq of the event.
    pub letters: Vec<u64>,
    /// Ids of events that ended before then are not known any more. A thousand at most.
    pub ids_before: Option<Timestamp>,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Records.
    pub records: u64,
    /// Events: their ids stay known.
    pub events: u64,
    /// Effects of those records.
    pub effects: u64,
    /// Ids that were known for long enough.
    pub ids: u64,
}

/// The end of records.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Whose records there are, by id.
    async fn recorded_agents(&self) -> Result<Vec<AgentId>>;
    /// Where the records of an agent divide.
    async fn cut(&self, agent: &AgentId, keep: &Keep) -> Result<Cut>;
    /// Records beyond a cut, oldest first, after one, at most `limit`. By age they end at the first that is young enough.
    async fn beyond(&self, cut: &Cut, after_seq: u64, limit: usize) -> Result<Vec<OldRecord>>;
    /// Dead letters without a record that ended before then, by seq, after one, at most `limit`.
    async fn old_letters(&self, before: Timestamp, after_seq: u64, limit: usize) -> Result<Vec<u64>>;
    /// Deletes records that are not needed with their effects, and events that no other record is about, in one transaction. The ids of
    /// those stay known to [`accept`](crate::EventStore::accept). What came last always stays, record and event.
    async fn prune(&self, old: Old) -> Result<Pruned>;
}
