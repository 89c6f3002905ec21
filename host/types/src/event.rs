//! Events: what a mailbox holds and a plugin handles.

use serde::{Deserialize, Serialize};

use crate::{AgentId, EventId, Timestamp};

/// Order of handling. Derives `Ord`: `Low < Normal < High < Critical`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// After everything else.
    Low,
    /// The default.
    #[default]
    Normal,
    /// Mentions and commands.
    High,
    /// First.
    Critical,
}

/// Something that happened, addressed to one agent. A broadcast is one event per agent with the same `broadcast`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique; sending the same id twice is one event.
    pub id: EventId,
    /// snake_case, or `pack.kind`.
    pub kind: String,
    /// `host`, `timer`, `local`, `cli`, or the id of a plugin's pack. Stamped by the host.
    pub source: String,
    /// Whose mailbox.
    pub agent: AgentId,
    /// Whose words the payload carries. Stamped by the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Order of handling.
    #[serde(default)]
    pub priority: Priority,
    /// When it is due; not handled before.
    pub at: Timestamp,
    /// A JSON object.
    #[serde(default)]
    pub payload: serde_json::Value,
    /// How many of our own events stand between this one and the outside.
    #[serde(default)]
    pub hops: u32,
    /// The event that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventId>,
    /// The id shared by the copies of one event sent to several agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<EventId>,
}

/// A chain of our own events longer than this is dead-lettered as `loop` (docs/architecture.md).
pub const MAX_HOPS: u32 = 8;

impl Event {
    /// Kinds that people may send, and the host knows; one of their own has a `.` in it.
    pub const KINDS: [&str; 7] =
        ["news", "mood_shift", "interaction_prompt", "command_post", "command_reply", "mention", "timeline_post"];
    /// Kinds that the host alone makes.
    pub const HOST_KINDS: [&str; 7] =
        ["timer", "agent_started", "post_published", "post_failed", "swap_done", "swap_failed", "host_mood"];
}
