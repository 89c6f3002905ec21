//! `[tweet.x.mentions]`: how what is said to accounts on X is heard.

use puppet_tweet::HearingTerms;
use serde::Serialize;

use crate::{
    config::{
        load::{LENGTH, length},
        read::Section,
    },
    trouble::Result,
};

/// Posts before a mention that may be read with it: each is a paid read.
const MOST_CONTEXT: u64 = 10;

/// `[tweet.x.mentions]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mentions {
    /// Whether anything is heard.
    pub enabled: bool,
    /// An account is asked for no more often. Milliseconds, and as it is written.
    pub every: (u64, String),
    /// An account that was never listened for is heard from so long ago on.
    pub backfill: (u64, String),
    /// So many posts before a mention are read with it.
    pub context: usize,
}

impl Default for Mentions {
    fn default() -> Self {
        let terms = HearingTerms::default();
        Self {
            enabled: true,
            every: (60_000, "60s".to_owned()),
            backfill: (0, "0s".to_owned()),
            context: terms.context,
        }
    }
}

impl Mentions {
    /// Reads the section.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut mentions = Self::default();
        if let Some(enabled) = section.boolean("enabled")? {
            mentions.enabled = enabled.value;
        }
        if let Some(every) = section.parsed("every", LENGTH, length)? {
            mentions.every = every.value;
        }
        let none = |text: &str| (text == "0s").then(|| (0, text.to_owned()));
        let expected = "`0s`, or a length of time from 1s to 366d, for example \"2h\"";
        if let Some(backfill) = section.parsed("backfill", expected, |text| none(text).or_else(|| length(text)))? {
            mentions.backfill = backfill.value;
        }
        if let Some(context) = section.integer("context", 0..=MOST_CONTEXT)? {
            mentions.context = usize::try_from(context.value).unwrap_or(0);
        }
        Ok(mentions)
    }
}
