//! Mail that waits because its plugin may not run: backed off, quarantined, or of an agent that is paused or whose row
//! cannot be understood. So much of it is kept per agent; what is crowded out is dead-lettered with its reason, never lost in
//! silence. Mail that can be handled is not counted: it is on its way.

use std::collections::BTreeMap;

use puppet_store::{StoreError, Waiting};
use puppet_types::{AgentId, Limit, Priority, Timestamp};

use crate::{happening::Happening, host::Host};

/// The reason of a dead letter that was crowded out.
pub const FULL: &str = "mailbox-full";

/// Which event makes way: of those with the lowest priority, the oldest or the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// What was accepted first.
    #[default]
    Oldest,
    /// What was accepted last.
    Newest,
}

/// How much mail of one agent waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mailbox {
    /// Events.
    pub waiting: usize,
    /// Which makes way.
    pub overflow: Overflow,
}

impl Overflow {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Oldest, Self::Newest];
    /// As it is written in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
        }
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self { waiting: MAILBOX.value as usize, overflow: Overflow::Oldest }
    }
}

/// The same as a row of the table of limits.
pub const MAILBOX: Limit = Limit {
    name: "waiting",
    value: 10_000,
    least: 1,
    most: 1_000_000,
    unit: "events per agent",
    config_key: "mailbox.waiting",
    breach: None,
    hostile_guest: "mail_of_a_quarantined_plugin_is_kept_up_to_its_bound",
    about: "Events that are kept while their plugin may not run. What is crowded out is dead-lettered as `mailbox-full`.",
};

/// The mail that waits, by agent; until when, by priority and order of acceptance.
#[derive(Debug, Default)]
pub(crate) struct Deferred(BTreeMap<AgentId, BTreeMap<(Priority, u64), Timestamp>>);

impl Deferred {
    /// It waits.
    pub fn add(&mut self, waiting: &Waiting) {
        let of_agent = self.0.entry(waiting.event.agent.clone()).or_default();
        of_agent.insert((waiting.event.priority, waiting.seq), waiting.not_before);
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// It is looked at again. Answers whether it waited.
    pub fn remove(&mut self, waiting: &Waiting) -> bool {
        let Some(of_agent) = self.0.get_mut(&waiting.event.agent) else { return false };
        let waited = of_agent.remove(&(waiting.event.priority, waiting.seq)).is_some();
        if of_agent.is_empty() {
            self.0.remove(&waiting.event.agent);
        }
        waited
    }

    /// Where the event is that makes way for one more: its time and order. The one more may itself be the one.
    pub fn crowded_out(&self, more: &Waiting, mailbox: Mailbox) -> Option<(Timestamp, u64)> {
        let there = self.0.get(&more.event.agent).filter(|there| there.len() >= mailbox.waiting)?;
        // The ends of the map: it may hold a million.
        let oldest = there.first_key_value();
        let least = oldest.map(|((priority, _), _)| *priority)?;
        let goes = match mailbox.overflow {
            Overflow::Oldest => oldest,
            Overflow::Newest => there.range((least, 0)..=(least, u64::MAX)).next_back(),
        };
        let ((priority, seq), at) = goes.map(|(key, at)| (*key, *at))?;
        let more_goes = match mailbox.overflow {
            Overflow::Oldest => (more.event.priority, more.seq) < (priority, seq),
            Overflow::Newest => more.event.priority < priority || more.event.priority == priority && more.seq > seq,
        };
        Some(if more_goes { (more.not_before, more.seq) } else { (at, seq) })
    }
}

/// Lets an event wait. Answers what is to be told where that, or another, is crowded out.
pub(crate) async fn defer(host: &Host, waiting: Waiting, at: Timestamp) -> Result<Option<Happening>, StoreError> {
    let Some(out) = host.agenda().defer(waiting, host.mailbox) else { return Ok(None) };
    let event = out.event.id.clone();
    let payload = host.redaction.payload(&out.event.payload);
    if let Err(error) = host.store.bury(&event, FULL, at, payload).await {
        // It is accepted still: it waits beyond the bound until the store takes its end.
        host.agenda().keep_deferred(out);
        return Err(error);
    }
    let (agent, kind) = (out.event.agent, out.event.kind);
    Ok(Some(Happening::DeadLettered { at, event, agent, kind, reason: FULL.to_owned() }))
}

#[cfg(test)]
mod tests {
    use puppet_types::Event;

    use super::*;

    fn waiting(agent: &str, seq: u64, priority: Priority) -> Waiting {
        let event = Event {
            id: format!("e{seq}").as_str().into(),
            kind: "news".to_owned(),
            source: "test".to_owned(),
            agent: agent.into(),
            author: None,
            priority,
            at: Timestamp::default(),
            payload: serde_json::json!({}),
            hops: 0,
            cause: None,
            broadcast: None,
        };
        Waiting { seq, event, not_before: Timestamp::from_millis(seq as i64), attempts: 0 }
    }

    #[test]
    fn of_the_lowest_priority_the_oldest_or_the_newest_makes_way() {
        use Priority::{High, Low, Normal};
        let mut deferred = Deferred::default();
        for (seq, priority) in [(1, High), (2, Normal), (3, Normal)] {
            deferred.add(&waiting("ann", seq, priority));
        }
        let seq = |more: &Waiting, waiting, overflow| {
            deferred.crowded_out(more, Mailbox { waiting, overflow }).map(|(_, seq)| seq)
        };
        let normal = waiting("ann", 4, Normal);
        assert_eq!(seq(&normal, 4, Overflow::Oldest), None, "there is room for one");
        assert_eq!(seq(&normal, 3, Overflow::Oldest), Some(2));
        assert_eq!(seq(&normal, 3, Overflow::Newest), Some(4));
        assert_eq!(seq(&waiting("ann", 4, Low), 3, Overflow::Oldest), Some(4), "what is least goes first");
        assert_eq!(seq(&waiting("ann", 4, High), 3, Overflow::Newest), Some(3));
        assert_eq!(seq(&waiting("bob", 4, Low), 1, Overflow::Oldest), None, "each agent has its own");
        assert!(deferred.remove(&waiting("ann", 2, Normal)) && !deferred.remove(&waiting("ann", 2, Normal)));
        assert_eq!(deferred.crowded_out(&normal, Mailbox { waiting: 3, overflow: Overflow::Oldest }), None);
    }
}
