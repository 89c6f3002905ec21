//! Replay.

use async_trait::async_trait;
use puppet_types::InvocationId;

use super::Answer;

/// What is done with records of the journal beyond reading them.
#[async_trait]
pub trait JournalOperations: Send + Sync + 'static {
    /// Runs one again from its record: `replay.json`.
    async fn replay(&self, invocation: &InvocationId) -> Answer;
}
