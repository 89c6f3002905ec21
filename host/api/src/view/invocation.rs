//! `puppet.invocation/1`: one invocation as the journal prints it.

use std::collections::BTreeMap;

use puppet_store::{Effect, EffectState, JournalEntry};
use puppet_types::{
    AgentId, Capability, Digest, Event, EventId, NumberedDecision, Outcome, PluginRef, Priority, Read, Timestamp,
    Timing,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The shape's name.
pub const SCHEMA: &str = "puppet.invocation/1";

/// One invocation.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by docs/schemas/invocation.json")]
pub struct InvocationView {
    pub schema: &'static str,
    pub id: String,
    pub seq: u64,
    pub at: Timestamp,
    pub agent: String,
    pub plugin: PluginRef,
    pub persona_digest: Digest,
    pub settings_digest: Digest,
    /// Sixteen hexadecimal digits: a number of 64 bits does not survive every JSON reader.
    pub seed: Option<String>,
    pub event: EventView,
    pub outcome: &'static str,
    pub breach: Option<&'static str>,
    pub declined: Option<DeclinedView>,
    pub error: Option<String>,
    pub fuel: u64,
    pub peak_memory_bytes: u64,
    pub host_calls: BTreeMap<Capability, u32>,
    pub reads: Vec<Read>,
    pub decisions: Vec<DecisionView>,
    pub strikes: u32,
    pub timing_us: Option<Timing>,
    /// Why it cannot be run again.
    pub unreplayable: Option<String>,
    pub log: Vec<puppet_types::LogLine>,
}

/// Its event.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct EventView {
    pub id: String,
    pub kind: String,
    pub source: String,
    pub author: Option<String>,
    pub priority: Priority,
    pub at: Timestamp,
    pub payload: Value,
    pub hops: u32,
    pub cause: Option<String>,
}

impl EventView {
    /// Of an event.
    pub fn of(event: Event) -> Self {
        let Event { id, kind, source, author, priority, at, payload, hops, cause, .. } = event;
        let cause = cause.map(|cause| cause.to_string());
        Self { id: id.to_string(), kind, source, author, priority, at, payload, hops, cause }
    }

    /// And back, for a mailbox.
    pub fn event(self, agent: AgentId) -> Event {
        let Self { id, kind, source, author, priority, at, payload, hops, cause } = self;
        let (id, cause) = (EventId::from(id), cause.map(EventId::from));
        Event { id, kind, source, agent, author, priority, at, payload, hops, cause, broadcast: None }
    }
}

/// A seed as it is printed.
pub fn seed_text(seed: u64) -> String {
    format!("{seed:016x}")
}

/// And read back.
pub fn seed_of(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

/// A decline.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct DeclinedView {
    pub code: String,
    pub message: String,
    pub retry_at: Option<Timestamp>,
}

/// A decision and what became of it.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct DecisionView {
    #[serde(flatten)]
    pub decision: NumberedDecision,
    /// None where the decisions were dropped.
    pub effect: Option<EffectView>,
}

/// How far an effect is. Decisions that the commit itself carries out are done and have no id.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct EffectView {
    pub id: Option<String>,
    pub state: EffectState,
    pub provider_id: Option<String>,
    pub attempts: u32,
    pub reason: Option<String>,
}

impl InvocationView {
    /// Of an entry and its effects.
    pub fn new(entry: JournalEntry, effects: &[Effect]) -> Self {
        let JournalEntry { seq, invocation } = entry;
        let committed = invocation.outcome == Outcome::Ok;
        let decisions = invocation.decisions.into_iter().map(|decision| {
            let effect = committed.then(|| effect_of(&decision, effects));
            DecisionView { decision, effect }
        });
        let decisions = decisions.collect();
        let (breach, declined, error) = ended(&invocation.outcome);
        let event = invocation.event;
        Self {
            schema: SCHEMA,
            id: invocation.id.to_string(),
            seq,
            at: invocation.at,
            agent: invocation.agent.to_string(),
            plugin: invocation.plugin,
            persona_digest: invocation.persona_digest,
            settings_digest: invocation.settings_digest,
            seed: invocation.seed.map(seed_text),
            event: EventView::of(event),
            outcome: invocation.outcome.name(),
            breach,
            declined,
            error,
            fuel: invocation.fuel,
            peak_memory_bytes: invocation.peak_memory_bytes,
            host_calls: invocation.host_calls,
            reads: invocation.reads,
            decisions,
            strikes: invocation.strikes,
            timing_us: invocation.timing,
            unreplayable: invocation.unreplayable,
            log: invocation.log,
        }
    }
}

/// How it ended, where that was not well: the breach, the decline, what is said of a failure or a breach.
pub fn ended(outcome: &Outcome) -> (Option<&'static str>, Option<DeclinedView>, Option<String>) {
    match outcome {
        Outcome::Ok => (None, None, None),
        Outcome::Declined(declined) => {
            let view = DeclinedView {
                code: declined.code.clone(),
                message: declined.message.clone(),
                retry_at: declined.retry_at,
            };
            (None, Some(view), None)
        }
        Outcome::Failed(message) => (None, None, Some(message.clone())),
        Outcome::Breach(breach, detail) => (Some(breach.code()), None, Some(detail.clone())),
    }
}

fn effect_of(decision: &NumberedDecision, effects: &[Effect]) -> EffectView {
    let outside = effects.iter().find(|effect| effect.n == decision.n);
    match outside {
        Some(effect) => EffectView {
            id: Some(effect.id.to_string()),
            state: effect.state,
            provider_id: effect.provider_id.clone(),
            attempts: effect.attempts,
            reason: effect.reason.clone(),
        },
        None => EffectView { id: None, state: EffectState::Done, provider_id: None, attempts: 0, reason: None },
    }
}
