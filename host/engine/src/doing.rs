//! What agents do at this moment, for people who watch.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use puppet_types::{AgentId, Event, EventId, Timestamp};
use serde::Serialize;

use crate::host::Host;

/// The event that an agent handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doing {
    /// Which.
    pub event: EventId,
    /// Its kind.
    pub kind: String,
    /// Since when.
    pub since: Timestamp,
}

/// By agent: each handles one at a time.
#[derive(Debug, Default)]
pub(crate) struct AtWork(Mutex<BTreeMap<AgentId, Doing>>);

impl Host {
    /// What an agent does; none where it waits for mail.
    pub fn doing(&self, agent: &AgentId) -> Option<Doing> {
        self.at_work.0.lock().unwrap_or_else(PoisonError::into_inner).get(agent).cloned()
    }

    /// An agent is at this event until the answer is dropped.
    pub(crate) fn at_work(&self, event: &Event) -> Busy<'_> {
        let doing = Doing { event: event.id.clone(), kind: event.kind.clone(), since: self.now() };
        self.at_work.0.lock().unwrap_or_else(PoisonError::into_inner).insert(event.agent.clone(), doing);
        Busy { at_work: &self.at_work, agent: event.agent.clone() }
    }
}

/// An agent that is at an event.
pub(crate) struct Busy<'a> {
    at_work: &'a AtWork,
    agent: AgentId,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.at_work.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.agent);
    }
}
