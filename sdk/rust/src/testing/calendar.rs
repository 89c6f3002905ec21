//! Civil time from milliseconds, for a fixed offset: enough for tests.

use crate::agent::LocalTime;

/// A time at an offset from UTC.
pub(super) fn local_time(at_ms: u64, offset_minutes: i64) -> LocalTime {
    let minutes = (at_ms / 60_000) as i64 + offset_minutes;
    let days = minutes.div_euclid(1_440);
    let of_day = minutes.rem_euclid(1_440);
    // Days to a date of the proleptic Gregorian calendar, years beginning in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    LocalTime {
        year: (year_of_era + era * 400 + i64::from(month <= 2)) as i32,
        month: month as u8,
        day: (of_year - (153 * month_from_march + 2) / 5 + 1) as u8,
        hour: (of_day / 60) as u8,
        minute: (of_day % 60) as u8,
        // 1970-01-01 was a Thursday.
        weekday: ((days + 3).rem_euclid(7) + 1) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_dates() {
        let monday = local_time(1_767_571_200_000, 0);
        assert_eq!((monday.year, monday.month, monday.day, monday.hour, monday.weekday), (2026, 1, 5, 0, 1));
        let sunday = local_time(1_767_571_200_000, -30);
        assert_eq!((sunday.day, sunday.hour, sunday.minute, sunday.weekday), (4, 23, 30, 7));
        let leap = local_time(1_709_164_800_000, 0);
        assert_eq!((leap.year, leap.month, leap.day), (2024, 2, 29));
    }
}
