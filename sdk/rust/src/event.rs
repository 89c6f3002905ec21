//! Events as plugins see and make them.

use serde::de::DeserializeOwned;

use crate::{
    Timestamp,
    bindings::{generator::exports::puppet::plugin::generator as wit_generator, imports::puppet::types::types as wit},
};

pub use wit::Priority;

/// Something that happened. `source` and `author` are stamped by the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Unique.
    pub id: String,
    /// `mention`, `timer`, `news`, … (docs/reference/events.md).
    pub kind: String,
    /// Who produced it: `host`, `timer`, `local`, a pack id, …
    pub source: String,
    /// Whose words the payload carries.
    pub author: Option<String>,
    /// Order of handling.
    pub priority: Priority,
    /// When it is due.
    pub at: Timestamp,
    /// A JSON object as text.
    pub json: String,
    /// How many events of our own stand between this one and the outside.
    pub hops: u32,
    /// The event that led to it.
    pub cause: Option<String>,
}

impl Event {
    /// The payload as a type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json)
    }
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            source: event.source,
            author: event.author,
            priority: event.priority,
            at: Timestamp(event.at),
            json: event.payload,
            hops: event.hops,
            cause: event.cause,
        }
    }
}

/// An agent that a generator may address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRef {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its account, without `@`.
    pub handle: String,
}

/// Why a generator runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Unique.
    pub id: String,
    /// `started` once per start of the host, `timer` for its own timers.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// For `timer`: a [`crate::TimerFired`].
    pub json: String,
    /// Whom it may address, by id.
    pub agents: Vec<AgentRef>,
}

impl Trigger {
    /// The payload as a type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json)
    }
}

impl From<wit_generator::Trigger> for Trigger {
    fn from(trigger: wit_generator::Trigger) -> Self {
        let agents = trigger.agents.into_iter();
        Self {
            id: trigger.id,
            kind: trigger.kind,
            at: Timestamp(trigger.at),
            json: trigger.payload,
            agents: agents.map(|agent| AgentRef { id: agent.id, name: agent.name, handle: agent.handle }).collect(),
        }
    }
}

/// An event that a generator makes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// A kind the pack was granted, or one under its id.
    pub kind: String,
    /// Agent ids; empty means all.
    pub targets: Vec<String>,
    /// Order of handling.
    pub priority: Priority,
    /// A JSON object.
    pub payload: serde_json::Value,
    /// How much later.
    pub delay_ms: u64,
}

impl NewEvent {
    /// For every agent, now.
    pub fn broadcast(kind: &str, payload: serde_json::Value) -> Self {
        Self { kind: kind.to_owned(), targets: Vec::new(), priority: Priority::Normal, payload, delay_ms: 0 }
    }
    /// For one agent, now.
    pub fn to(agent: &str, kind: &str, payload: serde_json::Value) -> Self {
        Self { targets: vec![agent.to_owned()], ..Self::broadcast(kind, payload) }
    }
}
