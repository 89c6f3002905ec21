//! Runs a plugin natively against a host that is not there: same calls, same decisions, no sandbox.
//!
//! [`Host`] holds what the plugin may read; [`Host::run`] hands it one event. Where the plugin answers `Ok`, its
//! decisions are applied to the host, so that the next event sees them; otherwise they are dropped, as in
//! production. Not here: limits, fuel, grants (`puppet invoke` runs the component in the real sandbox).

mod calendar;
mod decided;
mod desk;
mod drill;
mod host;
mod run;
pub(crate) use desk::portfolio;
mod search;
pub(crate) mod sys;
mod weight;

pub use decided::Decided;
pub use desk::{Desk, market};
pub use drill::drill;
pub use host::Host;
pub use run::{EventBuilder, LogLine, Run, event};
