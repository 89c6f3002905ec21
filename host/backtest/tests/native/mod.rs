//! Native strategies and bars that tests and the benchmark share: `sma-cross` as the plugin computes it, and one that
//! says what a test wrote down.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs")]

pub mod script;
pub mod sma;
pub mod walk;
