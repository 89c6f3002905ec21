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
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert_eq!(agent::profile().handle, "tester");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn profile() -> Profile {
    sys::get_profile()
}

/// The persona as a type (docs/reference/persona.md).
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().persona(json!({ "bread": "rye" })).within(|| {
///     #[derive(serde::Deserialize)]
///     struct Baker { bread: String }
///     let baker: Baker = agent::persona()?;
///     assert_eq!(baker.bread, "rye");
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn persona<T: DeserializeOwned>() -> Result<T, serde_json::Error> {
    serde_json::from_str(&sys::persona())
}

/// The plugin's settings for this agent as a type; `{}` where there are none.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().settings(json!({ "loaves": 12 })).within(|| {
///     #[derive(serde::Deserialize, Default)]
///     #[serde(default)]
///     struct Settings { loaves: u32 }
///     let settings: Settings = agent::settings()?;
///     assert_eq!(settings.loaves, 12);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn settings<T: DeserializeOwned>() -> Result<T, serde_json::Error> {
    serde_json::from_str(&sys::settings())
}

/// The time of the event being handled.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     schedule::once("noon", agent::now().plus_millis(12 * 3_600_000), &json!({}))?;
///     Ok(())
/// });
/// assert_eq!(run.timers()[0].0, "noon");
/// ```
pub fn now() -> Timestamp {
    Timestamp(sys::now())
}

/// A time in the agent's own time zone.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert_eq!(agent::local_time(agent::now()).hour, 0);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn local_time(at: Timestamp) -> LocalTime {
    sys::local_time_at(at.0)
}

/// Seed of this invocation; see [`crate::random::Random`].
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let mut random = Random::new(agent::seed());
///     assert!(random.unit() < 1.0);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn seed() -> u64 {
    sys::seed()
}

/// The mood, with this call's shifts.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     if agent::mood()?.valence < 0.0 {
///         log::info("not today");
///     }
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn mood() -> Answer<Mood> {
    answer(sys::get_mood())
}

/// Decision: add to the mood, clamp each axis.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     agent::shift_mood(agent::Mood { valence: 0.2, arousal: 0.0, dominance: 0.0 }, "a kind word")?;
///     assert_eq!(agent::mood()?.valence, 0.2);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn shift_mood(shift: Mood, cause: &str) -> Answer<()> {
    answer(sys::shift_mood(shift, cause))
}

/// All relationships, by target.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert!(agent::relationships()?.is_empty());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn relationships() -> Answer<Vec<Relationship>> {
    answer(sys::list_relationships())
}

/// How the agent stands to one.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert_eq!(agent::relationship("ada")?.map(|bond| bond.interactions), None);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn relationship(target: &str) -> Answer<Option<Relationship>> {
    answer(sys::get_relationship(target))
}

/// Decision: add to a relationship; steps and sums are clamped by the host.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let change = agent::RelationshipChange {
///         sentiment: 0.1, familiarity: 0.05, trust: 0.0, interaction: Some("brought coffee".to_owned()), note: None,
///     };
///     agent::adjust_relationship("ada", &change)?;
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 1);
/// ```
pub fn adjust_relationship(target: &str, change: &RelationshipChange) -> Answer<()> {
    answer(sys::adjust_relationship(target, change))
}
