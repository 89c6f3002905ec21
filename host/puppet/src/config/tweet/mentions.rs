//! `[tweet.x.mentions]`: how what is said to accounts on X is heard.

use puppet_tweet::{HearingTerms, Listening};
use serde::Serialize;

use crate::{
    config::{
        load::{LENGTH, length},
        read::Section,
        suggest,
    },
    trouble::Result,
};

/// Posts before a mention that may be read with it: each is a paid read.
const MOST_CONTEXT: u64 = 10;
/// And in a day.
const MOST_CONTEXT_PER_DAY: u64 = 1_000_000;

/// What is written, and what it means.
const WAYS: [(&str, Option<Listening>); 4] = [
    ("auto", Some(Listening::Auto)),
    ("poll", Some(Listening::Poll)),
    ("stream", Some(Listening::Stream)),
    ("none", None),
];

/// `[tweet.x.mentions]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mentions {
    /// Which way; none: nothing is heard.
    #[serde(skip)]
    pub by: Option<Listening>,
    /// An account is asked for no more often. Milliseconds, and as it is written.
    pub every: (u64, String),
    /// An account that was never listened for is heard from so long ago on.
    pub backfill: (u64, String),
    /// So many posts before a mention are read with it.
    pub context: usize,
    /// No more of them are read at X in a day for an account.
    pub context_per_day: usize,
}

impl Default for Mentions {
    fn default() -> Self {
        let terms = HearingTerms::default();
        Self {
            by: Some(terms.by),
            every: (60_000, "60s".to_owned()),
            backfill: (0, "0s".to_owned()),
            context: terms.context,
            context_per_day: terms.context_per_day,
        }
    }
}

impl Mentions {
    /// Which way, as it is written.
    pub fn way(&self) -> &'static str {
        WAYS.iter().find(|(_, way)| *way == self.by).map_or("none", |(name, _)| name)
    }

    /// Reads the section. `has_bearer`: of any app.
    pub(super) fn read(section: &Section<'_>, has_bearer: bool) -> Result<Self> {
        let mut mentions = Self::default();
        if let Some(by) = section.text("by", "`auto`, `poll`, `stream` or `none`")? {
            let named = WAYS.into_iter().find(|(name, _)| *name == by.value);
            let (_, way) = named.ok_or_else(|| {
                let remedy = suggest::remedy(&by.value, &WAYS.map(|(name, _)| name));
                section.wrong("by", by.line, format!("`{}` is no such word", by.value), remedy)
            })?;
            if way == Some(Listening::Stream) && !has_bearer {
                let message = "no app has a bearer token, which a stream needs";
                let remedy = "name one in [tweet.x.apps.<name>]: bearer_env, bearer_secret or bearer_credential";
                return Err(section.wrong("by", by.line, message, remedy));
            }
            mentions.by = way;
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
        if let Some(posts) = section.integer("context_per_day", 0..=MOST_CONTEXT_PER_DAY)? {
            mentions.context_per_day = usize::try_from(posts.value).unwrap_or(0);
        }
        Ok(mentions)
    }
}
