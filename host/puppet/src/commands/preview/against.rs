//! The same days of somebody who lives here already, and what is different: more where a number is above zero.

use std::collections::BTreeMap;

use serde::Serialize;

use super::found::{Acts, Preview, Sample, Who, rounded};

/// The other one.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Against {
    pub agent: Who,
    pub per_day: Acts<f64>,
    pub totals: Acts<u64>,
    pub samples: Vec<Sample>,
    pub tokens: u64,
    pub usd_micros: u64,
    pub timers: u64,
    pub memory_bytes: u64,
    pub refused_by_platform: BTreeMap<&'static str, u64>,
    pub breaches: u64,
    pub denied: BTreeMap<&'static str, u64>,
    pub differences: Differences,
}

/// What is previewed, less the other.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Differences {
    pub per_day: Acts<f64>,
    pub tokens: i64,
    pub usd_micros: i64,
    pub timers: i64,
    pub memory_bytes: i64,
}

impl Against {
    /// What differs between the two.
    pub fn of(new: &Preview, old: Preview) -> Self {
        let (a, b) = (new.per_day, old.per_day);
        let per_day = Acts {
            post: rounded(a.post - b.post),
            reply: rounded(a.reply - b.reply),
            like: rounded(a.like - b.like),
            thread: rounded(a.thread - b.thread),
            quote: rounded(a.quote - b.quote),
        };
        let differences = Differences {
            per_day,
            tokens: less(new.tokens, old.tokens),
            usd_micros: less(new.usd_micros, old.usd_micros),
            timers: less(new.timers, old.timers),
            memory_bytes: less(new.memory_bytes, old.memory_bytes),
        };
        Self {
            agent: old.agent,
            per_day: old.per_day,
            totals: old.totals,
            samples: old.samples,
            tokens: old.tokens,
            usd_micros: old.usd_micros,
            timers: old.timers,
            memory_bytes: old.memory_bytes,
            refused_by_platform: old.refused_by_platform,
            breaches: old.breaches.len() as u64,
            denied: old.denied,
            differences,
        }
    }
}

fn less(new: u64, old: u64) -> i64 {
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    number(new).saturating_sub(number(old))
}
