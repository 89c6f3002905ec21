//! Who the plugin is playing: persona, mood, relationships. Comes with every plugin.

use serde::de::DeserializeOwned;

use crate::{
    Timestamp,
    bindings::imports::puppet::agent::agent as wit,
    failure::{Answer, answer},
};
pub use wit::{LocalTime, Mood, Profile, Relationship, RelationshipChange};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::agent as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// Id, name, description, account, time zone.
pub fn profile() -> Profile {
    sys::get_profile()
}

/// The persona as a type (docs/reference/persona.md).
pub fn persona<T: DeserializeOwned>() -> Result<T, serde_json::Error> {
    serde_json::from_str(&sys::persona())
}

/// The plugin's settings for this agent as a type; `{}` where there are none.
pub fn settings<T: DeserializeOwned>() -> Result<T, serde_json::Error> {
    serde_json::from_str(&sys::settings())
}

/// The time of the event being handled.
pub fn now() -> Timestamp {
    Timestamp(sys::now())
}

/// A time in the agent's own time zone.
pub fn local_time(at: Timestamp) -> LocalTime {
    sys::local_time_at(at.0)
}

/// Seed of this invocation; see [`crate::random::Random`].
pub fn seed() -> u64 {
    sys::seed()
}

/// The mood, with this call's shifts.
pub fn mood() -> Answer<Mood> {
    answer(sys::get_mood())
}

/// Decision: add to the mood, clamp each axis.
pub fn shift_mood(shift: Mood, cause: &str) -> Answer<()> {
    answer(sys::shift_mood(shift, cause))
}

/// All relationships, by target.
pub fn relationships() -> Answer<Vec<Relationship>> {
    answer(sys::list_relationships())
}

/// How the agent stands to one.
pub fn relationship(target: &str) -> Answer<Option<Relationship>> {
    answer(sys::get_relationship(target))
}

/// Decision: add to a relationship; steps and sums are clamped by the host.
pub fn adjust_relationship(target: &str, change: &RelationshipChange) -> Answer<()> {
    answer(sys::adjust_relationship(target, change))
}
