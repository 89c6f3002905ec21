//! The persona as this plugin reads it (docs/reference/persona.md), and its settings. Fields that are absent take
//! the defaults of that page; a 0 stays 0.

use puppet_sdk::prelude::*;
use serde::Deserialize;

/// Who is played, with what settings.
pub struct Character {
    pub name: String,
    pub handle: String,
    pub description: String,
    pub persona: Persona,
    pub settings: Settings,
}

impl Character {
    /// As the host tells it.
    pub fn load() -> Result<Self, Failure> {
        let agent::Profile { name, handle, description, .. } = agent::profile();
        let persona = agent::persona().map_err(|error| format!("persona: {error}"))?;
        let settings = agent::settings().map_err(|error| format!("settings: {error}"))?;
        Ok(Self { name, handle, description, persona, settings })
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

macro_rules! data {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {
        $($(#[$doc])* #[derive(Debug, Clone, Default, Deserialize)] #[serde(default)]
        pub struct $name { $(pub $field: $type),+ })+
    };
}

data! {
    /// The data of a character.
    Persona {
        personality: Traits,
        style_guide: StyleGuide,
        behavior: Behavior,
        goals: Vec<String>,
        custom_system_prompt: Option<String>,
        rotating_system_prompts: Vec<String>,
        sample_lines: Vec<String>,
    }
    /// Who it is.
    Traits {
        traits: Vec<String>,
        values: Vec<String>,
        speaking_style: String,
        interests: Vec<String>,
    }
    /// How it writes.
    StyleGuide {
        voice: String,
        tone: String,
        formatting: Formatting,
        vocabulary: Vocabulary,
        topics_to_avoid: Vec<String>,
    }
    /// What its texts look like.
    Formatting {
        uses_hashtags: bool,
        hashtag_style: String,
        uses_emojis: bool,
        emoji_frequency: String,
        capitalization: String,
        sentence_length: String,
        avoid_hyphens: bool,
    }
    /// Words.
    Vocabulary {
        key_terms: Vec<String>,
        avoid_terms: Vec<String>,
    }
    /// How often it does what.
    Behavior {
        post_frequency: PostFrequency,
        interaction_patterns: InteractionPatterns,
        content_preferences: ContentPreferences,
    }
}

/// Hours between original posts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct PostFrequency {
    pub min_hours_between_posts: f64,
    pub max_hours_between_posts: f64,
    pub peak_posting_hours: Vec<u8>,
}

impl Default for PostFrequency {
    fn default() -> Self {
        Self { min_hours_between_posts: 3.0, max_hours_between_posts: 12.0, peak_posting_hours: Vec::new() }
    }
}

/// Probabilities.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct InteractionPatterns {
    pub reply_probability: f64,
    pub quote_tweet_probability: f64,
    pub like_probability: f64,
}

impl Default for InteractionPatterns {
    fn default() -> Self {
        Self { reply_probability: 0.5, quote_tweet_probability: 0.3, like_probability: 0.7 }
    }
}

/// Lengths and links.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct ContentPreferences {
    pub max_thread_length: u32,
    pub typical_post_length: u32,
    pub max_post_length: Option<u32>,
    pub link_sharing_frequency: f64,
}

impl Default for ContentPreferences {
    fn default() -> Self {
        Self { max_thread_length: 3, typical_post_length: 240, max_post_length: None, link_sharing_frequency: 0.2 }
    }
}

impl ContentPreferences {
    /// The most a text may weigh.
    pub fn limit(&self) -> u32 {
        self.max_post_length.unwrap_or(tweet::MAX_WEIGHT).clamp(1, tweet::MAX_WEIGHT)
    }
}
