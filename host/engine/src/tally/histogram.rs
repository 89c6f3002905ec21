//! How many were how large.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts by upper bounds, and the sum.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One more than bounds: what is beyond the last.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Upper bounds, each with how many were no larger than that.
    pub within: Vec<(u64, u64)>,
    /// How many there were.
    pub count: u64,
    /// Of all of them.
    pub sum: u64,
}

impl Histogram {
    /// With these upper bounds, ascending.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// One more.
    pub fn add(&self, value: u64) {
        if let Some(count) = self.counts.get(self.bounds.partition_point(|bound| *bound < value)) {
            count.fetch_add(1, Relaxed);
            self.sum.fetch_add(value, Relaxed);
        }
    }

    /// As it is now.
    pub fn seen(&self) -> Seen {
        let mut count = 0;
        let mut upto = |of: &AtomicU64| {
            count += of.load(Relaxed);
            count
        };
        let mut counts = self.counts.iter();
        let within = self.bounds.iter().zip(&mut counts).map(|(bound, of)| (*bound, upto(of))).collect();
        for of in counts {
            upto(of);
        }
        Seen { within, count, sum: self.sum.load(Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_within_every_bound_that_it_does_not_pass() {
        let histogram = Histogram::new(&[10, 20]);
        [1, 10, 11, 20, 21, 1_000].into_iter().for_each(|value| histogram.add(value));
        assert_eq!(histogram.seen(), Seen { within: vec![(10, 2), (20, 4)], count: 6, sum: 1_063 });
        assert_eq!(Histogram::new(&[10]).seen(), Seen { within: vec![(10, 0)], count: 0, sum: 0 });
    }
}
