//! Writes what is planned: secrets and settings first, so that no agent is ever without them, then agent by agent.

use std::path::Path;

use indicatif::ProgressBar;
use puppet_import::{Moved, SEEN_KEPT, in_the_order_of_the_contract};
use puppet_packs::AgentSpec;
use puppet_store::{Change, Store};
use puppet_types::{Event, Mood, Timestamp, ids};

use super::plan::{Plan, Standing};
use crate::{
    agents::{self, NewAgent},
    cli::Import,
    output::Output,
    setup::Setup,
    trading::original::Kept,
    trouble::Result,
};

/// Does it. Each step can be done again.
pub async fn write(
    setup: &Setup,
    (store, file): (&dyn Store, &Path),
    plan: &mut Plan,
    args: &Import,
    out: Output,
) -> Result<()> {
    agents::keep(setup, std::mem::take(&mut plan.secrets))?;
    plan.settings.save(file)?;
    plan.trading.iter().flatten().try_for_each(Kept::write)?;
    let bar = bar(plan.deployment.agents.len(), out);
    for (moved, standing) in plan.deployment.agents.iter().zip(&plan.standing) {
        bar.set_message(moved.spec.id.to_string());
        if *standing != Standing::Same {
            let mut changes = Vec::new();
            if *standing == Standing::Replaced {
                changes = gone(store, moved, plan.at).await?;
            }
            changes.extend(comes(plan, moved)?);
            store.apply(changes).await?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    store.apply(vec![Change::Seen { posts: plan.deployment.seen.clone(), keep: SEEN_KEPT }]).await?;
    if args.replay_events {
        let events = plan.replayed.iter().map(|past| once_more(&past.event, plan)).collect();
        plan.replayed_new = Some(store.accept(events).await?.len());
    }
    Ok(())
}

/// Everything that an agent brings.
fn comes(plan: &Plan, moved: &Moved) -> Result<Vec<Change>> {
    let agent = &moved.spec.id;
    let mut changes = NewAgent { spec: moved.spec.clone() }.changes(plan.at)?;
    for memory in &moved.memories {
        let vector = Some(puppet_memory::embedding::hashed_vector(&memory.content));
        let cap = puppet_memory::cap(memory.kind);
        changes.push(Change::Remember { agent: agent.clone(), memory: memory.clone(), vector, cap });
    }
    for relationship in &moved.bonds {
        let relationship = relationship.clone();
        changes.push(Change::Relationship { agent: agent.clone(), relationship, keep: puppet_agent::KEPT });
    }
    let events = plan.deployment.events.iter().filter(|past| past.event.agent == *agent).cloned().collect();
    changes.extend(in_the_order_of_the_contract(events).into_iter().map(Change::Past));
    Ok(changes)
}

/// What goes of an agent that another takes the place of: itself, its timers, what it remembers, whom it knows, its mood,
/// and what its plugin keeps. Its posts and its journal stay: they have happened.
async fn gone(store: &dyn Store, moved: &Moved, at: Timestamp) -> Result<Vec<Change>> {
    let AgentSpec { id: agent, plugin, .. } = &moved.spec;
    let mut changes = vec![Change::Retire { agent: agent.clone() }];
    changes.push(Change::Mood { agent: agent.clone(), mood: Mood::default(), at });
    if let Some(state) = store.state(agent, plugin).await? {
        let digest = state.writer.unwrap_or(moved.digest);
        changes.push(Change::ClearState { agent: agent.clone(), plugin: plugin.clone(), digest, at });
    }
    for hit in store.memories(agent, &[], usize::MAX).await? {
        changes.push(Change::Forget { agent: agent.clone(), id: hit.memory.id });
    }
    for bond in store.relationships(agent).await? {
        changes.push(Change::Part { agent: agent.clone(), target: bond.target });
    }
    Ok(changes)
}

/// An event of the past as a new one, which comes of it. The same one twice is one.
fn once_more(past: &Event, plan: &Plan) -> Event {
    let again = |id: &str| ids::derive("evt", &["again", id]).into();
    Event {
        id: again(past.id.as_str()),
        broadcast: past.broadcast.as_ref().map(|id| again(id.as_str())),
        at: plan.at,
        cause: Some(past.id.clone()),
        ..past.clone()
    }
}

fn bar(agents: usize, out: Output) -> ProgressBar {
    out.bar(Some(agents as u64), "{bar:32} {pos}/{len}  {msg}")
}
