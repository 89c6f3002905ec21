//! `[tweet.policy]`: whom accounts on X hear and answer, what their texts may hold, and when nothing leaves.

use std::collections::BTreeSet;

use puppet_tweet::policy::{Marks, QuietHours};
use serde::Serialize;

use crate::{
    config::{read::Section, suggest},
    trouble::Result,
};

/// `[tweet.policy]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Where there are any, nobody else is heard.
    pub allow: BTreeSet<String>,
    /// They are not heard.
    pub deny: BTreeSet<String>,
    /// They are no strangers.
    pub friends: BTreeSet<String>,
    /// Strangers are heard, and not answered.
    pub never_reply_to_strangers: bool,
    /// The same text is not posted twice within so many days.
    pub duplicate_days: u64,
    /// Nothing leaves then; as it is written.
    pub quiet_hours: Option<String>,
    /// Links in a text: `allow`, `strip` or `refuse`.
    pub links: &'static str,
    /// Names with `@` in a text.
    pub mentions: &'static str,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow: BTreeSet::new(),
            deny: BTreeSet::new(),
            friends: BTreeSet::new(),
            never_reply_to_strangers: false,
            duplicate_days: 1,
            quiet_hours: None,
            links: Marks::Allow.name(),
            mentions: Marks::Allow.name(),
        }
    }
}

impl Policy {
    /// As it is kept to.
    pub fn rules(&self) -> puppet_tweet::policy::Policy {
        puppet_tweet::policy::Policy {
            allow: self.allow.clone(),
            deny: self.deny.clone(),
            friends: self.friends.clone(),
            never_reply_to_strangers: self.never_reply_to_strangers,
            duplicate_days: self.duplicate_days,
            quiet_hours: self.quiet_hours.as_deref().and_then(QuietHours::parse),
            links: marks(self.links).unwrap_or_default(),
            mentions: marks(self.mentions).unwrap_or_default(),
        }
    }

    /// Reads the section.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let mut policy = Self::default();
        let lists = [("allow", &mut policy.allow), ("deny", &mut policy.deny), ("friends", &mut policy.friends)];
        for (key, list) in lists {
            let Some(names) = section.texts(key)? else { continue };
            for name in names.value {
                let plain = name.trim_start_matches('@').to_ascii_lowercase();
                if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    let message = format!("`{name}` is no name of an account on X");
                    return Err(section.wrong(key, names.line, message, "letters, digits and `_`"));
                }
                list.insert(plain);
            }
        }
        if let Some(never) = section.boolean("never_reply_to_strangers")? {
            policy.never_reply_to_strangers = never.value;
        }
        if let Some(days) = section.integer("duplicate_days", 0..=366)? {
            policy.duplicate_days = days.value;
        }
        let hours = |text: &str| QuietHours::parse(text).map(|_| text.to_owned());
        let expected = "two times of the day, for example \"23:00-07:00\"";
        policy.quiet_hours = section.parsed("quiet_hours", expected, hours)?.map(|found| found.value);
        for (key, mark) in [("links", &mut policy.links), ("mentions", &mut policy.mentions)] {
            let Some(found) = section.text(key, "`allow`, `strip` or `refuse`")? else { continue };
            *mark = marks(&found.value).map(Marks::name).ok_or_else(|| {
                let remedy = suggest::remedy(&found.value, &Marks::ALL.map(Marks::name));
                section.wrong(key, found.line, format!("`{}` is no such word", found.value), remedy)
            })?;
        }
        Ok(policy)
    }
}

fn marks(name: &str) -> Option<Marks> {
    Marks::ALL.into_iter().find(|marks| marks.name() == name)
}
