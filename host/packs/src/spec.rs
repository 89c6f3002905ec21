//! An agent as it is kept: the row of a store, and what a pack or an imported file becomes.

use puppet_agent::MoodDecay;
use puppet_types::{AgentId, PackId, Persona};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Component, Pack};

/// The plugin of agents that name none.
pub const STANDARD: &str = "standard-personality";

/// Longest account name on X.
const HANDLE: usize = 15;

/// Everything that makes a running character but its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// Stable.
    pub id: AgentId,
    /// For people.
    pub name: String,
    /// One or two sentences.
    #[serde(default)]
    pub description: String,
    /// Account without `@`.
    pub handle: String,
    /// IANA name; the host's where it is not given.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The pack it was made of.
    pub pack: PackId,
    /// That pack's version.
    #[serde(default)]
    pub pack_version: String,
    /// The plugin that plays it.
    pub plugin: PackId,
    /// The character.
    pub persona: Persona,
    /// For its plugin.
    #[serde(default)]
    pub settings: Value,
    /// Name of a model provider; the host's default where it is not given.
    #[serde(default)]
    pub llm: Option<String>,
    /// Off unless given.
    #[serde(default)]
    pub mood_decay: Option<MoodDecay>,
    /// Carried for later: what an original file says about trading.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
}

impl AgentSpec {
    /// The agent that a personality pack makes; none of a pack without a persona.
    pub fn from_pack(pack: &Pack) -> Option<Self> {
        let manifest = &pack.manifest;
        let plugin = match &manifest.component {
            Component::BuiltIn(id) => id.clone(),
            Component::File(_) => manifest.id.clone(),
        };
        Some(Self {
            id: AgentId::new(manifest.id.as_str()),
            name: manifest.name.clone(),
            description: manifest.description.clone(),
            handle: manifest.agent.handle.clone().unwrap_or_else(|| handle_of(manifest.id.as_str())),
            timezone: manifest.agent.timezone.clone(),
            pack: manifest.id.clone(),
            pack_version: manifest.version.to_string(),
            plugin,
            persona: pack.persona.clone()?,
            settings: manifest.settings.clone(),
            llm: manifest.agent.llm.clone(),
            mood_decay: None,
            extra: Value::Null,
        })
    }

    /// Nobody in particular, played by a plugin.
    pub fn blank(id: &str, plugin: &PackId) -> Self {
        Self {
            id: AgentId::new(id),
            name: id.to_owned(),
            description: String::new(),
            handle: handle_of(id),
            timezone: None,
            pack: plugin.clone(),
            pack_version: String::new(),
            plugin: plugin.clone(),
            persona: Persona::default(),
            settings: Value::Object(serde_json::Map::new()),
            llm: None,
            mood_decay: None,
            extra: Value::Null,
        }
    }
}

/// An account name made of an id: letters, digits and `_`, as X has them.
pub fn handle_of(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(HANDLE).collect()
}
