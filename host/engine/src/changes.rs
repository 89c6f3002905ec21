//! Decisions become rows: what a commit changes. Pure but for two reads: the mood and the relationships that
//! shifts are added to.

use std::collections::BTreeMap;

use puppet_agent::{apply_change, apply_shift};
use puppet_grants::Mode;
use puppet_memory::cap;
use puppet_store::{Change, Effect, EffectState, Relationship, StateBlob, Store, StoreError, Timer};
use puppet_types::{
    AccountId, AgentId, Decision, EffectId, Event, EventId, EventTarget, InvocationId, Memory, Mood, NumberedDecision,
    Read, Timestamp, ids, trade::Origin,
};

use crate::{actor::Actor, behind::Led, host::Host};

/// An effect leaves this much after its commit in virtual time, and what follows from it arrives as much later.
pub const VIRTUAL_STEP_MS: u64 = 1_000;

/// What an invocation was about, as far as its changes depend on it.
pub struct Occasion<'a> {
    /// The invocation.
    pub invocation: &'a InvocationId,
    /// Its event.
    pub event: &'a Event,
    /// When it ran.
    pub at: Timestamp,
    /// What it read.
    pub reads: &'a [Read],
}

/// All changes of the decisions, in their order.
pub async fn changes(
    host: &Host,
    actor: &Actor,
    occasion: &Occasion<'_>,
    decisions: &[NumberedDecision],
) -> Result<Vec<Change>, StoreError> {
    let mut base = Base::default();
    let mut changes = Vec::with_capacity(decisions.len());
    for NumberedDecision { n, decision } in decisions {
        match decision {
            Decision::Emit { .. } => changes.extend(emitted(host, actor, occasion, *n, decision)),
            _ if decision.is_outside_effect() => {
                changes.push(Change::Effect(effect(host, actor, occasion, *n, decision)))
            }
            Decision::ShiftMood { valence, arousal, dominance, .. } => {
                let shift = Mood { valence: *valence, arousal: *arousal, dominance: *dominance };
                let mood = apply_shift(base.mood(&*host.store, actor, occasion.at).await?, shift);
                base.mood = Some(mood);
                changes.push(Change::Mood { agent: actor.id.clone(), mood, at: occasion.at });
            }
            Decision::AdjustRelationship { target, change } => {
                let old = base.relationship(&*host.store, &actor.id, target).await?;
                let relationship = apply_change(&old, change, occasion.at);
                base.relationships.insert(target.clone(), relationship.clone());
                let keep = host.bounds.relationships;
                changes.push(Change::Relationship { agent: actor.id.clone(), relationship, keep });
            }
            Decision::SetTimer { .. }
            | Decision::PutState { .. }
            | Decision::Remember { .. }
            | Decision::Supersede { .. } => {
                let led_by = base.led_by(host, actor, occasion).await?;
                changes.extend(own_rows(host, actor, occasion, decision, led_by));
            }
            _ => changes.extend(own_rows(host, actor, occasion, decision, None)),
        }
    }
    Ok(changes)
}

/// What shifts are added to: read once, then carried along.
#[derive(Default)]
struct Base {
    mood: Option<Mood>,
    relationships: BTreeMap<String, Relationship>,
    /// What is behind the call, where somebody asked.
    led_by: Option<Option<Origin>>,
}

impl Base {
    /// What is behind the call; none where nobody will have to know.
    async fn led_by(
        &mut self,
        host: &Host,
        actor: &Actor,
        occasion: &Occasion<'_>,
    ) -> Result<Option<Origin>, StoreError> {
        if self.led_by.is_none() {
            self.led_by = Some(Led::of(host, actor, occasion.event).told(occasion.reads).await?);
        }
        Ok(self.led_by.flatten())
    }

    async fn mood(&mut self, store: &dyn Store, actor: &Actor, at: Timestamp) -> Result<Mood, StoreError> {
        if let Some(mood) = self.mood {
            return Ok(mood);
        }
        let stored = store.mood(&actor.id).await?;
        Ok(actor.mood_now(stored, at))
    }

    async fn relationship(
        &mut self,
        store: &dyn Store,
        agent: &AgentId,
        target: &str,
    ) -> Result<Relationship, StoreError> {
        if let Some(known) = self.relationships.get(target) {
            return Ok(known.clone());
        }
        let stored = store.relationship(agent, target).await?;
        Ok(stored.unwrap_or_else(|| Relationship { target: target.to_owned(), ..Relationship::default() }))
    }
}

