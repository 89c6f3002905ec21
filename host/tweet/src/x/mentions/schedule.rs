//! When each account is due. One at a time is being asked for; whoever is hurried meanwhile is asked for once more.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use tokio::time::Instant;

/// See the head of this file. Accounts are numbers.
#[derive(Debug)]
pub(super) struct Schedule {
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// When each is due; none while it is being asked for.
    at: Vec<Option<Instant>>,
    /// Whether it is asked for once more as soon as it has been, and may be again.
    again: Vec<bool>,
    /// When each was taken out last.
    last: Vec<Option<Instant>>,
    /// Nobody comes again so soon, however hurried.
    apart: Duration,
}

impl Schedule {
    /// All are due at a time, and each no sooner than `apart` after the last time.
    pub(super) fn new(count: usize, at: Instant, apart: Duration) -> Self {
        let (due, last) = (BinaryHeap::new(), vec![None; count]);
        let mut schedule = Self { due, at: vec![None; count], again: vec![false; count], last, apart };
        (0..count).for_each(|n| schedule.put(n, at));
        schedule
    }

    /// When the first is due.
    pub(super) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, n))) = self.due.peek() {
            if self.at.get(*n) == Some(&Some(*at)) {
                return Some(*at);
            }
            self.due.pop();
        }
        None
    }

    /// Takes the first out.
    pub(super) fn take(&mut self, now: Instant) -> Option<usize> {
        self.next()?;
        let Reverse((_, n)) = self.due.pop()?;
        *self.at.get_mut(n)? = None;
        *self.last.get_mut(n)? = Some(now);
        Some(n)
    }

    /// One that was taken out is due then, or as soon as it may be where it was hurried.
    pub(super) fn give_back(&mut self, n: usize, at: Instant, now: Instant, may_hurry: bool) {
        let again = self.again.get_mut(n).is_some_and(std::mem::take);
        self.put(n, if again && may_hurry { self.soonest(n, now).min(at) } else { at });
    }

    /// One is due as soon as it may be.
    pub(super) fn hurry(&mut self, n: usize, now: Instant) {
        let soonest = self.soonest(n, now);
        match self.at.get(n) {
            Some(Some(at)) if *at > soonest => self.put(n, soonest),
            Some(None) => self.again.get_mut(n).into_iter().for_each(|again| *again = true),
            _ => {}
        }
    }

    /// One that is not being asked for is due now, however soon after the last time.
    pub(super) fn at_once(&mut self, n: usize, now: Instant) {
        if self.at.get(n).is_some_and(Option::is_some) {
            self.put(n, now);
        }
    }

    fn soonest(&self, n: usize, now: Instant) -> Instant {
        let last = self.last.get(n).copied().flatten();
        last.map_or(now, |last| now.max(last + self.apart))
    }

    fn put(&mut self, n: usize, at: Instant) {
        if let Some(place) = self.at.get_mut(n) {
            *place = Some(at);
            self.due.push(Reverse((at, n)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_due_once_and_whoever_is_hurried_comes_first() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut schedule = Schedule::new(3, now, Duration::ZERO);
        assert_eq!([schedule.take(now), schedule.take(now), schedule.take(now)], [Some(0), Some(1), Some(2)]);
        assert_eq!((schedule.next(), schedule.take(now)), (None, None));
        schedule.give_back(0, later(50), now, true);
        schedule.give_back(1, later(60), now, true);
        schedule.hurry(1, later(1));
        assert_eq!((schedule.next(), schedule.take(now)), (Some(later(1)), Some(1)));
        assert_eq!(schedule.next(), Some(later(50)), "its other time is gone");
        // While it is being asked for.
        schedule.hurry(2, now);
        schedule.give_back(2, later(70), now, true);
        assert_eq!(schedule.take(now), Some(2));
        schedule.hurry(2, now);
        schedule.give_back(2, later(70), now, false);
        assert_eq!((schedule.take(now), schedule.next()), (Some(0), Some(later(70))), "X asked to wait");
    }

    #[test]
    fn whoever_is_hurried_waits_until_it_may_be_asked_for_again() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut schedule = Schedule::new(1, now, Duration::from_secs(10));
        schedule.hurry(0, now);
        assert_eq!(schedule.take(now), Some(0), "the first time there is nothing to wait for");
        schedule.hurry(0, later(1));
        schedule.give_back(0, later(900), later(2), true);
        assert_eq!(schedule.next(), Some(later(10)));
        schedule.hurry(0, later(3));
        assert_eq!(schedule.next(), Some(later(10)), "no sooner");
        assert_eq!(schedule.take(later(10)), Some(0));
        schedule.give_back(0, later(910), later(11), true);
        schedule.hurry(0, later(30));
        assert_eq!(schedule.next(), Some(later(30)), "long ago");
    }
}
