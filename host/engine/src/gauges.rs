//! How much there is to do at a moment.

use puppet_types::Timestamp;

use crate::host::Host;

/// How a host's queues stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauges {
    /// Events that are due and have not been handled, those under way included.
    pub waiting: u64,
    /// When the oldest of them came; none where none waits.
    pub oldest: Option<Timestamp>,
    /// Events that wait because their plugin may not run, or their agent is paused.
    pub deferred: u64,
    /// Effects that are to leave, or are under way.
    pub effects_waiting: u64,
    /// Effects that wait for the operator's word.
    pub effects_for_approval: u64,
    /// Effects of which nobody knows whether they happened.
    pub in_doubt: u64,
}

impl Host {
    /// Events that wait or are under way, due or not. At once, however many there are.
    pub fn mail(&self) -> usize {
        self.agenda().mail()
    }

    /// How the queues stand. Takes as long as there are effects that have not ended, and events that are due.
    pub fn gauges(&self) -> Gauges {
        let now = self.now();
        self.agenda().gauges(now)
    }
}
