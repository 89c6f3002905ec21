//! Times as people and exchanges write them: seconds, milliseconds, micro- and nanoseconds since 1970, RFC 3339, and
//! dates with or without a time of day in a named time zone.

use std::fmt;

use jiff::{civil, tz};

use crate::{DataError, decimal::Decimal};

/// The time zone of stamps that name none.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    zone: tz::TimeZone,
    name: String,
}

impl Zone {
    /// UTC, which is the default.
    pub fn utc() -> Self {
        Self { zone: tz::TimeZone::UTC, name: "UTC".into() }
    }

    /// By its name in the IANA database: `Europe/Berlin`.
    pub fn parse(name: &str) -> Result<Self, DataError> {
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Ok(Self::utc());
        }
        let zone = tz::TimeZone::get(name).map_err(|_| DataError::UnknownZone { name: name.to_owned() })?;
        Ok(Self { zone, name: name.to_owned() })
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A point in time, and whether the clock of its zone showed it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) millis: i64,
    pub(crate) is_ambiguous: bool,
}

/// Why a text is no time that is meant here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTime {
    Empty,
    Unreadable,
    /// The clock of the zone was set forward over it.
    Skipped,
    /// Not from 1980 to 2099.
    OutOfRange,
}

/// 1980-01-01.
const FIRST: i64 = 315_532_800_000;
/// 2100-01-01.
const END: i64 = 4_102_444_800_000;

/// Reads any of the forms.
pub(crate) fn parse(text: &[u8], zone: &Zone) -> Result<Stamped, NotTime> {
    if text.is_empty() {
        return Err(NotTime::Empty);
    }
    match Decimal::parse(text) {
        Ok(number) => epoch(number),
        Err(_) => civil_text(text, zone),
    }
}

/// A number since 1970. From 1980 to 2099 the four units do not overlap: the number says which it is.
pub(crate) fn epoch(number: Decimal) -> Result<Stamped, NotTime> {
    for unit_decimals in [3, 0, -3, -6] {
        if let Some(millis) = number.to_units_down(unit_decimals).and_then(|units| i64::try_from(units.units).ok())
            && (FIRST..END).contains(&millis)
        {
            return Ok(Stamped { millis, is_ambiguous: false });
        }
    }
    Err(NotTime::OutOfRange)
}

/// Milliseconds since 1970 that are known to be such.
pub(crate) fn millis(millis: i64) -> Result<Stamped, NotTime> {
    if (FIRST..END).contains(&millis) { Ok(Stamped { millis, is_ambiguous: false }) } else { Err(NotTime::OutOfRange) }
}

/// What a clock on the wall of the zone shows.
pub(crate) fn civil(time: civil::DateTime, zone: &Zone) -> Result<Stamped, NotTime> {
    let found = zone.zone.to_ambiguous_timestamp(time);
    let is_ambiguous = match found.offset() {
        tz::AmbiguousOffset::Unambiguous { .. } => false,
        tz::AmbiguousOffset::Gap { .. } => return Err(NotTime::Skipped),
        tz::AmbiguousOffset::Fold { .. } => true,
    };
    let at = found.compatible().map_err(|_| NotTime::OutOfRange)?;
    Ok(Stamped { is_ambiguous, ..millis(at.as_millisecond())? })
}

/// Two digits.
fn pair(text: &[u8]) -> Option<(i8, &[u8])> {
    match text {
        [a, b, rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some((i8::try_from((a - b'0') * 10 + (b - b'0')).ok()?, rest))
        }
        _ => None,
    }
}

/// Another two digits after a mark.
fn marked(mark: u8, text: &[u8]) -> Option<(i8, &[u8])> {
    text.strip_prefix(&[mark]).and_then(pair)
}

fn civil_text(text: &[u8], zone: &Zone) -> Result<Stamped, NotTime> {
    let (time, rest) = date_time(text).ok_or(NotTime::Unreadable)?;
    let rest = rest.trim_ascii();
    if rest.is_empty() {
        return civil(time, zone);
    }
    let seconds = offset(rest).ok_or(NotTime::Unreadable)?;
    let utc = civil(time, &Zone::utc()).map_err(|_| NotTime::OutOfRange)?;
    millis(utc.millis - seconds * 1_000)
}

/// `2026-01-05`, `2026/01/05`, then maybe `T` or a space, `15:04`, `:05`, `.678`; and what follows it.
fn date_time(text: &[u8]) -> Option<(civil::DateTime, &[u8])> {
    let (century, rest) = pair(text)?;
    let (year, rest) = pair(rest)?;
    let mark = *rest.first().filter(|mark| matches!(mark, b'-' | b'/'))?;
    let (month, rest) = marked(mark, rest)?;
    let (day, rest) = marked(mark, rest)?;
    let date = civil::Date::new(i16::from(century) * 100 + i16::from(year), month, day).ok()?;
    let Some((hour, rest)) = marked(b'T', rest).or_else(|| marked(b' ', rest)).or_else(|| marked(b't', rest)) else {
        return Some((date.at(0, 0, 0, 0), rest));
    };
    let (minute, rest) = marked(b':', rest)?;
    let (second, rest) = marked(b':', rest).unwrap_or((0, rest));
    let (nanosecond, rest) = fraction(rest)?;
    let time = civil::Time::new(hour, minute, second, nanosecond).ok()?;
    Some((date.to_datetime(time), rest))
}

