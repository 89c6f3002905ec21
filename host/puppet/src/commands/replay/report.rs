//! `puppet.replay/1`: what came of each record, and the sums.

use puppet_engine::{Divergence, Replayed};
use puppet_grants::Asked;
use puppet_types::{AgentId, Digest, Invocation, InvocationId, NumberedDecision, Outcome, PluginRef, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use puppet_api::view::invocation::ended;

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report {
    schema: &'static str,
    /// The build that took the place of what was recorded.
    pub with: Option<With>,
    /// Records that were run again.
    pub replayed: u64,
    /// Of them those that come out the same.
    pub same: u64,
    /// And the others.
    pub diverged: u64,
    /// Records that could not be run again.
    pub unreplayable: u64,
    /// Each of them, in the order of the journal.
    pub items: Vec<Item>,
}

/// What `--with` names.
#[derive(Debug, Serialize)]
pub struct With {
    /// As it was named.
    pub named: String,
    /// Of its component.
    pub digest: Digest,
}

/// One record.
#[derive(Debug, Serialize)]
pub struct Item {
    /// Its id.
    pub id: InvocationId,
    /// When it ran.
    pub at: Timestamp,
    /// Whose.
    pub agent: AgentId,
    /// On which kind of event.
    pub kind: String,
    /// Which version was called then.
    pub plugin: PluginRef,
    /// Whether everything is the same; none where it was not run.
    pub same: Option<bool>,
    /// Units.
    pub fuel: Pair<u64>,
    /// How it ended.
    pub outcome: Pair<&'static str>,
    /// The first difference.
    pub divergence: Option<Told>,
    /// Why it was not run.
    pub unreplayable: Option<String>,
}

/// Then and now.
#[derive(Debug, Serialize)]
pub struct Pair<T> {
    /// In the journal.
    pub recorded: T,
    /// Now.
    pub replayed: Option<T>,
}

/// The first difference, as it is printed.
#[derive(Debug, Serialize)]
pub struct Told {
    /// `fuel`, `read` or `decision`; an end that differs stands as the decision after the last.
    pub part: &'static str,
    /// Which read or decision.
    pub n: Option<u32>,
    /// In the journal.
    pub recorded: Value,
    /// Now.
    pub replayed: Value,
}

impl Report {
    /// Nothing was run yet.
    pub fn new(with: Option<(&str, Digest)>) -> Self {
        let with = with.map(|(named, digest)| With { named: named.to_owned(), digest });
        Self { schema: "puppet.replay/1", with, replayed: 0, same: 0, diverged: 0, unreplayable: 0, items: Vec::new() }
    }

    /// One more.
    pub fn add(&mut self, item: Item) {
        match item.same {
            Some(same) => {
                self.replayed += 1;
                self.same += u64::from(same);
                self.diverged += u64::from(!same);
            }
            None => self.unreplayable += 1,
        }
        self.items.push(item);
    }
}

impl Item {
    /// A record and what came of it.
    pub fn of(recorded: &Invocation, replayed: Result<Replayed, String>) -> Self {
        let (now, unreplayable) = match replayed {
            Ok(now) => (Some(now), None),
            Err(reason) => (None, Some(reason)),
        };
        let decisions = recorded.decisions.len();
        Self {
            id: recorded.id.clone(),
            at: recorded.at,
            agent: recorded.agent.clone(),
            kind: recorded.event.kind.clone(),
            plugin: recorded.plugin.clone(),
            same: now.as_ref().map(|now| now.divergence.is_none()),
            fuel: Pair { recorded: recorded.fuel, replayed: now.as_ref().map(|now| now.fuel) },
            outcome: Pair { recorded: recorded.outcome.name(), replayed: now.as_ref().map(|now| now.outcome.name()) },
            divergence: now.and_then(|now| now.divergence).map(|divergence| Told::of(divergence, decisions)),
            unreplayable,
        }
    }
}

impl Told {
    fn of(divergence: Divergence, decisions: usize) -> Self {
        match divergence {
            Divergence::Fuel { recorded, replayed } => {
                Self { part: "fuel", n: None, recorded: recorded.into(), replayed: replayed.into() }
            }
            Divergence::Read { n, recorded, replayed } => Self {
                part: "read",
                n: Some(n),
                recorded: asked(recorded.as_deref()),
                replayed: asked(replayed.as_deref()),
            },
            Divergence::Decision { n, recorded, replayed } => Self {
                part: "decision",
                n: Some(n),
                recorded: decision(recorded.as_deref()),
                replayed: decision(replayed.as_deref()),
            },
            Divergence::Outcome { recorded, replayed } => Self {
                part: "decision",
                n: u32::try_from(decisions).ok(),
                recorded: end(&recorded),
                replayed: end(&replayed),
            },
        }
    }
}

fn asked(asked: Option<&Asked>) -> Value {
    asked.map_or(
        Value::Null,
        |asked| json!({ "capability": asked.capability, "operation": asked.operation, "request": asked.request }),
    )
}

fn decision(decision: Option<&NumberedDecision>) -> Value {
    decision.and_then(|decision| serde_json::to_value(&decision.decision).ok()).unwrap_or_default()
}

fn end(outcome: &Outcome) -> Value {
    let (breach, declined, error) = ended(outcome);
    let body = json!({ "outcome": outcome.name(), "breach": breach, "declined": declined, "error": error });
    json!({ "kind": "outcome", "body": body })
}
