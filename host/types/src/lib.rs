//! The words of the host as types: ids, time, events, decisions, invocations, breaches, personas.
//! No I/O, no policy: every other crate speaks through these.

pub mod amounts;
mod capability;
mod decision;
mod digesting;
mod error;
mod event;
mod forgotten;
#[doc(hidden)]
pub mod fuzz;
pub mod ids;
mod invocation;
mod json;
mod limit;
mod paused;
pub mod persona;
pub mod scrub;
mod secret;
mod time;
pub mod trade;
#[allow(missing_docs, reason = "generated from the documented WIT")]
pub mod wit;
mod words;

pub use capability::Capability;
pub use decision::{
    Decision, EventTarget, Image, Memory, MemoryKind, Mood, PostRef, RelationshipChange, StateBytes, TimerRule, Trust,
};
pub use digesting::Digesting;
pub use error::{BreachError, CallError, Code, Refusal, Tried};
pub use event::{Event, MAX_HOPS, Priority};
pub use forgotten::{FORGOTTEN, ForgetWords};
pub use ids::{AccountId, AgentId, Digest, EffectId, EventId, InvocationId, PackId, PostId};
pub use invocation::{
    Breach, Cost, Declined, Invocation, LogLine, NumberedDecision, Outcome, PluginRef, Read, ReadStatus, Timing,
};
pub use json::{Json, PAYLOAD_DEPTH, is_too_deep};
pub use limit::Limit;
pub use paused::Paused;
pub use persona::Persona;
pub use secret::{MASK, Secret};
pub use time::Timestamp;
pub use words::{counted, is_odd};

/// The target of spans in `tracing`: what a host does with an event, from its mailbox to its effects.
pub const TRACED: &str = "puppet::trace";
