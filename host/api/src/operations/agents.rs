//! Agents, and what is said to them.

use std::time::Duration;

use async_trait::async_trait;
use puppet_engine::{Verdict, Word};
use puppet_types::{AgentId, Digest, EffectId, PackId, PostId, Priority};
use serde_json::{Map, Value};

use super::Answer;

/// How an agent is made.
#[derive(Debug, Clone, PartialEq)]
pub enum NewAgent {
    /// From a file of the original engine, as text.
    File(String),
    /// From an installed pack.
    Pack {
        /// Which.
        pack: PackId,
        /// Under this id; else the pack's.
        id: Option<AgentId>,
        /// Under this name; else the persona's.
        name: Option<String>,
    },
}

/// An operator's word about an agent.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentWord {
    /// It handles nothing until it is resumed; its mail waits.
    Pause {
        /// For whoever wonders.
        reason: Option<String>,
        /// The name of whoever says so.
        by: String,
    },
    /// It goes on.
    Resume {
        /// The name of whoever says so.
        by: String,
    },
    /// It is cast anew, and told that it started.
    Restart,
    /// It is no more.
    Retire,
    /// These of its settings are so from now on.
    Settings(Map<String, Value>),
}

/// An event that somebody wishes.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Its kind.
    pub kind: String,
    /// What it says.
    pub payload: Value,
    /// To whom; nobody: to everybody.
    pub to: Vec<AgentId>,
    /// Of the kind, where none is given.
    pub priority: Option<Priority>,
    /// So much later, in milliseconds.
    pub delay_ms: u64,
    /// Where it comes from, as its receivers see it: `api`.
    pub source: String,
    /// The ids of its events follow from it: the same request is the same events.
    pub key: Option<String>,
}

/// Somebody speaks on the local timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Account, with or without `@`.
    pub by: String,
    /// What is said.
    pub text: String,
    /// To whom; nobody: to those whom the text names.
    pub to: Vec<AgentId>,
    /// The post that it answers.
    pub in_reply_to: Option<PostId>,
}

/// Agents.
#[async_trait]
pub trait AgentOperations: Send + Sync + 'static {
    /// All of them: `agent-list.json`.
    async fn agents(&self) -> Answer;
    /// One: `agent-show.json`.
    async fn agent(&self, agent: &AgentId) -> Answer;
    /// One more: `agent-made.json`.
    async fn make_agent(&self, new: NewAgent) -> Answer;
    /// A word about one: `agent-show.json`; null where it is no more.
    async fn change_agent(&self, agent: &AgentId, word: AgentWord) -> Answer;
    /// An event; with `wait`, until it is handled, and no longer than so: `event-send.json`.
    async fn send(&self, wish: Wish, wait: Option<Duration>) -> Answer;
    /// A post of a person; with `wait`, until those spoken to have answered, and no longer than so: `event-send.json`.
    async fn say(&self, said: Said, wait: Option<Duration>) -> Answer;
    /// The counters as they stand: `budgets.json`.
    async fn budgets(&self) -> Answer;
    /// Yes or no to an effect that waits for it, of the digest that was seen: `approval.json`.
    async fn decide(&self, effect: &EffectId, digest: Option<Digest>, verdict: Verdict) -> Answer;
    /// A word about an effect that does not get on: `effect.json`.
    async fn outbox(&self, effect: &EffectId, word: Word) -> Answer;
    /// Nothing leaves from now on: `halt.json`.
    async fn halt(&self, reason: Option<String>) -> Answer;
    /// Effects leave again: `halt.json`.
    async fn resume(&self) -> Answer;
}
