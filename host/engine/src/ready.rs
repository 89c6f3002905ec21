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
    /// How often all were forgotten.
    generation: u64,
}

impl Kept {
    fn empty(generation: u64) -> Self {
        Self { actors: LruCache::unbounded(), weight: 0, generation }
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self(Mutex::new(Kept::empty(0)))
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

    /// To be asked before an actor is made, and told with it.
    pub fn generation(&self) -> u64 {
        self.kept().generation
    }

    /// Keeps one, and lets others go where it becomes too much. One that was made before all were forgotten is not
    /// kept: it was made of what holds no more.
    pub fn put(&self, actor: Arc<Actor>, generation: u64) {
        let mut kept = self.kept();
        if kept.generation != generation {
            return;
        }
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

    /// Forgets some. What is being made meanwhile is not kept, whoever it is.
    pub fn forget<'a>(&self, ids: impl IntoIterator<Item = &'a AgentId>) {
        let mut kept = self.kept();
        kept.generation += 1;
        for id in ids {
            if let Some((_, weight)) = kept.actors.pop(id) {
                kept.weight -= weight;
            }
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        let mut kept = self.kept();
        *kept = Kept::empty(kept.generation + 1);
    }
}

/// About how many bytes an actor holds: its persona twice, as text and as data, and what every actor has.
fn weight(actor: &Actor) -> usize {
    2_048 + 4 * actor.profile.persona.as_str().len() + actor.profile.settings.as_str().len()
}
