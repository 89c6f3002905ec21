//! Timers become events, as many as the budget of their agent allows. One that was missed, or whose budget was spent,
//! fires once, late: it stays as it is stored, and is looked at again when there is budget.

use std::collections::BTreeMap;

use futures::future::join_all;
use puppet_grants::{Amount, Charge, Due};
use puppet_schedule::next_after;
use puppet_store::{StoreError, Timer};
use puppet_types::{AgentId, Capability, Event, EventId, Priority, Timestamp, ids};
use serde_json::json;

use crate::{behind::ORIGIN, host::Host};

/// Timers written together.
const GROUP: usize = 256;

/// How long a timer waits whose agent may set none any more, or cannot be called.
const DENIED_MS: u64 = 3_600_000;

/// What one firing draws on.
const CHARGE: Charge = Charge { amount: Amount::Timers, quantity: 1 };

/// Fires every timer that is due, in order of (time, agent, plugin, name).
pub async fn fire_due(host: &Host, now: Timestamp) -> Result<(), StoreError> {
    let due = host.agenda().due_timers(now);
    let mut failed = None;
    let mut deferred = BTreeMap::new();
    for group in due.chunks(GROUP) {
        let mut firing = Vec::with_capacity(group.len());
        for timer in group {
            match admit(host, timer, now).await {
                Ok(Admitted::Now(due)) => firing.push((timer, due)),
                Ok(Admitted::Later { until, why }) => {
                    host.agenda().put_back_timer(timer.clone(), until);
                    deferred.entry(&timer.agent).or_insert((0_u64, until, why)).0 += 1;
                }
                Err(error) => failed = Some(put_back(host, timer, error)),
            }
        }
        // Handed to the store in order, and written together.
        let fired = join_all(firing.into_iter().map(|(timer, due)| async move {
            let fired = fire(host, timer, due, now).await;
            (timer, fired)
        }));
        for (timer, fired) in fired.await {
            if let Err(error) = fired {
                failed = Some(put_back(host, timer, error));
            }
        }
    }
    tell(&deferred);
    failed.map_or(Ok(()), Err)
}

/// The store has it still: it is due again.
fn put_back(host: &Host, timer: &Timer, error: StoreError) -> StoreError {
    host.agenda().put_back_timer(timer.clone(), timer.next);
    error
}

fn tell(deferred: &BTreeMap<&AgentId, (u64, Timestamp, String)>) {
    for (agent, (timers, until, why)) in deferred {
        tracing::warn!(%agent, timers, %until, "timers are due and wait: {why}");
    }
}

enum Admitted {
    /// Nobody plays the agent: there is nobody to charge, and the event ends as `no-agent`.
    Now(Option<Due>),
    Later {
        until: Timestamp,
        why: String,
    },
}

async fn admit(host: &Host, timer: &Timer, now: Timestamp) -> Result<Admitted, StoreError> {
    let actor = match host.actor(&timer.agent).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return Ok(Admitted::Now(None)),
        // Nobody else's timers wait for a row that is broken.
        Err(error @ StoreError::Corrupt { .. }) => {
            return Ok(Admitted::Later { until: now.plus_millis(DENIED_MS), why: error.to_string() });
        }
        Err(error) => return Err(error),
    };
    Ok(match Due::admit(&actor.rights, Capability::Schedule, &[CHARGE], now) {
        Ok(due) => Admitted::Now(Some(due)),
        Err(error) => {
            let wait = error.retry_after_ms.unwrap_or(DENIED_MS).max(1);
            Admitted::Later { until: now.plus_millis(wait), why: error.message }
        }
    })
}

async fn fire(host: &Host, timer: &Timer, due: Option<Due>, now: Timestamp) -> Result<(), StoreError> {
    let next = next_after(&timer.rule, timer.next, now);
    let event = event_of(timer, now);
    let spends = due.as_ref().map(Due::rows).unwrap_or_default();
    if let Some(waiting) = host.store.fire(timer, next, event, spends).await? {
        if let Some(due) = due {
            due.spend();
        }
        host.tell_accepted(std::slice::from_ref(&waiting));
        let mut agenda = host.agenda();
        agenda.add_event(waiting);
        if let Some(next) = next {
            agenda.set_timer(Timer { next, ..timer.clone() });
        }
    }
    Ok(())
}

/// What was behind it goes on where that is known (`behind`).
fn payload(timer: &Timer) -> serde_json::Value {
    let mut payload = json!({ "name": timer.name, "payload": timer.payload });
    if let Some(origin) = timer.led_by {
        payload[ORIGIN] = json!(origin);
    }
    payload
}

/// The id depends on what fired and when it was due: the same firing twice is one event.
fn event_of(timer: &Timer, now: Timestamp) -> Event {
    let due = timer.next.to_string();
    let parts = [timer.agent.as_str(), timer.plugin.as_str(), &timer.name, &due];
    Event {
        id: EventId::from(ids::derive("evt", &parts)),
        kind: "timer".to_owned(),
        source: "timer".to_owned(),
        agent: timer.agent.clone(),
        author: None,
        priority: Priority::Normal,
        at: now,
        payload: payload(timer),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}
