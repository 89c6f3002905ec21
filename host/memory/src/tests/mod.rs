//! Tests of the whole capability: a store in memory, and decisions applied to it as a commit would.

mod calls;
mod embedded;
mod finding;
mod rules;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use puppet_store::{MemorySize, MemoryStore, TextHit, Vector};
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp, Trust};

use crate::{
    embedding::{HASHED, cosine, hashed_vector},
    memory_id,
    text::words,
};

/// Rows by agent and id.
#[derive(Default)]
pub struct Rows(Mutex<BTreeMap<(String, String), TextHit>>);

impl Rows {
    pub fn put(&self, agent: &str, memory: Memory) {
        let vector = Some(hashed_vector(&memory.content));
        self.put_with(agent, memory, vector);
    }

    pub fn put_with(&self, agent: &str, memory: Memory, vector: Option<Vector>) {
        self.0.lock().unwrap().insert((agent.to_owned(), memory.id.clone()), TextHit { memory, vector });
    }

    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn of(&self, agent: &AgentId, kinds: &[MemoryKind]) -> Vec<TextHit> {
        let rows = self.0.lock().unwrap();
        let of_agent = rows.iter().filter(|((of, _), _)| of == agent.as_str()).map(|(_, row)| row.clone());
        of_agent.filter(|row| kinds.is_empty() || kinds.contains(&row.memory.kind)).collect()
    }
}

#[async_trait]
impl MemoryStore for Rows {
    async fn memories(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        limit: usize,
    ) -> puppet_store::Result<Vec<TextHit>> {
        let mut rows = self.of(agent, kinds);
        rows.sort_by(|a, b| b.memory.at.cmp(&a.memory.at).then_with(|| a.memory.id.cmp(&b.memory.id)));
        rows.truncate(limit);
        Ok(rows)
    }
    async fn memories_after(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        (at, id): (Timestamp, &str),
        limit: usize,
    ) -> puppet_store::Result<Vec<TextHit>> {
        let mut rows = self.of(agent, kinds);
        rows.sort_by(|a, b| b.memory.at.cmp(&a.memory.at).then_with(|| a.memory.id.cmp(&b.memory.id)));
        rows.retain(|row| (row.memory.at, id) < (at, row.memory.id.as_str()));
        rows.truncate(limit);
        Ok(rows)
    }
    async fn memory(&self, agent: &AgentId, id: &str) -> puppet_store::Result<Option<TextHit>> {
        Ok(self.of(agent, &[]).into_iter().find(|row| row.memory.id == id))
    }
    async fn text_candidates(
        &self,
        agent: &AgentId,
        terms: &[String],
        kinds: &[MemoryKind],
        limit: usize,
    ) -> puppet_store::Result<Vec<TextHit>> {
        let holds = |row: &TextHit| words(&row.memory.content).iter().any(|word| terms.contains(word));
        Ok(self.of(agent, kinds).into_iter().filter(holds).take(limit).collect())
    }
    /// As a store with a vector search answers. Hashed vectors are never asked for.
    async fn nearest(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        vector: &Vector,
        limit: usize,
    ) -> puppet_store::Result<Option<Vec<TextHit>>> {
        assert_ne!(vector.model, HASHED);
        let mut rows = self.of(agent, kinds);
        rows.retain(|row| row.vector.as_ref().is_some_and(|of| of.model == vector.model));
        let far = |row: &TextHit| row.vector.as_ref().map_or(0.0, |of| -cosine(&of.numbers, &vector.numbers));
        rows.sort_by(|a, b| far(a).total_cmp(&far(b)));
        rows.truncate(limit);
        Ok(Some(rows))
    }
    async fn memory_counts(&self, _: &AgentId) -> puppet_store::Result<Vec<(MemoryKind, u64)>> {
        Ok(Vec::new())
    }
    async fn memory_size(&self, _: &AgentId) -> puppet_store::Result<MemorySize> {
        Ok(MemorySize::default())
    }
}

pub const DAY_MS: u64 = 86_400_000;

pub fn now() -> Timestamp {
    Timestamp::parse("2026-01-05T00:00:00Z").unwrap()
}

pub fn days_ago(days: u64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() - (days * DAY_MS) as i64)
}

pub fn memory(kind: MemoryKind, content: &str) -> Memory {
    Memory {
        id: memory_id(&AgentId::new("ada"), kind, content),
        kind,
        content: content.to_owned(),
        at: now(),
        importance: 0.5,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
        pinned: false,
        led_by: None,
    }
}

/// With an id of its own, to make orders plain.
pub fn named(id: &str, kind: MemoryKind, content: &str) -> Memory {
    Memory { id: id.to_owned(), ..memory(kind, content) }
}

pub fn store() -> Arc<Rows> {
    Arc::default()
}
