//! How well a memory answers a question: text, likeness, importance, recency, each 0..1. Pure; the same bits on
//! every machine.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::{Memory, MemoryKind, Timestamp};

use crate::embedding::words;

/// What each part counts. They sum to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Words in common.
    pub text: f64,
    /// Vectors.
    pub likeness: f64,
    /// Of the memory.
    pub importance: f64,
    /// Of the memory.
    pub recency: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { text: 0.35, likeness: 0.30, importance: 0.20, recency: 0.15 }
    }
}

const DAY_MS: f64 = 86_400_000.0;

/// Until half of a memory's recency is gone; core memories do not age.
pub fn half_life_ms(kind: MemoryKind) -> Option<f64> {
    match kind {
        MemoryKind::Core => None,
        MemoryKind::Event => Some(7.0 * DAY_MS),
        MemoryKind::Interaction => Some(3.0 * DAY_MS),
        MemoryKind::General => Some(14.0 * DAY_MS),
        MemoryKind::Post | MemoryKind::Tweet => Some(2.0 * DAY_MS),
    }
}

/// 1 when it is new, ½ after a half-life.
pub fn recency(memory: &Memory, at: Timestamp) -> f64 {
    half_life_ms(memory.kind).map_or(1.0, |half| libm::exp2(-(at.millis_since(memory.at) as f64) / half))
}

/// BM25 over one agent's rows, squashed to 0..1.
pub struct TextIndex {
    /// In how many rows a word is.
    rows_with: BTreeMap<String, f64>,
    rows: f64,
    mean_length: f64,
}

impl TextIndex {
    /// Counts the words of these rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a Memory>) -> Self {
        let mut rows_with: BTreeMap<String, f64> = BTreeMap::new();
        let (mut n, mut length) = (0.0, 0.0);
        for row in rows {
            let words = words(&row.content);
            length += words.len() as f64;
            n += 1.0;
            for word in words.into_iter().collect::<BTreeSet<_>>() {
                *rows_with.entry(word).or_default() += 1.0;
            }
        }
        Self { rows_with, rows: n, mean_length: if n > 0.0 { length / n } else { 1.0 } }
    }

    /// How well a text answers these terms.
    pub fn score(&self, terms: &[String], content: &str) -> f64 {
        const K: f64 = 1.2;
        const B: f64 = 0.75;
        let words = words(content);
        let length = words.len() as f64;
        let (mut score, mut most) = (0.0, 0.0);
        for term in terms {
            let df = self.rows_with.get(term).copied().unwrap_or(0.0);
            let idf = libm::log(1.0 + (self.rows - df + 0.5) / (df + 0.5));
            let tf = words.iter().filter(|word| *word == term).count() as f64;
            score += idf * tf * (K + 1.0) / (tf + K * (1.0 - B + B * length / self.mean_length.max(1.0)));
            most += idf * (K + 1.0);
        }
        if most > 0.0 { (score / most).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Contract §6: matched terms ÷ terms × importance; a term matches as part of a word.
pub fn keyword(terms: &[String], memory: &Memory) -> f64 {
    let content = memory.content.to_lowercase();
    let matched = terms.iter().filter(|term| content.contains(term.as_str())).count();
    if terms.is_empty() { 0.0 } else { matched as f64 / terms.len() as f64 * memory.importance }
}

/// Six decimals.
pub fn rounded(value: f64) -> f64 {
    libm::round(value * 1e6) / 1e6
}
