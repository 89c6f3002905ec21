//! `[outbox]`: how often and how fast effects are tried, and when their provider is left alone.

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRules {
    /// Tries before an effect fails for good.
    pub attempts: u64,
    /// The wait after the first try that did not reach the provider; it doubles with each.
    pub backoff_ms: u64,
    /// No wait between tries is longer than so, before chance is added.
    pub backoff_most_ms: u64,
    /// Between the beginnings of two attempts of one account.
    pub min_gap_ms: u64,
    /// After the beginning of an attempt whose answer was lost, before its provider is asked what became of it.
    pub look_after_ms: u64,
    /// So many failures in a row to reach the provider of an account leave it alone.
    pub breaker_failures: u64,
    /// For so long: then one try shows whether it is back.
    pub breaker_probe_ms: u64,
    /// An account whose provider does not take what it signs with, or has suspended it, is tried once in so long.
    pub held_probe_ms: u64,
}

impl Default for OutboxRules {
    fn default() -> Self {
        Self {
            attempts: 5,
            backoff_ms: 2_000,
            backoff_most_ms: 300_000,
            min_gap_ms: 0,
            look_after_ms: 30_000,
            breaker_failures: 5,
            breaker_probe_ms: 60_000,
            held_probe_ms: 900_000,
        }
    }
}

/// A rule: its name in `[outbox]`, where it stands, its bounds.
pub struct Rule {
    /// Its key.
    pub key: &'static str,
    /// Where it stands.
    pub at: fn(&mut OutboxRules) -> &mut u64,
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

const fn rule(key: &'static str, at: fn(&mut OutboxRules) -> &mut u64, least: u64, most: u64) -> Rule {
    Rule { key, at, least, most }
}

const HOUR_MS: u64 = 3_600_000;

/// Every rule.
pub const OUTBOX_RULES: &[Rule] = &[
    rule("attempts", |rules| &mut rules.attempts, 1, 100),
    rule("backoff_ms", |rules| &mut rules.backoff_ms, 1, HOUR_MS),
    rule("backoff_most_ms", |rules| &mut rules.backoff_most_ms, 1, 24 * HOUR_MS),
    rule("min_gap_ms", |rules| &mut rules.min_gap_ms, 0, 24 * HOUR_MS),
    rule("look_after_ms", |rules| &mut rules.look_after_ms, 0, 24 * HOUR_MS),
    rule("breaker_failures", |rules| &mut rules.breaker_failures, 1, 1_000),
    rule("breaker_probe_ms", |rules| &mut rules.breaker_probe_ms, 1, 24 * HOUR_MS),
    rule("held_probe_ms", |rules| &mut rules.held_probe_ms, 1_000, 24 * HOUR_MS),
];
