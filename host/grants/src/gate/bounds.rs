//! What bounds an invocation whatever is granted, and how its time is measured.

use std::time::Duration;

/// Bounds of one invocation that belong to the host, whatever is granted.
#[derive(Debug, Clone)]
pub struct CallBounds {
    /// Calls per capability.
    pub host_calls: u32,
    /// Decisions in all.
    pub decisions: u32,
    /// Bytes of requests and answers kept in the journal.
    pub journal_bytes: usize,
    /// Log lines kept; more are dropped and counted.
    pub log_lines: usize,
    /// Bytes of one log line; more are cut.
    pub log_line_bytes: usize,
    /// Time for the whole invocation, provider calls included.
    pub deadline: Duration,
}

impl Default for CallBounds {
    fn default() -> Self {
        Self {
            host_calls: 1_000,
            decisions: 256,
            journal_bytes: 4 << 20,
            log_lines: 200,
            log_line_bytes: 4 << 10,
            deadline: Duration::from_secs(120),
        }
    }
}

/// How the deadline is measured.
#[derive(Debug, Clone, Copy)]
pub enum Elapsed {
    /// By the wall, from here.
    Wall(std::time::Instant),
    /// By what providers say their answer would have taken; the wall does not count.
    Modelled(Duration),
}
