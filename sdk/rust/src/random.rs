//! Random numbers of the invocation: the same when it is replayed.
//!
//! ```
//! use puppet_sdk::random::Random;
//!
//! let mut random = Random::new(7);
//! assert!((0.0..1.0).contains(&random.unit()));
//! assert!(["ebb", "flow"].contains(random.pick(&["ebb", "flow"]).unwrap_or(&"")));
//! assert_eq!(random.pick::<u8>(&[]), None);
//! ```

use crate::agent;

/// A stream of random numbers (SplitMix64). Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From the invocation's seed. Two streams of one call are equal: make one and pass it on.
    pub fn of_invocation() -> Self {
        Self::new(agent::seed())
    }
    /// From the invocation's seed without its last eleven bits: the same numbers as the SDKs for Python and JavaScript draw,
    /// where a number has 53 bits.
    pub fn portable() -> Self {
        Self::new(agent::seed() >> 11)
    }
    /// From a seed of your own.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// At least 0, below 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
    /// At least `from`, below `to`.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + self.unit() * (to - from)
    }
    /// True with this probability: never for 0, always for 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
    /// Below `n`; 0 for 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.bits() % n as u64) as usize }
    }
    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let n = self.below(from.len());
        from.get(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_in_its_range_and_repeats() {
        let mut a = Random::new(7);
        let mut b = Random::new(7);
        let mut low = 0;
        for _ in 0..10_000 {
            let unit = a.unit();
            assert_eq!(unit, b.unit());
            assert!((0.0..1.0).contains(&unit));
            low += usize::from(unit < 0.25);
        }
        assert!((2_300..2_700).contains(&low), "{low}");
        assert!(!a.chance(0.0) && a.chance(1.0));
        assert_eq!(a.pick::<u8>(&[]), None);
    }
}
