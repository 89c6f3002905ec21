//! Timers. One fires as an event of kind `timer` ([`crate::TimerFired`]), also after a restart.

use crate::{
    Timestamp,
    bindings::imports::puppet::schedule::schedule as wit,
    failure::{Answer, answer},
};
pub use wit::Timer;

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::schedule as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// Decision: fires at a time; a timer of the same name is replaced.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     schedule::once("oven", agent::now().plus_millis(60_000), &json!({ "loaf": "rye" }))?;
///     Ok(())
/// });
/// assert_eq!(run.timers()[0].0, "oven");
/// ```
pub fn once(name: &str, at: Timestamp, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::once(name, at.0, &payload.to_string()))
}
/// Decision: fires after a while.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     schedule::after("oven", 60_000, &json!({}))?;
///     Ok(())
/// });
/// assert_eq!(run.timers().len(), 1);
/// ```
pub fn after(name: &str, delay_ms: u64, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::after(name, delay_ms, &payload.to_string()))
}
/// Decision: fires again and again.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     schedule::every("stock", 3_600_000, &json!({}))?;
///     Ok(())
/// });
/// assert_eq!(run.timers().len(), 1);
/// ```
pub fn every(name: &str, interval_ms: u64, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::every(name, interval_ms, &payload.to_string()))
}
/// Decision: five-field cron, in the agent's own time zone where none is given.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     schedule::cron("morning", "30 6 * * mon-fri", Some("Europe/Berlin"), &json!({}))?;
///     Ok(())
/// });
/// assert_eq!(run.timers()[0].0, "morning");
/// ```
pub fn cron(name: &str, expression: &str, timezone: Option<&str>, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::cron(name, expression, timezone, &payload.to_string()))
}
/// Decision.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     schedule::after("oven", 60_000, &json!({}))?;
///     schedule::cancel("oven")?;
///     assert!(schedule::list()?.is_empty());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn cancel(name: &str) -> Answer<()> {
    answer(sys::cancel(name))
}
/// What is set, by name, with this call's decisions on top.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let is_set = schedule::list()?.iter().any(|timer| timer.name == "oven");
///     assert!(!is_set);
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn list() -> Answer<Vec<Timer>> {
    answer(sys::list())
}
