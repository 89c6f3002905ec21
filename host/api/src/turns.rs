//! Those who change the same thing take turns, so that what one saw before is what was there, and of two who saw the same
//! version (`If-Match`) one is too late.

use std::hash::{BuildHasher as _, Hash, RandomState};

use tokio::sync::Mutex;

/// So many things can be changed at once, by chance fewer.
const PLACES: usize = 64;
/// Parts of a path behind `/api/v1` that name a thing: `agents/ada`, `config`.
const PARTS: usize = 2;

/// See the head of this file.
pub(crate) struct Turns {
    places: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Turns {
    /// The turn of whoever changes what a path names.
    pub(crate) fn of(&self, path: &str) -> &Mutex<()> {
        let parts = path.trim_start_matches("/api/v1").split('/').filter(|part| !part.is_empty());
        self.at(&parts.take(PARTS).collect::<Vec<_>>())
    }

    /// The turn of one thing.
    pub(crate) fn at(&self, thing: &impl Hash) -> &Mutex<()> {
        let place = self.hasher.hash_one(thing) % PLACES as u64;
        &self.places[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_changed_in_turns_whatever_of_it() {
        let turns = Turns::default();
        let same = |one: &str, other: &str| std::ptr::eq(turns.of(one), turns.of(other));
        assert!(same("/api/v1/grants/ada", "/api/v1/grants/ada/llm") && same("/api/v1/config", "/api/v1/config/"));
        assert!((0..100).any(|n| !same("/api/v1/agents/ada", &format!("/api/v1/agents/{n}"))));
    }
}
