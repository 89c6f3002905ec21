//! Desks from opening to closing: with native strategies, a store in memory that can fail at any write, and an exchange that
//! does what a test says.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod crashes;
mod exchange;
mod fills;
mod fixture;
mod gifts;
mod halts;
mod live;
mod memory;
#[path = "../../../backtest/tests/native/mod.rs"]
mod native;
mod paper;
mod stays;
mod turns;
mod versions;
mod wishes;
