//! Recorded bars, as fast as they are taken, or so many times as fast as they came.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use puppet_backtest::Bar;
use puppet_types::Timestamp;
use tokio::time::Instant;

use super::{Batch, Feed, FeedError, Tick};

/// How fast recorded bars come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As they are taken.
    Free,
    /// So many seconds of the record in one.
    Times(u32),
}

/// Bars that end.
#[derive(Debug)]
pub struct Recorded {
    left: VecDeque<Batch>,
    pace: Pace,
    /// When the first batch came, and of when it was.
    begun: Option<(Instant, Timestamp)>,
}

impl Recorded {
    /// Of bars by time, then market: each once, as `puppet_backtest::History` takes them.
    pub fn new(bars: &[Bar], pace: Pace) -> Self {
        let batches = bars.chunk_by(|(_, one), (_, next)| one.at == next.at);
        let left = batches.filter_map(|bars| Some((bars.first()?.1.at, bars.to_vec()))).collect();
        Self { left, pace, begun: None }
    }

    /// How many batches are to come.
    pub fn left(&self) -> usize {
        self.left.len()
    }
}

#[async_trait]
impl Feed for Recorded {
    async fn history(&mut self, batches: u32) -> Result<Vec<Batch>, FeedError> {
        let count = self.left.len().min(batches as usize);
        Ok(self.left.drain(..count).collect())
    }

    fn skip(&mut self, to: Timestamp) -> u64 {
        let count = self.left.partition_point(|(at, _)| *at <= to);
        self.left.drain(..count);
        count as u64
    }

    async fn next(&mut self) -> Option<Result<Tick, FeedError>> {
        let at = self.left.front()?.0;
        if let Pace::Times(times) = self.pace {
            let (begun, first) = *self.begun.get_or_insert_with(|| (Instant::now(), at));
            let passed = at.millis_since(first).saturating_mul(1_000) / u64::from(times.max(1));
            // Taken from the beginning on: what a batch costs does not add up.
            tokio::time::sleep_until(begun + Duration::from_micros(passed)).await;
        }
        let (at, bars) = self.left.pop_front()?;
        Some(Ok(Tick::Bars { at, bars }))
    }
}
