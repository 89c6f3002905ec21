//! A wallet that trades on the emulated chain: every swap and every end of one, whatever goes wrong and whatever dies.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod approvals;
mod crash;
mod dying;
mod faults;
mod link;
mod swaps;
mod there;
