//! Times of a scenario: a moment (`2026-01-05T12:00:00Z`), or a length of time after the last one (`+90s`, `+5m`, `+2h`,
//! `+1d`, `+250ms`).

use puppet_types::Timestamp;

/// The length of `5m`, in milliseconds.
pub fn millis(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// The moment that a text names, where it is `now`.
pub fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.strip_prefix('+') {
        Some(length) => Some(now.plus_millis(millis(length)?)),
        None => Timestamp::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_or_so_much_later() {
        let now = Timestamp::parse("2026-01-05T12:00:00Z").unwrap();
        assert_eq!(moment("+90s", now), Some(now.plus_millis(90_000)));
        assert_eq!(moment("+1d", now), Timestamp::parse("2026-01-06T12:00:00Z"));
        assert_eq!(moment("2026-01-05T13:00:00Z", now), Some(now.plus_millis(3_600_000)));
        for bad in ["+", "+5", "+5w", "5m", "noon", "+99999999999999999999d"] {
            assert_eq!(moment(bad, now), None, "{bad}");
        }
    }
}
