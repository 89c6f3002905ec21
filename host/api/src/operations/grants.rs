//! Grants.

use async_trait::async_trait;
use puppet_types::{AgentId, Capability, Digest, PackId, Timestamp};

use super::Answer;

/// One amount of a grant, as its items have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedAmount {
    /// Of which interface.
    pub capability: Capability,
    /// `tokens`, `posts`, …
    pub amount: String,
    /// `hour`, `day`; none: at once.
    pub period: Option<String>,
    /// So much of it, in its unit.
    pub granted: u64,
}

/// What is to change of a grant; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantChanges {
    /// Amount by amount.
    pub items: Vec<GrantedAmount>,
    /// `allow`, `strip` or `refuse`.
    pub links: Option<&'static str>,
    /// The same of names.
    pub mentions: Option<&'static str>,
    /// `live`, `approve` or `dry-run`.
    pub mode: Option<&'static str>,
    /// For these alone.
    pub agents: Option<Vec<AgentId>>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Grants: `grants.json`, and `grant.json` of one.
#[async_trait]
pub trait GrantOperations: Send + Sync + 'static {
    /// All of them.
    async fn grants(&self) -> Answer;
    /// Of one pack.
    async fn grant(&self, pack: &PackId) -> Answer;
    /// What the pack of this digest asks for is granted.
    async fn approve_grant(&self, pack: &PackId, digest: Digest) -> Answer;
    /// Amounts and terms as told.
    async fn set_grant(&self, pack: &PackId, changes: GrantChanges) -> Answer;
    /// Taken back: of one capability, or all.
    async fn revoke_grant(&self, pack: &PackId, capability: Option<Capability>) -> Answer;
}
