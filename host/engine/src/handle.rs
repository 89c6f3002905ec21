//! One event, one plugin: the invocation, from the mailbox to the commit (DESIGN §4). Both drivers pass
//! through here; neither does anything between the steps.

use std::{sync::Arc, time::Instant};

use puppet_grants::{Elapsed, Gate, Proceedings};
use puppet_sandbox::{CallSetup, Ended, Standing};
use puppet_store::{Change, Commit, Committed, EventEnd, StoreError, Waiting};
use puppet_types::{
    Declined, Event, EventId, Invocation, InvocationId, MAX_HOPS, Outcome, Read, Timestamp, Timing, ids,
};

use crate::{
    actor::Actor,
    call::Call,
    changes::{Occasion, changes},
    happening::Happening,
    host::Host,
};

/// Tries of an event whose invocation ran into its deadline.
const ATTEMPTS: u32 = 4;

/// How often a quarantined version's events are looked at.
const QUARANTINE_MS: u64 = 3_600_000;

/// An event that went through its plugin and waits for its commit.
pub enum Handled {
    /// To be committed.
    Commit(Box<Commit>, Arc<Actor>),
    /// Its plugin version is backed off or quarantined: it waits.
    Later {
        /// When it is looked at again.
        until: Timestamp,
    },
    /// Not handled at all.
    Dead {
        /// The event.
        event: EventId,
        /// Why.
        reason: &'static str,
    },
}

/// Runs the invocation of one event. Changes nothing.
pub async fn invoke(host: &Host, waiting: &Waiting) -> Result<Handled, StoreError> {
    let event = &waiting.event;
    let dead = |reason| Ok(Handled::Dead { event: event.id.clone(), reason });
    if event.hops > MAX_HOPS {
        return dead("loop");
    }
    let Some(actor) = host.actor(&event.agent).await? else { return dead("no-agent") };
    match actor.plugin.standing(host.clock.now()) {
        Standing::Good => {}
        Standing::BackOff { until } => return Ok(Handled::Later { until }),
        Standing::Quarantined => return Ok(Handled::Later { until: host.clock.now().plus_millis(QUARANTINE_MS) }),
    }
    let id = invocation_id(event, &actor);
    let kept = if waiting.attempts > 0 || host.recovering() { host.store.kept_reads(&id).await? } else { Vec::new() };
    let commit = commit_of(host, &actor, id, waiting, Answers::Resume(kept)).await?;
    Ok(Handled::Commit(Box::new(commit), actor))
}

/// Runs the plugin and gathers what is to be committed. Changes nothing.
pub async fn commit_of(
    host: &Host,
    actor: &Arc<Actor>,
    id: InvocationId,
    waiting: &Waiting,
    answers: Answers,
) -> Result<Commit, StoreError> {
    let event = &waiting.event;
    let at = host.clock.now();
    let since = Instant::now();
    let (outcome, ended) = run(host, actor, &id, event, at, answers).await;
    let sandbox = micros(since);
    let Ended { carrier, fuel, peak_memory_bytes, output, .. } = ended;
    let commits = outcome == Outcome::Ok;
    let mut proceedings: Proceedings = carrier.into_gate().finish(commits);
    proceedings.log.extend(output);
    let occasion = Occasion { invocation: &id, event, at };
    let mut rows = Vec::new();
    if commits {
        rows = changes(host, actor, &occasion, &proceedings.decisions).await?;
    }
    let end = end_of_event(&outcome, waiting, at);
    rows.extend(again(&outcome, event, at));
    let timing = (!host.clock.is_virtual()).then_some(Timing { sandbox, reads: 0, commit: 0 });
    let invocation = Invocation {
        id,
        at,
        agent: actor.id.clone(),
        plugin: actor.plugin.reference(),
        persona_digest: actor.persona_digest,
        settings_digest: actor.settings_digest,
        event: event.clone(),
        outcome,
        fuel,
        peak_memory_bytes,
        host_calls: proceedings.host_calls,
        reads: proceedings.reads,
        decisions: proceedings.decisions,
        log: proceedings.log,
        // Counted by whoever settles, in the order of commits.
        strikes: 0,
        timing,
    };
    Ok(Commit { invocation, end, changes: rows, spends: proceedings.spends })
}

/// What a commit brought about, for the agenda and for those who watch.
#[derive(Debug, Default)]
pub struct Settled {
    /// New events and effects.
    pub committed: Committed,
    /// Timers set and cancelled.
    pub timers: Vec<Change>,
    /// The same event again.
    pub again: Option<Waiting>,
    /// For those who watch.
    pub happening: Option<Happening>,
}

/// Makes it durable.
pub async fn settle(host: &Host, waiting: &Waiting, handled: Handled) -> Result<Settled, StoreError> {
    let at = host.clock.now();
    let (mut commit, actor) = match handled {
        Handled::Commit(commit, actor) => (*commit, actor),
        Handled::Later { until } => {
            let again = Waiting { not_before: until.max(at.plus_millis(1)), ..waiting.clone() };
            return Ok(Settled { again: Some(again), ..Settled::default() });
        }
        Handled::Dead { event, reason } => {
            host.store.bury(&event, reason, at).await?;
            let happening = Happening::DeadLettered { at, event, reason: reason.to_owned() };
            return Ok(Settled { happening: Some(happening), ..Settled::default() });
        }
    };
    commit.invocation.strikes = strikes(&actor, &commit.invocation);
    let is_timer = |change: &&Change| matches!(change, Change::SetTimer(_) | Change::CancelTimer { .. });
    let timers = commit.changes.iter().filter(is_timer).cloned().collect();
    let again = match &commit.end {
        EventEnd::Retry { not_before } => {
            Some(Waiting { not_before: *not_before, attempts: waiting.attempts + 1, ..waiting.clone() })
        }
        _ => None,
    };
    let happening = Some(happening(&commit));
    let committed = host.store.commit(commit).await?;
    Ok(Settled { committed, timers, again, happening })
}

