//! What the operator lets accounts do on a network with strangers: whom they hear, whom they answer, what a text may
//! hold, when nothing leaves. Pure: who asks brings the time, the zone, and what was posted before.

use std::collections::BTreeSet;

use jiff::{civil, tz::TimeZone};
use puppet_types::{AccountId, Timestamp};
use unicode_normalization::UnicodeNormalization;

use crate::{
    Action,
    platform::{PlatformRules, names},
    url,
};

/// What holds for everything that leaves for a network with strangers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingRules {
    /// The network's own.
    pub platform: PlatformRules,
    /// The operator's.
    pub policy: Policy,
}

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

/// What becomes of links, or of names, in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// They stay.
    #[default]
    Allow,
    /// They are taken out of the text.
    Strip,
    /// Such a text is refused.
    Refuse,
}

impl Marks {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Strip, Self::Refuse];
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Strip => "strip",
            Self::Refuse => "refuse",
        }
    }
}

/// From one time of the day to another, over midnight where the second is the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute of it.
    pub from: civil::Time,
    /// The first minute after it.
    pub until: civil::Time,
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

    /// Whether an author may be answered; `is_known`: an account of this host, or somebody the agent has met.
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

    /// The action as it may leave.
    ///
    /// # Errors
    /// A text holds what it may not, or nothing is left of it.
    pub fn cleaned(&self, action: Action) -> Result<Action, PolicyRefusal> {
        Ok(match action {
            Action::Post { text, images } => Action::Post { text: self.text(text)?, images },
            Action::Reply { to, text, images } => Action::Reply { to, text: self.text(text)?, images },
            Action::Quote { of, text } => Action::Quote { of, text: self.text(text)? },
            Action::Thread { parts } => {
                let parts = parts.into_iter().map(|part| self.text(part));
                Action::Thread { parts: parts.collect::<Result<_, _>>()? }
            }
            other @ (Action::Like { .. } | Action::Delete { .. }) => other,
        })
    }

    fn text(&self, text: String) -> Result<String, PolicyRefusal> {
        let mut text = text;
        // What is left where something was taken out is looked at again: each turn makes it shorter, or ends.
        loop {
            let before = text.clone();
            text = marked(text, self.mentions, PolicyRefusal::Mentions, names)?;
            text = marked(text, self.links, PolicyRefusal::Links, url::find)?;
            if text == before {
                break;
            }
        }
        if text.trim().is_empty() { Err(PolicyRefusal::Nothing) } else { Ok(text) }
    }
}

/// A text after a rule for what `find` finds in it.
fn marked(
    text: String,
    rule: Marks,
    refusal: PolicyRefusal,
    find: fn(&str) -> Vec<std::ops::Range<usize>>,
) -> Result<String, PolicyRefusal> {
    if rule == Marks::Allow {
        return Ok(text);
    }
    let found = find(&text);
    match (found.is_empty(), rule) {
        (true, _) => Ok(text),
        (false, Marks::Refuse) => Err(refusal),
        (false, _) => {
            let mut left = String::with_capacity(text.len());
            let mut at = 0;
            for range in found {
                left.push_str(text.get(at..range.start).unwrap_or_default());
                // What stood on both sides does not become one word.
                left.push(' ');
                at = range.end;
            }
            left.push_str(text.get(at..).unwrap_or_default());
            // What stood around it stands together now; lines stay.
            let lines = left.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            Ok(lines.collect::<Vec<_>>().join("\n").trim().to_owned())
        }
    }
}

/// A text as it is compared with others: letters and digits, lower-case, whatever stands between them.
pub fn normalized(text: &str) -> String {
    let words = text.nfkc().collect::<String>().to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    // Of nothing but signs, the signs.
    if words.is_empty() { text.split_whitespace().collect() } else { words.join(" ") }
}

impl QuietHours {
    /// Reads `23:00-07:00`; none where it is no such thing, or no time at all.
    pub fn parse(text: &str) -> Option<Self> {
        let time = |text: &str| civil::Time::strptime("%H:%M", text.trim()).ok();
        let (from, until) = text.split_once('-')?;
        let hours = Self { from: time(from)?, until: time(until)? };
        (hours.from != hours.until).then_some(hours)
    }

