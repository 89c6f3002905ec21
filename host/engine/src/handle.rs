//! One event, one plugin: the invocation, from the mailbox to the commit (docs/architecture.md). Both drivers pass
//! through here; the live one lets long calls wait for their turn between the steps.

use std::{sync::Arc, time::Instant};

use puppet_grants::Bookings;
use puppet_sandbox::{Standing, Strike};
use puppet_store::{Change, Commit, Committed, EventEnd, StoreError, Waiting};
use puppet_types::{Declined, Event, EventId, Invocation, InvocationId, Outcome, Read, Timestamp, ids};
use tracing::Instrument as _;

use crate::{
    actor::Actor,
    changes::{Occasion, changes},
    circumstances::Mark,
    happening::Happening,
    host::Host,
    invocation::{self, Answers, Origin, invocation_id},
    mailbox, outbox,
    shift::{self, HOST_MOOD},
    swap::state_given_way,
    tally::{Adds, StoreWork},
    trace,
};

/// Tries of an event whose invocation ran into its deadline.
const ATTEMPTS: u32 = 4;

/// Tries of an event whose plugin failed for want of a provider: with the waits between them more than an hour.
const UNANSWERED_ATTEMPTS: u32 = 16;

/// The longest wait between two of them, unless the provider asks for more.
const UNANSWERED_MS: u64 = 600_000;

/// An event that met a fault of a version on trial comes again after so long, and later each time: until that version has
/// gone, or is on trial no more.
const TRIAL_MS: u64 = 50;

/// How often a quarantined version's events are looked at.
const QUARANTINE_MS: u64 = 3_600_000;

/// How often a paused agent's events are looked at.
const PAUSED_MS: u64 = 3_600_000;

/// How often events of an agent are looked at whose row cannot be understood.
const BROKEN_MS: u64 = 600_000;

/// A declined event comes again no sooner than so much later: nothing else bounds a plugin that declines for ever.
const AGAIN_MS: u64 = 60_000;

/// An event that went through its plugin and waits for its commit.
pub enum Handled {
    /// To be committed.
    Commit(Box<Pending>),
    /// Its plugin version is backed off or quarantined, or its agent's row cannot be understood: it waits.
    Later {
        /// When it is looked at again.
        until: Timestamp,
    },
    /// Its agent is paused: it waits until that goes on.
    Paused,
    /// Not handled at all.
    Dead {
        /// The event.
        event: EventId,
        /// Why.
        reason: &'static str,
    },
}

/// What is to be committed, and what that will have changed in memory: nothing of it before the store has it.
pub struct Pending {
    commit: Commit,
    actor: Arc<Actor>,
    spends: Bookings,
    /// What it was called with, where the store does not have it yet.
    cast: Option<(Change, Mark)>,
}

/// Whether an event is for its plugin now.
pub enum Admitted {
    /// It is: this actor's.
    Runs(Arc<Actor>),
    /// It is not, or the host handles it itself: this becomes of it.
    Not(Handled),
}

/// Runs the invocation of one event. Changes nothing.
pub async fn invoke(host: &Host, waiting: &Waiting) -> Result<Handled, StoreError> {
    match admit(host, waiting).await? {
        Admitted::Runs(actor) => run(host, actor, waiting).await,
        Admitted::Not(handled) => Ok(handled),
    }
}

/// Finds who plays the agent, and whether that plugin may run.
pub async fn admit(host: &Host, waiting: &Waiting) -> Result<Admitted, StoreError> {
    let event = &waiting.event;
    let dead = |reason| Ok(Admitted::Not(Handled::Dead { event: event.id.clone(), reason }));
    let later = |until| Ok(Admitted::Not(Handled::Later { until }));
    if event.hops > host.bounds.hops {
        return dead("loop");
    }
    let actor = match host.actor(&event.agent).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return dead("no-agent"),
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(agent = %event.agent, event = %event.id, %error, "nobody can be called: the event waits");
            return later(host.clock.now().plus_millis(BROKEN_MS));
        }
        Err(error) => return Err(error),
    };
    if event.kind == HOST_MOOD {
        let commit = shift::commit(host, &actor, waiting).await?;
        let cast = actor.kept.untold(host, &actor);
        let pending = Pending { commit, actor, spends: Bookings::default(), cast };
        return Ok(Admitted::Not(Handled::Commit(Box::new(pending))));
    }
    if host.is_paused(&event.agent) {
        return Ok(Admitted::Not(Handled::Paused));
    }
    match actor.plugin.standing(host.clock.now()) {
        Standing::Good => Ok(Admitted::Runs(actor)),
        Standing::BackOff { until } => later(until),
        Standing::Quarantined => later(host.clock.now().plus_millis(QUARANTINE_MS)),
    }
}

