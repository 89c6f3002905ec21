//! Rule 3: what was accepted has ended once, or is dead for a reason; what an invocation brought about is there.

use puppet_store::EffectState;
use puppet_types::{Decision, EventId, EventTarget, Invocation, Outcome, ids};

use super::{Found, Outside, Rows};
use crate::faults::village::AGENTS;

/// Reasons of events that were never run.
const NOT_RUN: [&str; 3] = ["loop", "no-agent", "mailbox-full"];

pub fn check(rows: &Rows, outside: &Outside<'_>, found: &mut Found) {
    for id in outside.accepted {
        let is_there = rows.events.iter().any(|(waiting, ..)| waiting.event.id == *id);
        found.unless(is_there, 3, || format!("{id} was accepted and is lost"));
    }
    for (waiting, state, reason) in &rows.events {
        let id = &waiting.event.id;
        let records = rows.records_of(id);
        let (well, ill): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| is_well(record));
        let tells = || {
            let (times, retries) = (waiting.attempts, outside.world.retries(id));
            let ends = (well.len(), ill.len());
            format!(
                "{id} ({}) is {state} {reason:?}: ended {times} times, sent back {retries}; well, ill: {ends:?}",
                waiting.event.kind
            )
        };
        let holds = match (state.as_str(), reason.as_deref()) {
            ("done", _) => well.len() == 1 && ill.is_empty() && waiting.attempts == 1 + outside.world.retries(id),
            ("dead", Some(reason)) if NOT_RUN.contains(&reason) => well.is_empty(),
            ("dead", Some(reason)) => well.is_empty() && ill.last().is_some_and(|last| code(last) == reason),
            _ => false,
        };
        found.unless(holds, 3, tells);
    }
    for record in rows.ok() {
        brought_about(rows, record, found);
    }
    for effect in &rows.effects {
        let kind = match effect.state {
            EffectState::Done if effect.provider_id.as_deref().is_some_and(|id| !id.is_empty()) => "post_published",
            EffectState::Failed | EffectState::Expired => "post_failed",
            _ => continue,
        };
        let heard = EventId::from(ids::derive("evt", &[effect.id.as_str(), kind]));
        let is_there = rows.events.iter().any(|(waiting, ..)| waiting.event.id == heard);
        found.unless(is_there, 3, || format!("nobody hears that {} is {}", effect.id, effect.state.name()));
    }
    timers(rows, found);
}

fn is_well(record: &Invocation) -> bool {
    matches!(record.outcome, Outcome::Ok | Outcome::Declined(_))
}

fn code(record: &Invocation) -> &'static str {
    match &record.outcome {
        Outcome::Breach(breach, _) => breach.code(),
        other => other.name(),
    }
}

/// Every event that a record says it emitted, and every effect.
fn brought_about(rows: &Rows, record: &Invocation, found: &mut Found) {
    let emitted: usize = record.decisions.iter().map(|numbered| targets(&numbered.decision)).sum();
    let caused = rows.events.iter().filter(|(waiting, ..)| waiting.event.cause.as_ref() == Some(&record.event.id));
    let caused = caused.filter(|(waiting, ..)| waiting.event.broadcast.is_some()).count();
    found.unless(caused == emitted, 3, || format!("{} emitted {emitted} events: {caused} are there", record.id));
    for numbered in record.decisions.iter().filter(|numbered| numbered.decision.is_outside_effect()) {
        let is_there = rows.effects.iter().any(|effect| effect.invocation == record.id && effect.n == numbered.n);
        found.unless(is_there, 3, || format!("decision {} of {} is lost", numbered.n, record.id));
    }
}

fn targets(decision: &Decision) -> usize {
    match decision {
        Decision::Emit { target: EventTarget::All, .. } => AGENTS.len(),
        Decision::Emit { .. } => 1,
        _ => 0,
    }
}

/// A timer that fired became an event that ended as others do.
fn timers(rows: &Rows, found: &mut Found) {
    for (waiting, _, reason) in rows.events.iter().filter(|(waiting, ..)| waiting.event.kind == "timer") {
        let is_known = reason.as_deref() != Some("");
        found.unless(is_known, 3, || format!("{} is dead for no reason", waiting.event.id));
    }
}
