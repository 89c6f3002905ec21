//! Chance that comes from a seed alone: SplitMix64.

use puppet_types::ids::derive_u64;

/// A row of numbers.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Of a seed, for a purpose: what one purpose draws changes nothing for another.
    pub fn of(seed: u64, purpose: &str) -> Self {
        Self(derive_u64(&["fault", &seed.to_string(), purpose]))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `bound`, exclusive.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// So rarely.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of them.
    pub fn choose<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len() as u64) as usize]
    }
}
