//! Recorded intentions. A plugin's call becomes one of these at the edge, already checked; the commit
//! turns it into rows and effects. Nothing here acts.

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, Capability, PostId, Priority, Timestamp,
    trade::{Origin, SwapIntent},
};

/// A post that exists, or one decided earlier in the same invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostRef {
    /// By the provider's id.
    Id(PostId),
    /// By decision number.
    Decision(u32),
}

/// An image of the pack's assets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Path below the pack's `assets/`.
    pub asset: String,
    /// What it shows.
    pub alt_text: String,
}

/// What a memory is about; caps per kind are in docs/capabilities/memory.md.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryKind {
    /// Unbounded.
    Core,
    /// 50, the most important stay.
    Event,
    /// 100 together with `general`.
    Interaction,
    /// 100 together with `interaction`.
    General,
    /// The last 20 original posts.
    Post,
    /// The last 50 of everything that was posted.
    Tweet,
}

/// Whose words a memory holds.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The character's own.
    Own,
    /// The host's.
    Host,
    /// Somebody else's.
    Stranger,
}

/// A thing remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Derived from agent, kind and normalised text: the same text twice is one memory.
    pub id: String,
    /// What it is about.
    pub kind: MemoryKind,
    /// The text.
    pub content: String,
    /// When it was stored.
    pub at: Timestamp,
    /// 0..1.
    pub importance: f64,
    /// −1..1.
    pub valence: f64,
    /// Ids of memories that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub associations: Vec<String>,
    /// Key and value pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(String, String)>,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whose words they are.
    pub trust: Trust,
    /// Never dropped by a cap.
    #[serde(default)]
    pub pinned: bool,
    /// What was behind the call that it came from, where that was told: of an agent that may trade. No plugin sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_by: Option<Origin>,
}

/// Valence −1..1, arousal 0..1, dominance 0..1.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mood {
    /// −1..1, starts at 0.
    pub valence: f64,
    /// 0..1, starts at 0.
    pub arousal: f64,
    /// 0..1, starts at 0.5.
    pub dominance: f64,
}

impl Default for Mood {
    fn default() -> Self {
        Self { valence: 0.0, arousal: 0.0, dominance: 0.5 }
    }
}

/// Added to a relationship, each part clamped to its step and the sum to its range (docs/capabilities/agent.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelationshipChange {
    /// Step ±0.2, range −1..1.
    pub sentiment: f64,
    /// Step 0..0.1, range 0..1.
    pub familiarity: f64,
    /// Step ±0.2, range 0..1.
    pub trust: f64,
    /// One line about what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<String>,
    /// Kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// When a timer fires.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerRule {
    /// At one time.
    Once,
    /// Again and again.
    Every {
        /// Milliseconds between.
        interval_ms: u64,
    },
    /// Five-field cron in a time zone.
    Cron {
        /// `minute hour day month weekday`.
        expression: String,
        /// IANA name.
        timezone: String,
    },
}

/// To whom an emitted event goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventTarget {
    /// The agent itself.
    Me,
    /// Named agents.
    Agents(Vec<AgentId>),
    /// Every agent.
    All,
}

/// What a plugin decided. Serialised as `{"kind": …, "body": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
#[allow(missing_docs, reason = "fields are those of the WIT functions of the same name")]
pub enum Decision {
    /// `tweet.post`.
    Post { text: String, images: Vec<Image> },
    /// `tweet.thread`.
    Thread { parts: Vec<String> },
    /// `tweet.reply`.
    Reply { to: PostRef, text: String, images: Vec<Image> },
    /// `tweet.quote`.
    Quote { of: PostRef, text: String },
    /// `tweet.like`.
    Like { of: PostRef },
    /// `tweet.delete`.
    Delete { of: PostRef },
    /// `memory.remember`.
    Remember { memory: Memory },
    /// `memory.forget`.
    Forget { id: String },
    /// `memory.supersede`.
    Supersede { id: String, memory: Memory },
    /// `memory.pin`.
    Pin { id: String, pinned: bool },
    /// `agent.shift-mood`.
    ShiftMood { valence: f64, arousal: f64, dominance: f64, cause: String },
    /// `agent.adjust-relationship`.
    AdjustRelationship { target: String, change: RelationshipChange },
    /// `schedule.once`, `after`, `every`, `cron`.
    SetTimer { name: String, rule: TimerRule, next: Timestamp, payload: serde_json::Value },
    /// `schedule.cancel`.
    CancelTimer { name: String },
    /// `state.put`. Data is base16.
    PutState { version: u32, data: StateBytes },
    /// `state.clear`.
    ClearState {},
    /// `events.emit`, and what a generator returns.
    Emit { event_kind: String, target: EventTarget, priority: Priority, payload: serde_json::Value, delay_ms: u64 },
    /// `wallet.swap`. What is behind it is the host's word.
    Swap {
        #[serde(flatten)]
        intent: SwapIntent,
        origin: Origin,
    },
}

