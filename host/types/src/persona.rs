//! The data of a character, in the shape of the original engine's agent files (docs/reference/persona.md): what a
//! pack's `persona.toml` holds, what `agent.persona()` answers as JSON, what the offline model reads.
//! A configured 0 stays 0; only an absent field takes its default. Behaviour is not here.

use serde::{Deserialize, Serialize};

/// A persona. Every field has a default, so that an agent file without a personality is still one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Persona {
    /// Who it is and how it speaks.
    pub personality: Personality,
    /// How it writes.
    pub style_guide: StyleGuide,
    /// What it knows at birth.
    pub initial_memory: InitialMemory,
    /// How often it does what.
    pub behavior: Behavior,
    /// What it wants; listed in the prompt.
    pub goals: Vec<String>,
    /// Replaces the generated prompt.
    pub custom_system_prompt: Option<String>,
    /// One of these, chosen anew for every text, goes before everything else.
    pub rotating_system_prompts: Vec<String>,
    /// Lines the character might have written; the offline model learns its voice from them.
    pub sample_lines: Vec<String>,
}

/// Traits, values, interests.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Personality {
    /// Single words or short phrases.
    pub traits: Vec<String>,
    /// What matters to it.
    pub values: Vec<String>,
    /// Free text.
    pub speaking_style: String,
    /// What it posts about.
    pub interests: Vec<String>,
}

/// Voice, tone, formatting, words to use and to avoid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StyleGuide {
    /// Free text.
    pub voice: String,
    /// Free text.
    pub tone: String,
    /// Hashtags, emojis, case.
    pub formatting: Formatting,
    /// Words.
    pub vocabulary: Vocabulary,
    /// Never written about.
    pub topics_to_avoid: Vec<String>,
}

/// Formatting switches and descriptions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Formatting {
    /// May use `#`.
    pub uses_hashtags: bool,
    /// Free text.
    pub hashtag_style: String,
    /// May use emojis.
    pub uses_emojis: bool,
    /// Free text.
    pub emoji_frequency: String,
    /// Free text.
    pub capitalization: String,
    /// Free text.
    pub sentence_length: String,
    /// Hyphens and dashes become spaces or commas.
    pub avoid_hyphens: bool,
}

/// Words a character likes, and words it never uses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vocabulary {
    /// Liked.
    pub key_terms: Vec<String>,
    /// Never used.
    pub avoid_terms: Vec<String>,
}

/// What the agent starts with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InitialMemory {
    /// Importance 1.0.
    pub core_memories: Vec<String>,
    /// Importance 0.7 unless said.
    pub recent_events: Vec<RecentEvent>,
    /// By the id of the other agent.
    pub relationships: std::collections::BTreeMap<String, InitialRelationship>,
}

/// A remembered event: a line, or a line with its time and importance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecentEvent {
    /// Only the text.
    Text(String),
    /// With its circumstances.
    Dated {
        /// What happened.
        content: String,
        /// RFC 3339 or milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp: Option<serde_json::Value>,
        /// 0..1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        importance: Option<f64>,
    },
}

/// A relationship at birth; camelCase names of the original are understood.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InitialRelationship {
    /// −1..1.
    pub sentiment: f64,
    /// 0..1.
    pub familiarity: f64,
    /// 0..1.
    pub trust: f64,
    /// Free text.
    #[serde(alias = "sharedExperiences")]
    pub shared_experiences: Vec<String>,
    /// Free text.
    #[serde(deserialize_with = "one_or_many")]
    pub notes: Vec<String>,
}

/// Frequencies, probabilities, lengths.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behavior {
    /// When it posts.
    pub post_frequency: PostFrequency,
    /// How it reacts.
    pub interaction_patterns: InteractionPatterns,
    /// What its posts look like.
    pub content_preferences: ContentPreferences,
}

/// When original posts come (docs/reference/behaviour.md).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostFrequency {
    /// Hours, > 0.
    pub min_hours_between_posts: f64,
    /// Hours, ≥ min.
    pub max_hours_between_posts: f64,
    /// 0–23, in the agent's time zone.
    pub peak_posting_hours: Vec<u8>,
}

impl Default for PostFrequency {
    fn default() -> Self {
        Self { min_hours_between_posts: 3.0, max_hours_between_posts: 12.0, peak_posting_hours: Vec::new() }
    }
}

/// Probabilities 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InteractionPatterns {
    /// For posts that do not mention the agent.
    pub reply_probability: f64,
    /// Halved when used, as in the original.
    pub quote_tweet_probability: f64,
    /// Likes.
    pub like_probability: f64,
}

impl Default for InteractionPatterns {
    fn default() -> Self {
        Self { reply_probability: 0.5, quote_tweet_probability: 0.3, like_probability: 0.7 }
    }
}

/// Lengths and links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentPreferences {
    /// 1 = never a thread.
    pub max_thread_length: u32,
    /// Characters aimed at.
    pub typical_post_length: u32,
    /// Never longer, in weighted characters.
    pub max_post_length: Option<u32>,
    /// 0..1.
    pub link_sharing_frequency: f64,
}

impl Default for ContentPreferences {
    fn default() -> Self {
        Self { max_thread_length: 3, typical_post_length: 240, max_post_length: None, link_sharing_frequency: 0.2 }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) if one.is_empty() => Vec::new(),
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}
