//! `[tweet.policy]`: whom accounts on X hear and answer, what their texts may hold, and when nothing leaves.

use std::collections::BTreeSet;

use puppet_tweet::policy::{Marks, QuietHours};
use serde::Serialize;

use crate::{
    config::{grants_file::marks, read::Section},
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
            links: Marks::of_name(self.links).unwrap_or_default(),
            mentions: Marks::of_name(self.mentions).unwrap_or_default(),
        }
    }

    /// Reads the section: what it says stands in the place of what `base` says, key by key.
    pub(super) fn read(section: &Section<'_>, base: &Self) -> Result<Self> {
        let mut policy = base.clone();
        let lists = [("allow", &mut policy.allow), ("deny", &mut policy.deny), ("friends", &mut policy.friends)];
        for (key, list) in lists {
            let Some(names) = section.texts(key)? else { continue };
            list.clear();
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
        // An account can have none where the others have some.
        let hours = |text: &str| match text {
            "" => Some(None),
            _ => QuietHours::parse(text).map(|_| Some(text.to_owned())),
        };
        let expected = "two times of the day, for example \"23:00-07:00\", or \"\" for none";
        if let Some(found) = section.parsed("quiet_hours", expected, hours)? {
            policy.quiet_hours = found.value;
        }
        for (key, mark) in [("links", &mut policy.links), ("mentions", &mut policy.mentions)] {
            *mark = marks(section, key)?.map_or(*mark, Marks::name);
        }
        Ok(policy)
    }
}
