//! The commit: everything that one invocation changes, in one transaction.

use std::time::Instant;

use async_trait::async_trait;
use puppet_grants::Spend;
use puppet_types::{
    AgentId, Digest, Event, Invocation, Memory, MemoryKind, Mood, PackId, PostId, Timestamp, trade::Origin,
};

use crate::{Document, Effect, PastEvent, Relationship, Result, StateBlob, StrikesRow, Timer, Vector, Waiting};

/// What becomes of the event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventEnd {
    /// Handled (ok or declined).
    Done,
    /// Will not be handled.
    Dead {
        /// Why.
        reason: String,
    },
    /// Comes again.
    Retry {
        /// Then.
        not_before: Timestamp,
    },
}

/// Which rows a cap keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepOrder {
    /// The most important; ties: the newer, then by id. Pinned rows always stay.
    Importance,
    /// The newest; ties by id.
    Newest,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "fields are columns")]
pub enum Change {
    /// Replaces the mood.
    Mood { agent: AgentId, mood: Mood, at: Timestamp },
    /// Replaces a relationship; a new one makes those way that were not met for longest, until at most `keep` are there.
    Relationship { agent: AgentId, relationship: Relationship, keep: usize },
    /// Inserts a memory, or replaces the one with this id; then keeps at most `keep` rows of `kinds`. Without a vector
    /// a row whose text stays the same keeps the one it has.
    Remember {
        agent: AgentId,
        memory: Memory,
        vector: Option<Vector>,
        cap: Option<(Vec<MemoryKind>, usize, KeepOrder)>,
    },
    /// Takes the words of a memory out of the journal rows that wrote it, and says there why they cannot be run again.
    ForgetWords { agent: AgentId, id: String, reason: String },
    /// Deletes a memory.
    Forget { agent: AgentId, id: String },
    /// Pins or unpins a memory.
    Pin { agent: AgentId, id: String, pinned: bool },
    /// Sets a timer, replacing one of the same key.
    SetTimer(Timer),
    /// Removes a timer.
    CancelTimer { agent: AgentId, plugin: PackId, name: String },
    /// Replaces a plugin's blob. What another component wrote is kept.
    PutState { agent: AgentId, plugin: PackId, digest: Digest, blob: StateBlob, led_by: Option<Origin>, at: Timestamp },
    /// Removes it. What another component wrote is kept.
    ClearState { agent: AgentId, plugin: PackId, digest: Digest, at: Timestamp },
    /// A version is left: wherever `from` wrote the present blob, what `to` had there comes back. Where that had never
    /// written, what `from` found comes back, also where that was nothing. What `from` wrote is gone. None: all agents.
    RestoreState { plugin: PackId, agents: Option<Vec<AgentId>>, from: Digest, to: Digest },
    /// An agent goes, and its timers: it can be made anew, and remembers what it remembered.
    Retire { agent: AgentId },
    /// Accepts an event (an id that is known already is skipped).
    Event(Event),
    /// Puts an effect into the outbox; its `seq` is given by the store.
    Effect(Effect),
    /// Writes or replaces an agent.
    Agent(crate::AgentRow),
    /// Replaces the strikes of a plugin version, unless later ones are there.
    Strikes(StrikesRow),
    /// The record of this commit, and those of this agent after it, were made with what the document `cast` says. It and
    /// what it refers to are kept; one that is there already is not written again.
    Cast { agent: AgentId, cast: Digest, documents: Vec<Document> },
    /// From now on nothing leaves; none: from now on effects leave again. A stop that stands keeps its time, and its
    /// reason where no other is given.
    Halt(Option<crate::Halt>),
    /// Removes a relationship.
    Part { agent: AgentId, target: String },
    /// Writes or replaces an event that another engine handled. It is never run.
    Past(PastEvent),
    /// Notes posts as seen to, the latest last; at most `keep` stay noted.
    Seen { posts: Vec<PostId>, keep: usize },
    /// Notes how far another network has been listened to for an account.
    Heard(crate::Heard),
    /// Notes what another network charges for a day. The first note of a day drops those that are
    /// [`BILLED_DAYS`](crate::BILLED_DAYS) older.
    Billed(crate::Billed),
}

/// Everything that one invocation changes.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The journal row.
    pub invocation: Invocation,
    /// What becomes of its event.
    pub end: EventEnd,
    /// Only where the outcome is ok (and the retry event of a decline, the strikes of a breach, what the agent was cast
    /// with).
    pub changes: Vec<Change>,
    /// Added to the budgets.
    pub spends: Vec<Spend>,
    /// Takes the place of the event's payload, where some of that is not to be kept. Only where the event has ended.
    pub payload: Option<serde_json::Value>,
    /// When the call ended: the record's timing is completed with what passed until its row is written.
    pub ended: Option<Instant>,
}

/// What a commit brought into being.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Committed {
    /// Place in the journal.
    pub seq: u64,
    /// New events.
    pub events: Vec<Waiting>,
    /// New effects, with their seq.
    pub effects: Vec<Effect>,
}

/// Commits.
#[async_trait]
pub trait CommitStore: Send + Sync {
    /// One transaction; durable when it answers. Deletes kept reads of the invocation unless it is retried.
    async fn commit(&self, commit: Commit) -> Result<Committed>;
    /// Changes outside an invocation (an agent is made, initial memories): one transaction.
    async fn apply(&self, changes: Vec<Change>) -> Result<Committed>;
    /// Writes what was handed in and takes no more: what comes after is answered with [`crate::StoreError::Closed`]. May
    /// block. By default there is nothing to write.
    fn close(&self) {}
}
