//! Points in time: milliseconds since 1970 UTC, printed as RFC 3339. Clocks live in the engine.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in time. Years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// The last instant that RFC 3339 can print: 9999-12-30T22:00:00Z in milliseconds.
const MAX_MILLIS: i64 = 253_402_207_200_000;

impl Timestamp {
    /// From milliseconds since 1970; clamped to 1970..9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, MAX_MILLIS))
    }
    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0
    }
    /// Later by so many milliseconds, never past the year 9999.
    pub fn plus_millis(self, millis: u64) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }
    /// Milliseconds from `earlier` to this, 0 if it is not earlier.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
    /// As a `jiff` timestamp.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
    /// The system's clock. Only the system clock of the engine asks it.
    pub fn from_system() -> Self {
        Self::from_millis(jiff::Timestamp::now().as_millisecond())
    }
    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self::from_millis(at.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}
impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an RFC 3339 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339_with_milliseconds() {
        let at = Timestamp::parse("2026-01-05T01:00:00+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-01-05T00:00:00.000Z");
        assert_eq!(at.plus_millis(5).to_string(), "2026-01-05T00:00:00.005Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).plus_millis(u64::MAX).to_string(), "9999-12-30T22:00:00.000Z");
    }
}
