//! What X asks for what is done through its API, in micro-dollars, and what a plan allows. The prices are those that were
//! published on [`PRICES_OF`]; who pays others says so in the configuration. Not here: who counts them.

use std::fmt;

use jiff::{ToSpan as _, civil};
use puppet_types::Timestamp;

use crate::{Action, url};

/// The day of the prices below.
pub const PRICES_OF: &str = "2026-11-22";

/// Ancestors of a post that are read, however many are asked for: X charges each.
pub(crate) const ANCESTORS: usize = 10;
/// X gives no fewer posts at a time, and charges for each.
pub(crate) const LEAST_READ: usize = 5;
/// And of a search no fewer than these.
pub(crate) const LEAST_FOUND: usize = 10;

/// Something that X asks a price for: a request that makes something, or one thing that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priced {
    /// A post, a quote, or a part of a thread.
    Post,
    /// The same with a link in its text, replies too.
    PostWithLink,
    /// An answer to somebody who summoned the account, or in its own thread.
    SummonedReply,
    /// A post that is read.
    PostRead,
    /// A user that is read.
    UserRead,
    /// A mention of the account, or a post of its own, or of its timeline, that is read.
    OwnRead,
}

impl Priced {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Post, Self::PostWithLink, Self::SummonedReply, Self::PostRead, Self::UserRead, Self::OwnRead];

    /// Its name in `[tweet.x.prices]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::PostWithLink => "post_with_link",
            Self::SummonedReply => "summoned_reply",
            Self::PostRead => "post_read",
            Self::UserRead => "user_read",
            Self::OwnRead => "own_read",
        }
    }

    /// Whether it is something that is read.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::PostRead | Self::UserRead | Self::OwnRead)
    }

    /// Of one text that is posted.
    pub fn of_text(text: &str, answers: bool) -> Self {
        match (!url::find(text).is_empty(), answers) {
            (true, _) => Self::PostWithLink,
            (false, true) => Self::SummonedReply,
            (false, false) => Self::Post,
        }
    }
}

/// Days since 1970, UTC.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(86_400_000)
}

/// The day on which the month of a plan began that this day is of; the plan begins anew on that day of the calendar's,
/// 1 to 28.
pub fn month_began(day: i64, renews_on: i8) -> i64 {
    let first = civil::date(1970, 1, 1);
    let began = first.checked_add(day.days()).ok().and_then(|today| {
        let this = today.with().day(renews_on).build().ok()?;
        if this <= today { Some(this) } else { this.checked_sub(1.month()).ok() }
    });
    let days = began.and_then(|began| first.until(began).ok()).map(|span| i64::from(span.get_days()));
    days.unwrap_or(day)
}

/// The day on which the next month of a plan begins.
pub fn month_ends(day: i64, renews_on: i8) -> i64 {
    // No month is longer, and none so short that this is the one after the next.
    month_began(month_began(day, renews_on) + 31, renews_on).max(day + 1)
}

/// Micro-dollars of each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Prices([u64; Priced::ALL.len()]);

impl Default for Prices {
    fn default() -> Self {
        Self([15_000, 200_000, 10_000, 5_000, 10_000, 1_000])
    }
}

impl fmt::Debug for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Priced::ALL.map(|of| (of.name(), self.price_of(of)))).finish()
    }
}

impl Prices {
    /// Nothing costs anything: `local`.
    pub const FREE: Self = Self([0; Priced::ALL.len()]);

    /// Micro-dollars of one.
    pub fn price_of(&self, of: Priced) -> u64 {
        self.0.get(of as usize).copied().unwrap_or(0)
    }

    /// Another price of one, in micro-dollars.
    pub fn set(&mut self, of: Priced, usd_micros: u64) {
        if let Some(price) = self.0.get_mut(of as usize) {
            *price = usd_micros;
        }
    }

    /// Micro-dollars of an action, all its parts. Likes and deletes have no price of their own.
    pub fn of_action(&self, action: &Action) -> u64 {
        let one = |text: &str, answers| self.price_of(Priced::of_text(text, answers));
        match action {
            Action::Post { text, .. } | Action::Quote { text, .. } => one(text, false),
            Action::Reply { text, .. } => one(text, true),
            Action::Thread { parts } => parts.iter().fold(0, |sum, part| sum.saturating_add(one(part, false))),
            Action::Like { .. } | Action::Delete { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_the_price_of_its_texts() {
        let prices = Prices::default();
        let post = |text: &str| Action::Post { text: text.to_owned(), images: Vec::new() };
        let reply = |text: &str| Action::Reply { to: "1".into(), text: text.to_owned(), images: Vec::new() };
        let thread = Action::Thread { parts: vec!["a".into(), "see example.org".into(), "b".into()] };
        for (action, usd_micros) in [
            (post("fog"), 15_000),
            (post("fog https://example.org/a"), 200_000),
            (post("fog example.org"), 200_000),
            (reply("yes"), 10_000),
            (reply("yes: https://example.org"), 200_000),
            (Action::Quote { of: "1".into(), text: "look".into() }, 15_000),
            (thread, 230_000),
            (Action::Like { of: "1".into() }, 0),
            (Action::Delete { of: "1".into() }, 0),
        ] {
            assert_eq!(prices.of_action(&action), usd_micros, "{action:?}");
            assert_eq!(Prices::FREE.of_action(&action), 0);
        }
    }

    #[test]
    fn a_month_of_a_plan_begins_on_its_day() {
        let day = |text: &str| day_of(Timestamp::parse(&format!("{text}T12:00:00.000Z")).unwrap());
        for (today, renews_on, began) in [
            ("2026-02-01", 1, "2026-02-01"),
            ("2026-02-28", 1, "2026-02-01"),
            ("2026-03-14", 15, "2026-02-15"),
            ("2026-03-15", 15, "2026-03-15"),
            ("2027-01-02", 28, "2026-12-28"),
        ] {
            assert_eq!(month_began(day(today), renews_on), day(began), "{today}");
        }
        for (today, renews_on, ends) in [
            ("2026-02-01", 1, "2026-03-01"),
            ("2026-01-31", 1, "2026-02-01"),
            ("2026-02-27", 28, "2026-02-28"),
            ("2026-02-28", 28, "2026-03-28"),
            ("2026-12-28", 28, "2027-01-28"),
        ] {
            assert_eq!(month_ends(day(today), renews_on), day(ends), "{today}");
        }
    }

    #[test]
    fn each_price_can_be_another() {
        for of in Priced::ALL {
            let mut prices = Prices::default();
            prices.set(of, 7);
            assert_eq!(prices.price_of(of), 7);
            let others = Priced::ALL.into_iter().filter(|other| *other != of);
            assert!(others.into_iter().all(|other| prices.price_of(other) == Prices::default().price_of(other)));
        }
    }
}
