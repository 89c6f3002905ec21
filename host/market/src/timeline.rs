//! Several markets on one line of time: all bars that close at one time are one batch, and history comes before the
//! first. A market without a bar at that time is not in the batch. What comes later cannot be reached from a batch.

use puppet_types::{Timestamp, trade::Candle};

use crate::Candles;

/// A bar of one of several markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bar {
    /// Place of the market in the run's list.
    pub market: u32,
    /// The bar.
    pub candle: Candle,
}

/// The bars of all markets that close at one time, sorted by market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    /// When they closed.
    pub at: Timestamp,
    /// One per market at most, one at least.
    pub bars: &'a [Bar],
}

/// History before the first batch: sorted by time, then by market.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WarmUp {
    /// When its last bar closed; the first batch closes later.
    pub at: Timestamp,
    /// So many bars per market as were asked for; none where none were.
    pub bars: Vec<Bar>,
}

/// Why markets do not come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimelineError {
    /// There is no market.
    #[error("there is no market")]
    Empty,
    /// More than a place of 32 bits can tell.
    #[error("too many markets")]
    TooMany,
    /// Bars of two lengths.
    #[error("market {place} has bars of {other} s, where the first has {first} s: make them of one length")]
    BarSeconds {
        /// Place of the market.
        place: usize,
        /// The length of the first one's bars.
        first: u32,
        /// Of its own.
        other: u32,
    },
    /// History is asked for that is not there.
    #[error("market {place} has {bars} bars before the first batch, where {wanted} are wanted as history")]
    TooShort {
        /// Place of the market.
        place: usize,
        /// How many it has.
        bars: usize,
        /// How many are asked for.
        wanted: u32,
    },
}

/// The bars of all markets of a run, sorted by their close, then by market. It is not changed: many runs share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    bars: Vec<Bar>,
    markets: usize,
    bar_seconds: u32,
}

impl Timeline {
    /// Of all markets, in the order of the run's list.
    pub fn new(markets: &[&Candles]) -> Result<Self, TimelineError> {
        let first = markets.first().ok_or(TimelineError::Empty)?.bar_seconds();
        let mut bars = Vec::with_capacity(markets.iter().map(|candles| candles.bars().len()).sum());
        for (place, candles) in markets.iter().enumerate() {
            if candles.bar_seconds() != first {
                return Err(TimelineError::BarSeconds { place, first, other: candles.bar_seconds() });
            }
            let market = u32::try_from(place).map_err(|_| TimelineError::TooMany)?;
            bars.extend(candles.bars().iter().map(|candle| Bar { market, candle: *candle }));
        }
        // One market is sorted already; several are sorted runs, which this sort merges.
        bars.sort_by_key(|bar| (bar.candle.at, bar.market));
        Ok(Self { bars, markets: markets.len(), bar_seconds: first })
    }

    /// How long a bar lasts.
    pub fn bar_seconds(&self) -> u32 {
        self.bar_seconds
    }

    /// How many markets there are.
    pub fn markets(&self) -> usize {
        self.markets
    }

    /// All bars, sorted by their close, then by market.
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// Every batch.
    pub fn batches(&self) -> Batches<'_> {
        Batches { left: &self.bars }
    }

    /// What had happened at a time: every bar that had closed by then, and nothing of what came later.
    pub fn until(&self, at: Timestamp) -> Self {
        let end = self.bars.partition_point(|bar| bar.candle.at <= at);
        Self { bars: self.bars[..end].to_vec(), ..*self }
    }

    /// History of so many bars of every market, and the batches after it: the first that every market has its history
    /// before, and that closes after `not_before` where one is given.
    pub fn warmed_up(&self, bars: u32, not_before: Option<Timestamp>) -> Result<(WarmUp, Batches<'_>), TimelineError> {
        let wanted = bars as usize;
        let start = not_before.map_or(0, |at| self.bars.partition_point(|bar| bar.candle.at <= at));
        // Where the history of the last market is whole.
        let mut counts = vec![0_usize; self.markets];
        let mut end = start;
        for (place, bar) in self.bars.iter().enumerate() {
            let Some(count) = counts.get_mut(bar.market as usize) else { continue };
            *count += 1;
            if *count == wanted {
                end = end.max(place + 1);
            }
        }
        if let Some((place, count)) = counts.iter().enumerate().find(|(_, count)| **count < wanted) {
            return Err(TimelineError::TooShort { place, bars: *count, wanted: bars });
        }
        // A batch is never split.
        if let Some(last) = end.checked_sub(1).and_then(|last| self.bars.get(last)) {
            end = self.bars.partition_point(|bar| bar.candle.at <= last.candle.at);
        }
        let (before, left) = self.bars.split_at(end);
        let mut missing = vec![wanted; self.markets];
        let mut history: Vec<Bar> = before
            .iter()
            .rev()
            .filter(|bar| {
                let missing = missing.get_mut(bar.market as usize).filter(|missing| **missing > 0);
                missing.map(|missing| *missing -= 1).is_some()
            })
            .copied()
            .collect();
        history.reverse();
        let at = before.last().map_or(Timestamp::default(), |bar| bar.candle.at);
        Ok((WarmUp { at, bars: history }, Batches { left }))
    }
}

/// Batches, the oldest first.
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    left: &'a [Bar],
}

impl Batches<'_> {
    /// How many bars are still to come, of all markets.
    pub fn bars_left(&self) -> usize {
        self.left.len()
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Batch<'a>;

    fn next(&mut self) -> Option<Batch<'a>> {
        let at = self.left.first()?.candle.at;
        let count = self.left.iter().take_while(|bar| bar.candle.at == at).count();
        let (bars, left) = self.left.split_at(count);
        self.left = left;
        Some(Batch { at, bars })
    }
}
