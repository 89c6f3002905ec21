//! An agent that is left alone: its events wait until somebody lets it go on.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Since when an agent is paused, by whom, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// When it was paused.
    pub since: Timestamp,
    /// Who paused it: `cli`, or the name of a key.
    pub by: String,
    /// In the operator's words.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Paused {
    /// The name of its field in the body of an agent's row.
    pub const FIELD: &str = "paused";
}
