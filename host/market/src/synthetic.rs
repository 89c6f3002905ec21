//! Made-up bars that behave as real ones do: trends, calm and wild times, volatility that comes in clusters, jumps, and
//! volume that follows. Integers and ChaCha only: the same seed is the same bars on every machine. What comes of it says
//! nothing about any market.

use puppet_types::{Timestamp, trade::Candle};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::{Candles, CandlesError, MAX_PRICE};

/// What is to be made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synthetic {
    /// The same seed, the same bars.
    pub seed: u64,
    /// How many, counted with those that are left out.
    pub bars: u32,
    /// How long one lasts.
    pub bar_seconds: u32,
    /// When the first opens.
    pub from: Timestamp,
    /// The first price, in its smallest unit; 1,000 at least.
    pub start_price: u64,
    /// Decimals of a price.
    pub price_decimals: u8,
    /// Prices are multiples of it.
    pub tick: u64,
    /// What is traded in a usual minute, in the smallest unit of the base token.
    pub volume: u64,
    /// So many of a million bars are missing.
    pub missing_per_million: u32,
}

impl Synthetic {
    /// Minutes of a market like SOL/USDC that begins at 150.
    pub fn minutes(seed: u64, bars: u32) -> Self {
        Self {
            seed,
            bars,
            bar_seconds: 60,
            // 2024-01-01
            from: Timestamp::from_millis(1_704_067_200_000),
            start_price: 150_000_000_000,
            price_decimals: 9,
            tick: 100_000,
            volume: 2_000_000_000_000,
            missing_per_million: 0,
        }
    }

    /// Makes them up.
    pub fn candles(&self) -> Result<Candles, CandlesError> {
        let mut walk = Walk::new(self);
        let mut bars = Vec::with_capacity(self.bars as usize);
        let length = u64::from(self.bar_seconds) * 1_000;
        for place in 1..=u64::from(self.bars) {
            let at = self.from.plus_millis(place * length);
            let bar = walk.bar(at);
            let is_missing = walk.chance(self.missing_per_million, 1_000_000);
            // The first one is there, so that the data begins when it should.
            if place == 1 || !is_missing {
                bars.push(bar);
            }
        }
        Candles::new(bars, self.bar_seconds, self.price_decimals)
    }
}

/// Returns and volatilities are in parts of a billion.
const BILLION: i128 = 1_000_000_000;
/// Standard deviation of a minute: 0.08 %, which is about 60 % a year.
const MINUTE: u64 = 800_000;
/// Steps within a bar, of which high and low are taken.
const STEPS: i128 = 4;
/// One in the unit of volatility factors.
const ONE: i128 = 1_000;

/// How a market behaves for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Regime {
    Calm,
    Rising,
    Falling,
    Sideways,
    Wild,
}

impl Regime {
    /// Volatility in thousandths of the usual one; drift of a bar in thousandths of its volatility; one jump in so many bars.
    const fn terms(self) -> (i128, i128, u32) {
        match self {
            Self::Calm => (500, 0, 20_000),
            Self::Rising => (900, 25, 6_000),
            Self::Falling => (1_100, -25, 4_000),
            Self::Sideways => (800, 0, 8_000),
            Self::Wild => (2_400, 0, 800),
        }
    }
}

struct Walk {
    random: ChaCha8Rng,
    start: i128,
    /// Finer than a tick.
    price: i128,
    /// What a sideways market comes back to.
    anchor: i128,
    tick: i128,
    /// Of a usual bar of this length.
    volatility: i128,
    volume: u128,
    regime: Regime,
    /// Bars until it may change.
    left: u64,
    /// Volatility in thousandths of the usual one.
    heat: i128,
}