fn effect(host: &Host, actor: &Actor, occasion: &Occasion<'_>, n: u32, decision: &Decision) -> Effect {
    let (state, expires) = match actor.rights.mode {
        Mode::Live => (EffectState::Waiting, None),
        Mode::Approve => (EffectState::WaitingForApproval, Some(occasion.at.plus_millis(host.approval_ms))),
        Mode::DryRun => (EffectState::DryRun, None),
    };
    Effect {
        id: EffectId::from(ids::derive("eff", &[occasion.invocation.as_str(), &n.to_string()])),
        seq: 0,
        agent: actor.id.clone(),
        account: line_of(actor, decision),
        invocation: occasion.invocation.clone(),
        n,
        not_before: host.later(occasion.at),
        hops: occasion.event.hops,
        body: decision.clone(),
        state,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires,
        doubt: None,
        purse: None,
    }
}

/// The line that an effect leaves by: a swap that takes its time holds up no post, and the other way round.
fn line_of(actor: &Actor, decision: &Decision) -> AccountId {
    match decision {
        Decision::Swap { .. } => AccountId::new(format!("wallet/{}", actor.id)),
        _ => actor.account.clone(),
    }
}

/// Rows of the agent's own. `led_by`: what was behind the call, of what is read again later.
fn own_rows(
    host: &Host,
    actor: &Actor,
    occasion: &Occasion<'_>,
    decision: &Decision,
    led_by: Option<Origin>,
) -> Vec<Change> {
    let (agent, at) = (actor.id.clone(), occasion.at);
    let plugin = actor.plugin.id.clone();
    match decision {
        Decision::Remember { memory } => vec![host.remember(agent, Memory { led_by, ..memory.clone() })],
        Decision::Supersede { id, memory } => {
            let mut changes = vec![host.remember(agent.clone(), Memory { led_by, ..memory.clone() })];
            if *id != memory.id {
                changes.insert(0, Change::Forget { agent, id: id.clone() });
            }
            changes
        }
        Decision::Forget { id } => {
            let reason = format!("memory {id} was forgotten by {}", occasion.invocation);
            let words = Change::ForgetWords { agent: agent.clone(), id: id.clone(), reason };
            vec![words, Change::Forget { agent, id: id.clone() }]
        }
        Decision::Pin { id, pinned } => vec![Change::Pin { agent, id: id.clone(), pinned: *pinned }],
        Decision::SetTimer { name, rule, next, payload } => {
            // A timer in the past fires at once, but never within the moment that set it.
            let next = (*next).max(at.plus_millis(1));
            let (name, rule, payload) = (name.clone(), rule.clone(), payload.clone());
            vec![Change::SetTimer(Timer { agent, plugin, name, rule, next, payload, led_by })]
        }
        Decision::CancelTimer { name } => vec![Change::CancelTimer { agent, plugin, name: name.clone() }],
        Decision::PutState { version, data } => {
            let blob = StateBlob { version: *version, data: data.clone().into_bytes() };
            vec![Change::PutState { agent, plugin, digest: actor.plugin.digest(), blob, led_by, at }]
        }
        Decision::ClearState {} => vec![Change::ClearState { agent, plugin, digest: actor.plugin.digest(), at }],
        _ => Vec::new(),
    }
}

/// One event per agent addressed; copies of one emission share a `broadcast` id.
fn emitted(host: &Host, actor: &Actor, occasion: &Occasion<'_>, n: u32, decision: &Decision) -> Vec<Change> {
    let Decision::Emit { event_kind, target, priority, payload, delay_ms } = decision else { return Vec::new() };
    let targets = match target {
        EventTarget::Me => vec![actor.id.clone()],
        EventTarget::Agents(named) => named.iter().filter(|id| host.agents.knows(id)).cloned().collect(),
        EventTarget::All => host.agents.ids(),
    };
    let broadcast = EventId::from(ids::derive("evt", &[occasion.invocation.as_str(), &n.to_string()]));
    targets
        .into_iter()
        .map(|agent| {
            Change::Event(Event {
                id: EventId::from(ids::derive("evt", &[broadcast.as_str(), agent.as_str()])),
                kind: event_kind.clone(),
                source: actor.plugin.id.to_string(),
                agent,
                author: None,
                priority: *priority,
                at: occasion.at.plus_millis((*delay_ms).max(1)),
                payload: payload.clone(),
                // What a generator makes comes from outside; what a character emits is one step further.
                hops: if actor.id.is_generator() { 0 } else { occasion.event.hops + 1 },
                cause: Some(occasion.event.id.clone()),
                broadcast: Some(broadcast.clone()),
            })
        })
        .collect()
}

impl Host {
    /// A memory with its vector, where that needs no network, and its cap.
    pub(crate) fn remember(&self, agent: AgentId, memory: puppet_types::Memory) -> Change {
        let vector = self.held.memory.vector(&memory.content);
        let cap = cap(memory.kind);
        Change::Remember { agent, memory, vector, cap }
    }

    /// When an effect of this moment may leave.
    pub fn later(&self, at: Timestamp) -> Timestamp {
        at.plus_millis(if self.clock.is_virtual() { VIRTUAL_STEP_MS } else { 1 })
    }
}
