//! MongoDB, the shared backend: a [`puppet_store::Store`] whose commits are atomic on a standalone server too.
//!
//! One commit is one document of `commits`, inserted before anything else is touched; then it is applied to the other
//! collections (docs/mongodb.md says what is kept where, and what is promised). Everything that a host changes goes this
//! way, also what no invocation caused. [`MongoStore::open`] is the way in.

mod agents;
mod answers;
mod api;
mod api_answers;
mod api_changes;
mod api_sessions;
mod apply;
mod billed;
mod budgets;
mod candles;
mod change;
mod commit;
mod commits;
mod db;
mod documents;
mod events;
mod fault;
mod fields;
mod forget;
mod halt;
mod heard;
mod journal;
mod line;
mod look;
mod memories;
mod nearest;
mod open;
mod options;
mod outbox;
mod past;
mod posts;
mod presence;
mod purses;
mod queries;
mod recovery;
mod retention;
mod rows;
mod schema;
mod state;
mod store;
mod strikes;
mod swaps;
#[cfg(test)]
mod tests;
mod text;
mod timers;
mod trading;
mod tx;
mod vectors;
mod writer;

pub use options::{Options, told};
pub use presence::Presence;
pub use store::MongoStore;
