//! Bars in the order in which they closed, over all markets: what a run is given, and what it can be cut to.

use puppet_types::Timestamp;

use crate::strategy::Bar;

/// Bars that are out of order, or of no market.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Earlier than the one before, or of the same market and time.
    #[error("bar {index} (market {market}, {at}) does not come after the one before it")]
    NotSorted {
        /// Which.
        index: usize,
        /// Its market.
        market: u32,
        /// Its time.
        at: Timestamp,
    },
    /// Of a market that is not there.
    #[error("bar {index} is of market {market}, and there are {markets}")]
    Market {
        /// Which.
        index: usize,
        /// Its market.
        market: u32,
        /// How many there are.
        markets: usize,
    },
    /// A bar whose low is above something, whose high is below something, or that has a price of zero.
    #[error("bar {index} (market {market}, {at}) is no bar: its prices contradict each other")]
    Prices {
        /// Which.
        index: usize,
        /// Its market.
        market: u32,
        /// Its time.
        at: Timestamp,
    },
}

/// Bars by time, then market; each once. Checked when it is made, so that a run has nothing to doubt.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    bars: &'a [Bar],
    markets: usize,
}

impl<'a> History<'a> {
    /// Of bars that are sorted by time and market.
    pub fn new(bars: &'a [Bar], markets: usize) -> Result<Self, HistoryError> {
        let mut before: Option<(Timestamp, u32)> = None;
        for (index, (market, candle)) in bars.iter().enumerate() {
            let (market, at) = (*market, candle.at);
            if before.is_some_and(|before| before >= (at, market)) {
                return Err(HistoryError::NotSorted { index, market, at });
            }
            if market as usize >= markets {
                return Err(HistoryError::Market { index, market, markets });
            }
            let is_within = |price: u64| (candle.low..=candle.high).contains(&price);
            if candle.low == 0 || !is_within(candle.open) || !is_within(candle.close) {
                return Err(HistoryError::Prices { index, market, at });
            }
            before = Some((at, market));
        }
        Ok(Self { bars, markets })
    }

    /// How many markets there are.
    pub fn markets(&self) -> usize {
        self.markets
    }
    /// All bars.
    pub fn bars(&self) -> &'a [Bar] {
        self.bars
    }

    /// The bars of each time.
    pub fn batches(&self) -> impl Iterator<Item = &'a [Bar]> + use<'a> {
        self.bars.chunk_by(|(_, one), (_, next)| one.at == next.at)
    }

    /// Only what closed until then, it included.
    pub fn until(&self, at: Timestamp) -> Self {
        let end = self.bars.partition_point(|(_, candle)| candle.at <= at);
        Self { bars: &self.bars[..end], ..*self }
    }
    /// Only what closed from then on.
    pub fn from(&self, at: Timestamp) -> Self {
        let start = self.bars.partition_point(|(_, candle)| candle.at < at);
        Self { bars: &self.bars[start..], ..*self }
    }
    /// The times at which bars closed.
    pub fn times(&self) -> Vec<Timestamp> {
        self.batches().filter_map(|bars| bars.first()).map(|(_, candle)| candle.at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::bar;

    #[test]
    fn bars_come_in_order_are_cut_at_a_time_and_make_sense() {
        let mut bars =
            vec![bar(1, [5, 6, 4, 5], 1), bar(2, [5, 6, 4, 5], 1), bar(2, [7, 8, 6, 7], 1), bar(4, [5, 6, 4, 5], 1)];
        bars[2].0 = 1;
        let history = History::new(&bars, 2).unwrap();
        assert_eq!(history.batches().map(<[Bar]>::len).collect::<Vec<_>>(), [1, 2, 1]);
        let second = bars[1].1.at;
        assert_eq!((history.until(second).bars().len(), history.from(second).bars().len()), (3, 3));
        assert_eq!(history.times().len(), 3);

        assert!(matches!(History::new(&bars, 1), Err(HistoryError::Market { index: 2, .. })));
        bars.swap(0, 1);
        assert!(matches!(History::new(&bars, 2), Err(HistoryError::NotSorted { index: 1, .. })));
        for prices in [[5, 6, 0, 5], [7, 6, 4, 5], [5, 6, 4, 3], [5, 4, 6, 5]] {
            assert!(matches!(History::new(&[bar(1, prices, 1)], 1), Err(HistoryError::Prices { .. })), "{prices:?}");
        }
    }
}
