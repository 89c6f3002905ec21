//! How long a 429 asks to wait. A window of 15 minutes and one of a day count beside each other, and the one with room
//! left is not the one to wait for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use puppet_reach::retry_after;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::windows::WindowKind;
use crate::plan::month_ends;

/// Where X says nothing.
pub(super) const UNTOLD: Duration = Duration::from_secs(60);
/// Where what was paid for is used up: nobody knows when more is paid.
pub(super) const UNPAID: Duration = Duration::from_secs(3_600);
/// No longer than a day and an hour, whatever is said.
const LONGEST: Duration = Duration::from_secs(25 * 3_600);
/// Seconds of a day.
const DAY: i64 = 86_400;

/// How long an answer says to wait, from now on; a second at least. None where it says nothing.
pub(super) fn told(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // Its resets are times of its own clock.
    let now = text(DATE.as_str()).and_then(date).or_else(|| seconds_of(now)).unwrap_or(0);
    let reset = |kind: WindowKind| {
        let window = kind.header();
        let reset: i64 = text(&format!("{window}-reset"))?.parse().ok()?;
        let left = text(&format!("{window}-remaining")).and_then(|left| left.parse::<i64>().ok());
        Some((reset, left.is_some_and(|left| left > 0)))
    };
    let windows: Vec<(i64, bool)> = WindowKind::ALL.into_iter().filter_map(reset).collect();
    let exhausted = windows.iter().filter(|(_, has_room)| !has_room).map(|(reset, _)| *reset).max();
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or(0));
    let asked = text(RETRY_AFTER.as_str()).and_then(|after| retry_after(after, at));
    let asked = asked.map(|wait| now.saturating_add_unsigned(wait.min(LONGEST).as_millis().div_ceil(1_000) as u64));
    // All have room: the next window is the best guess.
    let until = exhausted.max(asked).or_else(|| windows.iter().map(|(reset, _)| *reset).min());
    let wait = until.map(|until| Duration::from_secs(u64::try_from(until.saturating_sub(now)).unwrap_or(0)));
    wait.map(|wait| wait.clamp(Duration::from_secs(1), LONGEST))
}

/// Until the next day begins, UTC.
pub(super) fn until_day(now: SystemTime) -> Duration {
    let seconds = seconds_of(now).unwrap_or(0);
    Duration::from_secs(u64::try_from(DAY - seconds.rem_euclid(DAY)).unwrap_or(0))
}

/// Until the next month of a plan begins, which is that day of the calendar's, UTC.
pub(super) fn until_month(now: SystemTime, renews_on: i8) -> Duration {
    let seconds = seconds_of(now).unwrap_or(0);
    let next = month_ends(seconds.div_euclid(DAY), renews_on).saturating_mul(DAY);
    Duration::from_secs(u64::try_from(next - seconds).unwrap_or(0))
}

/// How long to wait between two requests, so that what is left lasts until the windows begin anew; none where X does not
/// say.
pub(super) fn pace(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let now = text(DATE.as_str()).and_then(date).or_else(|| seconds_of(now))?;
    let of_window = |kind: WindowKind| {
        let window = kind.header();
        let reset: i64 = text(&format!("{window}-reset"))?.parse().ok()?;
        let left: u32 = text(&format!("{window}-remaining"))?.parse().ok()?;
        let lasts = Duration::from_secs(u64::try_from(reset.saturating_sub(now)).unwrap_or(0)).min(kind.longest());
        Some(lasts / left.max(1))
    };
    WindowKind::ALL.into_iter().filter_map(of_window).max()
}

/// How far the clock of an answer is ahead of this machine's, where it says. It tells whole seconds.
pub(super) fn ahead_ms(headers: &HeaderMap, now: SystemTime) -> Option<i64> {
    let there = date(headers.get(DATE)?.to_str().ok()?.trim())?;
    Some((there - seconds_of(now)?).saturating_mul(1_000))
}

