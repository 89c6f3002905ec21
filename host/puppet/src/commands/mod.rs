//! A module per command.

pub mod agent;
pub mod approvals;
pub mod budgets;
pub mod config;
pub mod demo;
pub mod diff_behaviour;
pub mod doctor;
pub mod emulate;
pub mod event;
pub mod grants;
pub mod halt;
pub mod init;
pub mod install;
pub mod invoke;
pub mod journal;
pub mod outbox;
pub mod pack;
pub mod packs;
pub mod plugins;
pub mod preview;
pub mod release;
pub mod remove;
pub mod rollback;
pub mod run;
pub mod simulate;
pub mod store;
