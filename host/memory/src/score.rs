//! How much a memory has to do with a query: the four parts and their sum, or the original engine's keyword
//! formula. Everything is computed over one agent's rows; no shared index has a say in it.

use std::collections::{BTreeMap, BTreeSet};

use puppet_store::{TextHit, Vector};
use puppet_types::{Memory, MemoryKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    draft::unit,
    embedding::likeness,
    kinds::half_life_ms,
    recall::{Method, Query, Scored},
    text::words,
};

/// Shares of the parts of a blended score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Full text.
    pub text: f64,
    /// Vectors.
    pub likeness: f64,
    /// The memory's own.
    pub importance: f64,
    /// Half-life per kind.
    pub recency: f64,
}

/// They add up to 1.
pub const WEIGHTS: Weights = Weights { text: 0.35, likeness: 0.30, importance: 0.20, recency: 0.15 };
/// Without a common word, a row is kept from this likeness on.
pub const LIKENESS_FROM: f64 = 0.2;
/// The keyword formula keeps what is above this.
pub const KEYWORD_ABOVE: f64 = 0.3;
/// And at most so many.
pub const KEYWORD_TOP: usize = 10;

/// Distinct words of a query that are looked for.
pub(crate) const TERMS: usize = 64;
/// BM25's saturation and length parameters, at their usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// A BM25 sum of this size becomes a text score of one half.
const HALF: f64 = 2.0;

/// How often words occur in an agent's rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Corpus {
    rows: u32,
    words: u64,
    holding: BTreeMap<String, u32>,
}

/// One query, ready to score rows.
pub(crate) struct Scorer {
    method: Method,
    at: Timestamp,
    terms: Vec<String>,
    known: BTreeSet<String>,
    vector: Option<Vector>,
    pub corpus: Corpus,
}

impl Scorer {
    pub fn new(query: &Query, at: Timestamp, vector: Option<Vector>, corpus: Corpus) -> Self {
        let terms = match query.method {
            Method::Blended => terms(&query.text),
            Method::Keyword => query.text.to_lowercase().split_whitespace().map(str::to_owned).collect(),
        };
        let known = terms.iter().cloned().collect();
        Self { method: query.method, at, terms, known, vector, corpus }
    }

    /// Counts the words of these rows.
    pub fn learn<'r>(&mut self, rows: impl IntoIterator<Item = &'r TextHit>) {
        if self.method == Method::Keyword {
            return;
        }
        for row in rows {
            let (counts, words) = self.count(&row.memory.content);
            let held: Vec<String> = counts.into_keys().map(str::to_owned).collect();
            self.corpus.rows += 1;
            self.corpus.words += words as u64;
            for term in held {
                *self.corpus.holding.entry(term).or_default() += 1;
            }
        }
    }

    /// The row with its parts, and whether it has enough to do with the query.
    pub fn score(&self, memory: Memory, vector: Option<&Vector>) -> (Scored, bool) {
        let importance = unit(memory.importance);
        let (text_score, likeness, recency, score, kept) = match self.method {
            Method::Blended => {
                let text = self.text_score(&memory.content);
                let likeness = self.vector.as_ref().zip(vector).map_or(0.0, |(asked, of)| likeness(asked, of));
                let recency = recency(memory.kind, memory.at, self.at);
                let score = WEIGHTS.text * text
                    + WEIGHTS.likeness * likeness
                    + WEIGHTS.importance * importance
                    + WEIGHTS.recency * recency;
                (text, likeness, recency, score, text > 0.0 || likeness >= LIKENESS_FROM)
            }
            Method::Keyword => {
                let content = memory.content.to_lowercase();
                let matched = self.terms.iter().filter(|term| content.contains(term.as_str())).count();
                let share = if self.terms.is_empty() { 0.0 } else { matched as f64 / self.terms.len() as f64 };
                let score = share * importance;
                (share, 0.0, 0.0, score, score > KEYWORD_ABOVE)
            }
        };
        let scored = Scored {
            memory,
            score: rounded(score),
            text_score: rounded(text_score),
            likeness: rounded(likeness),
            importance: rounded(importance),
            recency: rounded(recency),
            via: None,
        };
        (scored, kept)
    }

    /// BM25 over this agent's rows, squashed into 0..1.
    fn text_score(&self, content: &str) -> f64 {
        let (counts, words) = self.count(content);
        let rows = f64::from(self.corpus.rows);
        let average = if self.corpus.rows == 0 { 0.0 } else { self.corpus.words as f64 / rows };
        let length = words as f64 / average.max(1.0);
        let mut sum = 0.0;
        for (term, count) in counts {
            let count = f64::from(count);
            let holding = f64::from(self.corpus.holding.get(term).copied().unwrap_or(0));
            let rarity = libm::log(1.0 + (rows - holding + 0.5) / (holding + 0.5));
            sum += rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
        }
        sum / (sum + HALF)
    }

    /// How often each term stands in a text, and how many words that has.
    fn count(&self, content: &str) -> (BTreeMap<&str, u32>, usize) {
        let words = words(content);
        let mut counts = BTreeMap::new();
        for word in &words {
            if let Some(term) = self.known.get(word) {
                *counts.entry(term.as_str()).or_default() += 1;
            }
        }
        (counts, words.len())
    }
}

/// The distinct words of a query, as many as are looked for.
pub(crate) fn terms(text: &str) -> Vec<String> {
    let mut known = BTreeSet::new();
    words(text).into_iter().filter(|word| known.insert(word.clone())).take(TERMS).collect()
}

/// 1 at once, 1/2 after the kind's half-life, 1/4 after two of them.
pub(crate) fn recency(kind: MemoryKind, then: Timestamp, now: Timestamp) -> f64 {
    half_life_ms(kind).map_or(1.0, |half_life| libm::exp2(-(now.millis_since(then) as f64) / half_life as f64))
}

/// Six decimals, which is what is shown and what ties are made of.
pub(crate) fn rounded(number: f64) -> f64 {
    // Adding zero turns −0 into 0.
    libm::round(number * 1e6) / 1e6 + 0.0
}

/// Best first; ties: the newer, then by id.
pub(crate) fn sort(hits: &mut [Scored]) {
    hits.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| b.memory.at.cmp(&a.memory.at))
            .then_with(|| a.memory.id.cmp(&b.memory.id))
    });
}