fn seconds_of(now: SystemTime) -> Option<i64> {
    i64::try_from(now.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Seconds since 1970.
fn date(text: &str) -> Option<i64> {
    puppet_reach::date(text).map(|at| at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_window_without_room_is_waited_for() {
        let now = 1_700_000_000;
        let cases: [(&[(&'static str, String)], u64); 9] = [
            (&[("x-rate-limit-reset", (now + 30).to_string()), ("x-rate-limit-remaining", "0".into())], 30),
            (&[("x-rate-limit-reset", (now + 30).to_string())], 30),
            (
                &[
                    ("x-rate-limit-reset", (now + 30).to_string()),
                    ("x-rate-limit-remaining", "7".into()),
                    ("x-user-limit-24hour-reset", (now + 900).to_string()),
                    ("x-user-limit-24hour-remaining", "0".into()),
                ],
                900,
            ),
            (&[("x-rate-limit-reset", (now + 30).to_string()), ("x-rate-limit-remaining", "7".into())], 30),
            (&[("retry-after", "12".into())], 12),
            (&[("retry-after", "Tue, 14 Nov 2023 22:13:30 GMT".into())], 10),
            (&[("x-rate-limit-reset", (now - 5).to_string())], 1),
            (&[("x-rate-limit-reset", i64::MAX.to_string())], 25 * 3_600),
            (&[("x-rate-limit-reset", "soon".into())], 60),
        ];
        for (headers, seconds) in cases {
            let map: HeaderMap =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let told = told(&map, UNIX_EPOCH + Duration::from_secs(now as u64)).unwrap_or(UNTOLD);
            assert_eq!(told.as_secs(), seconds, "{headers:?}");
        }
    }

    #[test]
    fn what_is_left_is_spread_over_its_window() {
        let now = 1_700_000_000;
        let pace = |pairs: &[(&'static str, i64)]| {
            let headers: HeaderMap =
                pairs.iter().map(|(name, value)| (name.parse().unwrap(), (*value).into())).collect();
            super::pace(&headers, UNIX_EPOCH + Duration::from_secs(now as u64)).map(|pace| pace.as_secs())
        };
        let window = [("x-rate-limit-reset", now + 600), ("x-rate-limit-remaining", 20)];
        let day = [("x-user-limit-24hour-reset", now + 40_000), ("x-user-limit-24hour-remaining", 100)];
        assert_eq!(pace(&window), Some(30));
        assert_eq!(pace(&[window, day].concat()), Some(400), "the tighter of the two");
        assert_eq!(pace(&[("x-rate-limit-reset", now + 600), ("x-rate-limit-remaining", 0)]), Some(600));
        let in_millis = |name| [(name, (now + 600) * 1_000)];
        let one = [in_millis("x-rate-limit-reset"), [("x-rate-limit-remaining", 1)]].concat();
        assert_eq!(pace(&one), Some(16 * 60), "no window is longer than its kind");
        assert_eq!(pace(&[("x-rate-limit-reset", now - 5), ("x-rate-limit-remaining", 1)]), Some(0));
        assert_eq!(pace(&window[..1]), None);
    }

    #[test]
    fn resets_are_times_of_the_clock_of_x() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Tue, 14 Nov 2023 22:13:20 UTC".parse().unwrap());
        headers.insert("x-rate-limit-reset", "1700000050".parse().unwrap());
        assert_eq!(told(&headers, UNIX_EPOCH), Some(Duration::from_secs(50)));
        assert_eq!(told(&HeaderMap::new(), UNIX_EPOCH), None);
    }

    #[test]
    fn a_plan_begins_anew_on_its_day() {
        let at =
            |text: &str| UNIX_EPOCH + Duration::from_secs(text.parse::<jiff::Timestamp>().unwrap().as_second() as u64);
        let days = |days: u64| Duration::from_secs(days * 86_400);
        assert_eq!(until_month(at("2026-01-31T00:00:00Z"), 1), days(1));
        assert_eq!(until_month(at("2026-02-01T00:00:00Z"), 1), days(28), "the day has begun");
        assert_eq!(until_month(at("2026-02-01T12:00:00Z"), 15), days(14) - Duration::from_secs(43_200));
        assert_eq!(until_month(at("2026-12-28T23:00:00Z"), 28), days(31) - Duration::from_secs(23 * 3_600));
        assert_eq!(until_day(at("2026-02-01T23:59:58Z")), Duration::from_secs(2));
    }
}
