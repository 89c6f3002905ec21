//! Recall: candidates from the store, scored over the agent's own rows. Bounds are fixed, so that an agent that
//! remembers much is not slower than [`SCANNED_ROWS`] rows.

use std::{collections::BTreeMap, sync::Arc};

use puppet_grants::{Charge, Failure, Used};
use puppet_store::{MemoryStore, StoreError, TextHit, Vector};
use puppet_types::{AgentId, CallError, Code, Memory, MemoryKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    kinds,
    model::Embedder,
    overlay::Overlay,
    question::Means,
    score::{Corpus, Scorer, sort, terms},
};

/// Most hits of a recall.
pub const LIMIT: u32 = 50;
/// Most rows of `recent`.
pub const RECENT_LIMIT: u32 = 100;
/// Longest query in bytes.
pub const QUERY_BYTES: usize = 16 << 10;
/// Most rows that one recall looks at: the newest core memories, the newest others, what full text proposes, and what a
/// store with a vector search proposes.
pub const SCANNED_ROWS: usize = CORE_ROWS + OTHER_ROWS + TEXT_ROWS + NEAREST_ROWS;

const CORE_ROWS: usize = 1_000;
const OTHER_ROWS: usize = 500;
const TEXT_ROWS: usize = 500;
const NEAREST_ROWS: usize = 100;
/// Associated memories that are looked up for one recall.
const FOLLOWED: usize = 100;

/// How recall looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Full text, likeness, importance and recency.
    #[default]
    Blended,
    /// The original engine's formula (docs/capabilities/memory.md): over core, event, interaction and general alone.
    Keyword,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// In any words.
    pub text: String,
    /// Empty = all kinds.
    #[serde(default)]
    pub kinds: Vec<MemoryKind>,
    /// 1 to [`LIMIT`].
    pub limit: u32,
    /// How.
    #[serde(default)]
    pub method: Method,
    /// Also bring what the hits are associated with.
    #[serde(default)]
    pub follow: bool,
}

/// A memory with its score and the parts of it, each 0..1 with at most six decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The memory.
    pub memory: Memory,
    /// What the list is ordered by.
    pub score: f64,
    /// Full text; with the keyword formula the share of matched terms.
    pub text_score: f64,
    /// Cosine of the vectors, where it is positive.
    pub likeness: f64,
    /// The memory's own.
    pub importance: f64,
    /// Halves with the kind's half-life.
    pub recency: f64,
    /// Came in by association with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// What a recall found, with all that is needed to lay later decisions over it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    pub hits: Vec<Scored>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<Scored>,
    #[serde(default)]
    pub corpus: Corpus,
}

/// Finds memories of one agent at a time.
pub struct Recaller {
    store: Arc<dyn MemoryStore>,
    /// With the name of its model; none: hashed vectors.
    pub(crate) embedder: Option<(Arc<dyn Embedder>, String)>,
}

impl Recaller {
    /// With hashed vectors.
    pub fn new(store: Arc<dyn MemoryStore>) -> Self {
        Self { store, embedder: None }
    }

    /// With vectors of a model; rows that have none of its own are not like anything.
    pub fn with_embedder(store: Arc<dyn MemoryStore>, embedder: Arc<dyn Embedder>, model: &str) -> Self {
        Self { store, embedder: Some((embedder, model.to_owned())) }
    }

    /// The best memories for a query, as of `at`.
    pub async fn recall(&self, agent: &AgentId, query: &Query, at: Timestamp) -> Result<Vec<Scored>, CallError> {
        let overlay = Overlay::default();
        let found = self.look(agent, query, at, &overlay, Means::FREE).await.map_err(|failure| failure.error)?.0;
        Ok(overlay.over_found(found, query, at))
    }

    /// The newest memories of these kinds (empty = all).
    pub async fn recent(&self, agent: &AgentId, kinds: &[MemoryKind], limit: u32) -> Result<Vec<Memory>, CallError> {
        check_recent(limit)?;
        self.newest(agent, kinds, limit as usize).await
    }

    /// One memory.
    pub async fn memory(&self, agent: &AgentId, id: &str) -> Result<Option<Memory>, CallError> {
        Ok(self.store.memory(agent, id).await.map_err(internal)?.map(|row| row.memory))
    }

    /// The newest rows, however many.
    pub(crate) async fn newest(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        limit: usize,
    ) -> Result<Vec<Memory>, CallError> {
        let rows = self.store.memories(agent, kinds, limit).await.map_err(internal)?;
        Ok(rows.into_iter().map(|row| row.memory).collect())
    }

