//! An agent as it is kept: the body of its row in the store, and the content of an agent file of a project.

use std::collections::BTreeMap;

use puppet_agent::MoodDecay;
use puppet_grants::Requests;
use puppet_types::{AgentId, PackId, Paused, Persona};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Pack, requests};

/// The plugin that agents of the original engine run under.
pub const STANDARD_PERSONALITY: &str = "standard-personality";

/// Everything that makes an agent this agent, besides what it lives through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// Stable.
    pub id: AgentId,
    /// For people.
    pub name: String,
    /// One line.
    #[serde(default)]
    pub description: String,
    /// Account name without `@`. That no two agents share one is checked by whoever makes agents.
    pub handle: String,
    /// IANA name; the host's where it is absent.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The pack it was made from.
    pub pack: PackId,
    /// That pack's version.
    #[serde(default)]
    pub pack_version: String,
    /// The pack whose component runs.
    pub plugin: PackId,
    /// Its character.
    #[serde(default)]
    pub persona: Persona,
    /// A JSON object, for `agent.settings()`.
    #[serde(default = "empty")]
    pub settings: Value,
    /// Name of a provider; the host's default where it is absent.
    #[serde(default)]
    pub llm: Option<String>,
    /// Off where it is absent, as in the original.
    #[serde(default)]
    pub mood_decay: Option<MoodDecay>,
    /// What the pack asks for; the plugin's requests are cut to it ([`AgentSpec::requests_of`]).
    #[serde(default, skip_serializing_if = "Requests::is_empty", with = "requests::as_written")]
    pub requests: Requests,
    /// Paths below the pack's `assets/`: the images that it may post.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
    /// Data of the original file that nothing uses yet, kept as it was: `trading_behavior`, `solana_integration`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Value>,
    /// Where its events wait until somebody lets it go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
}

fn empty() -> Value {
    json!({})
}

impl AgentSpec {
    /// The agent that a personality pack makes; `None` for a pack without a persona.
    pub fn from_pack(pack: &Pack) -> Option<Self> {
        let (manifest, persona) = (&pack.manifest, pack.persona.clone()?);
        let defaults = &manifest.agent;
        Some(Self {
            id: AgentId::new(manifest.id.as_str()),
            name: manifest.name.clone(),
            description: manifest.description.clone(),
            handle: defaults.handle.clone().unwrap_or_else(|| default_handle(manifest.id.as_str())),
            timezone: defaults.timezone.clone(),
            pack: manifest.id.clone(),
            pack_version: manifest.version.to_string(),
            plugin: manifest.plugin().clone(),
            persona,
            settings: manifest.settings.clone(),
            llm: defaults.llm.clone(),
            mood_decay: defaults.mood_decay.clone(),
            requests: manifest.requests.clone(),
            assets: pack.assets.clone(),
            extra: BTreeMap::new(),
            paused: None,
        })
    }

    /// An agent without any character.
    pub fn blank(id: &str, plugin: &PackId) -> Self {
        Self {
            id: AgentId::new(id),
            name: id.to_owned(),
            description: String::new(),
            handle: default_handle(id),
            timezone: None,
            pack: plugin.clone(),
            pack_version: env!("CARGO_PKG_VERSION").to_owned(),
            plugin: plugin.clone(),
            persona: Persona::default(),
            settings: empty(),
            llm: None,
            mood_decay: None,
            requests: Requests::new(),
            assets: Vec::new(),
            extra: BTreeMap::new(),
            paused: None,
        }
    }
}

impl AgentSpec {
    /// What this agent asks for when it runs a plugin with these requests: the same, or less.
    pub fn requests_of(&self, plugin: &Requests) -> Requests {
        requests::narrowed(plugin, &self.requests)
    }
}

/// An account name made from an id: what X does not allow becomes `_`, and 15 characters are the most.
pub fn default_handle(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(15).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_personality_pack_makes_an_agent() {
        let pack = "id = \"the-longest-lamp-of-all\"\nversion = \"0.2.0\"\nname = \"Lamp\"\nplugin = \"standard-personality\"\npersona = \"persona.toml\"\n[settings]\ntries = 2\n[requests.tweet]\noperations = [\"post\"]\n";
        let pack = Pack::from_texts(Path::new("lamp"), pack, Some("goals = [\"shine\"]\n")).unwrap();
        let spec = AgentSpec::from_pack(&pack).unwrap();
        assert_eq!((spec.id.as_str(), spec.handle.as_str()), ("the-longest-lamp-of-all", "the_longest_lam"));
        assert_eq!((spec.pack.as_str(), spec.plugin.as_str()), ("the-longest-lamp-of-all", STANDARD_PERSONALITY));
        assert_eq!(spec.pack_version, "0.2.0");
        assert_eq!(spec.settings, json!({"tries": 2}));
        assert!(spec.requests_of(&Requests::new()).is_empty());
        let spec = AgentSpec { assets: vec!["cat.png".to_owned()], ..spec };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<AgentSpec>(&text).unwrap(), spec);
        let typo = text.replace("\"handle\"", "\"handel\"");
        assert!(serde_json::from_str::<AgentSpec>(&typo).unwrap_err().to_string().contains("handel"));
    }

    #[test]
    fn a_plugin_pack_makes_none() {
        let pack = "id = \"news\"\nversion = \"0.1.0\"\nplugin = \"news\"\n";
        assert_eq!(AgentSpec::from_pack(&Pack::from_texts(Path::new("news"), pack, None).unwrap()), None);
    }
}
