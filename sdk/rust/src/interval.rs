//! How long until the next time: intervals that vary as people's do, and waiting after errors.
//!
//! ```
//! use puppet_sdk::{interval::Interval, random::Random};
//!
//! let mut random = Random::new(7);
//! let next = Interval::hours(2.0, 6.0).draw(false, &mut random);
//! assert!((2 * 3_600_000..=6 * 3_600_000).contains(&next));
//! assert_eq!(puppet_sdk::interval::backoff_minutes(3, false), 15);
//! ```

use crate::{
    persona::PostFrequency,
    random::Random,
    time::{HOUR_MS, MINUTE_MS},
};

/// From so long to so long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    min: f64,
    max: f64,
}

impl Interval {
    /// In hours.
    pub fn hours(min: f64, max: f64) -> Self {
        Self { min, max }
    }
    /// Milliseconds until the next time, drawn as the original engine draws the time between posts: somewhere between the
    /// two, 0.7 to 0.9 of it at a peak and 1.1 to 1.3 else, half of the time up to five minutes more; never beyond the
    /// longer one. At a peak it may come sooner than the shorter one.
    pub fn draw(&self, is_peak: bool, random: &mut Random) -> u64 {
        let hour = HOUR_MS as f64;
        let base = (self.min + random.unit() * (self.max - self.min)) * hour;
        let factor = if is_peak { random.between(0.7, 0.9) } else { random.between(1.1, 1.3) };
        let mut interval = base * factor;
        if random.chance(0.5) {
            interval += random.unit() * 5.0 * MINUTE_MS as f64;
        }
        interval.min(self.max * hour).max(0.0) as u64
    }
}

impl From<&PostFrequency> for Interval {
    fn from(frequency: &PostFrequency) -> Self {
        Self::hours(frequency.min_hours_between_posts, frequency.max_hours_between_posts)
    }
}

/// Hours as milliseconds, floored; 0 for less than none.
///
/// ```
/// assert_eq!(puppet_sdk::interval::hours_ms(0.5), 1_800_000);
/// ```
pub fn hours_ms(hours: f64) -> u64 {
    (hours * HOUR_MS as f64).max(0.0) as u64
}

/// Minutes by errors in a row.
const MINUTES: [u64; 5] = [1, 5, 15, 30, 60];
/// The least after a rate limit.
const RATE_LIMITED_MINUTES: u64 = 15;

/// Minutes to wait after so many errors in a row: 1, 5, 15, 30, 60; after a rate limit 15 at least.
///
/// ```
/// assert_eq!(puppet_sdk::interval::backoff_minutes(1, true), 15);
/// ```
pub fn backoff_minutes(errors: u32, rate_limited: bool) -> u64 {
    let step = (errors.max(1) as usize - 1).min(MINUTES.len() - 1);
    if rate_limited { MINUTES[step].max(RATE_LIMITED_MINUTES) } else { MINUTES[step] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(peak: bool) -> Vec<f64> {
        let interval = Interval::hours(2.0, 6.0);
        let mut random = Random::new(11);
        (0..20_000).map(|_| interval.draw(peak, &mut random) as f64 / HOUR_MS as f64).collect()
    }

    #[test]
    fn peak_draws_follow_the_contract() {
        let draws = draws(true);
        let below = draws.iter().filter(|hours| **hours < 2.0).count() as f64 / draws.len() as f64;
        // Observed in the original: 1.42–5.43 h, 12 % below the minimum.
        assert!(draws.iter().all(|hours| (1.4..=5.49).contains(hours)));
        assert!((0.10..0.14).contains(&below), "{below}");
    }

    #[test]
    fn off_peak_draws_are_capped() {
        let draws = draws(false);
        let capped = draws.iter().filter(|hours| **hours >= 6.0).count() as f64 / draws.len() as f64;
        assert!(draws.iter().all(|hours| (2.2..=6.0).contains(hours)));
        // Observed in the original: 25.7 %.
        assert!((0.24..0.275).contains(&capped), "{capped}");
    }

    #[test]
    fn grows_with_errors_in_a_row() {
        let plain: Vec<u64> = (1..=7).map(|errors| backoff_minutes(errors, false)).collect();
        assert_eq!(plain, [1, 5, 15, 30, 60, 60, 60]);
        let limited: Vec<u64> = (1..=5).map(|errors| backoff_minutes(errors, true)).collect();
        assert_eq!(limited, [15, 15, 15, 30, 60]);
    }
}