    /// When they end, where they last at a time in a zone (IANA name; UTC where there is no such); none where they do not.
    pub fn until(&self, at: Timestamp, zone: &str) -> Option<Timestamp> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let now = at.to_jiff().to_zoned(zone.clone());
        let time = now.time();
        let is_quiet = match self.from < self.until {
            true => (self.from..self.until).contains(&time),
            false => time >= self.from || time < self.until,
        };
        if !is_quiet {
            return None;
        }
        let day = if time < self.until { now.date() } else { now.date().tomorrow().ok()? };
        let end = day.to_datetime(self.until).to_zoned(zone.clone()).ok()?;
        let end = Timestamp::from_millis(end.timestamp().as_millisecond());
        // Where a clock is put back the end may lie behind.
        Some(end).filter(|end| *end > at)
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

    #[test]
    fn links_and_names_stay_go_or_are_refused() {
        let post = |text: &str| Action::Post { text: text.to_owned(), images: Vec::new() };
        let text = |action: Action| match action {
            Action::Post { text, .. } => text,
            other => panic!("{other:?}"),
        };
        let both = "Hi @ada, see https://example.org/x now\nmail me@example.org";
        let strip = Policy { links: Marks::Strip, mentions: Marks::Strip, ..Policy::default() };
        assert_eq!(text(strip.cleaned(post(both)).unwrap()), "Hi , see now\nmail me@example.org");
        assert_eq!(strip.cleaned(post("@ada https://example.org")), Err(PolicyRefusal::Nothing));
        for hidden in ["https:/@a/evil.com", "https://evil@b.com/x", "evil.@ada com @bob https:/@a/@b/evil.com/x"] {
            for links in [Marks::Refuse, Marks::Strip] {
                let policy = Policy { links, mentions: Marks::Strip, ..Policy::default() };
                if let Ok(left) = policy.cleaned(post(hidden)) {
                    let left = text(left);
                    assert!(url::find(&left).is_empty() && names(&left).is_empty(), "{hidden}: {left}");
                }
            }
        }
        let names_alone = Policy { mentions: Marks::Strip, ..Policy::default() };
        assert_eq!(
            text(names_alone.cleaned(post("https:/@a/evil")).unwrap()),
            "https:/ /evil",
            "nothing grows together"
        );
        let refuse = Policy { links: Marks::Refuse, ..Policy::default() };
        assert_eq!(refuse.cleaned(post(both)), Err(PolicyRefusal::Links));
        assert_eq!(refuse.cleaned(post("hi  @ada")), Ok(post("hi  @ada")), "what may stay stays as it is");
        let refuse = Policy { mentions: Marks::Refuse, ..Policy::default() };
        let thread = Action::Thread { parts: vec!["one".into(), "two @bob".into()] };
        assert_eq!(refuse.cleaned(thread), Err(PolicyRefusal::Mentions));
        assert_eq!(Policy::default().cleaned(post(both)), Ok(post(both)));
    }

    #[test]
    fn texts_are_the_same_whatever_stands_between_their_words() {
        assert_eq!(normalized("Good  morning!\nHarbour…"), normalized("good morning, ＨARBOUR"));
        assert_ne!(normalized("good morning"), normalized("good mornings"));
        assert_ne!(normalized("🔥"), normalized("🌊"));
        assert_ne!(normalized("see example.org/1"), normalized("see example.org/2"));
    }

    #[test]
    fn quiet_hours_end_in_the_morning_of_their_zone() {
        let night = QuietHours::parse("23:00-07:00").unwrap();
        let noon = QuietHours::parse("12:00 - 13:30").unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        for (hours, now, until) in [
            (night, "2026-07-01T20:59:59Z", None),
            (night, "2026-07-01T21:00:00Z", Some("2026-07-02T05:00:00Z")),
            (night, "2026-07-02T04:59:00Z", Some("2026-07-02T05:00:00Z")),
            (night, "2026-07-02T05:00:00Z", None),
            // One hour is left out of this night.
            (night, "2026-03-28T22:00:00Z", Some("2026-03-29T05:00:00Z")),
            (noon, "2026-07-01T10:30:00Z", Some("2026-07-01T11:30:00Z")),
            (noon, "2026-07-01T11:30:00Z", None),
        ] {
            assert_eq!(hours.until(at(now), "Europe/Berlin"), until.map(at), "{now}");
        }
        for bad in ["", "23:00", "7-8", "24:00-07:00", "07:00-07:00", "a-b"] {
            assert_eq!(QuietHours::parse(bad), None, "{bad}");
        }
    }
}
