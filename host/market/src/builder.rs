//! Closed bars out of single prices, as they come. There are two times: the one that a price says it is of, and the clock of
//! this machine. The clock closes bars, whatever prices say: a bar that is closed never changes, and none begins before
//! its time. A bar without a price is no bar: nothing is made up.

use puppet_types::{Timestamp, trade::Candle};

use crate::{CandlesError, MAX_BAR_SECONDS, MAX_PRICE};

/// A price, and when its source says that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// When it was. One that is later than the clock is taken for one of now.
    pub at: Timestamp,
    /// As `Market::price_decimals` says.
    pub price: u64,
    /// What was traded at it, in the smallest unit of the base token; 0 for a quote.
    pub volume: u64,
}

/// Why a price is in no bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LeftOut {
    /// Its bar has closed, or began before the first whole one.
    #[error("its bar is closed")]
    Late,
    /// Zero, or more than [`MAX_PRICE`].
    #[error("it is no price")]
    Impossible,
}

/// What a price led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// The bar that the clock has closed since it was asked last.
    pub closed: Option<Candle>,
    /// Why the price is in no bar; none: it is in one.
    pub left_out: Option<LeftOut>,
}

/// The bar that is under way.
#[derive(Debug, Clone, Copy)]
struct Building {
    bar: Candle,
    /// Of the price that it opened with.
    first: Timestamp,
    /// Of the price that it closes with for now.
    last: Timestamp,
}

/// Makes the bars of one market. They close at multiples of their length since 1970 UTC, as [`Candles::resample`] makes
/// them. A price of exactly that time belongs to the next one.
///
/// [`Candles::resample`]: crate::Candles::resample
#[derive(Debug, Clone)]
pub struct BarBuilder {
    length: i64,
    building: Option<Building>,
    /// Every bar that closes then or before is closed.
    closed: Timestamp,
    /// The latest that the clock has said: it does not go back.
    now: Timestamp,
}

impl BarBuilder {
    /// From now on: the first bar is the first that is whole. `closed`: bars up to then are there already.
    pub fn new(bar_seconds: u32, now: Timestamp, closed: Option<Timestamp>) -> Result<Self, CandlesError> {
        if !(1..=MAX_BAR_SECONDS).contains(&bar_seconds) {
            return Err(CandlesError::BarSeconds(bar_seconds));
        }
        let length = i64::from(bar_seconds) * 1_000;
        // The bar that is under way has begun without us, but where it begins right now.
        let begun = Timestamp::from_millis(now.as_millis() - 1);
        let closed = closed.map_or(close_of(begun, length), |closed| closed.max(close_of(begun, length)));
        Ok(Self { length, building: None, closed, now })
    }

    /// When the bar of now closes.
    pub fn closes_at(&self) -> Timestamp {
        close_of(self.now, self.length)
    }

    /// Every bar that closes then or before is closed.
    pub fn closed(&self) -> Timestamp {
        self.closed
    }

    /// Hands over the bar that the clock has closed, if there was a price in it.
    pub fn close(&mut self, now: Timestamp) -> Option<Candle> {
        self.now = self.now.max(now);
        let over = Timestamp::from_millis(close_of(self.now, self.length).as_millis() - self.length);
        self.closed = self.closed.max(over);
        self.building.take_if(|building| building.bar.at <= over).map(|building| building.bar)
    }

    /// A price comes in. It is now so late by the clock.
    pub fn take(&mut self, price: Price, now: Timestamp) -> Seen {
        let closed = self.close(now);
        Seen { closed, left_out: self.add(price).err() }
    }

    fn add(&mut self, Price { at, price, volume }: Price) -> Result<(), LeftOut> {
        if price == 0 || price > MAX_PRICE {
            return Err(LeftOut::Impossible);
        }
        let at = at.min(self.now);
        let closes = close_of(at, self.length);
        if closes <= self.closed {
            return Err(LeftOut::Late);
        }
        let opened = Candle { at: closes, open: price, high: price, low: price, close: price, volume: 0 };
        let building = self.building.get_or_insert(Building { bar: opened, first: at, last: at });
        let bar = &mut building.bar;
        (bar.high, bar.low) = (bar.high.max(price), bar.low.min(price));
        bar.volume = bar.volume.saturating_add(volume);
        // Prices may overtake each other within a bar; of two of one time the later one to come counts as later.
        if at < building.first {
            (bar.open, building.first) = (price, at);
        }
        if at >= building.last {
            (bar.close, building.last) = (price, at);
        }
        Ok(())
    }
}

/// When the bar closes that a time is in.
fn close_of(at: Timestamp, length: i64) -> Timestamp {
    Timestamp::from_millis((at.as_millis().div_euclid(length) + 1) * length)
}
