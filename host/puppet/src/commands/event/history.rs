//! `event history`: what was handled, the last first.

use puppet_types::AgentId;

use crate::{
    control::unknown_agent,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::Result,
};
use puppet_api::view::handled::{Handled, handled};

/// Runs it.
pub async fn run(setup: &Setup, agent: Option<AgentId>, limit: u64, out: Output) -> Result<()> {
    let store = records::open(setup).await?;
    if let Some(agent) = &agent {
        let known = records::everybody(&*store).await?;
        if !known.contains(agent) {
            return Err(unknown_agent(agent, &known));
        }
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let items = handled(&*store, agent.as_ref(), limit).await?;
    if out.json {
        return out.object(&List { schema: "puppet.events/1", items, next: None });
    }
    let mut table = Table::new(&["handled", "agent", "kind", "priority", "source", "id"]);
    for Handled { id, kind, source, agent, priority, handled_at, .. } in items {
        let priority = serde_json::to_value(priority).unwrap_or_default();
        let priority = priority.as_str().unwrap_or_default().to_owned();
        table.row([handled_at.to_string(), agent.to_string(), kind, priority, source, id.to_string()]);
    }
    table.print(out)
}
