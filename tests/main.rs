//! End to end: the built program, driven as its users drive it. One binary; a module per thing a user does.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod approvals;
mod bad_input;
mod corpus;
mod data_folder;
mod demo;
mod diff_behaviour;
mod embeddings;
mod faults;
mod first_steps;
mod forgetting;
mod grants;
mod hostile;
mod import;
mod invoke;
mod limits;
mod live;
mod moods;
mod mutants;
mod offline_text;
mod packs;
mod preview;
mod reload;
mod replay;
mod report;
mod schemas;
mod secrets;
mod sending;
mod sight;
mod simulate;
mod store_copy;
mod support;
mod terminal;
mod waiting;
mod weeks;
mod x;
