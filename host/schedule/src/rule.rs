//! When a timer fires next. Pure.
//!
//! Cron is read in a time zone. A rule that names hours fires once for each time on the clock: times that the clock
//! skips in spring fire together at the first moment after the gap, times that it repeats in autumn fire the first
//! time only. A rule for every hour beats on through both changes.

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
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
    let zone = TimeZone::get(timezone).map_err(|_| BadCron::Zone(timezone.to_owned()))?;
    let hours = matching(0..24, |hour| cron.pattern.hour_match(hour).is_ok_and(|is| is));
    let next = if hours.len() == 24 {
        cron.find_next_occurrence(&now.to_jiff().to_zoned(zone), false).ok().map(|next| next.timestamp())
    } else {
        next_at_hours(&cron, &hours, &zone, now.to_jiff())
    };
    let next = next.map(|next| Timestamp::from_millis(next.as_millisecond()));
    next.filter(|next| *next > now).ok_or_else(|| BadCron::Never(expression.to_owned()))
}

/// A 29th of February on a given weekday comes at least this often, also over a century without a leap day.
const SEARCHED_DAYS: u32 = 50 * 366;

/// croner takes lists and ranges of times for a beat, so that a gap would swallow them; hence this search. The moment
/// of a clock time never lies before that of an earlier one, so the first one after `now` is the next.
fn next_at_hours(cron: &Cron, hours: &[i8], zone: &TimeZone, now: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let minutes = matching(0..60, |minute| cron.pattern.minute_match(minute).is_ok_and(|is| is));
    let mut date = zone.to_datetime(now).date();
    for _ in 0..SEARCHED_DAYS {
        let (year, month, day) = (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs());
        let weekday =
            croner::Weekday::from_days_from_sunday(u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs()));
        let is_day = cron.pattern.month_match(u32::from(month)).is_ok_and(|is| is)
            && cron.pattern.day_match(year, u32::from(month), u32::from(day), weekday).is_ok_and(|is| is);
        if is_day {
            let times = hours.iter().flat_map(|hour| minutes.iter().map(|minute| date.at(*hour, *minute, 0, 0)));
            if let Some(next) = times.filter_map(|time| moment(zone, time)).find(|moment| *moment > now) {
                return Some(next);
            }
        }
        date = date.tomorrow().ok()?;
    }
    None
}

/// When the clock shows a time: the first time if it does so twice, the end of the gap if never.
fn moment(zone: &TimeZone, time: DateTime) -> Option<jiff::Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            // By the clock after the change, a skipped time lies before it.
            let before_the_change = after.to_timestamp(time).ok()?;
            zone.following(before_the_change).next().map(|change| change.timestamp())
        }
    }
}

fn matching(range: std::ops::Range<i8>, is: impl Fn(u32) -> bool) -> Vec<i8> {
    range.filter(|value| is(u32::from(value.unsigned_abs()))).collect()
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
        assert_eq!(
            firings("0 9 * * *", "Asia/Tokyo", "2026-01-05T00:00:00Z", 2),
            ["2026-01-06T00:00:00.000Z", "2026-01-07T00:00:00.000Z"]
        );
        assert_eq!(
            firings("30 6 * * 1-5", "UTC", "2026-01-09T07:00:00Z", 2),
            ["2026-01-12T06:30:00.000Z", "2026-01-13T06:30:00.000Z"]
        );
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
    fn named_times_fire_once_each_over_a_change_of_the_clock() {
        for (expression, zone, from, wanted) in [
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00", "2026-03-30T00:30"]),
            ("0,30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]),
            ("30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", ["2026-03-29T01:00", "2026-03-29T01:30"]),
            ("0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", ["2026-03-29T01:00", "2026-03-30T00:00"]),
            ("*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:10:00Z", ["2026-10-25T00:30", "2026-10-26T01:00"]),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:00:00Z", ["2026-10-26T01:30", "2026-10-27T01:30"]),
            ("15-16 2 * * *", "America/New_York", "2026-03-08T06:00:00Z", ["2026-03-08T07:00", "2026-03-09T06:15"]),
            ("*/30 1 * * *", "America/New_York", "2026-11-01T05:10:00Z", ["2026-11-01T05:30", "2026-11-02T06:00"]),
        ] {
            let wanted = wanted.map(|minute| format!("{minute}:00.000Z"));
            assert_eq!(firings(expression, zone, from, 2), wanted, "{expression} {zone} from {from}");
        }
    }

    #[test]
    fn a_rule_for_every_hour_beats_on_over_a_change_of_the_clock() {
        for (zone, from) in [
            ("Europe/Berlin", "2026-03-28T22:00:00Z"),
            ("Europe/Berlin", "2026-10-24T22:00:00Z"),
            ("America/New_York", "2026-03-08T04:00:00Z"),
            ("America/New_York", "2026-11-01T03:00:00Z"),
        ] {
            let wanted: Vec<String> = (1..=12).map(|n| at(from).plus_millis(n * 1_800_000).to_string()).collect();
            assert_eq!(firings("*/30 * * * *", zone, from, 12), wanted, "{zone} from {from}");
        }
    }

    #[test]
    fn the_next_firing_lies_after_now_to_the_millisecond() {
        for (now, wanted) in [
            ("2026-01-05T08:59:59.999Z", "2026-01-05T09:00:00.000Z"),
            ("2026-01-05T09:00:00.000Z", "2026-01-06T09:00:00.000Z"),
            ("2026-01-05T09:00:00.500Z", "2026-01-06T09:00:00.000Z"),
        ] {
            assert_eq!(firings("0 9 * * *", "UTC", now, 1), [wanted], "{now}");
        }
        assert_eq!(firings("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1), ["2104-02-29T00:00:00.000Z"]);
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
