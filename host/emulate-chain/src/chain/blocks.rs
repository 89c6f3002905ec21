//! Slots, heights and blockhashes. Slots run ahead of heights, as they do where some were skipped, so that whoever takes
//! one for the other sees it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use solana_hash::Hash;

/// A blockhash is good for so many blocks after its own.
pub(super) const VALID_BLOCKS: u64 = 150;
/// Hashes that are remembered, to hand out one that is no longer valid.
const REMEMBERED: usize = 400;
/// Slots of an epoch.
pub(crate) const EPOCH_SLOTS: u64 = 432_000;

const FIRST_HEIGHT: u64 = 300_000_000;
const SKIPPED: u64 = 22_000_000;
/// After a long sleep no more than these are made at once.
const MOST_DUE: u64 = 2_000;

/// What makes blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Only transactions, and who commands it. What landed is final at once.
    Still,
    /// Also the clock: one block in so many milliseconds (Solana's take 400). Final is what is 32 blocks old.
    Milliseconds(u64),
}

/// They grow by one.
#[derive(Debug)]
pub(crate) struct Blocks {
    height: u64,
    /// By height, the latest last.
    hashes: VecDeque<(Hash, u64)>,
    pace: Pace,
    last: Instant,
}

impl Blocks {
    pub(crate) fn new(genesis: Hash, pace: Pace) -> Self {
        Self { height: FIRST_HEIGHT, hashes: VecDeque::from([(genesis, FIRST_HEIGHT)]), pace, last: Instant::now() }
    }

    pub(crate) fn height(&self) -> u64 {
        self.height
    }

    pub(crate) fn slot(&self) -> u64 {
        self.height + SKIPPED
    }

    pub(crate) fn latest(&self) -> Hash {
        self.hashes.back().map(|(hash, _)| *hash).unwrap_or_default()
    }

    /// The last height at which a hash is good.
    pub(crate) fn last_valid(&self, hash: &Hash) -> Option<u64> {
        self.hashes.iter().rev().find(|(known, _)| known == hash).map(|(_, height)| height + VALID_BLOCKS)
    }

    pub(crate) fn is_valid(&self, hash: &Hash) -> bool {
        self.last_valid(hash).is_some_and(|last| self.height <= last)
    }

    /// The oldest that is remembered.
    pub(crate) fn stale(&self) -> Hash {
        self.hashes.front().map(|(hash, _)| *hash).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, hash: Hash) {
        self.height += 1;
        self.hashes.push_back((hash, self.height));
        if self.hashes.len() > REMEMBERED {
            self.hashes.pop_front();
        }
    }

    /// Blocks that the clock asks for.
    pub(crate) fn due(&mut self) -> u64 {
        let Pace::Milliseconds(each) = self.pace else { return 0 };
        let each = each.max(1);
        let passed = u64::try_from(self.last.elapsed().as_millis()).unwrap_or(u64::MAX) / each;
        self.last += Duration::from_millis(passed.saturating_mul(each));
        passed.min(MOST_DUE)
    }

    /// Whether what landed at a height is final.
    pub(crate) fn is_final(&self, height: u64) -> bool {
        self.pace == Pace::Still || self.height >= height + 32
    }
}