/// A breach is a strike against the version, whoever it happened to.
fn strikes(actor: &Actor, invocation: &Invocation) -> u32 {
    let Outcome::Breach(breach, _) = &invocation.outcome else { return actor.plugin.strikes() };
    let (count, standing) = actor.plugin.strike(invocation.at);
    let plugin = &actor.plugin.id;
    match standing {
        Standing::Quarantined => tracing::error!(%plugin, %breach, count, "quarantined: it runs again after a restart"),
        Standing::BackOff { until } => tracing::warn!(%plugin, %breach, count, %until, "backed off"),
        Standing::Good => {}
    }
    count
}

/// Invokes and settles.
pub async fn handle(host: &Host, waiting: &Waiting) -> Result<Settled, StoreError> {
    let handled = invoke(host, waiting).await?;
    settle(host, waiting, handled).await
}

fn happening(commit: &Commit) -> Happening {
    let invocation = &commit.invocation;
    let detail = match &invocation.outcome {
        Outcome::Ok => String::new(),
        Outcome::Declined(declined) => format!("{}: {}", declined.code, declined.message),
        Outcome::Failed(message) => message.clone(),
        Outcome::Breach(breach, detail) => format!("{breach}: {detail}"),
    };
    let mood = commit.changes.iter().rev().find_map(|change| match change {
        Change::Mood { mood, .. } => Some(*mood),
        _ => None,
    });
    Happening::Invoked {
        at: invocation.at,
        agent: invocation.agent.clone(),
        event: invocation.event.id.clone(),
        kind: invocation.event.kind.clone(),
        invocation: invocation.id.clone(),
        outcome: (invocation.outcome.name(), detail),
        decisions: invocation.decisions.iter().map(|numbered| numbered.decision.kind()).collect(),
        mood,
    }
}

/// Where reads are answered from.
pub enum Answers {
    /// These first, then providers.
    Resume(Vec<Read>),
    /// Only these; decisions are admitted as ever.
    Recorded(Vec<Read>),
    /// Only these, and decisions are admitted as they were then.
    Replay(Vec<Read>),
}

/// The plugin on the event, in a fresh instance.
pub async fn run(
    host: &Host,
    actor: &Arc<Actor>,
    id: &InvocationId,
    event: &Event,
    at: Timestamp,
    answers: Answers,
) -> (Outcome, Ended<Call>) {
    let elapsed = if host.clock.is_virtual() {
        Elapsed::Modelled(std::time::Duration::ZERO)
    } else {
        Elapsed::Wall(Instant::now())
    };
    let gate = Gate::new(
        id.clone(),
        actor.plugin.id.clone(),
        event.at,
        Arc::clone(&actor.rights),
        Arc::clone(&host.bounds),
        Arc::clone(&host.books),
        elapsed,
    )
    .charged_at(at);
    let gate = match answers {
        Answers::Resume(reads) => gate.resume_from(reads),
        Answers::Recorded(reads) => gate.answer_from(reads),
        Answers::Replay(reads) => gate.replay(reads),
    };
    let seed = host.seed(id);
    let call = Call::new(gate, Arc::clone(actor), Arc::clone(&host.held), seed);
    let deadline = (!host.clock.is_virtual()).then_some(host.bounds.deadline);
    let setup = CallSetup { seed, wall: at, deadline };
    let mut ended = actor.plugin.run(&host.sandbox, call, event, setup, host.agents.addressable(actor)).await;
    let outcome = std::mem::replace(&mut ended.outcome, Outcome::Ok);
    (outcome, ended)
}

/// Of the event and the plugin: the same event on another version is the same invocation, run again.
pub fn invocation_id(event: &Event, actor: &Actor) -> InvocationId {
    InvocationId::from(ids::derive("inv", &[event.id.as_str(), actor.plugin.id.as_str()]))
}

fn end_of_event(outcome: &Outcome, waiting: &Waiting, at: Timestamp) -> EventEnd {
    match outcome {
        Outcome::Ok | Outcome::Declined(_) => EventEnd::Done,
        Outcome::Failed(_) => EventEnd::Dead { reason: "failed".to_owned() },
        Outcome::Breach(breach, _) if breach.is_retried() && waiting.attempts + 1 < ATTEMPTS => {
            EventEnd::Retry { not_before: at.plus_millis(1_000 << waiting.attempts.min(10)) }
        }
        Outcome::Breach(breach, _) => EventEnd::Dead { reason: breach.code().to_owned() },
    }
}

/// A decline with a time brings the event again: a new event, with fresh reads.
fn again(outcome: &Outcome, event: &Event, at: Timestamp) -> Option<Change> {
    let Outcome::Declined(Declined { retry_at: Some(retry_at), .. }) = outcome else { return None };
    let retry_at = (*retry_at).max(at.plus_millis(1));
    let id = ids::derive("evt", &[event.id.as_str(), "again", &retry_at.to_string()]);
    Some(Change::Event(Event {
        id: EventId::from(id),
        cause: Some(event.id.clone()),
        at: retry_at,
        broadcast: None,
        ..event.clone()
    }))
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
