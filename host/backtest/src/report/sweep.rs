//! Reports of many runs: a sweep over parameters, windows that walk forward, and the same trades in another order.

use puppet_types::Timestamp;
use serde::Serialize;

use super::Params;
use crate::metrics::{Figure, Metrics};

/// Which part of the data a run saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Parameters were chosen by it.
    Train,
    /// Parameters were chosen without it.
    Test,
}

impl Split {
    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRun {
    /// With what.
    pub params: Params,
    /// What it came to.
    pub metrics: Metrics,
    /// On which part of the data.
    pub split: Split,
}

/// A part of the data to choose parameters by, and the part after it to see them work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Window {
    /// Close of the first bar to choose by.
    pub train_from: Timestamp,
    /// Of the last.
    pub train_to: Timestamp,
    /// Close of the first bar to be tested on.
    pub test_from: Timestamp,
    /// Of the last.
    pub test_to: Timestamp,
    /// What was chosen.
    pub params: Params,
    /// What it came to where it was chosen.
    pub train: Metrics,
    /// What it came to after.
    pub test: Metrics,
}

/// Windows one after the other, and what their tests came to together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WalkForward {
    /// In order of time.
    pub windows: Vec<Window>,
    /// Of the tests, one after the other.
    pub total_return: Figure,
    /// Windows whose test won, of all.
    pub win_rate: Figure,
    /// Average CAGR of the tests over the average CAGR where parameters were chosen; none where that is not above 0.
    pub efficiency: Figure,
}

impl WalkForward {
    /// Of windows in order of time.
    pub fn of(windows: Vec<Window>) -> Self {
        let returns = || windows.iter().filter_map(|window| window.test.total_return.get());
        let count = windows.len() as f64;
        let some = |value: f64| (!windows.is_empty()).then_some(value);
        let wins = returns().filter(|gain| *gain > 0.0).count() as f64;
        let mean = |of: fn(&Window) -> Figure| {
            windows.iter().map(|window| of(window).get()).sum::<Option<f64>>().map(|sum| sum / count)
        };
        let (test, train) = (mean(|window| window.test.cagr), mean(|window| window.train.cagr));
        let efficiency = test.zip(train).and_then(|(test, train)| (train > 0.0).then(|| test / train));
        Self {
            total_return: Figure::of(some(returns().map(|gain| 1.0 + gain).product::<f64>() - 1.0)),
            win_rate: Figure::of(some(wins / count)),
            efficiency: Figure::of(efficiency),
            windows,
        }
    }
}

/// What 5, 50 and 95 of a hundred stay below.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// 5 of a hundred.
    pub p5: Figure,
    /// The middle.
    pub p50: Figure,
    /// 95 of a hundred.
    pub p95: Figure,
}

impl Quantiles {
    /// The nearest that is there: none of nothing.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            Figure::of(sorted.get(rank - 1).copied())
        };
        Self { p5: at(5), p50: at(50), p95: at(95) }
    }
}

/// The same trades in another order, many times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonteCarlo {
    /// How many orders.
    pub runs: usize,
    /// They were drawn from it.
    pub seed: u64,
    /// What they came to.
    pub total_return: Quantiles,
    /// The largest drawdown on the way.
    pub max_drawdown: Quantiles,
    /// Of all, those that ended with less than they began with.
    pub probability_of_loss: Figure,
}

impl MonteCarlo {
    /// Of what each order came to, as (total return, largest drawdown).
    pub fn of(seed: u64, runs: &[(f64, f64)]) -> Self {
        let gains: Vec<f64> = runs.iter().map(|run| run.0).collect();
        let depths: Vec<f64> = runs.iter().map(|run| run.1).collect();
        let lost = gains.iter().filter(|gain| **gain < 0.0).count() as f64;
        Self {
            runs: runs.len(),
            seed,
            total_return: Quantiles::of(&gains),
            max_drawdown: Quantiles::of(&depths),
            probability_of_loss: Figure::of((!runs.is_empty()).then(|| lost / runs.len() as f64)),
        }
    }
}
