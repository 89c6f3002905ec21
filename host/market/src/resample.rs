//! Longer bars out of shorter ones: 1 m to 5 m, 1 h, 1 d. Only whole bars come out at both ends.

use puppet_types::{Timestamp, trade::Candle};

use crate::{Candles, CandlesError};

/// Why bars cannot be made longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResampleError {
    /// The new length is no multiple of the old one.
    #[error("bars of {from} s cannot become bars of {to} s: the new length is a multiple of the old one")]
    Length {
        /// Of the bars that there are.
        from: u32,
        /// What is asked for.
        to: u32,
    },
    /// There is no whole bar of the new length.
    #[error("there is not one whole bar of {0} s")]
    Nothing(u32),
    /// 64 bits do not hold the volume of a bar.
    #[error("the volume of the bar that closes at {0} is too large")]
    Volume(Timestamp),
    /// What comes out is no list of bars.
    #[error(transparent)]
    Candles(#[from] CandlesError),
}

/// Longer bars, and what they are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resampled {
    /// The longer bars.
    pub candles: Candles,
    /// Shorter bars at both ends that no whole bar takes.
    pub dropped: u64,
    /// Longer bars in which a shorter one is missing.
    pub incomplete: u64,
}

impl Candles {
    /// Bars of another length. They close at multiples of it since 1970 UTC: hours at the full hour, days at midnight.
    pub fn resample(&self, bar_seconds: u32) -> Result<Resampled, ResampleError> {
        let from = self.bar_seconds();
        if bar_seconds == 0 || !bar_seconds.is_multiple_of(from) {
            return Err(ResampleError::Length { from, to: bar_seconds });
        }
        let length = i64::from(bar_seconds) * 1_000;
        let parts = (bar_seconds / from) as usize;
        // In which long bar a short one closes: nothing of it is later than that.
        let close = |bar: &Candle| {
            let at = bar.at.as_millis();
            Timestamp::from_millis((at + length - 1).div_euclid(length) * length)
        };
        let (mut bars, mut dropped, mut incomplete) = (Vec::new(), 0, 0);
        let groups: Vec<&[Candle]> = self.bars().chunk_by(|one, next| close(one) == close(next)).collect();
        for (place, group) in groups.iter().enumerate() {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let at = close(first);
            let opened = Timestamp::from_millis(at.as_millis() - length);
            // The data may begin within the first, and end within the last.
            let is_cut_off = (place == 0 && self.opened(first) > opened) || (place + 1 == groups.len() && last.at < at);
            if is_cut_off {
                dropped += group.len() as u64;
                continue;
            }
            incomplete += u64::from(group.len() < parts);
            let volume = group.iter().try_fold(0_u64, |sum, bar| sum.checked_add(bar.volume));
            bars.push(Candle {
                at,
                open: first.open,
                high: group.iter().map(|bar| bar.high).max().unwrap_or(first.high),
                low: group.iter().map(|bar| bar.low).min().unwrap_or(first.low),
                close: last.close,
                volume: volume.ok_or(ResampleError::Volume(at))?,
            });
        }
        if bars.is_empty() {
            return Err(ResampleError::Nothing(bar_seconds));
        }
        Ok(Resampled { candles: Self::new(bars, bar_seconds, self.price_decimals())?, dropped, incomplete })
    }
}
