//! The `events` capability: events of a plugin's own making. `emit` is a decision; what an event generator returns
//! passes the same checks. The host alone makes its own kinds.

mod check;
mod host;

pub use check::{DELAY_MS, KIND_BYTES, PAYLOAD_BYTES, TARGETS};
#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, Generated, View, link, record_generated};
