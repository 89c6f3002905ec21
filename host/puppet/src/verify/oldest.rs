//! The first entry that the journal still has of each agent: what is older may have lost its entries to age, and is not
//! held against the rest.

use std::collections::BTreeMap;

use puppet_store::{Filter, Store, StoreError};
use puppet_types::{AgentId, Timestamp};

/// As they were looked up.
#[derive(Debug, Default)]
pub struct Oldest(BTreeMap<AgentId, Option<Timestamp>>);

impl Oldest {
    /// Whether entries of this agent of such a time would be there still.
    pub async fn has(&mut self, store: &dyn Store, agent: &AgentId, at: Timestamp) -> Result<bool, StoreError> {
        if let Some(oldest) = self.0.get(agent) {
            return Ok(oldest.is_none_or(|oldest| oldest <= at));
        }
        let filter = Filter { agent: Some(agent.clone()), oldest_first: true, limit: 1, ..Filter::default() };
        let oldest = store.journal(&filter).await?.first().map(|entry| entry.invocation.at);
        self.0.insert(agent.clone(), oldest);
        Ok(oldest.is_none_or(|oldest| oldest <= at))
    }
}
