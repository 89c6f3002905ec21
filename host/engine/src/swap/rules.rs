//! `[swap]`: what proof a version needs before it serves, and what takes it back.

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// A rule that is a number: its name in `[swap]`, where it stands, its bounds.
pub struct Rule {
    /// Its key.
    pub key: &'static str,
    /// Where it stands.
    pub at: fn(&mut SwapRules) -> &mut u64,
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

const fn rule(key: &'static str, at: fn(&mut SwapRules) -> &mut u64, least: u64, most: u64) -> Rule {
    Rule { key, at, least, most }
}

/// Every rule that is a number.
pub const RULES: &[Rule] = &[
    rule("shadow", |rules| &mut rules.shadow, 0, 1_000),
    rule("shadow_most", |rules| &mut rules.shadow_most, 0, 100_000),
    rule("fuel_percent", |rules| &mut rules.fuel_percent, 100, 10_000),
    rule("canary_percent", |rules| &mut rules.canary_percent, 0, 99),
    rule("canary_invocations", |rules| &mut rules.canary_invocations, 1, 1_000_000),
    rule("canary_success_percent", |rules| &mut rules.canary_success_percent, 1, 100),
    rule("canary_error_percent", |rules| &mut rules.canary_error_percent, 0, 99),
    rule("watch_invocations", |rules| &mut rules.watch_invocations, 0, 1_000_000),
    rule("watch_ms", |rules| &mut rules.watch_ms, 0, 30 * 86_400_000),
    rule("watch_strikes", |rules| &mut rules.watch_strikes, 0, 1_000),
    rule("compile_ms", |rules| &mut rules.compile_ms, 100, 3_600_000),
    rule("compile_bytes", |rules| &mut rules.compile_bytes, 64 << 20, 64 << 30),
];
