//! When a timer fires next. Pure.
//!
//! Cron is read in a time zone: an hour that the clock skips in spring fires at the first moment after it, one that
//! it repeats in autumn fires once.

use croner::parser::{CronParser, Seconds, Year};
use puppet_types::{TimerRule, Timestamp};

/// Why a cron rule cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCron {
    /// The five fields.
    #[error("`{expression}` is no cron rule of five fields (minute hour day month weekday): {reason}")]
    Expression {
        /// As given.
        expression: String,
        /// The parser's words.
        reason: String,
    },
    /// The zone.
    #[error("`{0}` is no time zone: use an IANA name, for example Europe/Berlin")]
    Zone(String),
    /// A date that does not exist.
    #[error("`{0}` never fires")]
    Never(String),
}

/// After a firing that was due at `previous` and happens at `now`: the next one, or none.
pub fn next_after(rule: &TimerRule, previous: Timestamp, now: Timestamp) -> Option<Timestamp> {
    match rule {
        TimerRule::Once => None,
        TimerRule::Every { interval_ms } => {
            // Firings that were missed are skipped; the beat is kept.
            let interval = (*interval_ms).max(1);
            let missed = now.millis_since(previous) / interval;
            Some(previous.plus_millis(interval.saturating_mul(missed + 1)))
        }
        TimerRule::Cron { expression, timezone } => next_cron(expression, timezone, now).ok(),
    }
}

/// The first moment after `now` that a cron rule names.
pub fn next_cron(expression: &str, timezone: &str, now: Timestamp) -> Result<Timestamp, BadCron> {
    let bad = |reason: String| BadCron::Expression { expression: expression.to_owned(), reason };
    if expression.split_whitespace().count() != 5 {
        return Err(bad("it has not five fields".to_owned()));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(expression).map_err(|error| bad(error.to_string()))?;
    let zone = jiff::tz::TimeZone::get(timezone).map_err(|_| BadCron::Zone(timezone.to_owned()))?;
    let next = cron.find_next_occurrence(&now.to_jiff().to_zoned(zone), false);
    let next = next.map_err(|_| BadCron::Never(expression.to_owned()))?;
    Ok(Timestamp::from_millis(next.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn firings(expression: &str, zone: &str, from: &str, n: usize) -> Vec<String> {
        let mut now = at(from);
        let mut all = Vec::new();
        for _ in 0..n {
            now = next_cron(expression, zone, now).unwrap();
            all.push(now.to_string());
        }
        all
    }

    #[test]
    fn every_keeps_its_beat_and_fires_once_for_what_was_missed() {
        let rule = TimerRule::Every { interval_ms: 1_000 };
        let ms = Timestamp::from_millis;
        assert_eq!(next_after(&rule, ms(5_000), ms(5_000)), Some(ms(6_000)));
        assert_eq!(next_after(&rule, ms(5_000), ms(5_400)), Some(ms(6_000)));
        assert_eq!(next_after(&rule, ms(5_000), ms(90_400)), Some(ms(91_000)));
        assert_eq!(next_after(&TimerRule::Once, ms(5_000), ms(5_000)), None);
    }

    #[test]
    fn cron_is_read_in_its_zone() {
        assert_eq!(firings("0 9 * * *", "Asia/Tokyo", "2026-01-05T00:00:00Z", 2), ["2026-01-06T00:00:00.000Z", "2026-01-07T00:00:00.000Z"]);
        assert_eq!(firings("30 6 * * 1-5", "UTC", "2026-01-09T07:00:00Z", 2), ["2026-01-12T06:30:00.000Z", "2026-01-13T06:30:00.000Z"]);
    }

    #[test]
    fn a_skipped_hour_fires_and_a_repeated_one_fires_once() {
        // Berlin skips 02:00–03:00 on 2026-03-29 and repeats it on 2026-10-25; New York on 03-08 and 11-01.
        for (zone, spring, autumn) in [
            ("Europe/Berlin", ["2026-03-27T12:00:00Z", "2026-03-29"], ["2026-10-23T12:00:00Z", "2026-10-25"]),
            ("America/New_York", ["2026-03-06T12:00:00Z", "2026-03-08"], ["2026-10-30T12:00:00Z", "2026-11-01"]),
        ] {
            for [from, day] in [spring, autumn] {
                let all = firings("30 2 * * *", zone, from, 4);
                let on_day = all.iter().filter(|firing| firing.starts_with(day)).count();
                assert_eq!(on_day, 1, "{zone} {day}: {all:?}");
                let times: Vec<i64> = all.iter().map(|firing| at(firing).as_millis()).collect();
                let hours: Vec<i64> = times.windows(2).map(|pair| (pair[1] - pair[0]) / 3_600_000).collect();
                assert!(hours.iter().all(|hours| (22..=26).contains(hours)), "{zone} {day}: {all:?}");
            }
        }
    }

    #[test]
    fn bad_rules_say_what_is_wrong() {
        let now = at("2026-01-05T00:00:00Z");
        for bad in ["", "* * * *", "* * * * * *", "61 * * * *", "x * * * *"] {
            assert!(matches!(next_cron(bad, "UTC", now), Err(BadCron::Expression { .. })), "{bad}");
        }
        assert_eq!(next_cron("* * * * *", "Mars/Base", now), Err(BadCron::Zone("Mars/Base".to_owned())));
        assert_eq!(next_cron("0 0 30 2 *", "UTC", now), Err(BadCron::Never("0 0 30 2 *".to_owned())));
    }
}
