//! The operator's word on an effect that does not get on by itself: it is tried anew, or it ends. Its plugin hears of an end
//! as of any effect that failed.

use puppet_store::{Effect, EffectEnd, EffectState, Store, StoreError};
use puppet_types::{Decision, EffectId, FORGOTTEN, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{pace, reconcile, results::failed_again_event};
use crate::{approvals::Spoken, happening::Happening, host::Host};

/// What the operator says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Try it anew.
    Retry {
        /// Also where it may have happened.
        sure: bool,
    },
    /// Never.
    Drop {
        /// Why, for its plugin.
        reason: Option<String>,
    },
}

/// What the reason of an effect begins with that the operator has dropped.
pub const DROPPED: &str = "dropped by the operator";

/// Why a word is not taken.
#[derive(Debug, Error)]
pub enum OutboxError {
    /// Nobody decided such a thing.
    #[error("there is no effect `{0}`")]
    Unknown(EffectId),
    /// It can be tried anew only where it has ended without being done, its account is held, or its provider asked to wait.
    #[error("effect `{0}` is not to be tried again: it is {name}", name = .1.name())]
    NotFailed(EffectId, EffectState),
    /// It can be dropped only where it would leave.
    #[error("effect `{0}` is not to be dropped: it is {name}", name = .1.name())]
    NotOpen(EffectId, EffectState),
    /// Its provider is asked what became of it.
    #[error("effect `{0}` is in doubt, and its provider is asked what became of it")]
    Asked(EffectId),
    /// It may have happened.
    #[error("effect `{0}` may have happened: to try it again may do it twice")]
    NotSure(EffectId),
    /// Nobody knows any more what it said.
    #[error("what effect `{0}` said was forgotten")]
    Forgotten(EffectId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the operator's word. `later` is when what follows from it comes.
pub async fn speak(
    store: &dyn Store,
    id: &EffectId,
    word: &Word,
    (at, later): (Timestamp, Timestamp),
) -> Result<Spoken, OutboxError> {
    let effect = store.effect(id).await?.ok_or_else(|| OutboxError::Unknown(id.clone()))?;
    let end = match word {
        Word::Retry { sure } => {
            check_retry(&effect, *sure)?;
            EffectEnd { not_before: Some(later), ..EffectEnd::of(&effect, EffectState::Waiting, at) }
        }
        Word::Drop { reason } => {
            check_drop(&effect)?;
            let reason = dropped(&effect, reason.as_deref());
            let events = vec![failed_again_event(store, &effect, later, &reason).await?];
            let failed = EffectEnd::of(&effect, EffectState::Failed, at);
            // What may have happened may have happened for ever.
            EffectEnd { reason: Some(reason), events, doubt: effect.doubt, ..failed }
        }
    };
    let (state, reason, not_before, doubt) = (end.state, end.reason.clone(), end.not_before, end.doubt);
    // It may have gone on since it was read.
    match store.end_from(end, &[effect.state]).await? {
        Some(events) => {
            if state == EffectState::Failed {
                hand_on(store, &effect, at).await?;
            }
            let is_anew = state == EffectState::Waiting && effect.state != EffectState::Waiting;
            let attempts = if is_anew { 0 } else { effect.attempts };
            let not_before = not_before.unwrap_or(effect.not_before);
            let purse = effect.purse.filter(|_| doubt.is_some());
            Ok(Spoken { effect: Effect { state, reason, not_before, doubt, attempts, purse, ..effect }, events })
        }
        None => {
            let stands = store.effect(id).await?.map_or(effect.state, |effect| effect.state);
            Err(refused(word, id, stands))
        }
    }
}

/// What its provider asked for holds for the account: the next effect of it waits in its place, also over a restart.
async fn hand_on(store: &dyn Store, dropped: &Effect, at: Timestamp) -> Result<(), StoreError> {
    if pace::asked(dropped).is_none() || dropped.not_before <= at {
        return Ok(());
    }
    let waiting = store.effects(&[EffectState::Waiting]).await?;
    let next = waiting.into_iter().find(|next| next.account == dropped.account && next.not_before < dropped.not_before);
    if let Some(next) = next {
        let (reason, not_before) = (dropped.reason.clone(), Some(dropped.not_before));
        let waits =
            EffectEnd { reason, not_before, doubt: next.doubt, ..EffectEnd::of(&next, EffectState::Waiting, at) };
        store.end_from(waits, &[EffectState::Waiting]).await?;
    }
    Ok(())
}

fn refused(word: &Word, id: &EffectId, state: EffectState) -> OutboxError {
    match word {
        Word::Retry { .. } => OutboxError::NotFailed(id.clone(), state),
        Word::Drop { .. } => OutboxError::NotOpen(id.clone(), state),
    }
}

fn check_retry(effect: &Effect, sure: bool) -> Result<(), OutboxError> {
    let id = || effect.id.clone();
    match effect.state {
        EffectState::InDoubt if effect.is_open() => return Err(OutboxError::Asked(id())),
        EffectState::Failed | EffectState::InDoubt => {}
        EffectState::Waiting if pace::is_held(effect) || pace::asked(effect).is_some() => {}
        state => return Err(OutboxError::NotFailed(id(), state)),
    }
    // Another word may stand in its reason by now; its body stays.
    if effect.body.is_forgotten() || effect.reason.as_deref() == Some(FORGOTTEN) {
        return Err(OutboxError::Forgotten(id()));
    }
    let may_have_happened = effect.state == EffectState::InDoubt || effect.doubt.is_some();
    match may_have_happened && !sure {
        true => Err(OutboxError::NotSure(id())),
        false => Ok(()),
    }
}

fn check_drop(effect: &Effect) -> Result<(), OutboxError> {
    match effect.state {
        EffectState::Waiting | EffectState::InDoubt => Ok(()),
        state => Err(OutboxError::NotOpen(effect.id.clone(), state)),
    }
}

fn dropped(effect: &Effect, words: Option<&str>) -> String {
    let doubt =
        if effect.state == EffectState::InDoubt || effect.doubt.is_some() { ", and may have happened" } else { "" };
    let words = words.map_or_else(String::new, |words| format!(": {words}"));
    format!("{DROPPED}{doubt}{words}")
}

impl Host {
    /// Whether an effect only waits for its account, which is held, or for room to look what became of it: its row stays as
    /// it is, and the provider is asked now.
    fn goes_on_now(&self, effect: &Effect) -> bool {
        let is_other = match effect.state {
            EffectState::InDoubt => effect.is_open(),
            EffectState::Waiting => !pace::is_held(effect) && pace::asked(effect).is_none(),
            _ => false,
        };
        let (is_held, waits) = (self.pace.is_held(&effect.account), reconcile::waits_for_room(effect));
        if !is_other || !(is_held || waits) {
            return false;
        }
        self.release_account(&effect.account);
        self.agenda().hurry_effects(self.clock.now());
        self.wake();
        true
    }

    /// Takes the operator's word on an effect.
    ///
    /// # Errors
    /// It is not taken: why.
    pub async fn speak(&self, id: &EffectId, word: &Word) -> Result<Effect, OutboxError> {
        let now = self.now();
        let row = self.store.effect(id).await?;
        if let (Word::Retry { .. }, Some(effect)) = (word, &row)
            && self.goes_on_now(effect)
        {
            return Ok(effect.clone());
        }
        let asked = row.is_some_and(|effect| pace::asked(&effect).is_some());
        let Spoken { effect, events } = speak(&*self.store, id, word, (now, self.later(now))).await?;
        if effect.state == EffectState::Failed && matches!(effect.body, Decision::Swap { .. }) {
            self.purses.forget(&effect.id, &effect.agent).await;
        }
        let is_released = effect.state == EffectState::Waiting && self.pace.release(&effect.account);
        let is_hurried = asked && effect.state == EffectState::Waiting;
        if is_hurried {
            self.pace.hurry(&effect.account);
        }
        self.tell_accepted(&events);
        let mut agenda = self.agenda();
        agenda.drop_effect(&effect, now);
        agenda.note_effect(&effect);
        events.into_iter().for_each(|event| agenda.add_event(event));
        let leaves = effect.state == EffectState::Waiting;
        if leaves && (is_released || is_hurried) {
            // What waits behind it must not pass it.
            agenda.hold_effect(effect.clone(), effect.not_before);
        } else if leaves {
            agenda.add_effect(effect.clone());
        }
        drop(agenda);
        if is_released {
            self.tell(Some(Happening::Held { at: now, account: effect.account.clone(), held: None }));
        }
        // One that is tried is told of when it was.
        self.tell((!leaves).then(|| Happening::Kept { at: now, effect: Box::new(effect.clone()) }));
        self.wake();
        Ok(effect)
    }
}
