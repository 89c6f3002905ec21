//! An operator moves an agent's mood. It goes the way of an event, on that agent's line, so that no call of its plugin is
//! under way meanwhile, and stands in the journal; but the host handles it itself, and no plugin is called.

use std::time::Instant;

use puppet_agent::apply_shift;
use puppet_store::{Change, Commit, EventEnd, StoreError, Waiting};
use puppet_types::{
    AgentId, Decision, Digest, Event, EventId, Invocation, Mood, NumberedDecision, Outcome, PackId, PluginRef,
    Priority, Timestamp, Timing,
};
use serde_json::json;
use thiserror::Error;

use crate::{actor::Actor, ended::Ended, host::Host, invocation};

/// The kind of such an event. Only the host makes it.
pub const HOST_MOOD: &str = "host_mood";

/// Who handles it, in the journal.
pub(crate) const HOST: &str = "host";

/// Why such a record is not run again.
const NO_PLUGIN: &str = "the host moved the mood itself: no plugin was called";

/// Why a mood does not move.
#[derive(Debug, Error)]
pub enum ShiftError {
    /// Nobody of this id is there.
    #[error("there is no agent `{0}`")]
    Unknown(AgentId),
    /// The event was given up.
    #[error("the mood did not move: {0}")]
    GivenUp(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The event: `shift` is added to each part of the mood.
pub fn shift_event(id: EventId, agent: AgentId, shift: Mood, at: Timestamp) -> Event {
    let Mood { valence, arousal, dominance } = shift;
    Event {
        id,
        kind: HOST_MOOD.to_owned(),
        source: "api".to_owned(),
        agent,
        author: None,
        priority: Priority::Critical,
        at,
        payload: json!({ "valence": valence, "arousal": arousal, "dominance": dominance }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// What is to be committed of it. A part that is missing, or no number, is 0.
pub(crate) async fn commit(host: &Host, actor: &Actor, waiting: &Waiting) -> Result<Commit, StoreError> {
    let (at, event) = (host.now(), waiting.event.clone());
    let part = |name: &str| event.payload[name].as_f64().filter(|part| part.is_finite()).unwrap_or(0.0);
    let shift = Mood { valence: part("valence"), arousal: part("arousal"), dominance: part("dominance") };
    let mood = apply_shift(actor.mood_now(host.store.mood(&actor.id).await?, at), shift);
    let Mood { valence, arousal, dominance } = shift;
    let decision = Decision::ShiftMood { valence, arousal, dominance, cause: "operator".to_owned() };
    let is_virtual = host.clock.is_virtual();
    let invocation = Invocation {
        id: invocation::invocation_of(&event.id, &HOST.into()),
        at,
        agent: actor.id.clone(),
        plugin: own(),
        persona_digest: actor.persona_digest,
        settings_digest: actor.settings_digest,
        seed: None,
        event,
        outcome: Outcome::Ok,
        fuel: 0,
        peak_memory_bytes: 0,
        host_calls: Default::default(),
        reads: Vec::new(),
        decisions: vec![NumberedDecision { n: 0, decision }],
        log: Vec::new(),
        strikes: 0,
        timing: (!is_virtual).then_some(Timing { sandbox: 0, reads: 0, commit: 0 }),
        unreplayable: Some(NO_PLUGIN.to_owned()),
    };
    let changes = vec![Change::Mood { agent: actor.id.clone(), mood, at }];
    let ended = (!is_virtual).then(Instant::now);
    Ok(Commit { invocation, end: EventEnd::Done, changes, spends: Vec::new(), payload: None, ended })
}

/// The host in the place of a plugin. There is no component, so the digest is that of nothing.
fn own() -> PluginRef {
    PluginRef { id: PackId::new(HOST), version: env!("CARGO_PKG_VERSION").to_owned(), digest: Digest::of(b"") }
}

impl Host {
    /// Adds to an agent's mood, each part clamped to its range, and answers what it is then: durable, and after the call
    /// that is under way. An id that was taken before moves nothing a second time. Whoever does not want to wait longer may
    /// drop the future: what was accepted is carried out all the same.
    pub async fn shift_mood(&self, id: EventId, agent: &AgentId, shift: Mood) -> Result<Mood, ShiftError> {
        if !self.agents.knows(agent) {
            return Err(ShiftError::Unknown(agent.clone()));
        }
        self.submit(vec![shift_event(id.clone(), agent.clone(), shift, self.now())]).await?;
        match self.ended(&id).await? {
            Ended::Invoked { .. } | Ended::Forgotten => Ok(self.mood(agent).await?),
            Ended::GivenUp { reason } => Err(ShiftError::GivenUp(reason)),
        }
    }

    /// An agent's mood now: what is stored, decayed where that is configured.
    pub async fn mood(&self, agent: &AgentId) -> Result<Mood, StoreError> {
        let stored = self.store.mood(agent).await?;
        let now = self.now();
        Ok(match self.actor(agent).await? {
            Some(actor) => actor.mood_now(stored, now),
            None => stored.map(|(mood, _)| mood).unwrap_or_default(),
        })
    }
}
