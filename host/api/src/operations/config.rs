//! The configuration.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::Answer;

/// The configuration in effect: `config.json`.
#[async_trait]
pub trait ConfigOperations: Send + Sync + 'static {
    /// As it is.
    async fn config(&self) -> Answer;
    /// These keys are so from now on, in the file and in the host.
    async fn set_config(&self, changes: Map<String, Value>) -> Answer;
}
