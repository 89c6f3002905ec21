//! Actors that are kept ready, by what they weigh: building one costs as much as a short invocation, and an idle
//! agent should cost little more than its name.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use puppet_types::AgentId;

use crate::actor::Actor;

/// Bytes that all of them may weigh; the one used longest ago goes first.
const MOST: usize = 4 << 20;

/// The cache.
pub struct Ready(Mutex<Kept>);

struct Kept {
    actors: LruCache<AgentId, (Arc<Actor>, usize)>,
    weight: usize,
}

impl Default for Ready {
    fn default() -> Self {
        Self(Mutex::new(Kept { actors: LruCache::unbounded(), weight: 0 }))
    }
}

impl Ready {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The actor of an agent, where it is ready.
    pub fn get(&self, id: &AgentId) -> Option<Arc<Actor>> {
        self.kept().actors.get(id).map(|(actor, _)| Arc::clone(actor))
    }

    /// Keeps one, and lets others go where it becomes too much.
    pub fn put(&self, actor: Arc<Actor>) {
        let mut kept = self.kept();
        let weight = weight(&actor);
        kept.weight += weight;
        if let Some((_, old)) = kept.actors.put(actor.id.clone(), (actor, weight)) {
            kept.weight -= old;
        }
        while kept.weight > MOST
            && let Some((_, (_, old))) = kept.actors.pop_lru()
        {
            kept.weight -= old;
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        *self.kept() = Kept { actors: LruCache::unbounded(), weight: 0 };
    }
}

/// About how many bytes an actor holds: its persona twice, as text and as data, and what every actor has.
fn weight(actor: &Actor) -> usize {
    2_048 + 4 * actor.profile.persona.as_str().len() + actor.profile.settings.as_str().len()
}
