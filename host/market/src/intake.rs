//! Rows of a file on their way to bars: what a row must be, and how exact numbers become integers.

use std::path::Path;

use puppet_types::{Timestamp, trade::Candle};

use crate::{
    BadRow, DataError, Fault, MAX_PRICE, MAX_PRICE_DECIMALS, ReadOptions, Stamp,
    candles::check,
    decimal::Decimal,
    quality::{Details, PLACES},
    stamp::Stamped,
};

/// No file has more bars: a minute bar for 95 years.
pub const MAX_ROWS: usize = 50_000_000;

/// Volumes leave room for being summed up, as long as nobody says how many decimals the token has.
const FREE_VOLUME: u64 = 1 << 56;
/// Decimals of a token that nobody knows, unless its volumes are too large for that.
const FREE_VOLUME_DECIMALS: u8 = 9;

/// How many decimals prices and volumes are kept with, and whether somebody demands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scales {
    pub(crate) price: u8,
    pub(crate) is_price_fixed: bool,
    pub(crate) volume: u8,
    pub(crate) is_volume_fixed: bool,
}

impl Scales {
    /// What is demanded or known, else as much as there may be.
    pub(crate) fn new(price: Option<u8>, volume: Option<u8>) -> Self {
        Self {
            price: price.unwrap_or(MAX_PRICE_DECIMALS),
            is_price_fixed: price.is_some(),
            volume: volume.unwrap_or(FREE_VOLUME_DECIMALS),
            is_volume_fixed: volume.is_some(),
        }
    }
}

/// Why reading stops before the end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A number is too large for the scales: the file is read again with these.
    Scales(Scales),
    Error(DataError),
}

impl From<DataError> for Stop {
    fn from(error: DataError) -> Self {
        Self::Error(error)
    }
}

/// A row as it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) at: Stamped,
    /// Open, high, low, close.
    pub(crate) prices: [Decimal; 4],
    pub(crate) volume: Decimal,
}

