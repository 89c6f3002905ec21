//! A whole deployment of the original engine, read: agent files, memories, processed tweets and the collections of its
//! database become agents, memories, relationships and past events, with a report that names every leaf of every file
//! once. Writes nothing; whoever moves the deployment does that (docs/migrate.md).

mod bond;
mod collection;
mod deployment;
mod dotenv;
mod dump;
mod extended;
mod fates;
mod file;
mod item;
mod memory;
mod past;
mod problem;
mod seen;
mod settle;
#[cfg(test)]
mod tests;
mod tokens;
mod value;

pub use deployment::{Deployment, Moved, Source};
pub use dotenv::{Variable, variables};
pub use fates::{Fates, FileReport, Holds};
pub use past::in_the_order_of_the_contract;
pub use problem::Problem;
pub use seen::KEPT as SEEN_KEPT;
