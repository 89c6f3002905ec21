//! Many seeds, side by side.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use super::{
    life::{Ended, live},
    mutation::Mutation,
    world::Coverage,
};

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Campaign {
    /// Those that failed, by seed, each with what does not hold.
    pub failed: Vec<Ended>,
    /// What was met in all of them.
    pub coverage: Coverage,
    /// How many were lived.
    pub lived: u64,
}

/// Lives `seeds` of them from `from` on, on so many threads, until `enough` says so. `done` hears of each as it ends.
pub fn run(
    (from, seeds): (u64, u64),
    threads: usize,
    mutation: Option<Mutation>,
    enough: impl Fn(&Ended) -> bool + Sync,
    done: impl Fn(&Ended) + Sync,
) -> Campaign {
    let (next, end) = (AtomicU64::new(from), from.saturating_add(seeds));
    let campaign = Mutex::new(Campaign::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, SeqCst);
                    if seed >= end {
                        return;
                    }
                    let ended = live(seed, mutation);
                    done(&ended);
                    if enough(&ended) {
                        next.store(end, SeqCst);
                    }
                    campaign.lock().unwrap_or_else(PoisonError::into_inner).add(ended);
                }
            });
        }
    });
    let mut campaign = campaign.into_inner().unwrap_or_else(PoisonError::into_inner);
    campaign.failed.sort_by_key(|ended| ended.seed);
    campaign
}

impl Campaign {
    fn add(&mut self, ended: Ended) {
        self.lived += 1;
        for (what, times) in &ended.coverage {
            *self.coverage.entry(what.clone()).or_default() += times;
        }
        if !ended.violations.is_empty() {
            self.failed.push(ended);
        }
    }
}
