//! One row of a table of limits: what `puppet doctor --limits` and the docs are made from. Every crate that bounds
//! something keeps its rows where it enforces them.

use serde::Serialize;

use crate::Breach;

/// A limit, and what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Name of the field.
    pub name: &'static str,
    /// The default.
    pub value: u64,
    /// The least a configuration may say.
    pub least: u64,
    /// The most a configuration may say: no limit that is punished can be switched off.
    pub most: u64,
    /// What is counted.
    pub unit: &'static str,
    /// Where it is set in `puppet.toml`.
    pub config_key: &'static str,
    /// What a guest that hits it ends with; none where the excess is dropped or refused, not punished.
    pub breach: Option<Breach>,
    /// The test with a guest that hits it.
    pub hostile_guest: &'static str,
    /// What it bounds.
    pub about: &'static str,
}
