//! What is installed and what it becomes: manifests, personas, agent specifications, agent files of the original
//! engine, and the file of secrets. Reads and writes the files that it is told to; starts nothing and grants nothing.

mod document;
mod error;
#[cfg(test)]
mod firstparty_tests;
pub mod import;
mod manifest;
mod pack;
mod persona;
mod requests;
mod schema;
mod sealed;
mod secrets;
mod settings;
mod spec;

pub use error::{ErrorKind, PackError};
pub use manifest::{AgentDefaults, Component, Manifest};
pub use pack::{MAX_ASSET_BYTES, MAX_ASSETS, MAX_ASSETS_BYTES, Pack};
pub use persona::parse as parse_persona;
pub use puppet_types::Secret;
pub use requests::usd_micros;
pub use secrets::{FILE as SECRETS_FILE, SecretsError, SecretsFile, Warning};
pub use settings::{Holds, Setting};
pub use spec::{AgentSpec, STANDARD_PERSONALITY, default_handle};
