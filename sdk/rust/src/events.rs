//! Events of the plugin's own making, under its pack's id.

use crate::{
    bindings::imports::puppet::events::events as wit,
    failure::{Answer, answer},
};
pub use wit::{NewEvent, Target};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::events as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// Decision: the event is accepted with the commit.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     events::emit(&events::NewEvent {
///         kind: "my-pack.bread-is-out".to_owned(),
///         target: events::Target::Me,
///         priority: Priority::Normal,
///         payload: json!({ "loaves": 12 }).to_string(),
///         delay_ms: 0,
///     })?;
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 1);
/// ```
pub fn emit(event: &NewEvent) -> Answer<()> {
    answer(sys::emit(event))
}
