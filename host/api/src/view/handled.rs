//! Events that were handled, the last first: by this host, as the journal has them, and before that by another engine.

use std::collections::BTreeSet;

use puppet_store::{DeadLetter, Filter, JournalEntry, PastEvent, Result, Store};
use puppet_types::{AgentId, Event, EventId, Outcome, Priority, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::invocation::EventView;

/// Entries of the journal that are read at a time.
const PAGE: usize = 256;

/// One.
#[derive(Debug, Clone, Serialize)]
pub struct Handled {
    /// Its id.
    pub id: EventId,
    /// What kind of thing happened.
    pub kind: String,
    /// Who said so; `original` where the original engine handled it.
    pub source: String,
    /// To whom.
    pub agent: AgentId,
    /// How urgent it was.
    pub priority: Priority,
    /// When it happened.
    pub at: Timestamp,
    /// When it was handled.
    pub handled_at: Timestamp,
    /// What there is to know.
    pub payload: Value,
    /// The id that its copies for several agents share.
    pub broadcast: Option<EventId>,
}

impl Handled {
    fn of(event: Event, handled_at: Timestamp) -> Self {
        let Event { id, kind, source, agent, priority, at, payload, broadcast, .. } = event;
        Self { id, kind, source, agent, priority, at, handled_at, payload, broadcast }
    }
}

/// One of `docs/schemas/dead-letters.json`: an event that was given up.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Buried {
    pub at: Timestamp,
    pub agent: AgentId,
    pub reason: String,
    pub event: EventView,
}

impl Buried {
    /// Of a row.
    pub fn of(letter: DeadLetter) -> Self {
        let DeadLetter { event, reason, at, .. } = letter;
        Self { at, agent: event.agent.clone(), reason, event: EventView::of(event) }
    }
}

/// The last handled first, at most `limit`; of one agent or of all. Each event once, however often it was tried.
pub async fn handled(store: &dyn Store, agent: Option<&AgentId>, limit: usize) -> Result<Vec<Handled>> {
    let mut out = of_the_journal(store, agent, limit).await?;
    let past = store.past(agent, limit).await?;
    out.extend(past.into_iter().map(|PastEvent { event, handled }| Handled::of(event, handled)));
    out.sort_by_key(|handled| std::cmp::Reverse(handled.handled_at));
    out.truncate(limit);
    Ok(out)
}

async fn of_the_journal(store: &dyn Store, agent: Option<&AgentId>, limit: usize) -> Result<Vec<Handled>> {
    let (mut out, mut known) = (Vec::new(), BTreeSet::new());
    let mut filter = Filter { agent: agent.cloned(), limit: PAGE, ..Filter::default() };
    loop {
        let page = store.journal(&filter).await?;
        let Some(last) = page.last() else { return Ok(out) };
        filter.before_seq = Some(last.seq);
        for JournalEntry { invocation, .. } in page {
            let ended = matches!(invocation.outcome, Outcome::Ok | Outcome::Declined { .. });
            if ended && known.insert(invocation.event.id.clone()) {
                out.push(Handled::of(invocation.event, invocation.at));
            }
            if out.len() == limit {
                return Ok(out);
            }
        }
    }
}
