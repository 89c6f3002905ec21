//! Effects: in a list, one by itself, and as one that waits for the operator.

use puppet_engine::{HeldAccount, quiet_until};
use puppet_store::{Effect, EffectState};
use puppet_types::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One of `docs/schemas/outbox.json`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Row {
    pub id: String,
    pub agent: String,
    pub account: String,
    pub kind: &'static str,
    pub state: EffectState,
    pub attempts: u32,
    /// What a provider knows it by: the same effect is never done twice.
    pub idempotency_key: String,
    pub reason: Option<String>,
}

impl Row {
    /// Of a row.
    pub fn of(effect: &Effect) -> Self {
        Self {
            id: effect.id.to_string(),
            agent: effect.agent.to_string(),
            account: effect.account.to_string(),
            kind: effect.body.kind(),
            state: effect.state,
            attempts: effect.attempts,
            idempotency_key: effect.id.to_string(),
            reason: effect.reason.clone(),
        }
    }
}

/// One of `docs/schemas/approvals.json`: it waits for the operator.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Asking {
    pub id: String,
    pub agent: String,
    pub kind: &'static str,
    pub body: Value,
    pub expires_at: Option<Timestamp>,
    pub digest: Digest,
}

impl Asking {
    /// Of a row.
    ///
    /// # Errors
    /// What it says is no JSON.
    pub fn of(effect: &Effect) -> serde_json::Result<Self> {
        Ok(Self {
            id: effect.id.to_string(),
            agent: effect.agent.to_string(),
            kind: effect.body.kind(),
            body: body(effect)?,
            expires_at: effect.expires,
            digest: effect.digest(),
        })
    }
}

/// One of `docs/schemas/approval.json`: an effect after the verdict.
pub fn decided(effect: &Effect) -> Value {
    json!({ "id": effect.id, "agent": effect.agent, "kind": effect.body.kind(), "state": effect.state })
}

fn body(effect: &Effect) -> serde_json::Result<Value> {
    Ok(serde_json::to_value(&effect.body)?["body"].take())
}

/// `docs/schemas/effect.json`: one, whole.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Told {
    pub schema: String,
    pub id: String,
    pub agent: String,
    pub account: String,
    pub kind: String,
    pub state: String,
    pub attempts: u32,
    pub idempotency_key: String,
    pub reason: Option<String>,
    pub invocation: String,
    pub decision: u32,
    pub not_before: Timestamp,
    pub body: Value,
    pub provider_id: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub in_doubt: Option<InDoubt>,
    /// Where it waits: the first of its account's line, where that is another.
    pub behind: Option<Behind>,
    /// Where its account is held, and it, or the one before it, waits for that.
    pub held: Option<Held>,
}

/// How its account is held.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Held {
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// What holds an effect that waits.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Behind {
    pub effect: String,
    pub state: String,
    pub until: Timestamp,
    pub reason: Option<String>,
}

/// An attempt that may have happened.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct InDoubt {
    pub begun: Timestamp,
    pub undecidable: bool,
}

/// States of what may hold others.
pub const OPEN: [EffectState; 3] = [EffectState::Waiting, EffectState::Sent, EffectState::InDoubt];

/// The effect that holds one that waits: the first of its account's line that was tried, or waits as it was asked to.
/// `open`: those of the states [`OPEN`].
pub fn first_before<'a>(open: &'a [Effect], effect: &Effect) -> Option<&'a Effect> {
    let holds = |other: &&Effect| {
        other.account == effect.account
            && other.seq < effect.seq
            && other.is_open()
            && (other.attempts > 0 || other.reason.is_some())
    };
    open.iter().find(holds)
}

impl Told {
    /// Of a row.
    ///
    /// # Errors
    /// What it says is no JSON.
    pub fn of(effect: &Effect) -> serde_json::Result<Self> {
        Ok(Self {
            schema: "puppet.effect/1".to_owned(),
            id: effect.id.to_string(),
            agent: effect.agent.to_string(),
            account: effect.account.to_string(),
            kind: effect.body.kind().to_owned(),
            state: effect.state.name().to_owned(),
            attempts: effect.attempts,
            idempotency_key: effect.id.to_string(),
            reason: effect.reason.clone(),
            invocation: effect.invocation.to_string(),
            decision: effect.n,
            not_before: effect.not_before,
            body: body(effect)?,
            provider_id: effect.provider_id.clone(),
            expires_at: effect.expires,
            in_doubt: effect.doubt.map(|doubt| InDoubt { begun: doubt.begun, undecidable: doubt.undecidable }),
            behind: None,
            held: None,
        })
    }

    /// The same with what it waits for: the first of its line, and its account, where that is held.
    pub fn waits(mut self, (effect, first): (&Effect, Option<&Effect>), held: &[HeldAccount]) -> Self {
        let held = held.iter().find(|held| held.account == effect.account);
        // Rows do not have it: of one that is held they say since when, and quiet hours are in the reason.
        let next = |effect: &Effect| {
            let waits = held.and_then(|held| held.until).into_iter().chain(quiet_until(effect));
            waits.fold(effect.not_before, Timestamp::max)
        };
        self.behind = first.map(|first| Behind {
            effect: first.id.to_string(),
            state: first.state.name().to_owned(),
            until: next(first),
            reason: first.reason.clone(),
        });
        self.not_before = if first.is_none() { next(effect) } else { effect.not_before };
        self.held = held.map(|held| Held { since: held.since, until: held.until });
        self
    }
}
