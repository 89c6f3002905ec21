//! Services that a host speaks to, emulated on loopback: real HTTP, every request counted, misbehaviour on command. For
//! tests, and to try a host without an account. What was posted stays in the emulator's memory, whatever becomes of the
//! host. Not here: anything that a host needs to run.
//!
//! A token is `emulated-NAME`, and whoever comes with one is NAME: no account has to be made first.

mod asked;
mod faults;
mod llm;
mod record;
mod reply;
mod server;
mod x;

pub use asked::Operation;
pub use faults::{Fault, Kind, Plan, PlanError};
pub use server::{Emulator, Services};

/// The token of an account.
pub fn token(account: &str) -> String {
    format!("{TOKEN}{account}")
}

/// What every token begins with.
const TOKEN: &str = "emulated-";
