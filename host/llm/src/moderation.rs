//! A look at texts before they leave: whether a classifier finds in them what its rules forbid.

use async_trait::async_trait;
use puppet_types::CallError;

/// Who looks.
#[async_trait]
pub trait Moderator: Send + Sync {
    /// The categories that any of the texts falls under, each once; none: they may go. Asked before every attempt to
    /// send, so it costs nothing or next to nothing.
    async fn look(&self, texts: &[String]) -> Result<Vec<String>, CallError>;
}
