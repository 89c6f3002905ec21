//! Recorded data as a run takes it: the bars of a timeline, and what is said of where they are from.

use puppet_market::{Quality, Timeline};

use crate::models::Models;
use crate::outcome::DataSource;
use crate::strategy::Bar;

/// The bars of all markets, by time, then market.
pub fn bars_of(timeline: &Timeline) -> Vec<Bar> {
    timeline.bars().iter().map(|bar| (bar.market, bar.candle)).collect()
}

impl From<&Quality> for DataSource {
    fn from(quality: &Quality) -> Self {
        Self {
            market: quality.market.clone(),
            sha256: Some(quality.sha256),
            bars: quality.bars,
            bar_seconds: quality.bar_seconds,
            from: Some(quality.from),
            to: Some(quality.to),
            gaps: quality.gaps,
            duplicates: quality.duplicates,
            bad_rows: quality.bad_rows,
        }
    }
}

impl Models {
    /// For data without volume: a share of nothing would fill nothing.
    pub fn without_volume(mut self) -> Self {
        self.fill.participation_bps = None;
        self
    }
}
