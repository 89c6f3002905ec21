//! Who is played, and the settings of this plugin.

use puppet_sdk::{persona::Persona, prelude::*};
use serde::Deserialize;

/// Who is played, with what settings.
pub struct Character {
    pub profile: agent::Profile,
    pub persona: Persona,
    pub settings: Settings,
}

impl Character {
    /// As the host tells it.
    pub fn load() -> Result<Self, Failure> {
        let settings = agent::settings().map_err(|error| format!("settings: {error}"))?;
        Ok(Self { profile: agent::profile(), persona: Persona::load()?, settings })
    }
}

/// What an operator may tune besides the persona.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Share of original posts that become threads, where the persona allows threads at all. The original engine
    /// never made one by itself: 0 unless set.
    pub thread_probability: f64,
    /// After so many own replies to another agent in one conversation the last word is a like.
    pub replies_per_conversation: usize,
    /// Ancestors of a post that a reply sees.
    pub context_depth: u32,
    /// Tries for a text that fits.
    pub tries: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { thread_probability: 0.0, replies_per_conversation: 2, context_depth: 5, tries: 3 }
    }
}
