//! What is installed and what it becomes: manifests, personas, agent specifications, agent files of the original
//! engine, and the file of secrets. Reads and writes the files that it is told to; starts nothing and grants nothing.

pub mod archive;
mod bundle;
mod claims;
mod contents;
mod document;
mod error;
#[cfg(test)]
mod firstparty_tests;
pub mod import;
mod installed;
mod manifest;
mod native;
mod pack;
mod paths;
mod persona;
mod requests;
pub mod requires;
mod schema;
mod sealed;
mod secrets;
mod settings;
pub mod signature;
mod spec;
mod walk;
mod workshop;

pub use bundle::Bundle;
pub use claims::{Claims, Kind, LINKS};
pub use contents::{Contents, MAX_COMPONENT_BYTES, MAX_FILES, MAX_PACK_BYTES, PackFile};
pub use error::{ErrorKind, PackError};
pub use installed::{Entry, InstallError, Installed, LOCK as LOCK_FILE, Received, Source, Staged, State};
pub use manifest::{AgentDefaults, Component, Manifest};
pub use pack::{MAX_ASSET_BYTES, MAX_ASSETS, MAX_ASSETS_BYTES, MAX_PROMPTS, MAX_TEXT_BYTES, Pack};
pub use paths::{MANIFEST, MAX_PATH_BYTES, SIGNATURE};
pub use persona::parse as parse_persona;
pub use puppet_types::Secret;
pub use requests::usd_micros;
pub use secrets::{FILE as SECRETS_FILE, SecretsError, SecretsFile, Warning};
pub use settings::{Holds, Setting};
pub use spec::{AgentSpec, STANDARD_PERSONALITY, default_handle};
pub use workshop::{Budget, Build, Lang, Workshop};
