//! Packs, and the plugins that run.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use puppet_types::{AgentId, PackId};

use super::Answer;

/// How a pack is taken in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InstallTerms {
    /// Also if nobody signed it.
    pub allow_unsigned: bool,
    /// Also if it is older than the version that runs.
    pub force_downgrade: bool,
    /// Wait until it serves or is refused, and no longer than so.
    pub wait: Option<Duration>,
}

/// What of a pack goes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RemoveTerms {
    /// One version; else all of them.
    pub version: Option<String>,
    /// The agent that was made from it goes, too.
    pub with_agent: bool,
}

/// What is compared. Versions are named by their number or by digits of a digest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompareTerms {
    /// Else the one that runs; where `new` is that one, the one before.
    pub old: Option<String>,
    /// Else the newest.
    pub new: Option<String>,
    /// On records of this agent alone.
    pub agent: Option<AgentId>,
    /// The last so many records of each agent.
    pub last: u64,
}

/// Packs.
#[async_trait]
pub trait PackOperations: Send + Sync + 'static {
    /// What is installed: `packs.json`.
    async fn packs(&self) -> Answer;
    /// Takes an archive in: `install.json`. What stands against it is a fault, but that it waits for the operator.
    async fn install(&self, archive: Bytes, terms: InstallTerms) -> Answer;
    /// Takes one away: `remove.json`.
    async fn remove(&self, pack: &PackId, terms: RemoveTerms) -> Answer;
    /// Back to a version, or to the one before: `rollback.json`.
    async fn rollback(&self, pack: &PackId, version: Option<&str>, wait: Option<Duration>) -> Answer;
    /// What runs: `plugins.json`.
    async fn plugins(&self) -> Answer;
    /// One pack's versions: `plugin.json`.
    async fn plugin(&self, pack: &PackId) -> Answer;
    /// Out of quarantine: `release.json`.
    async fn release(&self, pack: &PackId) -> Answer;
    /// How two versions differ in what they do: `diff-behaviour.json`.
    async fn compare(&self, pack: &PackId, terms: CompareTerms) -> Answer;
    /// Its swaps, the newest first: `swaps.json`.
    async fn swaps(&self, pack: &PackId) -> Answer;
}
