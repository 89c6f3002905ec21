//! The provider against an endpoint on loopback that answers, streams, asks to wait, fails, babbles and hangs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod faults;
mod learned;
mod listing;
mod recorded;
mod streams;
mod there;
