//! Services that a host speaks to, emulated on loopback: real HTTP, every request counted, misbehaviour on command. For
//! tests, and to try a host without an account. What was posted stays in the emulator's memory, whatever becomes of the
//! host. Not here: anything that a host needs to run.
//!
//! A token is `emulated-NAME`, and whoever comes with one is NAME: no account has to be made first.

mod asked;
mod body;
mod control;
mod faults;
mod llm;
mod operation;
mod record;
mod reply;
mod server;
mod world;
mod x;

pub use faults::{Fault, Kind, Plan, PlanError, Problem};
pub use llm::Manner;
pub use operation::Operation;
pub use server::{Emulator, Services};
pub use x::Disconnect;

/// The token of an account, and the key of a model.
pub fn token(account: &str) -> String {
    format!("{TOKEN}{account}")
}

/// What every token begins with.
const TOKEN: &str = "emulated-";
