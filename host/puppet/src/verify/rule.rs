//! One rule and what was found against it.

use serde::Serialize;

/// Violations that are told of each rule; those beyond are counted.
pub const TOLD: usize = 1_000;

/// A rule that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id.
    pub rule: &'static str,
    /// How many rows, files or pages it was checked on.
    pub checked: u64,
    /// What is against it, each in a sentence.
    pub violations: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

impl Rule {
    /// Nothing is checked yet.
    pub const fn new(rule: &'static str) -> Self {
        Self { rule, checked: 0, violations: Vec::new(), more: 0 }
    }

    /// One more is checked.
    pub fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            self.violated(otherwise());
        }
    }

    /// It does not hold.
    pub fn violated(&mut self, how: String) {
        if self.violations.len() < TOLD {
            self.violations.push(how);
        } else {
            self.more += 1;
        }
    }

    /// What was found in another place against the same rule.
    pub fn add(&mut self, other: Self) {
        self.checked += other.checked;
        self.more += other.more;
        other.violations.into_iter().for_each(|how| self.violated(how));
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}
