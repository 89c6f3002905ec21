//! Rows of memory. Scores are computed by the memory capability over one agent's rows alone; full text only
//! proposes candidates.

use async_trait::async_trait;
use puppet_types::{AgentId, Memory, MemoryKind};

use crate::Result;

/// A memory that full text proposes.
#[derive(Debug, Clone, PartialEq)]
pub struct TextHit {
    /// The row.
    pub memory: Memory,
    /// Its vector, where it has one.
    pub vector: Option<Vec<f32>>,
}

/// Memories of one agent at a time.
#[async_trait]
pub trait MemoryStore: Send + Sync {
    /// All rows of these kinds (empty = all), newest first (ties by id), at most `limit`, with their vectors.
    async fn memories(&self, agent: &AgentId, kinds: &[MemoryKind], limit: usize) -> Result<Vec<TextHit>>;
    /// By id.
    async fn memory(&self, agent: &AgentId, id: &str) -> Result<Option<TextHit>>;
    /// Rows of this agent that hold any of the terms (FTS5, prefix-free), at most `limit`, by id. No scores.
    async fn text_candidates(
        &self,
        agent: &AgentId,
        terms: &[String],
        kinds: &[MemoryKind],
        limit: usize,
    ) -> Result<Vec<TextHit>>;
    /// How many rows per kind.
    async fn memory_counts(&self, agent: &AgentId) -> Result<Vec<(MemoryKind, u64)>>;
}
