//! `[swap]`: what proof a version needs before it serves, and what takes it back.

use serde::{Deserialize, Serialize};

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwapRules {
    /// Recorded invocations of each agent that are run again on the new version. 0: none.
    pub shadow: u64,
    /// Of all agents together.
    pub shadow_most: u64,
    /// A version that burns more than so many percent of the fuel that was recorded does not serve.
    pub fuel_percent: u64,
    /// Whether decisions that come out differently stop a swap.
    pub same_decisions: bool,
    /// Percent of the agents that a new version serves first; where that is less than one agent, there is no canary.
    pub canary_percent: u64,
    /// Invocations before a canary is promoted.
    pub canary_invocations: u64,
    /// Percent of them that must end well.
    pub canary_success_percent: u64,
    /// More percent of errors than these end it.
    pub canary_error_percent: u64,
    /// Invocations after the switch that are watched.
    pub watch_invocations: u64,
    /// No longer than so.
    pub watch_ms: u64,
    /// More strikes than these while it is watched take the version back.
    pub watch_strikes: u64,
    /// How long a component may take to compile.
    pub compile_ms: u64,
    /// How much memory compiling may take.
    pub compile_bytes: u64,
}

impl Default for SwapRules {
    fn default() -> Self {
        Self {
            shadow: 20,
            shadow_most: 2_000,
            fuel_percent: 200,
            same_decisions: false,
            canary_percent: 10,
            canary_invocations: 20,
            canary_success_percent: 95,
            canary_error_percent: 5,
            watch_invocations: 100,
            watch_ms: 600_000,
            watch_strikes: 0,
            compile_ms: 60_000,
            compile_bytes: 2 << 30,
        }
    }
}

/// A rule out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}: it must be between {least} and {most}")]
pub struct RuleError {
    /// In `[swap]`.
    pub key: &'static str,
    /// As it is set.
    pub value: u64,
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

impl SwapRules {
    /// Whether every rule is within its bounds.
    pub fn check(&self) -> Result<(), RuleError> {
        let bounds = [
            ("shadow", self.shadow, 0, 1_000),
            ("shadow_most", self.shadow_most, 0, 100_000),
            ("fuel_percent", self.fuel_percent, 100, 10_000),
            ("canary_percent", self.canary_percent, 0, 99),
            ("canary_invocations", self.canary_invocations, 1, 1_000_000),
            ("canary_success_percent", self.canary_success_percent, 1, 100),
            ("canary_error_percent", self.canary_error_percent, 0, 99),
            ("watch_invocations", self.watch_invocations, 0, 1_000_000),
            ("watch_ms", self.watch_ms, 0, 30 * 86_400_000),
            ("watch_strikes", self.watch_strikes, 0, 1_000),
            ("compile_ms", self.compile_ms, 100, 3_600_000),
            ("compile_bytes", self.compile_bytes, 64 << 20, 64 << 30),
        ];
        match bounds.into_iter().find(|(_, value, least, most)| value < least || value > most) {
            Some((key, value, least, most)) => Err(RuleError { key, value, least, most }),
            None => Ok(()),
        }
    }
}
