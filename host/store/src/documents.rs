//! What agents were cast with: documents by their content, each written once, and which of them an agent was cast with
//! from which place of the journal on. A record names a persona and settings by digest; here they are found.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_types::{AgentId, Digest, scrub};

use crate::Result;

/// A text under the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Of the body.
    pub digest: Digest,
    /// The text.
    pub body: Arc<str>,
}

impl Document {
    /// Of a text.
    pub fn of(body: impl Into<Arc<str>>) -> Self {
        let body = body.into();
        Self { digest: Digest::of(body.as_bytes()), body }
    }

    /// Whether a store keeps it. One that holds a credential of the host is not kept, and what needs it cannot be run again.
    pub fn may_be_kept(&self) -> bool {
        scrub::text(&self.body) == *self.body
    }
}

/// Documents, and what agents were cast with.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// A document's text.
    async fn document(&self, digest: &Digest) -> Result<Option<String>>;
    /// The document that says what an agent was cast with when the record at this place of the journal was made.
    async fn cast_at(&self, agent: &AgentId, seq: u64) -> Result<Option<Digest>>;
}
