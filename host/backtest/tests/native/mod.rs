//! Native strategies that tests and the benchmark share: `sma-cross` as the plugin computes it, and one that draws its
//! orders.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test takes what it needs")]

pub mod sma;
pub mod walk;