/// Runs the plugin of an event that was admitted. Changes nothing.
pub async fn run(host: &Host, actor: Arc<Actor>, waiting: &Waiting) -> Result<Handled, StoreError> {
    let id = invocation_id(&waiting.event, &actor);
    let mut kept =
        if waiting.attempts > 0 || host.recovering() { host.store.kept_reads(&id).await? } else { Vec::new() };
    // What its provider did not answer is asked again.
    kept.retain(|read| read.unanswered().is_none());
    let span = trace::invocation(&id, &actor);
    let pending = pending(host, actor, id, waiting, Answers::Resume(kept)).instrument(span.clone()).await?;
    trace::ended(&span, &pending.commit.invocation);
    Ok(Handled::Commit(Box::new(pending)))
}

/// Runs the plugin and gathers what is to be committed. Changes nothing.
async fn pending(
    host: &Host,
    actor: Arc<Actor>,
    id: InvocationId,
    waiting: &Waiting,
    answers: Answers,
) -> Result<Pending, StoreError> {
    let event = &waiting.event;
    let cast = actor.kept.untold(host, &actor);
    let called = invocation::call(host, &actor, Origin::of(host, id), event, answers).await?;
    let (at, ended) = (called.at, called.ended);
    let mut rows = Vec::new();
    if called.outcome == Outcome::Ok {
        let occasion = Occasion { invocation: &called.id, event, at, reads: &called.proceedings.reads };
        rows = changes(host, &actor, &occasion, &called.proceedings.decisions).await?;
        outbox::rehearse(host, &actor, at, &mut rows).await?;
    }
    let unanswered = called.proceedings.reads.iter().filter_map(Read::unanswered).max();
    let end = end_of_event(&called.outcome, unanswered, waiting, at, || is_on_trial(host, &actor));
    rows.extend(again(&called.outcome, event, at));
    let (mut invocation, spends) = called.record(&actor, event.clone());
    let payload = redact(host, &mut invocation, event, &end);
    let commit = Commit { invocation, end, changes: rows, spends: spends.rows(), payload, ended };
    Ok(Pending { commit, actor, spends, cast })
}

/// Takes out of a record what is not kept; answers what takes the place of the event's payload. An event that comes again
/// keeps it until it has ended, as its paid reads are kept.
fn redact(host: &Host, invocation: &mut Invocation, event: &Event, end: &EventEnd) -> Option<serde_json::Value> {
    host.redaction.apply(invocation);
    if matches!(end, EventEnd::Retry { .. }) {
        invocation.event.payload.clone_from(&event.payload);
        return None;
    }
    (invocation.event.payload != event.payload).then(|| invocation.event.payload.clone())
}

/// What a commit brought about, for the agenda and for those who watch.
#[derive(Debug, Default)]
pub struct Settled {
    /// New events and effects.
    pub committed: Committed,
    /// Timers set and cancelled.
    pub timers: Vec<Change>,
    /// The event that has ended, or comes again anew: when it was, and its place.
    pub ended: Option<(Timestamp, u64)>,
    /// The same event again.
    pub again: Option<Waiting>,
    /// For those who watch.
    pub happening: Option<Happening>,
}

/// Makes it durable.
pub async fn settle(host: &Host, waiting: &Waiting, handled: Handled) -> Result<Settled, StoreError> {
    let at = host.clock.now();
    let Pending { mut commit, actor, spends, cast } = match handled {
        Handled::Commit(pending) => *pending,
        Handled::Later { until } => {
            let later = Waiting { not_before: until.max(at.plus_millis(1)), ..waiting.clone() };
            let happening = mailbox::defer(host, later, at).await?;
            return Ok(Settled { happening, ..Settled::default() });
        }
        Handled::Paused => {
            let later = Waiting { not_before: at.plus_millis(PAUSED_MS), ..waiting.clone() };
            let happening = mailbox::defer(host, later, at).await?;
            // It was let go on meanwhile, and whoever did that has not found it.
            if !host.is_paused(&waiting.event.agent) {
                host.look_again_at(&waiting.event.agent);
            }
            return Ok(Settled { happening, ..Settled::default() });
        }
        Handled::Dead { event, reason } => {
            host.store.bury(&event, reason, at, host.redaction.payload(&waiting.event.payload)).await?;
            let (agent, kind) = (waiting.event.agent.clone(), waiting.event.kind.clone());
            let happening = Happening::DeadLettered { at, event, agent, kind, reason: reason.to_owned() };
            let ended = Some((waiting.event.at, waiting.seq));
            return Ok(Settled { happening: Some(happening), ended, ..Settled::default() });
        }
    };
    let (struck, quarantined) = strike(&actor, &mut commit).unzip();
    let is_timer = |change: &&Change| matches!(change, Change::SetTimer(_) | Change::CancelTimer { .. });
    let timers = commit.changes.iter().filter(is_timer).cloned().collect();
    let again = match &commit.end {
        EventEnd::Retry { not_before } => {
            Some(Waiting { not_before: *not_before, attempts: waiting.attempts + 1, ..waiting.clone() })
        }
        _ => None,
    };
    // Also where nobody watches yet: who begins to wait while it is written finds the event waiting still.
    let happening = Some(happening(&commit));
    let unembedded = host.unembedded(&commit.changes);
    actor.remembered.add(&commit.changes);
    let looks = host.watches.of(&commit.invocation);
    let is_good = matches!(commit.invocation.outcome, Outcome::Ok | Outcome::Declined(_));
    let given_way = actor.plugin.given_way().await;
    if let Some(to) = *given_way {
        commit.changes.extend(state_given_way(&actor.plugin, to, Some(&actor.id)));
    }
    let (cast, mark) = cast.unzip();
    commit.changes.extend(cast);
    // What the host did itself is no version's.
    let adds = (commit.invocation.plugin.id == actor.plugin.id).then(|| Adds::of(&commit.invocation));
    let span = trace::commit(&commit.invocation.id);
    let since = Instant::now();
    let committed = host.store.commit(commit).instrument(span).await.inspect_err(|_| {
        struck.iter().for_each(|strike| actor.plugin.take_back(strike));
    })?;
    host.tally.stored(StoreWork::Commit, since);
    adds.into_iter().for_each(|adds| actor.plugin.counters(&host.tally).add(adds));
    drop(given_way);
    host.tell(quarantined.flatten());
    mark.into_iter().for_each(|mark| actor.kept.told(mark));
    spends.stored();
    // One that comes again is the same fault.
    if waiting.attempts == 0 || is_good {
        looks.count();
    }
    host.backlog.add(unembedded);
    let ended = Some((waiting.event.at, waiting.seq));
    Ok(Settled { committed, timers, ended, again, happening })
}