    /// Enough hits that the overlay can take some away, what they are associated with, and what the vector of the
    /// question took.
    pub(crate) async fn look(
        &self,
        agent: &AgentId,
        query: &Query,
        at: Timestamp,
        overlay: &Overlay,
        means: Means,
    ) -> Result<(Found, Vec<Charge>), Failure> {
        check(query)?;
        let unasked = |error| Failure { error, used: Used::Nothing };
        let kinds: Vec<MemoryKind> = kinds::ALL.into_iter().filter(|kind| query.covers(*kind)).collect();
        let mut rows = self.rows(agent, query, &kinds).await.map_err(unasked)?;
        let (vector, used) = self.vector_of(agent, query, means).await;
        let nearest = self.nearest(agent, &kinds, vector.as_ref()).await;
        add(&mut rows, nearest.map_err(|error| Failure::told(error, used.clone()))?);
        let mut scorer = Scorer::new(query, at, vector, Corpus::default());
        scorer.learn(rows.values());
        let mut hits = Vec::new();
        for TextHit { memory, vector } in rows.into_values() {
            let (scored, kept) = scorer.score(memory, vector.as_ref());
            if kept {
                hits.push(scored);
            }
        }
        sort(&mut hits);
        hits.truncate(query.most() + overlay.touched());
        let linked = if query.follow {
            let linked = self.linked(agent, &hits, overlay, &scorer).await;
            linked.map_err(|error| Failure::told(error, used.clone()))?
        } else {
            Vec::new()
        };
        Ok((Found { hits, linked, corpus: scorer.corpus }, used))
    }

    /// The rows that are scored, each once.
    async fn rows(
        &self,
        agent: &AgentId,
        query: &Query,
        kinds: &[MemoryKind],
    ) -> Result<BTreeMap<String, TextHit>, CallError> {
        let (core, others): (Vec<_>, Vec<_>) = kinds.iter().partition(|kind| **kind == MemoryKind::Core);
        let mut rows = BTreeMap::new();
        for (kinds, limit) in [(core, CORE_ROWS), (others, OTHER_ROWS)] {
            // No kinds would mean all of them to the store.
            if !kinds.is_empty() {
                add(&mut rows, self.store.memories(agent, &kinds, limit).await.map_err(internal)?);
            }
        }
        let terms = terms(&query.text);
        if query.method == Method::Blended && !terms.is_empty() {
            let proposed = self.store.text_candidates(agent, &terms, kinds, TEXT_ROWS).await;
            add(&mut rows, proposed.map_err(internal)?);
        }
        Ok(rows)
    }

    /// What is like the question, however old: where the store can say, and the vectors are those of a model.
    async fn nearest(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        vector: Option<&Vector>,
    ) -> Result<Vec<TextHit>, CallError> {
        // No kinds would mean all of them to the store.
        let Some((vector, _)) = vector.zip(self.embedder.as_ref()).filter(|_| !kinds.is_empty()) else {
            return Ok(Vec::new());
        };
        let found = self.store.nearest(agent, kinds, vector, NEAREST_ROWS).await.map_err(internal)?;
        Ok(found.unwrap_or_default())
    }

    async fn linked(
        &self,
        agent: &AgentId,
        hits: &[Scored],
        overlay: &Overlay,
        scorer: &Scorer,
    ) -> Result<Vec<Scored>, CallError> {
        let mut ids: Vec<&String> = Vec::new();
        let written = overlay.written().flat_map(|memory| &memory.associations);
        for id in hits.iter().flat_map(|hit| &hit.memory.associations).chain(written) {
            if ids.len() == FOLLOWED {
                break;
            }
            if !ids.contains(&id) && !hits.iter().any(|hit| hit.memory.id == *id) {
                ids.push(id);
            }
        }
        let mut linked = Vec::new();
        for id in ids {
            if let Some(row) = self.store.memory(agent, id).await.map_err(internal)? {
                linked.push(scorer.score(row.memory, row.vector.as_ref()).0);
            }
        }
        Ok(linked)
    }
}

impl Query {
    /// How many hits at most.
    pub(crate) fn most(&self) -> usize {
        match self.method {
            Method::Blended => self.limit as usize,
            Method::Keyword => (self.limit as usize).min(crate::score::KEYWORD_TOP),
        }
    }

    /// Whether rows of this kind are looked at.
    pub(crate) fn covers(&self, kind: MemoryKind) -> bool {
        let listed = matches!(kind, MemoryKind::Post | MemoryKind::Tweet);
        (self.kinds.is_empty() || self.kinds.contains(&kind)) && !(self.method == Method::Keyword && listed)
    }
}

fn add(rows: &mut BTreeMap<String, TextHit>, found: Vec<TextHit>) {
    rows.extend(found.into_iter().map(|row| (row.memory.id.clone(), row)));
}

fn check(query: &Query) -> Result<(), CallError> {
    if query.text.len() > QUERY_BYTES {
        let message = format!("{} bytes of query: at most {QUERY_BYTES}", query.text.len());
        return Err(CallError::new(Code::TooLong, message));
    }
    if query.text.trim().is_empty() {
        return Err(CallError::new(Code::InvalidInput, "nothing to look for: the query is blank"));
    }
    check_limit(query.limit, LIMIT)
}

pub(crate) fn check_recent(limit: u32) -> Result<(), CallError> {
    check_limit(limit, RECENT_LIMIT)
}

fn check_limit(limit: u32, most: u32) -> Result<(), CallError> {
    if (1..=most).contains(&limit) {
        return Ok(());
    }
    Err(CallError::new(Code::InvalidInput, format!("limit {limit}: 1 to {most}")))
}

fn internal(error: StoreError) -> CallError {
    CallError::new(Code::Internal, error.to_string())
}
