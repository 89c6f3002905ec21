//! `puppet.scenario/1`: the host that a plugin finds, what happens to it, and what it has to decide. Strictly read: a key
//! that nothing knows is an error at its line.

mod answers;
mod check;
mod expect;
mod given;

use std::collections::BTreeMap;

use puppet_types::Mood;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub use answers::{
    Answers, CallFault, EmbedAnswer, HttpAnswer, LlmAnswer, MarketAnswer, ReadAnswer, ToolCallGiven, UsageGiven,
};
pub use expect::{DeclinedExpected, ExpectedDecision, Fuel, Match, TextExpected};
pub use given::{
    Balance, Character, GivenMemory, GivenPost, GivenRelationship, GivenState, GivenTimer, PersonaFrom, Seed,
};

use crate::fault::{Fault, line_of, of_toml};

/// The one that is written today.
pub const SCHEMA: &str = "puppet.scenario/1";
/// When a scenario begins that does not say it.
pub const START: &str = "2026-01-05T12:00:00Z";
/// The seed of one that has none.
pub const SEED: u64 = 42;

/// One file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `puppet.scenario/1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The file's stem where it is left out.
    #[serde(default)]
    pub name: String,
    /// What it shows.
    #[serde(default)]
    pub about: String,
    /// The clock when it begins, RFC 3339; 2026-01-05T12:00:00Z where it is left out.
    #[serde(default)]
    pub at: Option<String>,
    /// IANA name; UTC where it is left out.
    #[serde(default)]
    pub timezone: Option<String>,
    /// What is random follows from it. With recorded reads: the seed of the record itself.
    #[serde(default)]
    #[schemars(with = "WrittenSeed")]
    pub seed: Seed,
    /// With recorded reads: the id of the record, from which ids of what it decides follow.
    #[serde(default)]
    pub invocation: Option<String>,
    /// The pack's own where it is left out.
    #[serde(default)]
    pub persona: Option<PersonaFrom>,
    /// In the place of single settings of the pack.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub settings: toml::Table,
    /// As the first event finds it.
    #[serde(default)]
    pub mood: Option<Mood>,
    /// Operations that are not granted though the pack asks for them: `tweet.reply`, or `tweet` for all of them.
    #[serde(default)]
    pub deny: Vec<String>,
    /// What no invocation may go beyond.
    #[serde(default)]
    pub budget: Budget,
    /// Who plays it.
    #[serde(default)]
    pub agent: Character,
    /// Other characters of the host. They are there to be written to; nothing runs for them.
    #[serde(default)]
    pub character: Vec<Character>,
    /// What the plugin has kept.
    #[serde(default)]
    pub state: Option<GivenState>,
    /// What is remembered.
    #[serde(default)]
    pub memory: Vec<GivenMemory>,
    /// How it stands to others.
    #[serde(default)]
    pub relationship: Vec<GivenRelationship>,
    /// What is on the timeline, the oldest first.
    #[serde(default)]
    pub post: Vec<GivenPost>,
    /// Timers that are set.
    #[serde(default)]
    pub timer: Vec<GivenTimer>,
    /// What is in the purse.
    #[serde(default)]
    pub balance: Vec<Balance>,
    /// What providers answer.
    #[serde(default)]
    pub answer: Answers,
    /// What happens, one after the other.
    #[serde(default)]
    #[schemars(with = "Vec<Step>")]
    pub step: Vec<Spanned<Step>>,
    /// Of a trading strategy, in the place of steps.
    #[serde(default)]
    #[schemars(with = "Option<Strategy>")]
    pub strategy: Option<Spanned<Strategy>>,
}

/// What no invocation may go beyond.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Instructions.
    pub fuel: Option<u64>,
    /// Bytes of memory at the highest.
    pub peak_memory_bytes: Option<u64>,
    /// Tokens of all calls to models.
    pub tokens: Option<u64>,
    /// Calls, by interface.
    #[serde(default)]
    pub host_calls: BTreeMap<String, u64>,
}

