//! The emulated chain and exchange as their clients see them: the stock Solana client, and HTTP.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod control;
mod faults;
mod malice;
mod recorded;
mod rpc;
mod swaps;
mod there;
