//! Deterministic simulation of faults: a village of agents lives some hours of virtual time on rows that fail, with
//! providers that lose answers and a clock that jumps, all of it drawn from a seed. Its host dies and begins again. When
//! all has come to rest, what must always hold (docs/architecture.md, rules 2 to 6) is checked against what the outside
//! has seen. The same seed is the same run, to the last row: a seed that fails is the report of what is wrong.
//! `host/puppet/examples/faults.rs` runs as many seeds as one likes.

mod campaign;
mod chance;
mod check;
mod life;
mod model;
mod mutation;
mod network;
mod store;
#[cfg(test)]
mod tests;
mod village;
mod world;

pub use campaign::run;
