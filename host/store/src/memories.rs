//! Rows of memory and their vectors. Scores are computed by the memory capability over one agent's rows alone; full
//! text only proposes candidates. A vector may come later than its row: from a model that is slow, or dear.

use async_trait::async_trait;
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp};

use crate::Result;

/// The vector of a text, and whose it is: those of different models cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    /// Who made it.
    pub model: String,
    /// It.
    pub numbers: Vec<f32>,
}

/// A vector that comes after its row.
#[derive(Debug, Clone, PartialEq)]
pub struct LateVector {
    /// Of the memory.
    pub id: String,
    /// The text it was made of: a row that says something else by now is left alone.
    pub content: String,
    /// It.
    pub vector: Vector,
}

/// What an agent's memories come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemorySize {
    /// Rows.
    pub rows: u64,
    /// Bytes of their texts.
    pub bytes: u64,
}

/// A memory that full text proposes.
#[derive(Debug, Clone, PartialEq)]
pub struct TextHit {
    /// The row.
    pub memory: Memory,
    /// Its vector, where it has one.
    pub vector: Option<Vector>,
}

/// Memories of one agent at a time.
#[async_trait]
pub trait MemoryStore: Send + Sync {
    /// All rows of these kinds (empty = all), newest first (ties by id), at most `limit`, with their vectors.
    async fn memories(&self, agent: &AgentId, kinds: &[MemoryKind], limit: usize) -> Result<Vec<TextHit>>;
    /// Those after the one of this time and id, in the same order: the next page.
    async fn memories_after(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        after: (Timestamp, &str),
        limit: usize,
    ) -> Result<Vec<TextHit>>;
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
    /// Rows of this agent and these kinds (empty = all) whose vectors are of the same model and point where this one does,
    /// the nearest first, at most `limit`, however old. `None` where the store cannot say, which is no error; where it
    /// can, rows may be missing that were written lately. No scores.
    async fn nearest(
        &self,
        _agent: &AgentId,
        _kinds: &[MemoryKind],
        _vector: &Vector,
        _limit: usize,
    ) -> Result<Option<Vec<TextHit>>> {
        Ok(None)
    }
    /// How many rows per kind.
    async fn memory_counts(&self, agent: &AgentId) -> Result<Vec<(MemoryKind, u64)>>;
    /// How many rows there are, and how many bytes their texts have together.
    async fn memory_size(&self, agent: &AgentId) -> Result<MemorySize>;
}

/// Rows that wait for a vector. What is found here is the whole backlog: nothing else remembers it.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Agents with rows that have no vector of this model, by id. Walks all rows: for the start.
    async fn agents_without_vectors(&self, model: &str) -> Result<Vec<AgentId>>;
    /// Rows of one agent that have no vector of this model, newest first (ties by id), at most `limit`.
    async fn without_vectors(&self, agent: &AgentId, model: &str, limit: usize) -> Result<Vec<Memory>>;
    /// Keeps vectors that were made meanwhile, in one transaction. Rows that are gone or say something else stay as
    /// they are.
    async fn put_vectors(&self, agent: &AgentId, vectors: Vec<LateVector>) -> Result<()>;
}