/// A breach is a strike against the version, whoever it happened to. Counted before the commit, which stores it.
/// Answers it, and what is to be told where it was one too many.
fn strike(actor: &Actor, commit: &mut Commit) -> Option<(Strike, Option<Happening>)> {
    let Outcome::Breach(breach, _) = &commit.invocation.outcome else {
        commit.invocation.strikes = actor.plugin.strikes();
        return None;
    };
    let at = commit.invocation.at;
    let (count, strike, row) = actor.plugin.strike(at);
    let plugin = &actor.plugin.id;
    let quarantined = match strike.standing {
        Standing::Quarantined => {
            tracing::error!(%plugin, %breach, count, "quarantined until `puppet plugins release {plugin}`");
            let plugin = commit.invocation.plugin.clone();
            Some(Happening::Quarantined { at, plugin, breach: *breach, strikes: count })
        }
        Standing::BackOff { until } => {
            tracing::warn!(%plugin, %breach, count, %until, "backed off");
            None
        }
        Standing::Good => None,
    };
    commit.invocation.strikes = count;
    commit.changes.push(Change::Strikes(row));
    Some((strike, quarantined))
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
        again: matches!(commit.end, EventEnd::Retry { .. }),
        decisions: invocation.decisions.iter().map(|numbered| numbered.decision.kind()).collect(),
        mood,
        plugin: invocation.plugin.clone(),
        fuel: invocation.fuel,
        peak_memory_bytes: invocation.peak_memory_bytes,
        timing: invocation.timing,
    }
}

/// Whether a version is looked at, or has given way to another one while its call went on. In this order: whoever looks
/// away from a faulty version has put another one in its place.
fn is_on_trial(host: &Host, actor: &Actor) -> bool {
    host.watches.look_at(actor) || !host.versions.serves(&actor.id, &actor.plugin)
}

/// Where the version is on trial, a fault may be its own: the event comes again, for the version that serves then.
/// `unanswered`: what a provider that did not answer the call asks to wait.
fn end_of_event(
    outcome: &Outcome,
    unanswered: Option<u64>,
    waiting: &Waiting,
    at: Timestamp,
    is_on_trial: impl FnOnce() -> bool,
) -> EventEnd {
    match outcome {
        Outcome::Ok | Outcome::Declined(_) => EventEnd::Done,
        _ if is_on_trial() => EventEnd::Retry { not_before: at.plus_millis(TRIAL_MS << waiting.attempts.min(9)) },
        Outcome::Failed(_) if unanswered.is_some() && waiting.attempts + 1 < UNANSWERED_ATTEMPTS => {
            let wait = (1_000 << waiting.attempts.min(10)).min(UNANSWERED_MS);
            EventEnd::Retry { not_before: at.plus_millis(wait.max(unanswered.unwrap_or(0))) }
        }
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
    let retry_at = (*retry_at).max(at.plus_millis(AGAIN_MS));
    let id = ids::derive("evt", &[event.id.as_str(), "again", &retry_at.to_string()]);
    Some(Change::Event(Event {
        id: EventId::from(id),
        cause: Some(event.id.clone()),
        at: retry_at,
        broadcast: None,
        ..event.clone()
    }))
}
