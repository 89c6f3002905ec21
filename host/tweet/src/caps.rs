//! What the operator lets a plan of X come to, at most: dollars in a day, posts and reads in its month, over all accounts and
//! apps. Here is how they stand; the bill of X keeps them (`x/bill`).

use puppet_store::Billed;
use puppet_types::Timestamp;

use crate::plan::{Priced, Prices, day_of, month_began, month_ends};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The caps. None: there is none of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps {
    /// Micro-dollars of what is posted and read in a day, UTC.
    pub usd_micros_per_day: Option<u64>,
    /// Posts in a month of the plan.
    pub posts_per_month: Option<u64>,
    /// Posts and users that are read in a month of the plan.
    pub reads_per_month: Option<u64>,
}

impl Caps {
    /// The limit of one.
    pub const fn limit(&self, of: Cap) -> Option<u64> {
        match of {
            Cap::UsdPerDay => self.usd_micros_per_day,
            Cap::PostsPerMonth => self.posts_per_month,
            Cap::ReadsPerMonth => self.reads_per_month,
        }
    }
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cap {
    /// Micro-dollars.
    UsdPerDay,
    /// Posts.
    PostsPerMonth,
    /// Posts and users that are read.
    ReadsPerMonth,
}

impl Cap {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::UsdPerDay, Self::PostsPerMonth, Self::ReadsPerMonth];

    /// Its name in `[tweet.x.plan]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsdPerDay => "usd_per_day",
            Self::PostsPerMonth => "posts_per_month",
            Self::ReadsPerMonth => "reads_per_month",
        }
    }

    /// What it counts: `usd_micros` or `count`.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::UsdPerDay => "usd_micros",
            Self::PostsPerMonth | Self::ReadsPerMonth => "count",
        }
    }

    /// When it is whole again. `now` by the clock of X.
    fn resets_at(self, now: Timestamp, renews_on: i8) -> Timestamp {
        let day = day_of(now);
        let day = match self {
            Self::UsdPerDay => day + 1,
            Self::PostsPerMonth | Self::ReadsPerMonth => month_ends(day, renews_on),
        };
        Timestamp::from_millis(day.saturating_mul(DAY_MS))
    }
}

/// What something comes to by each cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    usd_micros: u64,
    posts: u64,
    reads: u64,
}

impl Load {
    /// Of so many.
    pub fn new(prices: &Prices, what: Priced, count: u64) -> Self {
        let usd_micros = prices.price_of(what).saturating_mul(count);
        if what.is_read() {
            Self { usd_micros, posts: 0, reads: count }
        } else {
            Self { usd_micros, posts: count, reads: 0 }
        }
    }

    /// As a cap counts it.
    pub const fn of(&self, cap: Cap) -> u64 {
        match cap {
            Cap::UsdPerDay => self.usd_micros,
            Cap::PostsPerMonth => self.posts,
            Cap::ReadsPerMonth => self.reads,
        }
    }

    /// Both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            usd_micros: self.usd_micros.saturating_add(other.usd_micros),
            posts: self.posts.saturating_add(other.posts),
            reads: self.reads.saturating_add(other.reads),
        }
    }

    /// Without the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            usd_micros: self.usd_micros.saturating_sub(other.usd_micros),
            posts: self.posts.saturating_sub(other.posts),
            reads: self.reads.saturating_sub(other.reads),
        }
    }

    /// What days that were counted come to now: the dollars of today, and the posts and reads of the month of the plan.
    pub fn of_days<'a>(billed: impl IntoIterator<Item = &'a Billed>, now: Timestamp, renews_on: i8) -> Self {
        let today = day_of(now);
        let month = month_began(today, renews_on)..=today;
        billed.into_iter().filter(|billed| month.contains(&billed.day)).fold(Self::default(), |sum, billed| {
            let usd_micros = if billed.day == today { billed.usd_micros } else { 0 };
            sum.plus(Self { usd_micros, posts: billed.posts, reads: billed.reads })
        })
    }
}

/// How near its end a cap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CapState {
    /// Below 80 %.
    Ok,
    /// From 80 % on.
    Near,
    /// All of it.
    Spent,
}

impl CapState {
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Near => "near",
            Self::Spent => "spent",
        }
    }
}

/// How a cap stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapLine {
    /// Which.
    pub cap: Cap,
    /// All of it.
    pub limit: u64,
    /// What was counted.
    pub used: u64,
    /// The most that requests which are under way may come to.
    pub reserved: u64,
    /// When it is whole again, by the clock of X.
    pub resets_at: Timestamp,
}

impl CapLine {
    /// What is left.
    pub const fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used).saturating_sub(self.reserved)
    }

    /// How near its end it is, by what was counted.
    pub const fn state(&self) -> CapState {
        match self.used {
            used if used >= self.limit => CapState::Spent,
            used if used.saturating_mul(5) >= self.limit.saturating_mul(4) => CapState::Near,
            _ => CapState::Ok,
        }
    }
}

/// How those stand that there are. `now` by the clock of X.
pub fn lines(caps: &Caps, (used, reserved): (Load, Load), now: Timestamp, renews_on: i8) -> Vec<CapLine> {
    let line = |cap: Cap| {
        let (used, reserved) = (used.of(cap), reserved.of(cap));
        Some(CapLine { cap, limit: caps.limit(cap)?, used, reserved, resets_at: cap.resets_at(now, renews_on) })
    };
    Cap::ALL.into_iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_of_the_day_and_posts_and_reads_of_the_month() {
        let now = Timestamp::parse("2026-11-16T10:00:00.000Z").unwrap();
        let day = |before: i64| Billed {
            day: day_of(now) - before,
            account: "@ada".into(),
            posts: 1,
            reads: 10,
            usd_micros: 100,
        };
        // The month began on the 15th.
        let used = Load::of_days(&[day(2), day(1), day(0)], now, 15);
        assert_eq!(used, Load { usd_micros: 100, posts: 2, reads: 20 });
        let caps = Caps { usd_micros_per_day: Some(125), posts_per_month: None, reads_per_month: Some(20) };
        let lines = lines(&caps, (used, Load { reads: 3, ..Load::default() }), now, 15);
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.cap.name(), line.left(), line.state().name(), line.resets_at.to_string()))
            .collect();
        assert_eq!(
            told,
            [
                ("usd_per_day", 25, "near", "2026-11-17T00:00:00.000Z".to_owned()),
                ("reads_per_month", 0, "spent", "2026-12-15T00:00:00.000Z".to_owned()),
            ]
        );
    }
}
