//! Whoever has a mailbox, ready to be called: a character, or an event generator. Built from the agent's row
//! when it is first needed and kept in a bounded cache; an idle agent costs an id and a name.

use std::sync::Arc;

use puppet_agent::{MoodDecay, Profile, decayed};
use puppet_grants::Rights;
use puppet_llm::Llm;
use puppet_types::{AccountId, AgentId, Digest, Mood, Persona, Timestamp};

use crate::{circumstances::Kept, plugin::Plugin, remembered::Remembered};

/// A character or a generator.
pub struct Actor {
    /// Its mailbox.
    pub id: AgentId,
    /// As whom it posts; effects of one account leave in order.
    pub account: AccountId,
    /// What `agent.profile()`, `persona()` and `settings()` answer.
    pub profile: Profile,
    /// The persona, for the offline model.
    pub persona: Arc<Persona>,
    /// Of the persona's JSON.
    pub persona_digest: Digest,
    /// Of the settings' JSON.
    pub settings_digest: Digest,
    /// Its one plugin.
    pub plugin: Arc<Plugin>,
    /// What it may do.
    pub rights: Arc<Rights>,
    /// Who answers its prompts.
    pub llm: Llm,
    /// Paths of the pack's assets.
    pub assets: Vec<String>,
    /// Off unless configured.
    pub decay: Option<MoodDecay>,
    /// How much it remembers.
    pub remembered: Remembered,
    /// Whether the store has what it was cast with.
    pub kept: Kept,
}

impl Actor {
    /// The mood at a time: what is stored, decayed where that is configured.
    pub fn mood_now(&self, stored: Option<(Mood, Timestamp)>, at: Timestamp) -> Mood {
        match (stored, &self.decay) {
            (None, _) => Mood::default(),
            (Some((mood, _)), None) => mood,
            (Some((mood, since)), Some(decay)) => decayed(mood, since, at, decay),
        }
    }
}
