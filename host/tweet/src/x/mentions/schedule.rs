//! When each account is due. One at a time is being asked for; whoever is hurried meanwhile is asked for once more.

use std::{cmp::Reverse, collections::BinaryHeap};

use tokio::time::Instant;

/// See the head of this file. Accounts are numbers.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// When each is due; none while it is being asked for.
    at: Vec<Option<Instant>>,
    /// Whether it is asked for once more as soon as it has been.
    again: Vec<bool>,
}

impl Schedule {
    /// All are due at a time.
    pub(super) fn new(count: usize, at: Instant) -> Self {
        let mut schedule = Self { at: vec![None; count], again: vec![false; count], ..Self::default() };
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
    pub(super) fn take(&mut self) -> Option<usize> {
        self.next()?;
        let Reverse((_, n)) = self.due.pop()?;
        *self.at.get_mut(n)? = None;
        Some(n)
    }

    /// One that was taken out is due then, or now where it was hurried and may be.
    pub(super) fn give_back(&mut self, n: usize, at: Instant, now: Instant, may_hurry: bool) {
        let again = self.again.get_mut(n).is_some_and(std::mem::take);
        self.put(n, if again && may_hurry { now } else { at });
    }

    /// One is due now.
    pub(super) fn hurry(&mut self, n: usize, now: Instant) {
        match self.at.get(n) {
            Some(Some(at)) if *at > now => self.put(n, now),
            Some(None) => self.again.get_mut(n).into_iter().for_each(|again| *again = true),
            _ => {}
        }
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_is_due_once_and_whoever_is_hurried_comes_first() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut schedule = Schedule::new(3, now);
        assert_eq!([schedule.take(), schedule.take(), schedule.take()], [Some(0), Some(1), Some(2)]);
        assert_eq!((schedule.next(), schedule.take()), (None, None));
        schedule.give_back(0, later(50), now, true);
        schedule.give_back(1, later(60), now, true);
        schedule.hurry(1, later(1));
        assert_eq!((schedule.next(), schedule.take()), (Some(later(1)), Some(1)));
        assert_eq!(schedule.next(), Some(later(50)), "its other time is gone");
        // While it is being asked for.
        schedule.hurry(2, now);
        schedule.give_back(2, later(70), now, true);
        assert_eq!(schedule.take(), Some(2));
        schedule.hurry(2, now);
        schedule.give_back(2, later(70), now, false);
        assert_eq!((schedule.take(), schedule.next()), (Some(0), Some(later(70))), "X asked to wait");
    }
}
