//! Moments on the command line, as every flag takes them that is a TIME and not a length: `2026-01-05T00:00:00Z`, the same
//! without a zone as `journal` prints it, which is UTC, or a day, which is its first moment in UTC.

use jiff::{civil::DateTime, tz::TimeZone};
use puppet_types::Timestamp;

use crate::{
    duration,
    trouble::{Result, Trouble},
};

/// Reads one.
pub fn parse(text: &str) -> Option<Timestamp> {
    let in_utc = || {
        let at = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
    };
    Timestamp::parse(text).or_else(in_utc)
}

/// One, or so long ago.
pub fn since(text: &str, now: Timestamp, flag: &str) -> Result<Timestamp> {
    if let Some(at) = parse(text) {
        return Ok(at);
    }
    let ago = duration::parse(text).map_err(|_| {
        let message = format!("`{text}` is neither a time nor a length of time");
        let remedy = "write 2026-01-05T00:00:00Z, 2026-01-05 for that day in UTC, or 2h for two hours ago";
        Trouble::input("bad-value", message, remedy).of_field(flag)
    })?;
    let millis = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_millis(now.as_millis().saturating_sub(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_and_without_a_zone_it_is_utc() {
        let table = [
            ("2026-11-21T21:50:01Z", "2026-11-21T21:50:01Z"),
            ("2026-11-21T21:50:01", "2026-11-21T21:50:01Z"),
            ("2026-11-21 21:50", "2026-11-21T21:50:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("2026-11-21T23:50:01+02:00", "2026-11-21T21:50:01Z"),
        ];
        for (text, at) in table {
            assert_eq!(parse(text), Timestamp::parse(at), "{text}");
        }
        for text in ["", "21:50:01", "2026-13-01", "2026-11-21T25:00:00", "yesterday", "2h"] {
            assert_eq!(parse(text), None, "{text}");
        }
        let now = Timestamp::parse("2026-11-21T21:50:01Z").unwrap();
        assert_eq!(since("2h", now, "--since").unwrap(), Timestamp::parse("2026-11-21T19:50:01Z").unwrap());
        assert!(since("yesterday", now, "--since").unwrap_err().remedy.contains("UTC"));
    }
}
