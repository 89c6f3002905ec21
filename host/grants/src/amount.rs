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
    /// Bytes of memories written.
    Bytes,
    /// Timers set, and timers fired.
    Timers,
}

/// How long until a budget is whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Period {
    /// Calendar hour, UTC.
    Hour,
    /// Calendar day, UTC.
    Day,
}

impl Period {
    /// Length in milliseconds.
    pub const fn millis(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }
    /// `hour` or `day`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// So much of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// What.
    pub amount: Amount,
    /// How much, in [`Amount::unit`].
    pub quantity: u64,
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
        }
    }
    /// The unit that quantities are counted in.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Usd => "usd_micros",
            Self::Bytes => "bytes",
            _ => "count",
        }
    }
    /// `tokens/day` and the like.
    pub fn parse_key(key: &str) -> Result<(Self, Period), UnknownAmount> {
        let unknown = || UnknownAmount(key.to_owned());
        let (amount, period) = key.split_once('/').ok_or_else(unknown)?;
        let amount = Self::ALL.iter().find(|known| known.name() == amount).ok_or_else(unknown)?;
        let period = match period {
            "hour" => Period::Hour,
            "day" => Period::Day,
            _ => return Err(unknown()),
        };
        Ok((*amount, period))
    }
    fn known() -> Vec<String> {
        Self::ALL
            .iter()
            .flat_map(|amount| ["hour", "day"].map(|period| format!("{}/{period}", amount.name())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_amount_and_period() {
        assert_eq!(Amount::parse_key("tokens/day"), Ok((Amount::Tokens, Period::Day)));
        assert_eq!(Amount::parse_key("posts/hour"), Ok((Amount::Posts, Period::Hour)));
        for bad in ["tokens", "tokens/week", "coins/day", "/day", ""] {
            assert!(Amount::parse_key(bad).unwrap_err().to_string().contains("tokens/day"), "{bad}");
        }
    }

    #[test]
    fn every_amount_is_read_back_by_its_name_and_says_its_unit() {
        for amount in Amount::ALL {
            for period in [Period::Hour, Period::Day] {
                let key = format!("{}/{}", amount.name(), period.name());
                assert_eq!(Amount::parse_key(&key), Ok((*amount, period)));
            }
            let unit = match amount {
                Amount::Usd => "usd_micros",
                Amount::Bytes => "bytes",
                _ => "count",
            };
            assert_eq!(amount.unit(), unit);
        }
    }
}
