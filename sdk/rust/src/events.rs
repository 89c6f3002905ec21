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
pub fn emit(event: &NewEvent) -> Answer<()> {
    answer(sys::emit(event))
}
