//! Recall: rows of one agent, scored and put in order. Ties go by time, then id.

use std::{collections::BTreeSet, sync::Arc};

use puppet_store::{MemoryStore, StoreError, TextHit};
use puppet_types::{AgentId, CallError, Code, Memory, MemoryKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    embedding::{hashed, likeness, words},
    score::{TextIndex, Weights, keyword, recency, rounded},
};

/// Rows looked at per recall: the newest. Full text may add older ones.
const ROWS: usize = 2_000;
/// Rows that full text may add.
const PROPOSED: usize = 200;
/// Words of a question that count.
const TERMS: usize = 32;
/// Most hits.
pub const HITS: u32 = 50;
/// Likeness below which a row without a word in common is no hit.
const ALIKE: f64 = 0.25;
/// What a hit by association has of the score of its neighbour.
const FOLLOWED: f64 = 0.5;
/// The original's threshold and number of hits.
const KEYWORD_LEAST: f64 = 0.3;
const KEYWORD_HITS: usize = 10;

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Full text, likeness, importance and recency.
    Blended,
    /// The original engine's formula.
    Keyword,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// What about.
    pub text: String,
    /// Of these kinds; empty = all.
    pub kinds: Vec<MemoryKind>,
    /// At most so many.
    pub limit: u32,
    /// How.
    pub method: Method,
    /// Also what the hits are associated with.
    pub follow: bool,
}

/// A hit with the parts of its score, six decimals each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The row.
    pub memory: Memory,
    /// All parts together.
    pub score: f64,
    /// Words in common.
    pub text_score: f64,
    /// Vectors.
    pub likeness: f64,
    /// Of the memory.
    pub importance: f64,
    /// Of the memory.
    pub recency: f64,
    /// The hit it is associated with, where it came in that way.
    pub via: Option<String>,
}

/// Recalls from a store.
pub struct Recaller {
    store: Arc<dyn MemoryStore>,
}

impl Recaller {
    /// Over these rows.
    pub fn new(store: Arc<dyn MemoryStore>) -> Self {
        Self { store }
    }

    /// What an agent knows about a text, best first.
    pub async fn recall(&self, agent: &AgentId, query: &Query, at: Timestamp) -> Result<Vec<Scored>, CallError> {
        let kinds: &[MemoryKind] = match query.method {
            Method::Blended => &query.kinds,
            Method::Keyword => &[MemoryKind::Core, MemoryKind::Event, MemoryKind::Interaction, MemoryKind::General],
        };
        let terms = terms(query);
        let mut rows = self.store.memories(agent, kinds, ROWS).await.map_err(failed)?;
        if rows.len() == ROWS {
            let known: BTreeSet<String> = rows.iter().map(|row| row.memory.id.clone()).collect();
            let more = self.store.text_candidates(agent, &terms, kinds, PROPOSED).await.map_err(failed)?;
            rows.extend(more.into_iter().filter(|row| !known.contains(&row.memory.id)));
        }
        let mut hits = rank(query, &terms, rows, at);
        if query.follow {
            self.follow(agent, query, &mut hits).await?;
        }
        Ok(hits)
    }

    /// The newest rows of these kinds (empty = all).
    pub async fn recent(&self, agent: &AgentId, kinds: &[MemoryKind], limit: u32) -> Result<Vec<Memory>, CallError> {
        let rows = self.store.memories(agent, kinds, limit.clamp(1, HITS) as usize).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| row.memory).collect())
    }

    /// One step along associations, behind the hits, within the limit.
    async fn follow(&self, agent: &AgentId, query: &Query, hits: &mut Vec<Scored>) -> Result<(), CallError> {
        let mut known: BTreeSet<String> = hits.iter().map(|hit| hit.memory.id.clone()).collect();
        let links: Vec<(String, f64, String)> = hits
            .iter()
            .flat_map(|hit| hit.memory.associations.iter().map(|id| (hit.memory.id.clone(), hit.score, id.clone())))
            .collect();
        for (via, score, id) in links {
            if hits.len() >= query.limit as usize {
                break;
            }
            if !known.insert(id.clone()) {
                continue;
            }
            if let Some(row) = self.store.memory(agent, &id).await.map_err(failed)? {
                hits.push(Scored {
                    importance: rounded(row.memory.importance),
                    memory: row.memory,
                    score: rounded(score * FOLLOWED),
                    text_score: 0.0,
                    likeness: 0.0,
                    recency: 0.0,
                    via: Some(via),
                });
            }
        }
        Ok(())
    }
}

/// Words of a question, each once, in order.
pub(crate) fn terms(query: &Query) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let words = words(&query.text).into_iter();
    words.filter(|word| seen.insert(word.clone())).take(TERMS).collect()
}

/// Scores rows and puts them in order. Pure.
pub(crate) fn rank(query: &Query, terms: &[String], rows: Vec<TextHit>, at: Timestamp) -> Vec<Scored> {
    let mut hits: Vec<Scored> = match query.method {
        Method::Blended => blended(query, terms, rows, at),
        Method::Keyword => rows
            .into_iter()
            .filter_map(|row| {
                let score = rounded(keyword(terms, &row.memory));
                let importance = rounded(row.memory.importance);
                let hit = Scored { memory: row.memory, score, text_score: score, likeness: 0.0, importance, recency: 0.0, via: None };
                (score > KEYWORD_LEAST).then_some(hit)
            })
            .collect(),
    };
    hits.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        by_score.then_with(|| b.memory.at.cmp(&a.memory.at)).then_with(|| a.memory.id.cmp(&b.memory.id))
    });
    let most = if query.method == Method::Keyword { KEYWORD_HITS } else { HITS as usize };
    hits.truncate((query.limit as usize).min(most));
    hits
}

fn blended(query: &Query, terms: &[String], rows: Vec<TextHit>, at: Timestamp) -> Vec<Scored> {
    let weights = Weights::default();
    let index = TextIndex::of(rows.iter().map(|row| &row.memory));
    let asked = hashed(&query.text);
    let scored = rows.into_iter().filter_map(|row| {
        let text = index.score(terms, &row.memory.content);
        let alike = row.vector.as_deref().map_or(0.0, |vector| likeness(&asked, vector)).clamp(0.0, 1.0);
        if text <= 0.0 && alike < ALIKE {
            return None;
        }
        let importance = row.memory.importance.clamp(0.0, 1.0);
        let recency = recency(&row.memory, at);
        let score = weights.text * text
            + weights.likeness * alike
            + weights.importance * importance
            + weights.recency * recency;
        Some(Scored {
            memory: row.memory,
            score: rounded(score),
            text_score: rounded(text),
            likeness: rounded(alike),
            importance: rounded(importance),
            recency: rounded(recency),
            via: None,
        })
    });
    scored.collect()
}

fn failed(error: StoreError) -> CallError {
    CallError::new(Code::Internal, error.to_string())
}
