//! What a host has counted since it began, for whoever draws curves of it. Everything is an atomic that is added to where a
//! thing is done already: nothing waits for a lock. What there are counters of is bounded: versions that serve nobody any
//! more make way for new ones, and their counters are gone with them.
//!
//! `histogram` is how many were how large, `version` what is counted of a version.

mod histogram;
mod version;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use puppet_store::EffectState;
use puppet_types::{Decision, Digest, PackId};

pub use histogram::{Histogram, Seen};
pub(crate) use version::Adds;
pub use version::OfVersion;

/// Versions that are counted at most, unless more of them serve.
const VERSIONS: usize = 256;

/// Packs and stages that are counted at most; what comes to others is not.
const STAGES: usize = 4_096;

/// Microseconds of the store.
const STORE_US: &[u64] =
    &[100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000];

const KINDS: usize = Decision::KINDS.len();
const STATES: usize = EffectState::ALL.len();

/// What the store is asked for that somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreWork {
    /// Events are accepted.
    Accept,
    /// An invocation is committed.
    Commit,
    /// An attempt at an effect begins.
    Begin,
    /// It has ended.
    End,
}

impl StoreWork {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Accept, Self::Commit, Self::Begin, Self::End];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Commit => "commit",
            Self::Begin => "begin",
            Self::End => "end",
        }
    }
}

/// The counters of a host.
#[derive(Debug)]
pub struct Tally {
    /// In the order in which they came.
    versions: Mutex<VecDeque<(PackId, Digest, Arc<OfVersion>)>>,
    effects: [[AtomicU64; STATES]; KINDS],
    swaps: Mutex<BTreeMap<(PackId, &'static str), u64>>,
    store: [Histogram; StoreWork::ALL.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            versions: Mutex::default(),
            effects: Default::default(),
            swaps: Mutex::default(),
            store: std::array::from_fn(|_| Histogram::new(STORE_US)),
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    /// The counters of a version. A plugin asks once and keeps them.
    pub(crate) fn of(&self, pack: &PackId, digest: Digest) -> Arc<OfVersion> {
        let mut versions = locked(&self.versions);
        if let Some((_, _, known)) = versions.iter().find(|(id, of, _)| id == pack && *of == digest) {
            return Arc::clone(known);
        }
        if versions.len() >= VERSIONS
            && let Some(unused) = versions.iter().position(|(_, _, of)| Arc::strong_count(of) == 1)
        {
            versions.remove(unused);
        }
        let new = Arc::<OfVersion>::default();
        versions.push_back((pack.clone(), digest, Arc::clone(&new)));
        new
    }

    /// An attempt at an effect came to this state.
    pub(crate) fn effect(&self, kind: &str, state: EffectState) {
        let place = Decision::KINDS.iter().position(|known| *known == kind);
        let state = EffectState::ALL.iter().position(|known| *known == state);
        if let (Some(kind), Some(state)) = (place, state)
            && let Some(count) = self.effects.get(kind).and_then(|states| states.get(state))
        {
            count.fetch_add(1, Relaxed);
        }
    }

    /// A version has come to a stage of its way.
    pub fn swap(&self, pack: &PackId, stage: &'static str) {
        let mut swaps = locked(&self.swaps);
        let key = (pack.clone(), stage);
        if swaps.len() < STAGES || swaps.contains_key(&key) {
            *swaps.entry(key).or_default() += 1;
        }
    }

    /// The store has done something that was begun then.
    pub(crate) fn stored(&self, work: StoreWork, begun: Instant) {
        self.store_of(work).add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    }

    fn store_of(&self, work: StoreWork) -> &Histogram {
        let [accept, commit, begin, end] = &self.store;
        match work {
            StoreWork::Accept => accept,
            StoreWork::Commit => commit,
            StoreWork::Begin => begin,
            StoreWork::End => end,
        }
    }

    /// Every version with its counters, by pack and in the order in which they came.
    pub fn versions(&self) -> Vec<(PackId, Digest, Arc<OfVersion>)> {
        let mut versions: Vec<_> = locked(&self.versions).iter().cloned().collect();
        versions.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        versions
    }

    /// Attempts at effects by kind and by the state that they came to, where there was one.
    pub fn effects(&self) -> impl Iterator<Item = (&'static str, EffectState, u64)> {
        let of_kind = |(kind, states): (_, &[AtomicU64; STATES])| {
            let counts: Vec<u64> = states.iter().map(|count| count.load(Relaxed)).collect();
            EffectState::ALL.into_iter().zip(counts).map(move |(state, count)| (kind, state, count))
        };
        Decision::KINDS.into_iter().zip(&self.effects).flat_map(of_kind).filter(|(.., count)| *count > 0)
    }

    /// How often versions of a pack came to a stage.
    pub fn swaps(&self) -> Vec<(PackId, &'static str, u64)> {
        locked(&self.swaps).iter().map(|((pack, stage), count)| (pack.clone(), *stage, *count)).collect()
    }

    /// How long the store took, in microseconds.
    pub fn store(&self, work: StoreWork) -> Seen {
        self.store_of(work).seen()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_serve_nobody_make_way() {
        let tally = Tally::default();
        let (ember, digest) = (PackId::new("ember"), |n: usize| Digest::of(&n.to_le_bytes()));
        let serves = tally.of(&ember, digest(0));
        for n in 1..2 * VERSIONS {
            tally.of(&ember, digest(n));
        }
        let there: Vec<Digest> = tally.versions().into_iter().map(|(_, digest, _)| digest).collect();
        assert_eq!((there.len(), there[0]), (VERSIONS, digest(0)));
        assert_eq!(there[VERSIONS - 1], digest(2 * VERSIONS - 1));
        assert!(Arc::ptr_eq(&serves, &tally.of(&ember, digest(0))), "and is the same again");
    }

    #[test]
    fn every_kind_and_state_has_its_counter() {
        let tally = Tally::default();
        for kind in Decision::KINDS {
            EffectState::ALL.into_iter().for_each(|state| tally.effect(kind, state));
        }
        tally.effect("post", EffectState::Done);
        tally.effect("no kind", EffectState::Done);
        let counted: Vec<_> = tally.effects().collect();
        assert_eq!(counted.len(), KINDS * STATES);
        let twice: Vec<_> = counted.into_iter().filter(|(.., count)| *count != 1).collect();
        assert_eq!(twice, [("post", EffectState::Done, 2)]);
    }

    #[test]
    fn stages_are_bounded() {
        let tally = Tally::default();
        (0..STAGES + 9).for_each(|n| tally.swap(&PackId::new(n.to_string()), "live"));
        tally.swap(&PackId::new("0"), "live");
        let swaps = tally.swaps();
        assert_eq!((swaps.len(), swaps[0].2), (STAGES, 2));
    }
}
