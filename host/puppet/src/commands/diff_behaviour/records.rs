//! Which recorded invocations the two are run on.

use puppet_store::{Filter, Store};
use puppet_types::{AgentId, Invocation, PackId, Timestamp};

use crate::trouble::Result;

/// Entries read at a time.
const PAGE: usize = 256;

/// What the operator asked for.
pub struct Choice {
    /// Of this agent alone.
    pub agent: Option<AgentId>,
    /// Of this kind of event.
    pub kind: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// The last so many of each agent.
    pub last: usize,
}

/// The last records of an agent that one of these plugins made, oldest first; also those that cannot be run again.
pub async fn of(store: &dyn Store, agent: &AgentId, plugins: &[PackId], choice: &Choice) -> Result<Vec<Invocation>> {
    let mut filter = Filter {
        agent: Some(agent.clone()),
        kind: choice.kind.clone(),
        since: choice.since,
        limit: PAGE,
        ..Filter::default()
    };
    let mut found = Vec::new();
    while found.len() < choice.last {
        let page = store.journal(&filter).await?;
        let Some(oldest) = page.last() else { break };
        filter.before_seq = Some(oldest.seq);
        found.extend(page.into_iter().map(|entry| entry.invocation).filter(|one| plugins.contains(&one.plugin.id)));
    }
    found.truncate(choice.last);
    found.reverse();
    Ok(found)
}
