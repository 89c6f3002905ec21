//! Whole runs, from bars to outcomes.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod carried;
mod faults;
mod journal;
mod lookahead;
#[path = "../native/mod.rs"]
mod native;
mod properties;
mod runs;
mod sandbox;
