//! The shape of `report.json`. Field order is the order of the file.

use std::collections::BTreeMap;

use puppet_types::Timestamp;
use serde::Serialize;

/// `puppet.simulate/1`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema docs/schemas/simulate.json")]
pub struct Report {
    pub schema: &'static str,
    pub version: &'static str,
    pub seed: u64,
    pub start: Timestamp,
    pub end: Timestamp,
    pub days: u32,
    pub tz: String,
    pub inputs: Vec<super::Input>,
    pub plugins: Vec<super::PluginFact>,
    pub generators: Vec<String>,
    pub totals: Totals,
    pub agents: Vec<AgentReport>,
    pub events: Vec<EventRow>,
}

/// Sums over agents.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Totals {
    pub events: BTreeMap<String, u64>,
    pub invocations: Invocations,
    pub decisions: BTreeMap<String, u64>,
    pub effects: Effects,
    pub denied: BTreeMap<String, u64>,
    pub dead_lettered: u64,
    pub tokens: Tokens,
    pub usd_micros: Usd,
}

/// Invocations by outcome.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Invocations {
    pub total: u64,
    pub ok: u64,
    pub declined: u64,
    pub failed: u64,
    pub breach: BTreeMap<String, u64>,
}

/// Effects by end.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Effects {
    pub done: u64,
    pub failed: u64,
    pub in_doubt: u64,
}

/// Tokens.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Tokens {
    pub prompt: u64,
    pub completion: u64,
}

/// Millionths of a dollar.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Usd {
    pub llm: u64,
    pub x: u64,
    pub total: u64,
}

/// One agent.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct AgentReport {
    pub id: String,
    pub name: String,
    pub personality: Personality,
    pub counts: Counts,
    pub posts: Vec<PostRow>,
    pub likes: Vec<LikeRow>,
    pub mood: Vec<MoodPoint>,
    pub relationships: Vec<RelationshipRow>,
    pub memory: MemoryCounts,
    pub llm: LlmUse,
    pub budgets: Vec<BudgetRow>,
    pub breaches: Vec<BreachRow>,
}

/// Whose behaviour.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Personality {
    pub pack: String,
    pub version: String,
    pub digest: String,
}

/// How many of each.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Counts {
    pub post: u64,
    pub thread: u64,
    pub reply: u64,
    pub quote: u64,
    pub like: u64,
    pub declined: u64,
}

/// A post.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct PostRow {
    pub id: String,
    pub at: Timestamp,
    pub kind: &'static str,
    pub text: String,
    pub weighted_length: u32,
    pub in_reply_to: Option<String>,
    pub quotes: Option<String>,
    pub thread: Option<String>,
    pub media: Vec<puppet_types::Image>,
    pub cause: Cause,
    pub invocation: String,
}

/// The event that led to it.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Cause {
    pub event: String,
    pub kind: String,
}

/// A like.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct LikeRow {
    pub at: Timestamp,
    pub post: String,
    pub invocation: String,
}

/// The mood after a shift.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct MoodPoint {
    pub at: Timestamp,
    pub valence: f64,
    pub arousal: f64,
    pub dominance: f64,
    pub cause: String,
}

/// How it stands to another.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct RelationshipRow {
    pub target_agent_id: String,
    pub sentiment: f64,
    pub familiarity: f64,
    pub trust: f64,
    pub interactions: u32,
}

/// Rows per kind.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct MemoryCounts {
    pub core: u64,
    pub event: u64,
    pub interaction: u64,
    pub general: u64,
    pub post: u64,
    pub tweet: u64,
}

/// What its prompts used.
#[derive(Debug, Default, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct LlmUse {
    pub calls: u64,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub usd_micros: u64,
    pub priced_as: String,
}

/// A budget, as `puppet budgets` prints it, in its last window.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct BudgetRow {
    pub scope: &'static str,
    pub agent: Option<String>,
    pub account: Option<String>,
    pub pack: Option<String>,
    pub capability: &'static str,
    pub amount: &'static str,
    pub unit: &'static str,
    pub period: Option<&'static str>,
    pub limit: u64,
    pub used: u64,
    pub reserved: u64,
    pub left: u64,
    pub overrun: u64,
    pub resets_at: Option<Timestamp>,
    pub mode: &'static str,
    pub state: &'static str,
}

/// A limit that a plugin ran into.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct BreachRow {
    pub at: Timestamp,
    pub plugin: String,
    pub breach: String,
    pub invocation: String,
}

/// An event; copies of one broadcast are one row.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct EventRow {
    pub id: String,
    pub at: Timestamp,
    pub kind: String,
    pub source: String,
    pub targets: Vec<String>,
    pub priority: puppet_types::Priority,
}
