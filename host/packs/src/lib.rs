//! Packs: what is installed. `pack.toml`, a component or a reference to one, persona data, assets; agents made of
//! them, and agent files of the original engine turned into agents. Compiling and running are elsewhere.

mod error;
pub mod import;
mod manifest;
mod pack;
mod persona;
mod secrets;
mod spec;

pub use error::PackError;
pub use manifest::{AgentDefaults, Component, Manifest};
pub use pack::Pack;
pub use secrets::{Secret, SecretsError, SecretsFile};
pub use spec::AgentSpec;
