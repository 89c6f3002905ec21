//! What was counted within an hour or a day of UTC. What is held for open orders counts in whichever window it is: an order
//! that waits over midnight takes its part of the new day.

use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    length: i64,
    start: i64,
    used: u64,
}

impl Window {
    pub(crate) const fn of(length: i64) -> Self {
        Self { length, start: 0, used: 0 }
    }
    fn start_of(&self, at: Timestamp) -> i64 {
        at.as_millis() - at.as_millis().rem_euclid(self.length)
    }
    /// What was counted in the window of `at`. An earlier time than the last counts as that.
    pub(crate) fn used(&self, at: Timestamp) -> u64 {
        if self.start_of(at) > self.start { 0 } else { self.used }
    }
    pub(crate) fn add(&mut self, at: Timestamp, amount: u64) {
        self.used = self.used(at).saturating_add(amount);
        self.start = self.start.max(self.start_of(at));
    }
    /// When the one after `at` begins.
    pub(crate) fn next(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_millis(self.start_of(at).max(self.start) + self.length)
    }
}
