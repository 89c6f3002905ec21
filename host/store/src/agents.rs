//! Agents and what belongs to one: mood and relationships. Blobs of plugins: `state`.

use async_trait::async_trait;
use puppet_types::{AgentId, InvocationId, Mood, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Result, StateStore};

/// An agent's row: identity and configuration. `body` is the engine's own (persona, accounts, providers).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    /// Stable.
    pub id: AgentId,
    /// JSON.
    pub body: serde_json::Value,
    /// When it was made.
    pub created: Timestamp,
}

/// How an agent stands to another (docs/capabilities/agent.md).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Relationship {
    /// Agent id or account.
    pub target: String,
    /// −1..1.
    pub sentiment: f64,
    /// 0..1.
    pub familiarity: f64,
    /// 0..1.
    pub trust: f64,
    /// How many.
    pub interactions: u32,
    /// When last.
    pub last_interaction: Option<Timestamp>,
    /// Newest first, at most ten.
    pub recent_interactions: Vec<String>,
    /// Kept for good.
    pub notes: Vec<String>,
}

/// How an agent felt after an invocation that changed it.
#[derive(Debug, Clone, PartialEq)]
pub struct MoodEntry {
    /// Of the invocation's record: order of commit.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// How it felt from then on.
    pub mood: Mood,
    /// What changed it.
    pub invocation: InvocationId,
    /// Of the event that it handled.
    pub kind: String,
}

/// Agents.
#[async_trait]
pub trait AgentStore: StateStore {
    /// By id.
    async fn agent(&self, id: &AgentId) -> Result<Option<AgentRow>>;
    /// By id, those after one, at most `rows`.
    async fn agents_after(&self, after: Option<&AgentId>, rows: usize) -> Result<Vec<AgentRow>>;
    /// All, by id. For those who know that they are few: a body holds a whole persona.
    async fn agents(&self) -> Result<Vec<AgentRow>> {
        self.agents_after(None, usize::MAX).await
    }
    /// The mood and when it was last set; none where it never was.
    async fn mood(&self, agent: &AgentId) -> Result<Option<(Mood, Timestamp)>>;
    /// How the mood changed, the last change first: not earlier than `since`, and before the record of `before_seq`. As far back
    /// as records are kept.
    async fn moods(
        &self,
        agent: &AgentId,
        since: Option<Timestamp>,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<MoodEntry>>;
    /// All relationships, by target.
    async fn relationships(&self, agent: &AgentId) -> Result<Vec<Relationship>>;
    /// One.
    async fn relationship(&self, agent: &AgentId, target: &str) -> Result<Option<Relationship>>;
}
