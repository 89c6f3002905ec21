//! Strikes of a plugin version: each breach backs it off for longer, too many in a while quarantine it, calm forgives.
//! A pure state machine: whoever holds it says what time it is.

use std::collections::VecDeque;

use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

/// When a version backs off and when it is quarantined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StrikeRules {
    /// Minutes of back-off after the first strike, the second, and so on; the last repeats.
    pub back_off_minutes: Vec<u64>,
    /// Strikes within the window that quarantine a version.
    pub quarantine_after: u32,
    /// The window, and how long without a strike until all are forgiven, in minutes.
    pub window_minutes: u64,
}

impl Default for StrikeRules {
    fn default() -> Self {
        Self { back_off_minutes: vec![1, 5, 15, 30, 60], quarantine_after: 10, window_minutes: 60 }
    }
}

/// Whether a version may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Good,
    /// Not before.
    BackOff {
        /// When it may again.
        until: Timestamp,
    },
    /// Not until an operator releases it.
    Quarantined,
}

/// The strikes of one version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Strikes {
    recent: VecDeque<Timestamp>,
    level: u32,
    until: Option<Timestamp>,
    quarantined: bool,
    /// Changes so far: which of two is the later.
    revision: u64,
}

/// What a strike changed: enough to take it back where it could not be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "one that is not stored is taken back"]
pub struct Strike {
    /// How the version stands with it.
    pub standing: Standing,
    at: Timestamp,
    /// The level and the back-off before, where it began one, and the end of that.
    began: Option<(u32, Option<Timestamp>, Timestamp)>,
}

const MINUTE: u64 = 60_000;

impl Strikes {
    /// Counts a breach at a time. Breaches of calls that were under way when the back-off began count towards
    /// quarantine, but do not make the back-off longer: they are the same fault.
    pub fn strike(&mut self, at: Timestamp, rules: &StrikeRules) -> Strike {
        self.revision += 1;
        self.forgive(at, rules);
        self.recent.push_back(at);
        let window = rules.window_minutes.saturating_mul(MINUTE);
        while self.recent.front().is_some_and(|first| at.millis_since(*first) >= window) {
            self.recent.pop_front();
        }
        self.quarantined |= self.is_too_many(rules);
        let mut began = None;
        if self.until.is_none_or(|until| at >= until) {
            let level = usize::try_from(self.level).unwrap_or(usize::MAX);
            let minutes = rules.back_off_minutes.get(level).or(rules.back_off_minutes.last()).copied().unwrap_or(0);
            let until = at.plus_millis(minutes.saturating_mul(MINUTE));
            began = Some((self.level, self.until, until));
            self.until = Some(until);
            self.level = self.level.saturating_add(1);
        }
        Strike { standing: self.standing(at), at, began }
    }

    /// Takes a strike back that could not be stored: its event comes again, and is struck again for the same fault.
    pub fn take_back(&mut self, strike: &Strike, rules: &StrikeRules) {
        let Some(place) = self.recent.iter().rposition(|at| *at == strike.at) else { return };
        self.revision += 1;
        self.recent.remove(place);
        self.quarantined &= self.is_too_many(rules);
        if let Some((level, before, until)) = strike.began
            && self.until == Some(until)
        {
            (self.level, self.until) = (level, before);
        }
    }

    fn is_too_many(&self, rules: &StrikeRules) -> bool {
        self.recent.len() as u64 >= u64::from(rules.quarantine_after.max(1))
    }

    /// Whether the version may run at a time.
    pub fn standing(&self, at: Timestamp) -> Standing {
        match self.until {
            _ if self.quarantined => Standing::Quarantined,
            Some(until) if at < until => Standing::BackOff { until },
            _ => Standing::Good,
        }
    }

    /// Strikes within the window that ends at the last one.
    pub fn count(&self) -> u32 {
        u32::try_from(self.recent.len()).unwrap_or(u32::MAX)
    }

    /// How often it changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The operator lets it run again, with a clean slate.
    pub fn release(&mut self) {
        *self = Self { revision: self.revision + 1, ..Self::default() };
    }

