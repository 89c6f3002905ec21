//! How events end, and effects, for those who wait for one of them. Each is told of its own alone, and of its end once, so
//! that many can wait beside a busy host: what else happens wakes nobody.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use puppet_store::{Effect, EffectState, StoreError};
use puppet_types::{EffectId, EventId, InvocationId, Outcome, Timestamp};
use tokio::sync::oneshot;

use crate::{
    happening::Happening,
    host::Host,
    invocation,
    shift::{HOST, HOST_MOOD},
};

/// Dead letters among which one is looked for that was given up before.
const LAST: usize = 100;

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// A plugin was called, or the host handled it itself.
    Invoked {
        /// The record.
        invocation: InvocationId,
        /// `ok`, `declined`, `failed` or `breach`.
        outcome: &'static str,
    },
    /// Nobody was called.
    GivenUp {
        /// Why.
        reason: String,
    },
    /// It is not waiting any more, and its record is not kept any more.
    Forgotten,
}

/// Those who wait for something, by what they wait for.
#[derive(Debug)]
struct Waiters<K, V>(Mutex<HashMap<K, Vec<oneshot::Sender<V>>>>);

impl<K, V> Default for Waiters<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Waiters<K, V> {
    fn all(&self) -> MutexGuard<'_, HashMap<K, Vec<oneshot::Sender<V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among them, from now on.
    fn place(&self, key: &K) -> Place<'_, K, V> {
        let (waiter, told) = oneshot::channel();
        self.all().entry(key.clone()).or_default().push(waiter);
        Place { waiters: self, key: key.clone(), told }
    }

    fn tell(&self, key: &K, value: &V) {
        let waiters = self.all().remove(key);
        // Whoever has gone meanwhile is not told.
        waiters.into_iter().flatten().for_each(|waiter| drop(waiter.send(value.clone())));
    }

    fn tell_all(&self, value: &V) {
        let waiters = std::mem::take(&mut *self.all());
        waiters.into_values().flatten().for_each(|waiter| drop(waiter.send(value.clone())));
    }
}

/// Given up where it is dropped.
struct Place<'a, K: Clone + Eq + Hash, V: Clone> {
    waiters: &'a Waiters<K, V>,
    key: K,
    told: oneshot::Receiver<V>,
}

impl<K: Clone + Eq + Hash, V: Clone> Drop for Place<'_, K, V> {
    fn drop(&mut self) {
        self.told.close();
        let mut all = self.waiters.all();
        let Some(waiters) = all.get_mut(&self.key) else { return };
        waiters.retain(|waiter| !waiter.is_closed());
        if waiters.is_empty() {
            all.remove(&self.key);
        }
    }
}

/// Who waits for what.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    events: Waiters<EventId, Ended>,
    effects: Waiters<EffectId, ()>,
}

impl Ends {
    /// Called with everything that happens, once it is durable.
    pub(crate) fn take_note(&self, happening: &Happening) {
        match happening {
            Happening::Invoked { event, invocation, outcome, again: false, .. } => {
                self.events.tell(event, &Ended::Invoked { invocation: invocation.clone(), outcome: outcome.0 });
            }
            Happening::DeadLettered { event, reason, .. } => {
                self.events.tell(event, &Ended::GivenUp { reason: reason.clone() });
            }
            Happening::Effect { effect, .. } => self.effects.tell(effect, &()),
            Happening::Kept { effect, .. } | Happening::Undecidable { effect, .. } => {
                self.effects.tell(&effect.id, &());
            }
            Happening::Halted { .. } => self.effects.tell_all(&()),
            _ => {}
        }
    }
}

impl Host {
    /// How an event ends, or has ended. Whoever does not want to wait longer may drop the future.
    ///
    /// # Errors
    /// The store failed.
    pub async fn ended(&self, event: &EventId) -> Result<Ended, StoreError> {
        let mut place = self.ends.events.place(event);
        // One that has ended before is told by nobody.
        match self.store.event(event).await? {
            Some((_, "waiting")) => {}
            Some((event, state)) => {
                let plugin = match event.kind.as_str() {
                    HOST_MOOD => Some(HOST.into()),
                    _ => self.agents.plugin_of(&event.agent),
                };
                let record = plugin.map(|plugin| invocation::invocation_of(&event.id, &plugin));
                let record = match &record {
                    Some(id) => self.store.invocation(id).await?,
                    None => None,
                };
                return match record {
                    Some(entry) => Ok(invoked(entry.invocation.id, &entry.invocation.outcome)),
                    None if state == "dead" => self.given_up(&event.id).await,
                    None => Ok(Ended::Forgotten),
                };
            }
            None => return Ok(Ended::Forgotten),
        }
        // The other end is the host's own.
        Ok((&mut place.told).await.unwrap_or(Ended::Forgotten))
    }

    async fn given_up(&self, event: &EventId) -> Result<Ended, StoreError> {
        let last = self.store.dead_letters(LAST).await?;
        let found = last.into_iter().find(|letter| letter.event.id == *event);
        Ok(found.map_or(Ended::Forgotten, |letter| Ended::GivenUp { reason: letter.reason }))
    }

    /// Waits until nothing that an invocation decided is under way: it has left or failed, or nothing comes of it before
    /// `until` by itself. At once where everything is halted.
    ///
    /// # Errors
    /// The store failed.
    pub async fn effects_ended(&self, invocation: &InvocationId, until: Timestamp) -> Result<(), StoreError> {
        for effect in self.store.effects_of(invocation).await? {
            loop {
                let mut place = self.ends.effects.place(&effect.id);
                let now = self.store.effect(&effect.id).await?;
                if self.halted().is_some() || !now.is_some_and(|effect| is_under_way(&effect, until)) {
                    break;
                }
                let _ = (&mut place.told).await;
            }
        }
        Ok(())
    }
}

fn invoked(invocation: InvocationId, outcome: &Outcome) -> Ended {
    Ended::Invoked { invocation, outcome: outcome.name() }
}

/// Whether something comes of it before a time without a word of the operator.
fn is_under_way(effect: &Effect, until: Timestamp) -> bool {
    match effect.state {
        EffectState::Sent => true,
        EffectState::Waiting => effect.not_before <= until,
        EffectState::InDoubt => effect.not_before <= until && effect.doubt.is_none_or(|doubt| !doubt.undecidable),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_is_told_of_its_own_and_who_has_gone_keeps_no_place() {
        let waiters = Waiters::<u8, &str>::default();
        let (mut one, mut also, gone, other) =
            (waiters.place(&1), waiters.place(&1), waiters.place(&1), waiters.place(&2));
        drop(gone);
        assert_eq!(waiters.all()[&1].len(), 2);
        waiters.tell(&1, &"end");
        assert_eq!(((&mut one.told).await, (&mut also.told).await), (Ok("end"), Ok("end")));
        drop((one, also));
        assert_eq!(waiters.all().keys().collect::<Vec<_>>(), [&2]);
        drop(other);
        assert!(waiters.all().is_empty());
    }
}
