//! `puppet.preview/1`: what the days came to, for an operator who has not said yes. Pure: made of what was lived.

use std::collections::BTreeMap;

use puppet_engine::report::{Input, MoodPoint};
use puppet_packs::AgentSpec;
use puppet_types::{Digest, Timestamp, counted};
use serde::Serialize;

use super::{
    samples, suggest,
    week::{Day, Lived},
};

/// The report.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Preview {
    pub schema: &'static str,
    pub version: &'static str,
    pub seed: u64,
    pub start: Timestamp,
    pub end: Timestamp,
    pub days: u32,
    pub tz: String,
    pub inputs: Vec<Input>,
    pub agent: Who,
    pub per_day: Acts<f64>,
    pub totals: Acts<u64>,
    pub by_day: Vec<DayRow>,
    pub samples: Vec<Sample>,
    pub tokens: u64,
    pub usd_micros: u64,
    pub timers: u64,
    pub timers_fired: u64,
    pub timers_waiting: u64,
    pub memory_rows: u64,
    pub memory_bytes: u64,
    pub memory_bytes_at_start: u64,
    pub memory_bytes_per_day: f64,
    pub mood: Vec<MoodPoint>,
    pub peaks: Vec<Peak>,
    pub refused_by_platform: BTreeMap<&'static str, u64>,
    pub breaches: Vec<Breach>,
    pub denied: BTreeMap<&'static str, u64>,
    pub suggested_grant: String,
    pub against: Option<super::against::Against>,
}

/// Whose days they are.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Who {
    pub id: String,
    pub name: String,
    pub pack: String,
    pub version: String,
    pub plugin: String,
}

impl Who {
    /// Of an agent.
    pub fn of(spec: &AgentSpec) -> Self {
        Self {
            id: spec.id.to_string(),
            name: spec.name.clone(),
            pack: spec.pack.to_string(),
            version: spec.pack_version.clone(),
            plugin: spec.plugin.to_string(),
        }
    }
}

/// How much of each.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Acts<N> {
    pub post: N,
    pub reply: N,
    pub like: N,
    pub thread: N,
    pub quote: N,
}

impl<N: Copy> Acts<N> {
    /// Each of them made into something else.
    pub fn map<M>(self, make: impl Fn(N) -> M) -> Acts<M> {
        let Self { post, reply, like, thread, quote } = self;
        Acts { post: make(post), reply: make(reply), like: make(like), thread: make(thread), quote: make(quote) }
    }
}

impl Acts<u64> {
    fn of(effects: &BTreeMap<&'static str, u64>) -> Self {
        let of = |kind: &str| effects.get(kind).copied().unwrap_or(0);
        Self { post: of("post"), reply: of("reply"), like: of("like"), thread: of("thread"), quote: of("quote") }
    }
}

/// A day.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct DayRow {
    pub at: Timestamp,
    pub post: u64,
    pub reply: u64,
    pub like: u64,
    pub thread: u64,
    pub quote: u64,
    pub tokens: u64,
    pub usd_micros: u64,
    pub timers: u64,
    pub timers_fired: u64,
    pub memory_rows: u64,
    pub memory_bytes: u64,
}

impl DayRow {
    fn of(day: &Day, at: Timestamp) -> Self {
        let Acts { post, reply, like, thread, quote } = Acts::of(&day.effects);
        let &Day { tokens, usd_micros, timers, timers_fired, memory_rows, memory_bytes, .. } = day;
        Self {
            at,
            post,
            reply,
            like,
            thread,
            quote,
            tokens,
            usd_micros,
            timers,
            timers_fired,
            memory_rows,
            memory_bytes,
        }
    }
}

/// A post to read.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Sample {
    pub at: Timestamp,
    pub kind: &'static str,
    pub text: String,
    pub weight: u32,
    pub cause: String,
}

/// The most that was used of a budget, beside what the pack may have of it.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Peak {
    pub capability: &'static str,
    pub amount: &'static str,
    pub unit: &'static str,
    pub period: Option<&'static str>,
    pub requested: u64,
    pub peak: u64,
}

/// A limit that it ran into.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Breach {
    pub at: Timestamp,
    pub plugin: String,
    pub breach: String,
}

/// Six decimals, as every ratio is written.
pub fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

impl Preview {
    /// Of an agent's days; with what a grant to its pack is bound to.
    pub fn of((spec, digest): (&AgentSpec, Option<Digest>), inputs: Vec<Input>, lived: Lived) -> Self {
        let memory_bytes_at_start = lived.memory_bytes_at_start;
        let Lived { report, days, budgets, operations, denied, refused_by_platform, timers_waiting, .. } = lived;
        let sum = |of: fn(&Day) -> u64| days.iter().map(of).sum::<u64>();
        let mut effects: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (kind, count) in days.iter().flat_map(|day| &day.effects) {
            *effects.entry(kind).or_default() += count;
        }
        let (totals, count) = (Acts::of(&effects), f64::from(report.days));
        let last = days.last().cloned().unwrap_or_default();
        let grown = last.memory_bytes as f64 - memory_bytes_at_start as f64;
        let found_by = format!(
            "For {} {}: peaks of {} from {} with seed {}",
            spec.pack,
            spec.pack_version,
            counted(report.days, "day", "days"),
            report.start,
            report.seed
        );
        let suggested_grant = suggest::grant((&spec.pack, digest), &operations, &budgets, &found_by);
        let own = report.agents.into_iter().find(|agent| agent.id == spec.id.as_str());
        let (posts, mood, breaches) = own.map(|own| (own.posts, own.mood, own.breaches)).unwrap_or_default();
        Self {
            schema: "puppet.preview/1",
            version: report.version,
            seed: report.seed,
            start: report.start,
            end: report.end,
            days: report.days,
            tz: report.tz,
            inputs,
            agent: Who::of(spec),
            per_day: totals.map(|total| rounded(total as f64 / count)),
            totals,
            samples: samples::chosen(&posts).into_iter().map(Sample::of).collect(),
            tokens: sum(|day| day.tokens),
            usd_micros: sum(|day| day.usd_micros),
            timers: sum(|day| day.timers),
            timers_fired: sum(|day| day.timers_fired),
            timers_waiting,
            memory_rows: last.memory_rows,
            memory_bytes: last.memory_bytes,
            memory_bytes_at_start,
            memory_bytes_per_day: rounded(grown / count),
            mood,
            peaks: budgets.iter().map(Peak::of).collect(),
            refused_by_platform,
            breaches: breaches
                .into_iter()
                .map(|row| Breach { at: row.at, plugin: row.plugin, breach: row.breach })
                .collect(),
            denied: denied.into_iter().map(|(capability, calls)| (capability.name(), calls)).collect(),
            suggested_grant,
            against: None,
            by_day: (0..)
                .zip(&days)
                .map(|(n, day)| DayRow::of(day, report.start.plus_millis(n * 86_400_000)))
                .collect(),
        }
    }
}

impl Sample {
    fn of(post: &puppet_engine::report::PostRow) -> Self {
        Self {
            at: post.at,
            kind: post.kind,
            text: post.text.clone(),
            weight: post.weighted_length,
            cause: post.cause.kind.clone(),
        }
    }
}

impl Peak {
    fn of(used: &super::week::Used) -> Self {
        Self {
            capability: used.capability.name(),
            amount: used.amount.name(),
            unit: used.amount.unit(),
            period: used.period.name(),
            requested: used.requested,
            peak: used.peak,
        }
    }
}
