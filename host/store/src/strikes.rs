//! Strikes of plugin versions: what a restart must not forgive.

use async_trait::async_trait;
use puppet_types::{Digest, PackId};

use crate::Result;

/// The strikes of one version. (plugin, digest) is its key.
#[derive(Debug, Clone, PartialEq)]
pub struct StrikesRow {
    /// The pack.
    pub plugin: PackId,
    /// Of the component.
    pub digest: Digest,
    /// Grows with each change: the highest is the latest, in whatever order they are written.
    pub revision: u64,
    /// The engine's own.
    pub body: serde_json::Value,
}

/// Strikes.
#[async_trait]
pub trait StrikeStore: Send + Sync {
    /// All rows, by (plugin, digest).
    async fn strikes(&self) -> Result<Vec<StrikesRow>>;
}
