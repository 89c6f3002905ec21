//! What is done once all rows are read: sorted, repeated ones dropped, the length of a bar found, times moved to the
//! close, and what came of it told.

use std::{collections::BTreeMap, path::Path};

use puppet_types::{Digest, Timestamp, trade::Candle};

use crate::{
    Candles, DataError, Gap, MAX_BAR_SECONDS, Quality, ReadOptions, Stamp,
    intake::{Intake, Scales},
    quality::{Details, PLACES},
};

/// So many digits a price has at least, so that what a fill costs more or less can be said.
const LEAST_DIGITS: u64 = 100_000;

/// Bars of a file, and what is known of them. The market is not yet named in it.
pub(crate) struct Settled {
    pub(crate) candles: Candles,
    pub(crate) quality: Quality,
    pub(crate) scales: Scales,
}

impl Intake<'_> {
    /// What all the rows come to.
    pub(crate) fn settle(mut self, sha256: Digest) -> Result<Settled, DataError> {
        let file = self.file.to_owned();
        if self.bars.is_empty() {
            return Err(if self.bad_rows > 0 { self.too_many_bad_rows() } else { DataError::NoBars { file } });
        }
        if self.bad_rows > self.bars.len() as u64 {
            return Err(self.too_many_bad_rows());
        }
        if self.details.unsorted_rows > 0 {
            // Stable: of two rows of one time the first in the file stays the first.
            self.bars.sort_by_key(|bar| bar.at);
        }
        let read = self.bars.len();
        let conflicts = drop_repeated(&mut self.bars);
        let duplicates = (read - self.bars.len() - conflicts.len()) as u64;
        self.details.conflicts = conflicts.len() as u64;
        self.details.first_conflicts = conflicts.into_iter().take(PLACES).collect();

        let bar_seconds = bar_seconds(&self.bars, self.options, &file)?;
        let length = u64::from(bar_seconds) * 1_000;
        if self.stamp == Stamp::Open {
            self.bars.iter_mut().for_each(|bar| bar.at = bar.at.plus_millis(length));
            self.details.first_conflicts.iter_mut().for_each(|at| *at = at.plus_millis(length));
        }
        self.choose_decimals();
        let decimals = self.scales.price;
        self.details.price_decimals = decimals;

        let candles = Candles::new(self.bars, bar_seconds, decimals)
            .map_err(|source| DataError::Candles { file: file.clone(), source })?;
        let all = candles.bars().len();
        let (first, last) = (candles.from(), candles.to());
        let candles = match (self.options.from, self.options.to) {
            (None, None) => candles,
            (from, to) => candles.within(from, to).ok_or(DataError::NothingBetween { file, first, last })?,
        };
        self.details.cut = (all - candles.bars().len()) as u64;
        let gaps = gaps(&candles, &mut self.details);
        let quality = Quality {
            market: String::new(),
            sha256,
            bars: candles.bars().len() as u64,
            bar_seconds,
            from: candles.from(),
            to: candles.to(),
            gaps,
            duplicates,
            bad_rows: self.bad_rows,
            details: self.details,
        };
        Ok(Settled { candles, quality, scales: self.scales })
    }

    /// No more decimals than it takes to lose nothing, and to have some digits; unless somebody demands a number.
    fn choose_decimals(&mut self) {
        if self.scales.is_price_fixed {
            return;
        }
        let lowest = self.bars.iter().map(|bar| bar.low).min().unwrap_or(1);
        let (mut decimals, mut unit) = (self.scales.price, 1);
        while decimals > self.needed && lowest / (unit * 10) >= LEAST_DIGITS {
            unit *= 10;
            decimals -= 1;
        }
        if unit > 1 {
            for bar in &mut self.bars {
                for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                    *price /= unit;
                }
            }
        }
        self.scales.price = decimals;
    }
}

/// Keeps the first of every time; the times of those that said something else than the one that was kept.
fn drop_repeated(bars: &mut Vec<Candle>) -> Vec<Timestamp> {
    let mut conflicts = Vec::new();
    bars.dedup_by(|bar, kept| {
        if bar.at == kept.at && bar != kept {
            conflicts.push(bar.at);
        }
        bar.at == kept.at
    });
    conflicts
}

/// What is demanded, if the bars agree; else the most frequent distance of two, the smaller one where two are.
fn bar_seconds(bars: &[Candle], options: &ReadOptions, file: &Path) -> Result<u32, DataError> {
    let file = || file.to_owned();
    let mut distances = BTreeMap::<u64, u64>::new();
    // Nearly all are equal: those in a row are counted before they are looked up.
    let (mut last, mut run) = (0, 0);
    for pair in bars.windows(2) {
        let distance = pair[1].at.millis_since(pair[0].at);
        if distance != last {
            *distances.entry(last).or_default() += run;
            (last, run) = (distance, 0);
        }
        run += 1;
    }
    *distances.entry(last).or_default() += run;
    let found = distances
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .max_by_key(|(distance, count)| (*count, std::cmp::Reverse(*distance)));
    let Some((millis, _)) = found else {
        return options.bar_seconds.ok_or(DataError::BarLengthUnknown { file: file() });
    };
    let whole = u32::try_from(millis / 1_000).ok().filter(|seconds| u64::from(*seconds) * 1_000 == millis);
    match (whole, options.bar_seconds) {
        // Where bars are missing, most of them can be several lengths apart.
        (Some(found), Some(wanted)) if found % wanted == 0 => Ok(wanted),
        (Some(found), Some(wanted)) => Err(DataError::OtherBarLength { file: file(), found, wanted }),
        (Some(found), None) if found <= MAX_BAR_SECONDS => Ok(found),
        _ => Err(DataError::BarLengthOdd { file: file(), millis }),
    }
}

/// How many bars are missing; where the first of them are is told.
fn gaps(candles: &Candles, details: &mut Details) -> u64 {
    let length = candles.bar_millis();
    let mut missing = 0;
    for pair in candles.bars().windows(2) {
        let distance = pair[1].at.millis_since(pair[0].at);
        if distance == length {
            continue;
        }
        details.irregular += u64::from(distance % length != 0);
        let bars = (distance / length).saturating_sub(1);
        if bars > 0 && details.first_gaps.len() < PLACES {
            details.first_gaps.push(Gap { after: pair[0].at, bars });
        }
        missing += bars;
    }
    missing
}
