//! What happened before this deployment: events that another engine handled, and posts that it has seen to. Nothing of
//! it is run again; it is there to be looked at, and so that no mention is answered a second time.

use async_trait::async_trait;
use puppet_types::{AgentId, Event, PostId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;

/// An event that another engine handled. (agent, id) is its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastEvent {
    /// It.
    pub event: Event,
    /// When that was.
    pub handled: Timestamp,
}

/// The past.
#[async_trait]
pub trait PastStore: Send + Sync {
    /// Events that another engine handled, the last handled first (ties: the last written first), at most `limit`; of one
    /// agent or of all.
    async fn past(&self, agent: Option<&AgentId>, limit: usize) -> Result<Vec<PastEvent>>;
    /// Which of these posts were seen to already, in the order in which they are asked for. Whoever takes mentions in
    /// from outside asks first.
    async fn seen(&self, posts: &[PostId]) -> Result<Vec<PostId>>;
}