    /// A window without a strike, counted from the end of the last back-off, wipes the slate. Quarantine stays.
    fn forgive(&mut self, at: Timestamp, rules: &StrikeRules) {
        let calm = rules.window_minutes.saturating_mul(MINUTE);
        if self.until.is_some_and(|until| at.millis_since(until) >= calm) {
            self.level = 0;
            self.until = None;
            self.recent.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: u64) -> Timestamp {
        Timestamp::from_millis(0).plus_millis(minute * MINUTE)
    }

    #[test]
    fn back_off_grows_and_calm_forgives() {
        let rules = StrikeRules::default();
        let mut strikes = Strikes::default();
        assert_eq!(strikes.standing(minute(0)), Standing::Good);
        // (strike at, may run again at)
        let table = [(0, 1), (1, 6), (6, 21), (30, 60), (70, 130), (130, 190), (249, 309), (369, 370), (370, 375)];
        for (at, again) in table {
            assert_eq!(
                strikes.strike(minute(at), &rules).standing,
                Standing::BackOff { until: minute(again) },
                "at {at}"
            );
            assert_eq!(strikes.standing(minute(again)), Standing::Good, "at {at}");
        }
    }

    #[test]
    fn calls_under_way_do_not_lengthen_the_back_off_but_quarantine() {
        let rules = StrikeRules::default();
        let mut strikes = Strikes::default();
        for _ in 0..9 {
            assert_eq!(strikes.strike(minute(5), &rules).standing, Standing::BackOff { until: minute(6) });
        }
        assert_eq!(strikes.strike(minute(5), &rules).standing, Standing::Quarantined);
        assert_eq!(strikes.count(), 10);
        assert_eq!(strikes.standing(minute(100_000)), Standing::Quarantined);
        strikes.release();
        assert_eq!((strikes.standing(minute(5)), strikes.count()), (Standing::Good, 0));
    }

    #[test]
    fn only_strikes_of_the_window_count() {
        let rules = StrikeRules { back_off_minutes: vec![], quarantine_after: 3, window_minutes: 60 };
        let mut strikes = Strikes::default();
        for (at, standing) in
            [(0, Standing::Good), (30, Standing::Good), (60, Standing::Good), (61, Standing::Quarantined)]
        {
            assert_eq!(strikes.strike(minute(at), &rules).standing, standing, "at {at}");
        }
    }

    #[test]
    fn strikes_that_could_not_be_stored_leave_nothing() {
        let rules = StrikeRules { quarantine_after: 3, ..StrikeRules::default() };
        let mut strikes = Strikes::default();
        let first = strikes.strike(minute(0), &rules);
        let before = (strikes.standing(minute(6)), strikes.count(), strikes.level, strikes.until);
        let under_way = [minute(5), minute(5)].map(|at| strikes.strike(at, &rules));
        assert_eq!(under_way[1].standing, Standing::Quarantined);
        for strike in &under_way {
            strikes.take_back(strike, &rules);
        }
        assert_eq!((strikes.standing(minute(6)), strikes.count(), strikes.level, strikes.until), before);
        let revision = strikes.revision();
        strikes.release();
        strikes.take_back(&first, &rules);
        assert_eq!((strikes.count(), strikes.revision()), (0, revision + 1), "a release has forgiven it already");
    }

    #[test]
    fn every_change_is_counted_so_that_the_later_of_two_is_known() {
        let rules = StrikeRules::default();
        let mut strikes = Strikes::default();
        assert_eq!(strikes.revision(), 0);
        let first = strikes.strike(minute(0), &rules);
        assert_eq!(strikes.revision(), 1);
        let _ = strikes.strike(minute(5), &rules);
        strikes.take_back(&first, &rules);
        assert_eq!((strikes.revision(), strikes.count()), (3, 1));
        strikes.take_back(&first, &rules);
        assert_eq!(strikes.revision(), 3, "there is nothing to take back");
        strikes.release();
        assert_eq!(strikes.revision(), 4);
    }
}