/// One thing that happens, and what is to come of it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// An event for the character.
    pub event: Option<GivenEvent>,
    /// Time passes; what is due meanwhile happens: timers, events that are on their way.
    pub advance: Option<String>,
    /// An event for a generator.
    pub trigger: Option<Trigger>,
    /// `ok` where it is left out.
    #[schemars(extend("enum" = ["ok", "declined", "failed", "breach"]))]
    pub outcome: Option<String>,
    /// How it says no.
    pub declined: Option<DeclinedExpected>,
    /// The code of a limit.
    pub breach: Option<String>,
    /// Part of the error that it ends with.
    pub failed_contains: Option<String>,
    /// How decisions are compared.
    pub decisions: Option<Match>,
    /// What has to be decided, in order.
    #[serde(default)]
    #[schemars(with = "Vec<ExpectedDecision>")]
    pub decision: Vec<Spanned<ExpectedDecision>>,
    /// What was asked, in order: `llm.complete`.
    pub reads: Option<Vec<String>>,
    /// Each stands in a line of the log.
    #[serde(default)]
    pub log_contains: Vec<String>,
    /// Instructions of this step.
    pub fuel: Option<Fuel>,
}

/// An event.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenEvent {
    /// `mention`, `timer`, or one of the plugin's own.
    pub kind: String,
    /// Made of the others where it is left out.
    pub id: Option<String>,
    /// Who made it; `cli` where it is left out.
    pub source: Option<String>,
    /// Who did it.
    pub author: Option<String>,
    /// What it carries.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub payload: toml::Table,
    /// `normal` where it is left out.
    pub priority: Option<puppet_types::Priority>,
    /// How many of our own events led to it.
    #[serde(default)]
    pub hops: u32,
    /// A moment, or `+5m` after the one before; at once where it is left out.
    pub at: Option<String>,
}

/// What calls a generator.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// `agent_started` or `timer`.
    pub kind: String,
    /// What it carries.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub payload: toml::Table,
    /// As that of an event.
    pub at: Option<String>,
}

/// Prices, and the orders that a strategy has to answer with.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// Of the strategy.
    #[serde(default)]
    pub parameters: BTreeMap<String, i64>,
    /// Seconds of a bar; 60 where it is left out.
    #[serde(default = "minute")]
    pub bar_seconds: u32,
    /// Of each market: ways of its close, one after the other. The first one begins at its own end.
    pub markets: Vec<Vec<Leg>>,
    /// `bar 512: buy 1.25 M0/USDC, market`, in order.
    #[serde(default)]
    pub orders: Vec<String>,
}

fn minute() -> u32 {
    60
}

/// Straight to a price, in whole quote tokens.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// How many bars that takes.
    pub bars: u64,
    /// The close of the last one.
    pub to: u64,
}

/// What of a field follows from the text of the file: the line where it begins.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// Of each step.
    pub steps: Vec<usize>,
    /// Of each decision of each step.
    pub decisions: Vec<Vec<usize>>,
    /// Of the strategy.
    pub strategy: usize,
}

/// A seed as it stands in a file: a number from 0 on, or the text `0x…` of one of 64 bits.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
enum WrittenSeed {
    Number(u64),
    Hex(#[schemars(regex(pattern = r"^0x[0-9a-fA-F]{1,16}$"))] String),
}

/// What a file of a scenario holds, for editors: JSON Schema 2020-12.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Scenario);
    schema.insert("title".to_owned(), "A scenario of a pack (tests/*.toml)".into());
    schema.into()
}

impl Scenario {
    /// Whether it is one journaled event, and not a course of its own.
    pub fn is_of_a_record(&self) -> bool {
        self.invocation.is_some() || !self.answer.read.is_empty()
    }

    /// Reads the text of a file whose name without its ending is `stem`.
    ///
    /// # Errors
    /// The first thing that is wrong, at its line.
    pub fn parse(text: &str, stem: &str) -> Result<(Self, Lines), Fault> {
        let mut scenario: Self = toml::from_str(text).map_err(|error| of_toml(&error, text))?;
        if scenario.name.is_empty() {
            stem.clone_into(&mut scenario.name);
        }
        let lines = Lines {
            steps: scenario.step.iter().map(|step| line_of(text, step.span().start)).collect(),
            decisions: scenario
                .step
                .iter()
                .map(|step| {
                    step.get_ref().decision.iter().map(|decision| line_of(text, decision.span().start)).collect()
                })
                .collect(),
            strategy: scenario.strategy.as_ref().map_or(1, |strategy| line_of(text, strategy.span().start)),
        };
        check::check(&scenario, &lines, text)?;
        Ok((scenario, lines))
    }
}

#[cfg(test)]
mod tests;
