//! What a plugin finds when the first event comes.

use std::path::PathBuf;

use puppet_types::{MemoryKind, TimerRule, Trust};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::SEED;

/// A number, or the text `0x…` of a whole one of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Default for Seed {
    fn default() -> Self {
        Self(SEED)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let odd =
            |said: String| D::Error::custom(format!("`{said}` is no seed: a number from 0 on, or `0x` and hex digits"));
        match toml::Value::deserialize(from)? {
            toml::Value::Integer(number) => u64::try_from(number).map(Self).map_err(|_| odd(number.to_string())),
            toml::Value::String(text) => {
                let read = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
                read.map(Self).ok_or_else(|| odd(text))
            }
            other => Err(odd(other.to_string())),
        }
    }
}

/// A persona's file, from the pack's folder on, or the persona itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PersonaFrom {
    /// The file.
    File(PathBuf),
    /// It.
    Table(#[schemars(with = "serde_json::Map<String, serde_json::Value>")] toml::Table),
}

/// A character of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Character {
    /// Of the one that plays: `tester` where it is left out.
    pub id: String,
    /// The id where it is left out.
    pub name: String,
    /// Account without `@`; the id where it is left out.
    pub handle: String,
    /// What it is, in a line.
    pub description: String,
}

/// A blob: one of the three.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenState {
    /// Of the plugin's own counting.
    pub version: u32,
    /// As text.
    pub text: Option<String>,
    /// As lower-case hex.
    pub hex: Option<String>,
    /// As the JSON text of a table, its keys in order.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub json: Option<toml::Table>,
}

/// Something remembered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenMemory {
    /// What it is about.
    pub kind: MemoryKind,
    /// The text.
    pub content: String,
    /// 0..1; 0.5 where it is left out.
    #[serde(default = "half")]
    pub importance: f64,
    /// −1..1.
    #[serde(default)]
    pub valence: f64,
    /// Whose words.
    pub author: Option<String>,
    /// `own` where it is left out.
    pub trust: Option<Trust>,
    /// When; when the scenario begins where it is left out.
    pub at: Option<String>,
    /// Never dropped.
    #[serde(default)]
    pub pinned: bool,
    /// Key and value pairs.
    #[serde(default)]
    pub metadata: std::collections::BTreeMap<String, String>,
}

fn half() -> f64 {
    0.5
}

/// How it stands to somebody.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenRelationship {
    /// Agent id or account.
    pub target: String,
    /// −1..1.
    #[serde(default)]
    pub sentiment: f64,
    /// 0..1.
    #[serde(default)]
    pub familiarity: f64,
    /// 0..1.
    #[serde(default)]
    pub trust: f64,
    /// How many.
    #[serde(default)]
    pub interactions: u32,
    /// Kept for good.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A post on the timeline.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenPost {
    /// Decimal digits, growing.
    pub id: String,
    /// Account without `@`.
    pub author: String,
    /// The text.
    pub text: String,
    /// When; when the scenario begins where it is left out.
    pub at: Option<String>,
    /// The id of the post it answers.
    pub in_reply_to: Option<String>,
    /// The id of the post it quotes.
    pub quotes: Option<String>,
}

/// A timer that is set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenTimer {
    /// Its name.
    pub name: String,
    /// When it fires next: a moment, or `+2h`.
    pub at: String,
    /// `once` where it is left out.
    pub rule: Option<TimerRule>,
    /// Handed back when it fires.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub payload: toml::Table,
}

/// What the purse holds of a token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// Its address.
    pub mint: String,
    /// How people call it.
    pub symbol: String,
    /// In the smallest unit.
    pub amount: u64,
    /// Digits after the point of a whole token.
    pub decimals: u8,
}
