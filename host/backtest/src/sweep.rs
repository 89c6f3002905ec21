//! Many runs over the same bars: a grid of parameters, on all cores, over all of history or over windows that walk
//! forward, so that what was chosen on one part is judged on another.

use std::num::NonZeroUsize;

use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::history::History;
use crate::outcome::Outcome;
use crate::parallel;
use crate::parameters::Grid;
use crate::run::{Backtest, RunError};

/// What a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// To choose by.
    Train,
    /// To judge by.
    Test,
}

/// A part of history, by its first and its last bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Which fold, from 0.
    pub fold: u32,
    /// What it is for; none of the whole.
    pub split: Option<Split>,
    /// When its first bar closed.
    pub from: Timestamp,
    /// When its last bar closed.
    pub to: Timestamp,
}

/// How history is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkForward {
    /// How many times a part is chosen on and the next is judged on.
    pub folds: u32,
    /// How much of each window is to choose by, in hundredths of a percent.
    pub train_bps: u32,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRun<R> {
    /// As tried.
    pub parameters: Vec<(String, i64)>,
    /// Over which part.
    pub window: Window,
    /// What was made of its outcome.
    pub result: R,
}

impl WalkForward {
    /// Windows of equal length: the parts to judge by follow each other without a gap up to the last bar, and each is
    /// preceded by its part to choose by. Empty where there are too few bars.
    pub fn windows(self, times: &[Timestamp]) -> Vec<Window> {
        let (all, folds) = (times.len() as u64, u64::from(self.folds));
        let train_bps = u64::from(self.train_bps.min(10_000));
        // all = train + folds × test, where train is to test as train_bps is to the rest.
        let parts = train_bps + folds * (10_000 - train_bps);
        let test = (all * (10_000 - train_bps)).checked_div(parts).unwrap_or(0);
        let train = all.saturating_sub(folds * test);
        if test == 0 || train == 0 {
            return Vec::new();
        }
        let time = |index: u64| times.get(usize::try_from(index).ok()?).copied();
        let window = |fold: u64, split, from: u64, count: u64| {
            let fold = u32::try_from(fold).ok()?;
            Some(Window { fold, split: Some(split), from: time(from)?, to: time(from + count - 1)? })
        };
        (0..folds)
            .flat_map(|fold| {
                let start = fold * test;
                [window(fold, Split::Train, start, train), window(fold, Split::Test, start + train, test)]
            })
            .flatten()
            .collect()
    }
}

impl Backtest<'_> {
    /// Runs every combination over every window. `judge` makes of each outcome what is kept of it, on the thread that
    /// ran it. A window that judges begins with the bars before it as history.
    pub fn sweep<R: Send>(
        &self,
        history: History<'_>,
        grid: &Grid,
        walk: Option<WalkForward>,
        threads: NonZeroUsize,
        judge: &(dyn Fn(Outcome) -> R + Sync),
        done: &mut dyn FnMut(usize),
    ) -> Result<Vec<SweepRun<R>>, RunError> {
        let times = history.times();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return Err(RunError::NoBars) };
        let windows = match walk {
            None => vec![Window { fold: 0, split: None, from: *first, to: *last }],
            Some(walk) => walk.windows(&times),
        };
        let warm_up = self.warm_up()? as usize;
        let combinations = grid.combinations();
        let one = |number: usize| -> Result<Option<SweepRun<R>>, RunError> {
            let (combination, window) = (number / windows.len().max(1), number % windows.len().max(1));
            let (Some(asked), Some(window)) = (combinations.get(combination), windows.get(window)) else {
                return Ok(None);
            };
            let outcome = self
                .with(asked, window, &times, warm_up)
                .run(self.part(history, window, &times, warm_up), &mut |_| {})?;
            Ok(Some(SweepRun { parameters: outcome.parameters.clone(), window: *window, result: judge(outcome) }))
        };
        let runs =
            parallel::map(threads, self.strategies.stack_bytes(), combinations.len() * windows.len(), &one, done);
        runs.into_iter().filter_map(Result::transpose).collect()
    }

    /// This run with these parameters, trading in this window only. What is not in the grid stays as it was asked for.
    fn with(&self, asked: &[(String, i64)], window: &Window, times: &[Timestamp], warm_up: usize) -> Self {
        let mut run = self.clone();
        run.parameters.retain(|(name, _)| asked.iter().all(|(swept, _)| swept != name));
        run.parameters.extend_from_slice(asked);
        if begins_at(window, times, warm_up) < window.from {
            run.trade_from = Some(window.from);
        }
        run
    }

    fn part<'h>(&self, history: History<'h>, window: &Window, times: &[Timestamp], warm_up: usize) -> History<'h> {
        history.from(begins_at(window, times, warm_up)).until(window.to)
    }
}

/// Where the history of a window begins: so many bars before it as the strategy wants, as far as there are any.
fn begins_at(window: &Window, times: &[Timestamp], warm_up: usize) -> Timestamp {
    let index = times.partition_point(|at| *at < window.from).saturating_sub(warm_up);
    times.get(index).copied().unwrap_or(window.from)
}

/// As many threads as the machine runs at once.
pub fn all_cores() -> NonZeroUsize {
    parallel::cores()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_walk_forward_without_a_gap_and_end_with_the_last_bar() {
        let times: Vec<_> = (0..100).map(Timestamp::from_millis).collect();
        let windows = WalkForward { folds: 3, train_bps: 7_000 }.windows(&times);
        let seen: Vec<_> =
            windows.iter().map(|one| (one.fold, one.split, one.from.as_millis(), one.to.as_millis())).collect();
        let (train, test) = (Some(Split::Train), Some(Split::Test));
        assert_eq!(
            seen,
            [
                (0, train, 0, 45),
                (0, test, 46, 63),
                (1, train, 18, 63),
                (1, test, 64, 81),
                (2, train, 36, 81),
                (2, test, 82, 99),
            ]
        );
        for bad in [WalkForward { folds: 0, train_bps: 10_000 }, WalkForward { folds: 200, train_bps: 5_000 }] {
            assert!(bad.windows(&times).is_empty(), "{bad:?}");
        }
        assert!(WalkForward { folds: 3, train_bps: 7_000 }.windows(&[]).is_empty());
    }
}
