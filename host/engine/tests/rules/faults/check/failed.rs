//! Rule 2: an invocation that did not end well has changed nothing but its record, its strikes and what its reads cost.

use std::collections::{BTreeMap, BTreeSet};

use puppet_store::{AgentStore as _, MemoryStore as _, SqliteStore, TimerStore as _};
use puppet_types::{AgentId, Decision, Invocation, MemoryKind, Outcome};

use super::{Found, Rows};
use crate::faults::village::AGENTS;

pub async fn check(rows: &Rows, store: &SqliteStore, found: &mut Found) {
    let well = rows.by_id();
    for record in rows.journal.iter().filter(|record| !well.contains_key(&record.id)) {
        let acts = rows.effects.iter().any(|effect| effect.invocation == record.id);
        found.unless(!acts, 2, || format!("{} ended as {} and has an effect", record.id, record.outcome.name()));
        let mut caused = rows.events.iter().map(|(waiting, ..)| &waiting.event);
        let again = matches!(&record.outcome, Outcome::Declined(declined) if declined.retry_at.is_some());
        let emitted =
            caused.any(|event| event.cause.as_ref() == Some(&record.event.id) && (event.broadcast.is_some() || !again));
        found.unless(!emitted, 2, || format!("{} ended as {} and has emitted", record.id, record.outcome.name()));
    }
    for agent in AGENTS.map(AgentId::new) {
        memories(rows, store, &agent, found).await;
        others(rows, store, &agent, found).await;
    }
}

fn of<'a>(rows: &'a Rows, agent: &'a AgentId) -> impl Iterator<Item = (&'a Invocation, &'a Decision)> {
    let records = rows.ok().filter(move |record| record.agent == *agent);
    records.flat_map(|record| record.decisions.iter().map(move |numbered| (record, &numbered.decision)))
}

/// What is remembered is what was decided, no more and no less.
async fn memories(rows: &Rows, store: &SqliteStore, agent: &AgentId, found: &mut Found) {
    let decided: BTreeSet<String> = of(rows, agent)
        .filter_map(|(_, decision)| match decision {
            Decision::Remember { memory } => Some(memory.content.clone()),
            _ => None,
        })
        .collect();
    let kept = store.memories(agent, &[MemoryKind::Core], usize::MAX).await.expect("rows can be read");
    let kept: BTreeSet<String> = kept.into_iter().map(|hit| hit.memory.content).collect();
    for memory in kept.difference(&decided) {
        found.unless(false, 2, || format!("{agent} remembers `{memory}`, which nobody decided"));
    }
    for memory in decided.difference(&kept) {
        found.unless(false, 3, || format!("{agent} has forgotten `{memory}`"));
    }
}

/// Relationships, moods and timers.
async fn others(rows: &Rows, store: &SqliteStore, agent: &AgentId, found: &mut Found) {
    let mut met: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut timers, mut moved) = (BTreeSet::new(), false);
    for (_, decision) in of(rows, agent) {
        match decision {
            Decision::AdjustRelationship { target, .. } => *met.entry(target).or_default() += 1,
            Decision::SetTimer { name, .. } => drop(timers.insert(name.as_str())),
            Decision::ShiftMood { .. } => moved = true,
            _ => {}
        }
    }
    let kept = store.relationships(agent).await.expect("rows can be read");
    let kept: BTreeMap<&str, u32> = kept.iter().map(|kept| (kept.target.as_str(), kept.interactions)).collect();
    found.unless(kept == met, 2, || format!("{agent} has met {kept:?} and decided to meet {met:?}"));
    let mood = store.mood(agent).await.expect("rows can be read");
    found.unless(mood.is_some() == moved, 2, || format!("{agent} has a mood: {mood:?}; decided: {moved}"));
    let set = store.timers().await.expect("rows can be read");
    let set = set.iter().filter(|timer| timer.agent == *agent);
    for timer in set.filter(|timer| !timers.contains(timer.name.as_str())) {
        found.unless(false, 2, || format!("{agent} has a timer `{}`, which nobody decided", timer.name));
    }
}