impl Walk {
    fn new(of: &Synthetic) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&of.seed.to_le_bytes());
        let start = i128::from(of.start_price.clamp(1_000, MAX_PRICE / 1_000));
        let seconds = u64::from(of.bar_seconds);
        Self {
            random: ChaCha8Rng::from_seed(seed),
            start,
            price: start,
            anchor: start,
            tick: i128::from(of.tick.clamp(1, of.start_price.max(1_000) / 1_000)),
            // Deviations grow with the root of the time.
            volatility: i128::from(MINUTE * (seconds * 1_000_000 / 60).isqrt() / 1_000),
            volume: u128::from(of.volume) * u128::from(seconds) / 60,
            regime: Regime::Sideways,
            left: 0,
            heat: ONE,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        // The high half of a product: as good as even for bounds this small, and the same everywhere.
        u64::try_from((u128::from(self.random.next_u64()) * u128::from(bound)) >> 64).unwrap_or(0)
    }

    fn chance(&mut self, count: u32, of: u32) -> bool {
        self.below(u64::from(of)) < u64::from(count)
    }

    /// Nearly normal, in 65,536ths of the deviation: four even numbers summed up.
    fn normal(&mut self) -> i128 {
        let draw = self.random.next_u64();
        let sum: i128 = (0..4).map(|place| i128::from((draw >> (16 * place)) & 0xffff)).sum();
        (sum - 131_070) * 1_774 / 1_024
    }

    fn change_regime(&mut self) {
        if self.left > 0 {
            self.left -= 1;
            return;
        }
        self.left = 200 + self.below(4_000);
        self.anchor = self.price;
        self.regime = match self.below(10) {
            0 | 1 => Regime::Calm,
            2 | 3 => Regime::Rising,
            4 | 5 => Regime::Falling,
            6..=8 => Regime::Sideways,
            _ => Regime::Wild,
        };
        // A price that has gone far comes back some time, so that it never runs out of digits.
        if self.price < self.start / 20 {
            self.regime = Regime::Rising;
        } else if self.price > self.start * 20 {
            self.regime = Regime::Falling;
        }
    }

    fn moved(&mut self, billionths: i128) {
        let moved = self.price + self.price * billionths / BILLION;
        self.price = moved.clamp(self.start / 100, self.start * 100);
    }

    fn ticks(&self) -> u64 {
        let rounded = (self.price + self.tick / 2) / self.tick * self.tick;
        u64::try_from(rounded.max(self.tick)).unwrap_or(MAX_PRICE)
    }

    fn bar(&mut self, at: Timestamp) -> Candle {
        self.change_regime();
        let (level, drift, jumps) = self.regime.terms();
        let volatility = self.volatility * self.heat / ONE;
        let mut drift = volatility * drift / 1_000;
        if self.regime == Regime::Sideways {
            drift += (self.anchor - self.price) * BILLION / self.price / 400;
        }
        let before = self.price;
        let open = self.ticks();
        let (mut high, mut low) = (open, open);
        let jump = if self.chance(1, jumps) { Some(self.below(STEPS.unsigned_abs() as u64)) } else { None };
        for step in 0..STEPS {
            let noise = volatility * self.normal() / 65_536 / 2;
            self.moved(drift / STEPS + noise);
            if jump == Some(u64::try_from(step).unwrap_or(0)) {
                let size = volatility * i128::from(4 + self.below(9));
                let is_up = self.chance(1, 2);
                self.moved((if is_up { size } else { -size }).clamp(-BILLION / 4, BILLION / 4));
                self.heat *= 3;
            }
            let price = self.ticks();
            (high, low) = (high.max(price), low.min(price));
        }
        let close = self.ticks();

        // A bar that moved much is followed by others that do.
        let moved = ((self.price - before) * BILLION / before).abs();
        let surprise = (moved * ONE / volatility.max(1)).min(6 * ONE);
        self.heat = (self.heat * 92 + level * 3 + self.heat * surprise * 6 / ONE) / 100;
        self.heat = self.heat.clamp(level / 3, level * 6);
        let volume = self.traded(at, surprise);
        Candle { at, open, high, low, close, volume }
    }

    /// More where much moved, more in the afternoon of UTC than at night, and more or less by chance.
    fn traded(&mut self, at: Timestamp, surprise: i128) -> u64 {
        let minute = at.as_millis() / 60_000 % 1_440;
        let of_day = 700 + u128::from((minute - 180).unsigned_abs()) * 600 / 1_260;
        let by_move = 400 + surprise.unsigned_abs() * 700 / 1_000;
        let by_heat = 300 + self.heat.unsigned_abs() * 700 / 1_000;
        let by_chance = u128::from(500 + self.below(1_001)) * u128::from(500 + self.below(1_001)) / 1_000;
        let volume = self.volume * of_day / 1_000 * by_move / 1_000 * by_heat / 1_000 * by_chance / 1_000;
        u64::try_from(volume).unwrap_or(u64::MAX >> 16)
    }
}
