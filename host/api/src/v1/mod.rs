//! The routes below `/api/v1`.

pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod asked;
pub(crate) mod audit;
pub(crate) mod budgets;
pub(crate) mod config;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod journal;
pub mod keys;
pub(crate) mod memory;
pub(crate) mod mood;
pub(crate) mod outbox;
pub(crate) mod packs;
pub(crate) mod plugins;
pub(crate) mod scope;
pub(crate) mod session;
pub(crate) mod status;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod timeline;
pub(crate) mod timers;
pub(crate) mod trades;
pub(crate) mod trading;
pub(crate) mod words;