/// What has come of the rows so far.
pub(crate) struct Intake<'a> {
    pub(crate) file: &'a Path,
    pub(crate) options: &'a ReadOptions,
    pub(crate) scales: Scales,
    pub(crate) stamp: Stamp,
    /// Their times are still those of the file.
    pub(crate) bars: Vec<Candle>,
    pub(crate) bad_rows: u64,
    pub(crate) details: Details,
    /// So many decimals lose nothing.
    pub(crate) needed: u8,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(file: &'a Path, options: &'a ReadOptions, scales: Scales, stamp: Stamp) -> Self {
        let (bars, details) = (Vec::new(), Details::default());
        Self { file, options, scales, stamp, bars, bad_rows: 0, details, needed: 0 }
    }

    /// Notes a row that is no bar.
    pub(crate) fn bad(&mut self, line: u64, column: &str, fault: Fault) -> Result<(), DataError> {
        self.bad_rows += 1;
        self.details.rows += 1;
        if self.details.first_bad_rows.len() < PLACES {
            self.details.first_bad_rows.push(BadRow { line, column: column.to_owned(), fault });
        }
        if self.bad_rows > self.options.max_bad_rows { Err(self.too_many_bad_rows()) } else { Ok(()) }
    }

    pub(crate) fn too_many_bad_rows(&self) -> DataError {
        DataError::TooManyBadRows {
            file: self.file.to_owned(),
            count: self.bad_rows,
            rows: self.details.rows,
            first: self.details.first_bad_rows.clone(),
        }
    }

    /// Takes a row as a bar, or notes what is wrong with it. `names` are those of the prices and the volume.
    pub(crate) fn row(&mut self, row: &Row, names: [&str; 5]) -> Result<(), Stop> {
        let mut bar = match self.fitted(row) {
            Ok(bar) => bar,
            Err(Unfit::Bad(fault, column)) => return Ok(self.bad(row.line, names[column], fault)?),
            Err(Unfit::Scales(scales)) => return Err(Stop::Scales(scales)),
        };
        if self.bars.len() >= MAX_ROWS {
            return Err(DataError::TooManyRows { file: self.file.to_owned(), bound: MAX_ROWS }.into());
        }
        let mut millis = row.at.millis;
        // An exchange closes a bar at the last millisecond of it.
        if self.stamp == Stamp::Close && millis % 1_000 == 999 {
            millis += 1;
        }
        bar.at = Timestamp::from_millis(millis);
        self.details.rows += 1;
        self.details.ambiguous_times += u64::from(row.at.is_ambiguous);
        self.details.unsorted_rows += u64::from(self.bars.last().is_some_and(|last| bar.at < last.at));
        self.bars.push(bar);
        Ok(())
    }

    /// The numbers of a row as integers. Changes nothing where they do not fit.
    fn fitted(&mut self, row: &Row) -> Result<Candle, Unfit> {
        let (prices, is_rounded) = scaled(&row.prices, self.scales.price).or_else(|column| self.lower(row, column))?;
        let bar = candle(prices);
        check(&bar).map_err(|why| Unfit::Bad(why.into(), place(why.into(), &bar)))?;
        let volume = row.volume.to_units_down(i32::from(self.scales.volume));
        let Some(volume) = volume.filter(|volume| self.scales.is_volume_fixed || volume.units <= FREE_VOLUME) else {
            return Err(self.lower_volume(row));
        };
        self.details.rounded_prices += u64::from(is_rounded);
        self.details.rounded_volumes += u64::from(volume.is_rounded);
        for (decimal, units) in row.prices.iter().zip(prices) {
            self.need(*decimal, units);
        }
        Ok(Candle { volume: volume.units, ..bar })
    }

    /// With how many decimals a row fits that has a price too large for those there are.
    fn lower(&self, row: &Row, column: usize) -> Result<([u64; 4], bool), Unfit> {
        if !self.scales.is_price_fixed {
            for price in (0..self.scales.price).rev() {
                if let Ok((prices, _)) = scaled(&row.prices, price) {
                    let bar = candle(prices);
                    // A row that is bad anyway shall not cost the others their decimals.
                    check(&bar).map_err(|why| Unfit::Bad(why.into(), place(why.into(), &bar)))?;
                    return Err(Unfit::Scales(Scales { price, ..self.scales }));
                }
            }
        }
        Err(Unfit::Bad(Fault::TooLarge, column))
    }

    /// With how many decimals a volume fits that is too large for those there are.
    fn lower_volume(&self, row: &Row) -> Unfit {
        let fits = |decimals: &u8| {
            row.volume.to_units_down(i32::from(*decimals)).is_some_and(|volume| volume.units <= FREE_VOLUME)
        };
        let lower = (0..self.scales.volume).rev().find(fits).filter(|_| !self.scales.is_volume_fixed);
        lower.map_or(Unfit::Bad(Fault::TooLarge, 4), |volume| Unfit::Scales(Scales { volume, ..self.scales }))
    }

    fn need(&mut self, decimal: Decimal, units: u64) {
        if self.needed == self.scales.price {
            return;
        }
        let needed = decimal.decimals_beyond(self.needed);
        if needed <= self.scales.price {
            self.needed = needed;
            return;
        }
        // It was rounded: what counts is what is left of it.
        let (mut left, mut decimals) = (units, self.scales.price);
        while decimals > self.needed && left % 10 == 0 {
            left /= 10;
            decimals -= 1;
        }
        self.needed = decimals;
    }
}

enum Unfit {
    /// Why, and in which of open, high, low, close, volume.
    Bad(Fault, usize),
    Scales(Scales),
}

/// Four prices in one unit, or the place of one that does not fit.
fn scaled(prices: &[Decimal; 4], decimals: u8) -> Result<([u64; 4], bool), usize> {
    let (mut scaled, mut is_rounded) = ([0; 4], false);
    for (place, price) in prices.iter().enumerate() {
        let units = price.to_units(decimals).filter(|units| units.units <= MAX_PRICE).ok_or(place)?;
        scaled[place] = units.units;
        is_rounded |= units.is_rounded;
    }
    Ok((scaled, is_rounded))
}

fn candle([open, high, low, close]: [u64; 4]) -> Candle {
    Candle { at: Timestamp::default(), open, high, low, close, volume: 0 }
}

/// Which of open, high, low, close a fault is of.
fn place(fault: Fault, bar: &Candle) -> usize {
    match fault {
        Fault::OpenOutside => 0,
        Fault::CloseOutside => 3,
        Fault::ZeroPrice => [bar.open, bar.high, bar.low, bar.close].iter().position(|price| *price == 0).unwrap_or(0),
        _ => 1,
    }
}
