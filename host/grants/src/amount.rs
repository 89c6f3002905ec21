//! What a budget counts, and over what period. `tokens/day` in a manifest is [`Amount::Tokens`] per [`Period::Day`].

use serde::{Deserialize, Serialize};

/// A real thing that can run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Amount {
    /// Prompt and completion tokens.
    Tokens,
    /// Dollars, counted in millionths.
    Usd,
    /// Posts, quotes, and each part of a thread.
    Posts,
    /// Replies.
    Replies,
    /// Likes.
    Likes,
    /// Posts taken back.
    Deletes,
    /// Events emitted.
    Events,
    /// Memories written.
    Rows,
    /// Bytes of memories written, and of what is sent and received over the web.
    Bytes,
    /// Timers: set and fired over time, or set at once.
    Timers,
    /// Agents that one event is sent to.
    Targets,
    /// Swaps proposed.
    Swaps,
    /// Lamports given in swaps: over time, or in one.
    Lamports,
    /// Requests to hosts of the web.
    Requests,
}

/// How long until a budget is whole again; or that it never is, and bounds what is there at one time.
///
/// Windows are calendar hours and days, no token buckets: "4 an hour" is then never more than four in any hour that an
/// operator looks at, where a bucket of four that fills up again lets almost eight through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// Calendar hour, UTC.
    Hour,
    /// Calendar day, UTC.
    Day,
    /// None: what is there at once, or goes at once. Nothing of it comes back with time.
    AtOnce,
}

impl Period {
    /// Length in milliseconds; none for what is there at once.
    pub const fn millis(self) -> Option<i64> {
        match self {
            Self::Hour => Some(3_600_000),
            Self::Day => Some(86_400_000),
            Self::AtOnce => None,
        }
    }
    /// `hour` or `day`; none for what is there at once.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Hour => Some("hour"),
            Self::Day => Some("day"),
            Self::AtOnce => None,
        }
    }
}

/// So much of an amount, drawn on its budgets per hour and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// What.
    pub amount: Amount,
    /// How much, in [`Amount::unit`].
    pub quantity: u64,
}

/// How much of an amount would be there after a decision: what bounds it at once is compared with this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// What.
    pub amount: Amount,
    /// How much, in [`Amount::unit`].
    pub reached: u64,
}

/// A key of a manifest that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no amount: use one of {known}", known = Amount::known().join(", "))]
pub struct UnknownAmount(pub String);

impl Amount {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Tokens,
        Self::Usd,
        Self::Posts,
        Self::Replies,
        Self::Likes,
        Self::Deletes,
        Self::Events,
        Self::Rows,
        Self::Bytes,
        Self::Timers,
        Self::Targets,
        Self::Swaps,
        Self::Lamports,
        Self::Requests,
    ];
    /// Name in manifests and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Usd => "usd",
            Self::Posts => "posts",
            Self::Replies => "replies",
            Self::Likes => "likes",
            Self::Deletes => "deletes",
            Self::Events => "events",
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::Timers => "timers",
            Self::Targets => "targets",
            Self::Swaps => "swaps",
            Self::Lamports => "lamports",
            Self::Requests => "requests",
        }
    }
    /// The unit that quantities are counted in.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Usd => "usd_micros",
            Self::Bytes => "bytes",
            Self::Lamports => "lamports",
            _ => "count",
        }
    }
    /// What it can be bounded over.
    pub const fn periods(self) -> &'static [Period] {
        use Period::{AtOnce, Day, Hour};
        match self {
            Self::Rows | Self::Bytes | Self::Timers | Self::Lamports => &[Hour, Day, AtOnce],
            Self::Targets => &[AtOnce],
            _ => &[Hour, Day],
        }
    }
    /// As it stands in manifests: `tokens/day`, or `timers` for those that are set at once.
    pub fn key(self, period: Period) -> String {
        period.name().map_or_else(|| self.name().to_owned(), |period| format!("{}/{period}", self.name()))
    }
    /// All its keys.
    pub fn keys(self) -> impl Iterator<Item = String> {
        self.periods().iter().map(move |period| self.key(*period))
    }
    /// `tokens/day` and the like.
    pub fn parse_key(key: &str) -> Result<(Self, Period), UnknownAmount> {
        let pairs = Self::ALL.iter().flat_map(|amount| amount.periods().iter().map(|period| (*amount, *period)));
        let mut pairs = pairs.filter(|(amount, period)| amount.key(*period) == key);
        pairs.next().ok_or_else(|| UnknownAmount(key.to_owned()))
    }
    fn known() -> Vec<String> {
        Self::ALL.iter().flat_map(|amount| amount.keys()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_amount_and_period() {
        assert_eq!(Amount::parse_key("tokens/day"), Ok((Amount::Tokens, Period::Day)));
        assert_eq!(Amount::parse_key("posts/hour"), Ok((Amount::Posts, Period::Hour)));
        assert_eq!(Amount::parse_key("timers"), Ok((Amount::Timers, Period::AtOnce)));
        assert_eq!(Amount::parse_key("timers/day"), Ok((Amount::Timers, Period::Day)));
        assert_eq!(Amount::parse_key("targets"), Ok((Amount::Targets, Period::AtOnce)));
        for bad in ["tokens", "tokens/week", "coins/day", "/day", "", "targets/day", "posts", "rows/"] {
            assert!(Amount::parse_key(bad).unwrap_err().to_string().contains("tokens/day"), "{bad}");
        }
    }

    #[test]
    fn every_amount_is_read_back_by_its_name_and_says_its_unit() {
        for amount in Amount::ALL {
            for period in amount.periods() {
                let key = match period {
                    Period::Hour => format!("{}/hour", amount.name()),
                    Period::Day => format!("{}/day", amount.name()),
                    Period::AtOnce => amount.name().to_owned(),
                };
                assert_eq!(Amount::parse_key(&key), Ok((*amount, *period)));
            }
            let unit = match amount {
                Amount::Usd => "usd_micros",
                Amount::Bytes => "bytes",
                Amount::Lamports => "lamports",
                _ => "count",
            };
            assert_eq!(amount.unit(), unit);
        }
    }
}
