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
pub fn once(name: &str, at: Timestamp, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::once(name, at.0, &payload.to_string()))
}
/// Decision: fires after a while.
pub fn after(name: &str, delay_ms: u64, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::after(name, delay_ms, &payload.to_string()))
}
/// Decision: fires again and again.
pub fn every(name: &str, interval_ms: u64, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::every(name, interval_ms, &payload.to_string()))
}
/// Decision: five-field cron, in the agent's own time zone where none is given.
pub fn cron(name: &str, expression: &str, timezone: Option<&str>, payload: &serde_json::Value) -> Answer<()> {
    answer(sys::cron(name, expression, timezone, &payload.to_string()))
}
/// Decision.
pub fn cancel(name: &str) -> Answer<()> {
    answer(sys::cancel(name))
}
/// What is set, by name, with this call's decisions on top.
pub fn list() -> Answer<Vec<Timer>> {
    answer(sys::list())
}
