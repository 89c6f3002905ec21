//! Effects that wait for the operator: approved they wait for their turn to leave; rejected, or left alone for too
//! long, they have ended, and their plugin hears of it as of any effect that failed.

use puppet_store::{Effect, EffectEnd, EffectState, Store, StoreError, Waiting};
use puppet_types::{Digest, EffectId, PostRef, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{happening::Happening, host::Host, outbox::failed_event};

/// Why one ends that nobody spoke about.
const TOO_LATE: &str = "nobody approved it in time";

/// What the operator says of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may leave.
    Approve,
    /// It may not, with words for whoever wonders.
    Reject(Option<String>),
}

/// Why a verdict is not taken.
#[derive(Debug, Error)]
pub enum VerdictError {
    /// Nobody decided such a thing.
    #[error("there is no effect `{0}`")]
    Unknown(EffectId),
    /// It was spoken about already, or its time is over, or nobody is asked.
    #[error("effect `{0}` does not wait for approval: it is {name}", name = .1.name())]
    NotWaiting(EffectId, EffectState),
    /// What the operator saw is not what would leave.
    #[error("effect `{0}` is not what was seen: its digest is {1}")]
    Differs(EffectId, Digest),
    /// It is about a post that waits too.
    #[error("effect `{0}` is about `{1}`, which waits for approval too")]
    Later(EffectId, EffectId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An effect after the verdict, and the events that follow from it.
#[derive(Debug)]
pub struct Spoken {
    /// As it is now.
    pub effect: Effect,
    /// New ones.
    pub events: Vec<Waiting>,
}

/// Writes a verdict. `digest` is that of what the operator saw; `later` is when what follows from it comes.
pub async fn decide(
    store: &dyn Store,
    (id, digest): (&EffectId, Option<Digest>),
    verdict: &Verdict,
    (at, later): (Timestamp, Timestamp),
) -> Result<Spoken, VerdictError> {
    let effect = store.effect(id).await?.ok_or_else(|| VerdictError::Unknown(id.clone()))?;
    let real = effect.digest();
    if digest.is_some_and(|seen| seen != real) {
        return Err(VerdictError::Differs(id.clone(), real));
    }
    let end = match verdict {
        Verdict::Approve => {
            if let Some(other) = before(store, &effect).await? {
                return Err(VerdictError::Later(id.clone(), other));
            }
            ended(&effect, EffectState::Waiting, None, (at, later))
        }
        Verdict::Reject(words) => {
            let words = words.as_ref().map_or_else(String::new, |words| format!(": {words}"));
            let reason = format!("rejected by the operator{words}");
            ended(&effect, EffectState::Rejected, Some(reason), (at, later))
        }
    };
    match write(store, effect, end).await? {
        Ok(spoken) => Ok(spoken),
        Err(state) => Err(VerdictError::NotWaiting(id.clone(), state)),
    }
}

/// Writes an end of the wait; where it does not wait any more, how it stands. One whose time is over counts as expired
/// before anybody has come to write that.
async fn write(store: &dyn Store, effect: Effect, end: EffectEnd) -> Result<Result<Spoken, EffectState>, StoreError> {
    let (state, reason, not_before) = (end.state, end.reason.clone(), end.not_before);
    if let Some(events) = store.end_approval(end).await? {
        let not_before = not_before.unwrap_or(effect.not_before);
        return Ok(Ok(Spoken { effect: Effect { state, reason, not_before, ..effect }, events }));
    }
    let stands = store.effect(&effect.id).await?.map_or(effect.state, |effect| effect.state);
    Ok(Err(if stands == EffectState::WaitingForApproval { EffectState::Expired } else { stands }))
}

fn ended(
    effect: &Effect,
    state: EffectState,
    reason: Option<String>,
    (at, later): (Timestamp, Timestamp),
) -> EffectEnd {
    let events = reason.as_ref().map(|reason| failed_event(effect, later, reason));
    EffectEnd {
        reason,
        not_before: (state == EffectState::Waiting).then_some(later),
        events: events.into_iter().collect(),
        ..EffectEnd::of(effect, state, at)
    }
}

/// The effect that this one is about, where that waits for approval as well.
async fn before(store: &dyn Store, effect: &Effect) -> Result<Option<EffectId>, StoreError> {
    let Some(PostRef::Decision(n)) = effect.body.refers_to() else { return Ok(None) };
    let effects = store.effects_of(&effect.invocation).await?;
    let waits = |other: &Effect| other.n == *n && other.state == EffectState::WaitingForApproval;
    Ok(effects.into_iter().find(waits).map(|other| other.id))
}

/// Ends every wait whose time is over, in the order of (time, commit). Where the store fails it is still due.
pub(crate) async fn expire_due(host: &Host, now: Timestamp) -> Result<(), StoreError> {
    loop {
        let due = host.agenda().due_approval(now);
        let Some((key, id)) = due else { return Ok(()) };
        if let Some(effect) = host.store.effect(&id).await? {
            let end = ended(&effect, EffectState::Expired, Some(TOO_LATE.to_owned()), (now, host.later(now)));
            // The operator may have been faster.
            if let Ok(spoken) = write(&*host.store, effect, end).await? {
                host.take_up_spoken(spoken, now);
            }
        }
        host.agenda().drop_approval(key);
    }
}

impl Host {
    /// Takes the operator's word on an effect.
    pub async fn decide(&self, effect: (&EffectId, Option<Digest>), verdict: &Verdict) -> Result<Effect, VerdictError> {
        let now = self.now();
        let spoken = decide(&*self.store, effect, verdict, (now, self.later(now))).await?;
        let effect = spoken.effect.clone();
        self.take_up_spoken(spoken, now);
        self.wake();
        Ok(effect)
    }

    fn take_up_spoken(&self, Spoken { effect, events }: Spoken, at: Timestamp) {
        let leaves = effect.state == EffectState::Waiting;
        let told = Box::new(effect.clone());
        let happening =
            if leaves { Happening::Approved { at, effect: told } } else { Happening::Kept { at, effect: told } };
        self.tell_accepted(&events);
        let mut agenda = self.agenda();
        if let Some(expires) = effect.expires {
            agenda.drop_approval((expires, effect.seq));
        }
        events.into_iter().for_each(|event| agenda.add_event(event));
        agenda.note_effect(&effect);
        if leaves {
            agenda.add_effect(effect);
        }
        drop(agenda);
        self.tell(Some(happening));
    }
}
