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

/// `2026-01-05T00:00:00.000Z`. Every row of the journal holds several, which is why they are not printed by `jiff`:
/// a test holds the two together.
struct Printed([u8; 24]);

impl Printed {
    fn of(at: Timestamp) -> Self {
        let (days, millis) = (at.0.div_euclid(86_400_000), at.0.rem_euclid(86_400_000));
        // Civil date of a day, counted in eras of 400 years that begin in March.
        let day = days + 719_468;
        let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let mut text = Self(*b"0000-00-00T00:00:00.000Z");
        text.put(0..4, year);
        text.put(5..7, month);
        text.put(8..10, of_year - (153 * from_march + 2) / 5 + 1);
        text.put(11..13, millis / 3_600_000);
        text.put(14..16, millis / 60_000 % 60);
        text.put(17..19, millis / 1_000 % 60);
        text.put(20..23, millis % 1_000);
        text
    }

    fn put(&mut self, place: std::ops::Range<usize>, mut number: i64) {
        for digit in self.0[place].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Printed::of(*self).as_str())
    }
}
impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Printed::of(*self).as_str())
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
    fn prints_as_jiff_does() {
        let edges =
            [0, 951_782_399_999, 951_782_400_000, 951_868_800_000, 4_107_542_399_999, 4_107_542_400_000, MAX_MILLIS];
        let spread = (0..20_000_i64).map(|n| n.wrapping_mul(12_670_360_247_911) % MAX_MILLIS);
        for millis in edges.into_iter().chain(spread) {
            let at = Timestamp::from_millis(millis);
            assert_eq!(at.to_string(), format!("{:.3}", at.to_jiff()));
        }
    }

    #[test]
    fn prints_rfc_3339_with_milliseconds() {
        let at = Timestamp::parse("2026-01-05T01:00:00+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-01-05T00:00:00.000Z");
        assert_eq!(at.plus_millis(5).to_string(), "2026-01-05T00:00:00.005Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).plus_millis(u64::MAX).to_string(), "9999-12-30T22:00:00.000Z");
    }
}
