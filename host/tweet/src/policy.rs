//! What the operator lets accounts do on a network with strangers: whom they hear, whom they answer, what a text may
//! hold, when nothing leaves. Pure: who asks brings the time, the zone, and what was posted before.

use std::collections::BTreeSet;

use puppet_types::{AccountId, Timestamp};

mod quiet;
mod ruling;
mod texts;

pub use puppet_grants::Marks;
pub use quiet::QuietHours;
pub use ruling::{PostingRules, Refused, Ruling};
pub use texts::{forms, normalized};

/// `[tweet.policy]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Where there are any, nobody else is heard. Lower-case, without `@`.
    pub allow: BTreeSet<String>,
    /// They are not heard, whatever else is said. Lower-case, without `@`.
    pub deny: BTreeSet<String>,
    /// They are no strangers. Lower-case, without `@`.
    pub friends: BTreeSet<String>,
    /// Strangers are heard, and not answered.
    pub never_reply_to_strangers: bool,
    /// The same text is not posted twice within so many days; 0: it is.
    pub duplicate_days: u64,
    /// Nothing leaves then.
    pub quiet_hours: Option<QuietHours>,
    /// Links in a text.
    pub links: Marks,
    /// Names with `@` in a text.
    pub mentions: Marks,
}

/// Why the operator's policy refuses something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyRefusal {
    /// Its author is not heard.
    Author,
    /// Its author is a stranger.
    Stranger,
    /// The same was posted a short while ago.
    Duplicate,
    /// The text holds a link.
    Links,
    /// The text names somebody.
    Mentions,
    /// Nothing is left of the text.
    Nothing,
}

impl PolicyRefusal {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Author, Self::Stranger, Self::Duplicate, Self::Links, Self::Mentions, Self::Nothing];
    /// As it is written everywhere.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Author => "author-not-heard",
            Self::Stranger => "reply-to-stranger",
            Self::Duplicate => "same-text-again",
            Self::Links => "link-not-allowed",
            Self::Mentions => "mention-not-allowed",
            Self::Nothing => "nothing-left-of-text",
        }
    }
    /// For people.
    pub const fn plain(self) -> &'static str {
        match self {
            Self::Author => "answers to authors who are denied, or not among those allowed",
            Self::Stranger => "answers to strangers",
            Self::Duplicate => "the same text again",
            Self::Links => "links",
            Self::Mentions => "names with `@`",
            Self::Nothing => "texts of which nothing is left without links and names",
        }
    }
}

impl Policy {
    /// Whether what an author says reaches an agent. Asked before an event is made of it.
    pub fn hears(&self, author: &AccountId) -> bool {
        let name = lower(author);
        !self.deny.contains(&name) && (self.allow.is_empty() || self.allow.contains(&name))
    }

    /// Whether an author may be answered; `is_known`: an account of this host. Whom an agent has met does not count.
    ///
    /// # Errors
    /// Not: why.
    pub fn answers(&self, author: &AccountId, is_known: bool) -> Result<(), PolicyRefusal> {
        if !self.hears(author) {
            return Err(PolicyRefusal::Author);
        }
        let name = lower(author);
        let is_stranger = !is_known && !self.friends.contains(&name) && !self.allow.contains(&name);
        match self.never_reply_to_strangers && is_stranger {
            true => Err(PolicyRefusal::Stranger),
            false => Ok(()),
        }
    }

    /// From when on a text counts as said before, for one that leaves at this time.
    pub fn duplicates_since(&self, at: Timestamp) -> Timestamp {
        let days = i64::try_from(self.duplicate_days.saturating_mul(86_400_000)).unwrap_or(i64::MAX);
        Timestamp::from_millis(at.as_millis().saturating_sub(days))
    }

    /// Whether it has to be known who wrote what is answered.
    pub fn minds_authors(&self) -> bool {
        self.never_reply_to_strangers || !self.allow.is_empty() || !self.deny.is_empty()
    }
}

fn lower(account: &AccountId) -> String {
    account.as_str().trim_start_matches('@').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn who_is_heard_and_who_is_answered() {
        let author = |name: &str| AccountId::new(name);
        let everybody = Policy::default();
        assert!(everybody.hears(&author("Ada")) && everybody.answers(&author("Ada"), false).is_ok());
        let denied = Policy { deny: names_of(&["ada"]), ..Policy::default() };
        assert!(!denied.hears(&author("ADA")) && denied.hears(&author("bob")));
        assert_eq!(denied.answers(&author("Ada"), true), Err(PolicyRefusal::Author));
        let few = Policy { allow: names_of(&["ada", "eve"]), deny: names_of(&["eve"]), ..Policy::default() };
        assert!(few.hears(&author("ada")) && !few.hears(&author("bob")) && !few.hears(&author("eve")));
        let shy = Policy { never_reply_to_strangers: true, friends: names_of(&["ada"]), ..Policy::default() };
        assert_eq!(shy.answers(&author("bob"), false), Err(PolicyRefusal::Stranger));
        assert!(shy.hears(&author("bob")) && shy.answers(&author("bob"), true).is_ok());
        assert!(shy.answers(&author("Ada"), false).is_ok());
    }
}
