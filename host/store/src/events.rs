//! Accepted events: the durable side of the mailboxes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use puppet_types::{AgentId, Event, EventId, Timestamp};

use crate::Result;

/// An event that waits to be handled.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Order of acceptance; breaks ties.
    pub seq: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before then (its own time, or a retry's).
    pub not_before: Timestamp,
    /// The event.
    pub event: Event,
}

/// An event that will not be handled.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Order of acceptance.
    pub seq: u64,
    /// The event.
    pub event: Event,
    /// Why: a breach code, `failed`, `loop`, `no-plugin`, …
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Events by state.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Makes events durable, all or none; an id that is known already is skipped. Answers those that are new, in order.
    async fn accept(&self, events: Vec<Event>) -> Result<Vec<Waiting>>;
    /// Everything that waits, by seq. Called once at start.
    async fn waiting(&self) -> Result<Vec<Waiting>>;
    /// Moves a waiting event to the dead letters; with a payload in the place of its own, where some of that is not to be
    /// kept.
    async fn bury(&self, id: &EventId, reason: &str, at: Timestamp, payload: Option<serde_json::Value>) -> Result<()>;
    /// The first so many that wait after `after_seq`, by seq; where `among` names agents, of those and of nobody else.
    async fn waiting_after(
        &self,
        after_seq: u64,
        among: Option<&BTreeSet<AgentId>>,
        limit: usize,
    ) -> Result<Vec<Waiting>>;
    /// Dead letters, newest first.
    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>> {
        self.dead_letters_before(None, None, limit).await
    }
    /// Those before one of this time and seq (none: from the newest on), newest first; where `among` names agents, of those
    /// and of nobody else.
    async fn dead_letters_before(
        &self,
        before: Option<(Timestamp, u64)>,
        among: Option<&BTreeSet<AgentId>>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>>;
    /// One event, whatever its state, with `waiting`, `done` or `dead`.
    async fn event(&self, id: &EventId) -> Result<Option<(Event, &'static str)>>;
    /// All events ever accepted, by seq, page by page after `after_seq`; `attempts` and `not_before` as they stand.
    /// For reports, which sort by time themselves.
    async fn events_after(&self, after_seq: u64, limit: usize) -> Result<Vec<Waiting>>;
}
