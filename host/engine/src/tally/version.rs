//! What is counted of a version of a plugin.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use puppet_types::{Breach, Capability, Decision, Invocation, Outcome, ReadStatus};

use super::histogram::Histogram;

/// Microseconds of a call.
const TIME_US: &[u64] = &[
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000, 60_000_000,
];
/// Instructions of a call.
const FUEL: &[u64] = &[
    10_000,
    50_000,
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
];
/// Bytes of a call.
const BYTES: &[u64] = &[64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 1 << 30];

const STATUSES: [ReadStatus; 4] = [ReadStatus::Ok, ReadStatus::Denied, ReadStatus::Budget, ReadStatus::Error];

/// The counters of a version.
#[derive(Debug)]
pub struct OfVersion {
    outcomes: [AtomicU64; Outcome::NAMES.len()],
    breaches: [AtomicU64; Breach::ALL.len()],
    reads: [[AtomicU64; STATUSES.len()]; Capability::ALL.len()],
    decisions: [AtomicU64; Decision::KINDS.len()],
    time: Histogram,
    fuel: Histogram,
    memory: Histogram,
}

impl Default for OfVersion {
    fn default() -> Self {
        Self {
            outcomes: Default::default(),
            breaches: Default::default(),
            reads: Default::default(),
            decisions: Default::default(),
            time: Histogram::new(TIME_US),
            fuel: Histogram::new(FUEL),
            memory: Histogram::new(BYTES),
        }
    }
}

fn place<T: PartialEq>(of: &T, all: &[T]) -> Option<usize> {
    all.iter().position(|known| known == of)
}

fn one_more(counts: &[AtomicU64], place: Option<usize>) {
    if let Some(count) = place.and_then(|place| counts.get(place)) {
        count.fetch_add(1, Relaxed);
    }
}

fn counted<T: Copy>(names: &[T], counts: &[AtomicU64]) -> Vec<(T, u64)> {
    names.iter().zip(counts).map(|(name, count)| (*name, count.load(Relaxed))).collect()
}

/// What a record adds, as far as it is read off it; added once that is stored.
#[derive(Debug)]
pub(crate) struct Adds {
    outcome: Option<usize>,
    breach: Option<usize>,
    /// Places in the counters of reads and of decisions.
    reads: Vec<(usize, Option<usize>)>,
    decisions: Vec<Option<usize>>,
    micros: Option<u64>,
    fuel: u64,
    memory: u64,
}

impl Adds {
    /// Of a record.
    pub(crate) fn of(invocation: &Invocation) -> Self {
        let Invocation { outcome, fuel, peak_memory_bytes, timing, reads, decisions, .. } = invocation;
        let is_ok = *outcome == Outcome::Ok;
        Self {
            outcome: place(&outcome.name(), &Outcome::NAMES),
            breach: match outcome {
                Outcome::Breach(breach, _) => place(breach, Breach::ALL),
                _ => None,
            },
            reads: reads.iter().map(|read| (read.capability.index(), place(&read.status, &STATUSES))).collect(),
            // Only these are committed.
            decisions: decisions
                .iter()
                .filter(|_| is_ok)
                .map(|numbered| place(&numbered.decision.kind(), &Decision::KINDS))
                .collect(),
            micros: timing.map(|timing| timing.sandbox.saturating_add(timing.reads)),
            fuel: *fuel,
            memory: *peak_memory_bytes,
        }
    }
}

impl OfVersion {
    /// An invocation was committed.
    pub(crate) fn add(&self, adds: Adds) {
        one_more(&self.outcomes, adds.outcome);
        one_more(&self.breaches, adds.breach);
        for (capability, status) in adds.reads {
            self.reads.get(capability).into_iter().for_each(|statuses| one_more(statuses, status));
        }
        adds.decisions.into_iter().for_each(|kind| one_more(&self.decisions, kind));
        adds.micros.into_iter().for_each(|micros| self.time.add(micros));
        self.fuel.add(adds.fuel);
        self.memory.add(adds.memory);
    }

    /// Invocations by outcome.
    pub fn outcomes(&self) -> Vec<(&'static str, u64)> {
        counted(&Outcome::NAMES, &self.outcomes)
    }

    /// Invocations that a limit ended, by which.
    pub fn breaches(&self) -> Vec<(Breach, u64)> {
        counted(Breach::ALL, &self.breaches)
    }

    /// Reads, and decisions that were refused, by capability and by how they went.
    pub fn reads(&self) -> Vec<(Capability, ReadStatus, u64)> {
        let of = |(capability, counts): (&Capability, &[AtomicU64; STATUSES.len()])| {
            let capability = *capability;
            counted(&STATUSES, counts).into_iter().map(move |(status, count)| (capability, status, count))
        };
        Capability::ALL.iter().zip(&self.reads).flat_map(of).collect()
    }

    /// Decisions that were committed, by kind.
    pub fn decisions(&self) -> Vec<(&'static str, u64)> {
        counted(&Decision::KINDS, &self.decisions)
    }

    /// From the beginning of a call to its end, reads included, in microseconds. Nothing in virtual time.
    pub fn time(&self) -> &Histogram {
        &self.time
    }

    /// Instructions of a call.
    pub fn fuel(&self) -> &Histogram {
        &self.fuel
    }

    /// Bytes of all memories of a call at their highest.
    pub fn memory(&self) -> &Histogram {
        &self.memory
    }
}
