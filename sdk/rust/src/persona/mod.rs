//! The character's data as a type (docs/reference/persona.md), and what a model is told of it. Fields that are absent
//! take the defaults of that page; a 0 stays 0.
//!
//! ```
//! use puppet_sdk::{persona::Persona, prelude::*};
//!
//! let persona: Persona = serde_json::from_value(json!({
//!     "personality": {"traits": ["patient"], "interests": ["tides"]},
//!     "style_guide": {"topics_to_avoid": ["war"]},
//! }))?;
//! let told = persona.sections("Ada", "Keeps a lighthouse.");
//! assert!(told.starts_with("You are Ada. Keeps a lighthouse.\nTraits: patient\n"));
//! assert!(told.contains("Never write about: war"));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod sections;

use serde::Deserialize;

use crate::{Failure, agent};
pub use sections::{Sections, mood_word, relationship_line};

impl Persona {
    /// The one that is played. An error where a field has a shape that the page does not know.
    pub fn load() -> Result<Self, Failure> {
        agent::persona().map_err(|error| Failure::Failed(format!("persona: {error}")))
    }
}

macro_rules! data {
    ($($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $field:ident: $type:ty),+ $(,)? })+) => {
        $($(#[$doc])* #[derive(Debug, Clone, Default, Deserialize)] #[serde(default)]
        pub struct $name { $($(#[$what])* pub $field: $type),+ })+
    };
}

data! {
    /// The data of a character.
    Persona {
        /// Who it is.
        personality: Traits,
        /// How it writes.
        style_guide: StyleGuide,
        /// How often it does what.
        behavior: Behavior,
        /// What it wants.
        goals: Vec<String>,
        /// Replaces the sections that are made from the rest.
        custom_system_prompt: Option<String>,
        /// One of these is drawn for each call, before all others.
        rotating_system_prompts: Vec<String>,
        /// Lines that it might have written.
        sample_lines: Vec<String>,
    }
    /// Who it is.
    Traits {
        /// Adjectives.
        traits: Vec<String>,
        /// What matters to it.
        values: Vec<String>,
        /// In words.
        speaking_style: String,
        /// What it writes about.
        interests: Vec<String>,
    }
    /// How it writes.
    StyleGuide {
        /// In words.
        voice: String,
        /// In words.
        tone: String,
        /// What its texts look like.
        formatting: Formatting,
        /// Words.
        vocabulary: Vocabulary,
        /// What it never writes about.
        topics_to_avoid: Vec<String>,
    }
    /// What its texts look like.
    Formatting {
        /// Whether there are any.
        uses_hashtags: bool,
        /// In words.
        hashtag_style: String,
        /// Whether there are any.
        uses_emojis: bool,
        /// In words.
        emoji_frequency: String,
        /// In words; what says "lower" and nothing like "sometimes" makes every text lower-case.
        capitalization: String,
        /// In words.
        sentence_length: String,
        /// No hyphens and dashes.
        avoid_hyphens: bool,
    }
    /// Words.
    Vocabulary {
        /// Words it likes.
        key_terms: Vec<String>,
        /// Words it never uses.
        avoid_terms: Vec<String>,
    }
    /// How often it does what.
    Behavior {
        /// Hours between original posts.
        post_frequency: PostFrequency,
        /// Probabilities.
        interaction_patterns: InteractionPatterns,
        /// Lengths and links.
        content_preferences: ContentPreferences,
    }
}

/// Hours between original posts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct PostFrequency {
    /// The least.
    pub min_hours_between_posts: f64,
    /// The most.
    pub max_hours_between_posts: f64,
    /// Hours of the day, 0 to 23 in its own zone, in which it posts sooner.
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
    /// 0 to 1.
    pub reply_probability: f64,
    /// 0 to 1.
    pub quote_tweet_probability: f64,
    /// 0 to 1.
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
    /// Parts; below 2 it writes no threads.
    pub max_thread_length: u32,
    /// Characters.
    pub typical_post_length: u32,
    /// Weighted characters; X's bound where it is left out.
    pub max_post_length: Option<u32>,
    /// 0 to 1.
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
        self.max_post_length.unwrap_or(crate::tweet::MAX_WEIGHT).clamp(1, crate::tweet::MAX_WEIGHT)
    }
}
