//! The guest's time and randomness: both begin with the call and depend on nothing but its setup.

use puppet_types::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Streams of one seed that do not overlap.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Random,
    Insecure,
}

/// A clock that only sleeping moves, and random streams from one seed.
#[derive(Debug)]
pub(crate) struct Virtual {
    wall: Timestamp,
    now: u64,
    seed: u64,
    insecure_seed: u64,
    /// Made when they are first asked: most calls draw nothing here.
    random: Option<Box<ChaCha20Rng>>,
    insecure: Option<Box<ChaCha20Rng>>,
}

impl Default for Virtual {
    fn default() -> Self {
        Self::new(0, Timestamp::default())
    }
}

impl Virtual {
    pub(crate) fn new(seed: u64, wall: Timestamp) -> Self {
        Self { wall, now: 0, seed, insecure_seed: seed, random: None, insecure: None }
    }

    /// For one call of an instance that stays. Chance is drawn from the run's seed and the time, so that it is the same
    /// after a restore; what hash maps are seeded with is the same in every call. The guest's own clock tells the time since
    /// 1970, so that it goes on from call to call.
    pub(crate) fn at(run: u64, at: Timestamp) -> Self {
        let nanos = at.as_millis().unsigned_abs().saturating_mul(1_000_000);
        let seed = mixed(run ^ mixed(nanos));
        Self { now: nanos, insecure_seed: run, ..Self::new(seed, Timestamp::default()) }
    }

    /// Nanoseconds since the call began.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// A sleep is over at once; the clock says that it was slept.
    pub(crate) fn sleep_until(&mut self, at: u64) {
        self.now = self.now.max(at);
    }

    /// Seconds and nanoseconds since 1970.
    pub(crate) fn wall(&self) -> (u64, u32) {
        let millis = u128::from(self.wall.as_millis().unsigned_abs());
        let nanos = millis * 1_000_000 + u128::from(self.now);
        let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        (seconds, u32::try_from(nanos % 1_000_000_000).unwrap_or(0))
    }

    pub(crate) fn fill(&mut self, stream: Stream, bytes: &mut [u8]) {
        self.stream(stream).fill_bytes(bytes);
    }

    pub(crate) fn number(&mut self, stream: Stream) -> u64 {
        self.stream(stream).next_u64()
    }

    fn stream(&mut self, stream: Stream) -> &mut ChaCha20Rng {
        let (place, seed, number) = match stream {
            Stream::Random => (&mut self.random, self.seed, 0),
            Stream::Insecure => (&mut self.insecure, self.insecure_seed, 1),
        };
        place.get_or_insert_with(|| {
            let mut stream = ChaCha20Rng::seed_from_u64(seed);
            stream.set_stream(number);
            Box::new(stream)
        })
    }
}

/// SplitMix64's last step: every bit of a number depends on every other.
fn mixed(number: u64) -> u64 {
    let number = (number.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_moves_both_clocks_and_never_back() {
        let mut world = Virtual::new(7, Timestamp::from_millis(1_500));
        assert_eq!((world.now(), world.wall()), (0, (1, 500_000_000)));
        world.sleep_until(600_000_001);
        world.sleep_until(5);
        assert_eq!((world.now(), world.wall()), (600_000_001, (2, 100_000_001)));
    }

    #[test]
    fn a_call_of_a_run_has_its_own_chance_and_the_time_as_its_clock() {
        let at = |millis| Virtual::at(7, Timestamp::from_millis(millis));
        assert_eq!((at(1_500).now(), at(1_500).wall()), (1_500_000_000, (1, 500_000_000)));
        let draw = |millis| at(millis).number(Stream::Random);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1), Virtual::at(8, Timestamp::from_millis(1)).number(Stream::Random));
        assert_eq!(at(1).number(Stream::Insecure), at(2).number(Stream::Insecure), "what hash maps are seeded with");
    }

    #[test]
    fn the_seed_decides_every_random_bit() {
        let draw = |seed| {
            let mut world = Virtual::new(seed, Timestamp::default());
            let mut bytes = [0; 5];
            world.fill(Stream::Random, &mut bytes);
            (bytes, world.number(Stream::Random), world.number(Stream::Insecure))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1).1, draw(1).2);
    }
}
