//! Keys that are shown for the first time, by whom: wrong ones have a bound.

use tokio::sync::Mutex;

use super::key;
use crate::{
    fault::{Fault, Kind, Result},
    limits::{Limiter, Network},
    turns::Turns,
};

/// Wrong secrets that one address may show for one key: a minute, and at once.
const OF_KEY: u32 = 10;
/// For all keys together.
const OF_ALL: u32 = 60;

/// See the head of this file.
pub(crate) struct Tries {
    of_key: Limiter<(Network, String)>,
    of_all: Limiter<Network>,
    turns: Turns,
}

/// One that was begun.
pub(crate) struct Begun(Network, String);

impl Tries {
    pub(crate) fn new() -> Self {
        Self { of_key: Limiter::new(OF_KEY, OF_KEY), of_all: Limiter::new(OF_ALL, OF_ALL), turns: Turns::default() }
    }

    /// Those of one address who show the same key take turns: the first finds out about it for all of them, so that many
    /// who come at once with a right key are no tries.
    pub(crate) fn turn(&self, from: Network, text: &str) -> &Mutex<()> {
        self.turns.at(&(from, key::id(text)))
    }

    /// Another one.
    ///
    /// # Errors
    /// There were too many.
    pub(crate) fn begin(&self, from: Network, text: &str) -> Result<Begun> {
        let begun = Begun(from, key::id(text).unwrap_or_default().to_owned());
        let of_key = self.of_key.take((from, begun.1.clone()), 1).refused;
        let Some(wait) = of_key.or_else(|| self.of_all.take(from, 1).refused) else { return Ok(begun) };
        if of_key.is_none() {
            self.of_key.give_back(&(from, begun.1), 1);
        }
        let message = "too many keys were tried from this address";
        Err(Fault::new(Kind::TooMany, "too-many-keys-tried", message, "wait a while").after(wait))
    }

    /// It was the right one: it counts as none.
    pub(crate) fn was_right(&self, Begun(from, id): Begun) {
        self.of_all.give_back(&from, 1);
        self.of_key.give_back(&(from, id), 1);
    }
}