/// A state blob; printed as text where it is text, else as hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateBytes {
    /// UTF-8.
    Text(String),
    /// Anything else, lower-case hex.
    Hex(String),
}

impl StateBytes {
    /// Wraps some bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(bytes) => Self::Hex(bytes.into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
    /// The bytes again; an odd or foreign digit ends them.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Hex(hex) => hex
                .as_bytes()
                .chunks_exact(2)
                .map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect(),
        }
    }
}

impl Decision {
    /// What it says, in the words of whoever decided it; none where it says nothing. Of a thread the first part.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Post { text, .. } | Self::Reply { text, .. } | Self::Quote { text, .. } => Some(text),
            Self::Thread { parts } => parts.first().map(String::as_str),
            Self::Remember { memory } | Self::Supersede { memory, .. } => Some(&memory.content),
            Self::ShiftMood { cause, .. } => Some(cause),
            Self::Swap { intent, .. } => Some(&intent.reason),
            _ => None,
        }
    }

    /// The post that it answers, quotes, likes or deletes, where that was there before.
    pub fn about(&self) -> Option<&PostId> {
        match self.refers_to()? {
            PostRef::Id(id) => Some(id),
            PostRef::Decision(_) => None,
        }
    }

    /// What it answers, quotes, likes or deletes.
    pub fn refers_to(&self) -> Option<&PostRef> {
        match self {
            Self::Reply { to: about, .. }
            | Self::Quote { of: about, .. }
            | Self::Like { of: about }
            | Self::Delete { of: about } => Some(about),
            _ => None,
        }
    }

    /// Every [`Decision::kind`].
    pub const KINDS: [&str; 18] = [
        "post",
        "thread",
        "reply",
        "quote",
        "like",
        "delete",
        "remember",
        "forget",
        "supersede",
        "pin",
        "shift_mood",
        "adjust_relationship",
        "set_timer",
        "cancel_timer",
        "put_state",
        "clear_state",
        "emit",
        "swap",
    ];

    /// Name in the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Post { .. } => "post",
            Self::Thread { .. } => "thread",
            Self::Reply { .. } => "reply",
            Self::Quote { .. } => "quote",
            Self::Like { .. } => "like",
            Self::Delete { .. } => "delete",
            Self::Remember { .. } => "remember",
            Self::Forget { .. } => "forget",
            Self::Supersede { .. } => "supersede",
            Self::Pin { .. } => "pin",
            Self::ShiftMood { .. } => "shift_mood",
            Self::AdjustRelationship { .. } => "adjust_relationship",
            Self::SetTimer { .. } => "set_timer",
            Self::CancelTimer { .. } => "cancel_timer",
            Self::PutState { .. } => "put_state",
            Self::ClearState {} => "clear_state",
            Self::Emit { .. } => "emit",
            Self::Swap { .. } => "swap",
        }
    }
    /// The interface it came through.
    pub fn capability(&self) -> Capability {
        match self {
            Self::Post { .. }
            | Self::Thread { .. }
            | Self::Reply { .. }
            | Self::Quote { .. }
            | Self::Like { .. }
            | Self::Delete { .. } => Capability::Tweet,
            Self::Remember { .. } | Self::Forget { .. } | Self::Supersede { .. } | Self::Pin { .. } => {
                Capability::Memory
            }
            Self::ShiftMood { .. } | Self::AdjustRelationship { .. } => Capability::Agent,
            Self::SetTimer { .. } | Self::CancelTimer { .. } => Capability::Schedule,
            Self::PutState { .. } | Self::ClearState {} => Capability::State,
            Self::Emit { .. } => Capability::Events,
            Self::Swap { .. } => Capability::Wallet,
        }
    }
    /// Whether it leaves through the outbox; all others are done by the commit itself.
    pub fn is_outside_effect(&self) -> bool {
        matches!(self.capability(), Capability::Tweet | Capability::Wallet)
    }
}
