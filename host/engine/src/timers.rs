//! Timers become events. A timer that was missed fires once, late.

use futures::future::join_all;
use puppet_schedule::next_after;
use puppet_store::{StoreError, Timer};
use puppet_types::{Event, EventId, Priority, Timestamp, ids};
use serde_json::json;

use crate::host::Host;

/// Timers written together.
const GROUP: usize = 256;

/// Fires every timer that is due, in order of (time, agent, plugin, name).
pub async fn fire_due(host: &Host, now: Timestamp) -> Result<(), StoreError> {
    let due = host.agenda().due_timers(now);
    let mut failed = None;
    for group in due.chunks(GROUP) {
        // Handed to the store in order, and written together.
        let fired = join_all(group.iter().map(|timer| fire(host, timer, now))).await;
        for (timer, fired) in group.iter().zip(fired) {
            if let Err(error) = fired {
                // The store has it still: it is due again.
                host.agenda().put_back_timer(timer.clone());
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn fire(host: &Host, timer: &Timer, now: Timestamp) -> Result<(), StoreError> {
    let next = next_after(&timer.rule, timer.next, now);
    let event = event_of(timer, now);
    if let Some(waiting) = host.store.fire(timer, next, event).await? {
        let mut agenda = host.agenda();
        agenda.add_event(waiting);
        if let Some(next) = next {
            agenda.set_timer(Timer { next, ..timer.clone() });
        }
    }
    Ok(())
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
        payload: json!({ "name": timer.name, "payload": timer.payload }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}
