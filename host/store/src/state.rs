//! Blobs of plugins: one per agent and plugin, with the component that wrote it, and beside it what others had written.

use async_trait::async_trait;
use puppet_types::{AgentId, Digest, PackId, Timestamp, trade::Origin};
use serde::{Deserialize, Serialize};

use crate::Result;

/// So many components' blobs are kept beside the present one, per agent and plugin.
pub const KEPT_STATES: usize = 3;

/// A plugin's blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateBlob {
    /// The plugin's own schema version.
    pub version: u32,
    /// Opaque.
    pub data: Vec<u8>,
}

/// A blob as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// It.
    pub blob: StateBlob,
    /// The component that wrote it; none where an earlier version of the store did not keep that.
    pub writer: Option<Digest>,
    /// What was behind the call that wrote it, where that was told: of an agent that may trade.
    pub led_by: Option<Origin>,
}

/// What a component had written before another wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptState {
    /// The component; none where that is not known.
    pub writer: Option<Digest>,
    /// The blob; none where it had cleared it.
    pub blob: Option<StateBlob>,
    /// When another wrote.
    pub at: Timestamp,
}

/// Blobs.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The blob of a plugin; none where it has none, or cleared it.
    async fn state(&self, agent: &AgentId, plugin: &PackId) -> Result<Option<StateRow>>;
    /// What other components had there, the latest first: at most [`KEPT_STATES`].
    async fn kept_states(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<KeptState>>;
}