/// `.678`, to nanoseconds; zero where there is none.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (digits, rest) = digits.split_at(count);
    let number = digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    Some((number * 10_i32.pow(9 - u32::try_from(count).ok()?), rest))
}

/// `Z`, `UTC`, `+01:00`, `+0100`, `+01`: seconds east of Greenwich.
fn offset(text: &[u8]) -> Option<i64> {
    if matches!(text, b"Z" | b"z" | b"UTC" | b"GMT") {
        return Some(0);
    }
    let (sign, rest) = match text {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = pair(rest)?;
    let (minutes, rest) = match rest {
        [] => (0, rest),
        [b':', rest @ ..] => pair(rest)?,
        rest => pair(rest)?,
    };
    (rest.is_empty() && hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
}

#[cfg(test)]
mod tests {
    use puppet_types::Timestamp;

    use super::*;

    fn read(text: &str, zone: &str) -> Result<String, NotTime> {
        let stamped = parse(text.as_bytes(), &Zone::parse(zone).unwrap())?;
        let mark = if stamped.is_ambiguous { " twice" } else { "" };
        Ok(format!("{}{mark}", Timestamp::from_millis(stamped.millis)))
    }

    #[test]
    fn one_time_is_written_in_many_ways() {
        for text in [
            "1767625445",
            "1767625445.000",
            "1767625445000",
            "1767625445000000",
            "1767625445000000000",
            "1.767625445e9",
            "2026-01-05T15:04:05Z",
            "2026-01-05 15:04:05",
            "2026/01/05 15:04:05",
            "2026-01-05t15:04:05.000z",
            "2026-01-05 15:04:05 UTC",
            "2026-01-05 15:04:05+00:00",
            "2026-01-05T16:34:05.000000000+0130",
            "2026-01-05 07:04:05 -08",
        ] {
            assert_eq!(read(text, "UTC").unwrap(), "2026-01-05T15:04:05.000Z", "{text}");
        }
        for (text, expected) in [
            ("2026-01-05", "2026-01-05T00:00:00.000Z"),
            ("2026-01-05 15:04", "2026-01-05T15:04:00.000Z"),
            ("1767625445.678", "2026-01-05T15:04:05.678Z"),
            ("1767625445678999", "2026-01-05T15:04:05.678Z"),
            ("2026-01-05T15:04:05.6789Z", "2026-01-05T15:04:05.678Z"),
        ] {
            assert_eq!(read(text, "UTC").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_zone_counts_where_a_stamp_names_none() {
        for (text, expected) in [
            ("2026-01-05 15:04", "2026-01-05T14:04:00.000Z"),
            ("2026-07-05", "2026-07-04T22:00:00.000Z"),
            ("2026-07-05T00:00:00Z", "2026-07-05T00:00:00.000Z"),
            ("1767625445", "2026-01-05T15:04:05.000Z"),
            // The clock is set back: the hour is there twice, and the first is meant.
            ("2026-10-25 02:30", "2026-10-25T00:30:00.000Z twice"),
        ] {
            assert_eq!(read(text, "Europe/Berlin").unwrap(), expected, "{text}");
        }
        assert_eq!(read("2026-03-29 02:30", "Europe/Berlin"), Err(NotTime::Skipped));
    }

    #[test]
    fn what_is_no_time_says_why() {
        for (text, expected) in [
            ("", NotTime::Empty),
            ("yesterday", NotTime::Unreadable),
            ("05.01.2026", NotTime::Unreadable),
            ("01/05/2026", NotTime::Unreadable),
            ("2026-13-05", NotTime::Unreadable),
            ("2026-02-30", NotTime::Unreadable),
            ("2026-01-05 25:00", NotTime::Unreadable),
            ("2026-01-05 15", NotTime::Unreadable),
            ("2026-01-05 15:04:05.", NotTime::Unreadable),
            ("2026-01-05 15:04:05 CEST", NotTime::Unreadable),
            ("2026-01-05 15:04+25:00", NotTime::Unreadable),
            ("0", NotTime::OutOfRange),
            ("20260105", NotTime::OutOfRange),
            ("1e300", NotTime::OutOfRange),
            ("1979-12-31", NotTime::OutOfRange),
            ("2100-01-01", NotTime::OutOfRange),
        ] {
            assert_eq!(read(text, "UTC"), Err(expected), "{text}");
        }
        assert!(matches!(Zone::parse("Mars/Base"), Err(DataError::UnknownZone { .. })));
    }
}
