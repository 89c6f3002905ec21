//! What is there, what is held, and what was counted.

use puppet_types::trade::Market;
use serde::{Deserialize, Serialize};

/// Everything that must outlive the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    pub(crate) markets: Vec<Market>,
}
