//! Agent files of the original engine (contract §2) become agents. Every leaf is carried or reported, credentials
//! go to the secrets, a 0 stays a 0.

mod fields;
mod read;
mod report;

use std::path::Path;

use puppet_types::{AgentId, PackId};
use serde_json::Value;

pub use read::ImportError;
pub use report::{Carried, Ignored, ImportReport};

use crate::{
    AgentSpec, Secret,
    spec::{STANDARD, handle_of},
};
use read::Reader;

/// What an agent file became.
#[derive(Debug)]
pub struct Imported {
    /// The agent.
    pub spec: AgentSpec,
    /// Where everything went.
    pub report: ImportReport,
    /// Credentials by name.
    pub secrets: Vec<(String, Secret)>,
}

/// Reads an agent file; `path` is for errors.
pub fn agent_file(path: &Path, text: &str) -> Result<Imported, ImportError> {
    let root: Value = serde_json::from_str(text).map_err(|error| ImportError::json(path, &error))?;
    let reader = Reader { path, root: &root };
    let id = reader.required_text("id", "an agent id: letters, digits, `-`, `_` or `.`")?;
    let id = AgentId::parse(&id).map_err(|error| ImportError::field(path, "id", &error.to_string()))?;
    let persona = read::persona(&reader)?;
    let (report, secrets, extra) = report::sort(&root, &id);
    let spec = AgentSpec {
        name: reader.text("name")?.unwrap_or_else(|| id.to_string()),
        description: reader.text("description")?.unwrap_or_default(),
        handle: handle_of(id.as_str()),
        timezone: reader.timezone()?,
        pack: PackId::new(STANDARD),
        pack_version: env!("CARGO_PKG_VERSION").to_owned(),
        plugin: PackId::new(STANDARD),
        persona,
        settings: Value::Object(serde_json::Map::new()),
        llm: reader.provider()?,
        mood_decay: None,
        extra,
        id,
    };
    Ok(Imported { spec, report, secrets })
}

#[cfg(test)]
mod tests;
