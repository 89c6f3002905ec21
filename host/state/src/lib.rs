//! The `state` capability: one small versioned blob per plugin and agent. `get` is a read through the gate,
//! `put` and `clear` are decisions; `get` answers with what this call has put. What another version of the plugin wrote
//! passes through the plugin's own `migrate` first.

mod host;
mod migration;

#[doc(hidden)]
pub use host::fuzz;
pub use host::{BLOB_BYTES, Carries, View, link};
pub use migration::{Migrate, Migrated, Migration};
