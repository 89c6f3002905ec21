//! The operator's stop: while it stands, no effect leaves.

use async_trait::async_trait;
use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Result;

/// Since when nothing leaves, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// When it was said first.
    pub since: Timestamp,
    /// The operator's own words.
    pub reason: Option<String>,
}

/// The stop.
#[async_trait]
pub trait HaltStore: Send + Sync {
    /// Whether nothing may leave.
    async fn halted(&self) -> Result<Option<Halt>>;
}
