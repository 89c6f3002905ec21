//! What became of an agent file. Paths and reasons only, never a value.

use serde::Serialize;

/// A leaf that is in the agent now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Path in the file.
    pub field: String,
    /// Path in the agent.
    pub to: String,
}

/// A leaf that is known and not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// Path in the file.
    pub field: String,
    /// Why.
    pub reason: String,
}

/// `carried + ignored + secrets_moved + unknown` name every leaf of the file once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// The agent.
    pub agent_id: String,
    /// Leaves that are in the agent.
    pub carried: Vec<Carried>,
    /// Fields that the file does not set and that took a default.
    pub defaulted: Vec<String>,
    /// Leaves left behind, with the reason.
    pub ignored: Vec<Ignored>,
    /// Leaves that are in the secrets.
    pub secrets_moved: Vec<String>,
    /// Leaves that nobody knows.
    pub unknown: Vec<String>,
}
