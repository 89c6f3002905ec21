//! What has to come of a step.

use schemars::JsonSchema;
use serde::Deserialize;

/// How decisions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// These, in this order, and no other. So it is where a decision is written down; with none of them nothing may be
    /// decided.
    Exact,
    /// These, in this order, and perhaps others between.
    Contains,
    /// Whatever is decided: so it is where nothing is written down.
    Any,
}

/// How an event is declined.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclinedExpected {
    /// kebab-case.
    pub code: String,
    /// When it comes again: a moment, or `+1h` after the event.
    pub retry_at: Option<String>,
}

/// A decision. Only what is named is compared.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedDecision {
    /// `post`, `reply`, `remember`, …
    pub kind: String,
    /// As a record of the journal has it. Keys that are not named may be anything; lists are compared whole.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub body: toml::Table,
    /// What it says.
    #[serde(default)]
    pub text: Option<TextExpected>,
}

/// What is asked of a text. Of a thread: of its parts, joined by line ends; of a memory: of its words.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextExpected {
    /// Just this.
    pub is: Option<String>,
    /// It begins so.
    pub starts_with: Option<String>,
    /// Each of these is in it.
    #[serde(default)]
    pub contains: Vec<String>,
    /// None of these is in it.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// A regular expression that is found in it.
    pub matches: Option<String>,
    /// Weighted length at most.
    pub max_weight: Option<u32>,
    /// Weighted length at least.
    pub min_weight: Option<u32>,
}

/// Instructions of a step.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fuel {
    /// As it was; `puppet test --update` writes it.
    pub recorded: Option<u64>,
    /// How far from that it may be; 5 where it is left out.
    pub within_percent: Option<u64>,
}
