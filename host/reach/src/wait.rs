//! Times in the head of an answer.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// How long `Retry-After` asks to wait from `now` on: seconds, also parts of them, or a date (RFC 9110 §10.2.3). However long:
/// whoever asks bounds it. None where it says neither.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    let wait = date(value)?.as_millisecond() - Timestamp::try_from(now).ok()?.as_millisecond();
    Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
}

/// A date as a head has it. Some write `UTC` where the others write `GMT`.
pub fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(&text.trim().replace("UTC", "GMT")).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_told_in_seconds_or_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (value, wanted) in [
            ("3", Some(3_000)),
            (" 0.25 ", Some(250)),
            ("Tue, 14 Nov 2023 22:13:30 GMT", Some(10_000)),
            ("Tue, 14 Nov 2023 22:13:30 UTC", Some(10_000)),
            ("Tue, 14 Nov 2023 22:13:00 GMT", Some(0)),
            ("soon", None),
            ("NaN", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), wanted.map(Duration::from_millis), "{value}");
        }
        for endless in ["inf", "1e300", "18446744073709551616"] {
            assert_eq!(retry_after(endless, now), Some(Duration::MAX), "{endless}");
        }
    }
}
