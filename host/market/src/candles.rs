//! The bars of one market: sorted, closed, every one of them possible. Whoever holds `Candles` need not look again.

use puppet_types::{Timestamp, trade::Candle};

use crate::{MAX_BAR_SECONDS, MAX_PRICE, MAX_PRICE_DECIMALS};

/// Bars of one market and one length, oldest first, no two of one close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candles {
    bars: Vec<Candle>,
    bar_seconds: u32,
    price_decimals: u8,
}

/// Why a list of bars is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CandlesError {
    /// Without a bar there is nothing to say.
    #[error("there is no bar")]
    Empty,
    /// It lasts 1 s to 31 days.
    #[error("a bar of {0} s: it lasts 1 to {MAX_BAR_SECONDS} s")]
    BarSeconds(u32),
    /// More than [`MAX_PRICE_DECIMALS`].
    #[error("{0} decimals of a price: {MAX_PRICE_DECIMALS} is the most")]
    PriceDecimals(u8),
    /// A bar does not close after the one before it.
    #[error("bar {0} does not close after the one before it")]
    Unsorted(usize),
    /// A bar that cannot have been.
    #[error("bar {0}: {1}")]
    Impossible(usize, Impossible),
}

/// Why a bar cannot have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// A price of zero.
    #[error("a price is zero")]
    Zero,
    /// More than [`MAX_PRICE`].
    #[error("a price is too large")]
    TooLarge,
    /// The high is below the low.
    #[error("the high is below the low")]
    HighBelowLow,
    /// The open is not between low and high.
    #[error("the open is not between low and high")]
    Open,
    /// The close is not between low and high.
    #[error("the close is not between low and high")]
    Close,
}

/// What is wrong with the prices of a bar.
pub fn check(bar: &Candle) -> Result<(), Impossible> {
    if bar.open == 0 || bar.high == 0 || bar.low == 0 || bar.close == 0 {
        return Err(Impossible::Zero);
    }
    if bar.high < bar.low {
        return Err(Impossible::HighBelowLow);
    }
    if !(bar.low..=bar.high).contains(&bar.open) {
        return Err(Impossible::Open);
    }
    if !(bar.low..=bar.high).contains(&bar.close) {
        return Err(Impossible::Close);
    }
    // The others are below it by now.
    if bar.high > MAX_PRICE {
        return Err(Impossible::TooLarge);
    }
    Ok(())
}

impl Candles {
    /// Of bars that are sorted by their close.
    pub fn new(bars: Vec<Candle>, bar_seconds: u32, price_decimals: u8) -> Result<Self, CandlesError> {
        if !(1..=MAX_BAR_SECONDS).contains(&bar_seconds) {
            return Err(CandlesError::BarSeconds(bar_seconds));
        }
        if price_decimals > MAX_PRICE_DECIMALS {
            return Err(CandlesError::PriceDecimals(price_decimals));
        }
        if bars.is_empty() {
            return Err(CandlesError::Empty);
        }
        let mut last = None;
        for (place, bar) in bars.iter().enumerate() {
            check(bar).map_err(|why| CandlesError::Impossible(place, why))?;
            if last.is_some_and(|last| bar.at <= last) {
                return Err(CandlesError::Unsorted(place));
            }
            last = Some(bar.at);
        }
        Ok(Self { bars, bar_seconds, price_decimals })
    }

    /// Oldest first.
    pub fn bars(&self) -> &[Candle] {
        &self.bars
    }

    /// How long a bar lasts.
    pub fn bar_seconds(&self) -> u32 {
        self.bar_seconds
    }

    /// How long a bar lasts, in milliseconds.
    pub fn bar_millis(&self) -> u64 {
        u64::from(self.bar_seconds) * 1_000
    }

    /// A price is quote per whole base token, times ten to this.
    pub fn price_decimals(&self) -> u8 {
        self.price_decimals
    }

    /// When the first bar opened.
    pub fn from(&self) -> Timestamp {
        self.bars.first().map_or(Timestamp::default(), |bar| self.opened(bar))
    }

    /// When the last bar closed.
    pub fn to(&self) -> Timestamp {
        self.bars.last().map_or(Timestamp::default(), |bar| bar.at)
    }

    /// When a bar of this length opened.
    pub fn opened(&self, bar: &Candle) -> Timestamp {
        let length = i64::from(self.bar_seconds) * 1_000;
        Timestamp::from_millis(bar.at.as_millis() - length)
    }

    /// Only the bars that opened at `from` or later and closed at `to` or before; none where that leaves nothing.
    pub fn within(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Self> {
        let start = from.map_or(0, |from| self.bars.partition_point(|bar| self.opened(bar) < from));
        let end = to.map_or(self.bars.len(), |to| self.bars.partition_point(|bar| bar.at <= to));
        let bars = self.bars.get(start..end).filter(|bars| !bars.is_empty())?.to_vec();
        Some(Self { bars, ..*self })
    }
}
