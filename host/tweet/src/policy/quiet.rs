//! Hours in which nothing leaves.

use jiff::{civil, tz::TimeZone};
use puppet_types::Timestamp;

/// From one time of the day to another, over midnight where the second is the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute of it.
    pub from: civil::Time,
    /// The first minute after it.
    pub until: civil::Time,
}

impl QuietHours {
    /// Reads `23:00-07:00`; none where it is no such thing, or no time at all.
    pub fn parse(text: &str) -> Option<Self> {
        let time = |text: &str| civil::Time::strptime("%H:%M", text.trim()).ok();
        let (from, until) = text.split_once('-')?;
        let hours = Self { from: time(from)?, until: time(until)? };
        (hours.from != hours.until).then_some(hours)
    }

    /// When they end, where they last at a time in a zone (IANA name; UTC where there is no such); none where they do not.
    pub fn until(&self, at: Timestamp, zone: &str) -> Option<Timestamp> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let now = at.to_jiff().to_zoned(zone.clone());
        let time = now.time();
        let is_quiet = match self.from < self.until {
            true => (self.from..self.until).contains(&time),
            false => time >= self.from || time < self.until,
        };
        if !is_quiet {
            return None;
        }
        let day = if time < self.until { now.date() } else { now.date().tomorrow().ok()? };
        let end = day.to_datetime(self.until).to_zoned(zone.clone()).ok()?;
        let end = Timestamp::from_millis(end.timestamp().as_millisecond());
        // Where a clock is put back the end may lie behind.
        Some(end).filter(|end| *end > at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_end_in_the_morning_of_their_zone() {
        let night = QuietHours::parse("23:00-07:00").unwrap();
        let noon = QuietHours::parse("12:00 - 13:30").unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        for (hours, now, until) in [
            (night, "2026-07-01T20:59:59Z", None),
            (night, "2026-07-01T21:00:00Z", Some("2026-07-02T05:00:00Z")),
            (night, "2026-07-02T04:59:00Z", Some("2026-07-02T05:00:00Z")),
            (night, "2026-07-02T05:00:00Z", None),
            // One hour is left out of this night.
            (night, "2026-03-28T22:00:00Z", Some("2026-03-29T05:00:00Z")),
            (noon, "2026-07-01T10:30:00Z", Some("2026-07-01T11:30:00Z")),
            (noon, "2026-07-01T11:30:00Z", None),
        ] {
            assert_eq!(hours.until(at(now), "Europe/Berlin"), until.map(at), "{now}");
        }
        for bad in ["", "23:00", "7-8", "24:00-07:00", "07:00-07:00", "a-b"] {
            assert_eq!(QuietHours::parse(bad), None, "{bad}");
        }
    }
}
