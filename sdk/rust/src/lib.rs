//! What a plugin of Puppet Engine is written with.
//!
//! A plugin handles one event at a time. It *reads* the world through calls that answer at once ([`llm`],
//! [`memory`], [`tweet`]) and *decides*: every function that changes something is recorded while the call runs, and
//! carried out by the host when it returns `Ok`. A plugin that fails has changed nothing.
//!
//! ```
//! use puppet_sdk::prelude::*;
//!
//! struct Greeter;
//!
//! impl Personality for Greeter {
//!     fn handle(event: Event) -> Result<(), Failure> {
//!         if event.kind == "mention" {
//!             let mention: Mention = event.payload()?;
//!             tweet::reply(&PostRef::Id(mention.post.id), "hello to you too")?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! puppet_sdk::personality!(Greeter);
//!
//! // The same code on the desk, against a host that is not there:
//! let mut host = testing::Host::new();
//! let mention = testing::event("mention").payload(json!({"post": {
//!     "id": "7", "author": "ada", "text": "@greeter hi", "at": "2026-01-05T00:00:00Z", "conversation": "7",
//! }}));
//! let run = host.run::<Greeter>(mention);
//! assert_eq!(run.replies(), ["hello to you too"]);
//! ```
//!
//! Built for `wasm32-wasip2`, a plugin imports only the interfaces whose functions it calls: that is what an
//! operator is asked to grant.

pub mod agent;
#[allow(missing_docs, unsafe_code, clippy::all, unused, rust_2018_idioms, reason = "generated from the documented WIT")]
#[doc(hidden)]
pub mod bindings;
mod event;
pub mod events;
mod exports;
mod failure;
pub mod http;
pub mod interval;
mod kinds;
pub mod llm;
pub mod log;
pub mod market;
pub mod memory;
pub mod persona;
pub mod random;
pub mod schedule;
pub mod state;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod text;
pub mod time;
pub mod trading;
pub mod tweet;
pub mod wallet;

pub use event::{AgentRef, Event, NewEvent, Priority, Trigger};
pub use exports::{EventGenerator, Migration, Personality, generate, handle, migrate};
pub use failure::{CallError, Failure};
pub use kinds::{
    CommandPost, CommandReply, InteractionPrompt, Mention, MoodShift, News, PostEnded, PostSeen, SwapEnded, TimerFired,
};
pub use time::Timestamp;
pub use trading::TradingStrategy;

/// Everything a plugin usually needs.
pub mod prelude {
    #[cfg(not(target_family = "wasm"))]
    pub use crate::testing;
    pub use crate::{
        AgentRef, CallError, CommandPost, CommandReply, Event, EventGenerator, Failure, InteractionPrompt, Mention,
        Migration, MoodShift, NewEvent, News, Personality, PostEnded, PostSeen, Priority, SwapEnded, TimerFired,
        Timestamp, Trigger, agent, events, http, llm, log, market, memory, random::Random, schedule, state, text,
        tweet, tweet::PostRef, wallet,
    };
    pub use serde_json::json;
}
