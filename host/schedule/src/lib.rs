//! The `schedule` capability: timers of a plugin, per agent. Setting one is a decision; when one fires is computed
//! here, the engine fires it. A timer missed while the host was down fires once, late.

mod host;
mod rule;

#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, INTERVAL_MS, NAME_BYTES, Names, PAYLOAD_BYTES, View, link};
pub use rule::{BadCron, next_after, next_cron};
