//! Reports of many runs: a sweep over parameters, windows that walk forward, and the same trades laid in another order.

use puppet_types::Timestamp;
use serde::Serialize;

use super::Params;
use crate::{
    Laid, Split, WHOLE_BPS,
    metrics::{Figure, Metrics},
};

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRow {
    /// With what.
    pub params: Params,
    /// What it came to.
    pub metrics: Metrics,
    /// `train` also where nothing was kept back to judge by: whoever chooses among such runs chooses by all of the data.
    pub split: Split,
    /// Which fold, from 0.
    pub fold: u32,
    /// Close of the first bar.
    pub from: Timestamp,
    /// Of the last.
    pub to: Timestamp,
}

impl RunRow {
    /// Of a sweep whose outcomes were judged with [`super::metrics`].
    pub fn list(runs: &[crate::SweepRun<Metrics>]) -> Vec<Self> {
        let row = |run: &crate::SweepRun<Metrics>| Self {
            params: Params(run.parameters.clone()),
            metrics: run.result.clone(),
            split: run.window.split.unwrap_or(Split::Train),
            fold: run.window.fold,
            from: run.window.from,
            to: run.window.to,
        };
        runs.iter().map(row).collect()
    }
}

/// Runs as people look at them: fold by fold, those to choose by first, of each the highest Sharpe ratio first.
pub(super) fn ranked(runs: &[RunRow]) -> Vec<&RunRow> {
    let sharpe = |row: &RunRow| row.metrics.sharpe.get().unwrap_or(f64::NEG_INFINITY);
    let mut runs: Vec<&RunRow> = runs.iter().collect();
    runs.sort_by(|one, other| {
        let part = |row: &RunRow| (row.fold, row.split == Split::Test);
        part(one).cmp(&part(other)).then(sharpe(other).total_cmp(&sharpe(one)))
    });
    runs
}

/// As it is written everywhere.
pub(super) const fn split_name(split: Split) -> &'static str {
    match split {
        Split::Train => "train",
        Split::Test => "test",
    }
}

/// Parameters that were chosen on a part of the data, and what they came to on the part after it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoldRow {
    /// From 0.
    pub fold: u32,
    /// Close of the first bar to choose by.
    pub train_from: Timestamp,
    /// Of the last.
    pub train_to: Timestamp,
    /// Close of the first bar to judge by.
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

/// Folds one after the other, and what their tests came to together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForwardRow {
    /// In order of time.
    pub windows: Vec<FoldRow>,
    /// Of the tests, one after the other.
    pub total_return: Figure,
    /// Folds whose test won, of all.
    pub win_rate: Figure,
    /// Average CAGR of the tests over the average CAGR where parameters were chosen; none where that is not above 0.
    pub efficiency: Figure,
}

impl ForwardRow {
    /// Of each fold the run to choose by with the highest Sharpe ratio, of equal ones the highest return, then the first;
    /// one without a Sharpe ratio only where none has one. None where nothing was kept back to judge by.
    pub fn of(runs: &[crate::SweepRun<Metrics>]) -> Option<Self> {
        let rows = RunRow::list(runs);
        let folds = rows.iter().map(|row| row.fold).max()?;
        let windows: Vec<FoldRow> = (0..=folds).filter_map(|fold| chosen(&rows, fold)).collect();
        (!windows.is_empty()).then(|| Self::over(windows))
    }

    fn over(windows: Vec<FoldRow>) -> Self {
        let returns = || windows.iter().filter_map(|window| window.test.total_return.get());
        let count = windows.len() as f64;
        let wins = returns().filter(|gain| *gain > 0.0).count() as f64;
        let mean = |of: fn(&FoldRow) -> Figure| {
            windows.iter().map(|window| of(window).get()).sum::<Option<f64>>().map(|sum| sum / count)
        };
        let (test, train) = (mean(|window| window.test.cagr), mean(|window| window.train.cagr));
        let efficiency = test.zip(train).and_then(|(test, train)| (train > 0.0).then(|| test / train));
        Self {
            total_return: Figure::of(Some(returns().map(|gain| 1.0 + gain).product::<f64>() - 1.0)),
            win_rate: Figure::of(Some(wins / count)),
            efficiency: Figure::of(efficiency),
            windows,
        }
    }
}

/// Of a fold's runs to choose by, the one with the highest Sharpe ratio, of equal ones the highest return, then the first.
pub fn best(rows: &[RunRow], fold: u32) -> Option<&RunRow> {
    let worth = |row: &RunRow| {
        let of = |figure: Figure| figure.get().unwrap_or(f64::NEG_INFINITY);
        (of(row.metrics.sharpe), of(row.metrics.total_return))
    };
    let train = rows.iter().filter(|row| row.fold == fold && row.split == Split::Train);
    train.reduce(|best, row| if worth(row) > worth(best) { row } else { best })
}

fn chosen(rows: &[RunRow], fold: u32) -> Option<FoldRow> {
    let train = best(rows, fold)?;
    let is_test = |row: &&RunRow| row.fold == fold && row.split == Split::Test && row.params == train.params;
    let test = rows.iter().find(is_test)?;
    Some(FoldRow {
        fold,
        train_from: train.from,
        train_to: train.to,
        test_from: test.from,
        test_to: test.to,
        params: train.params.clone(),
        train: train.metrics.clone(),
        test: test.metrics.clone(),
    })
}

/// What so many of a hundred are not above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// 5 of a hundred.
    pub p5: Figure,
    /// A quarter.
    pub p25: Figure,
    /// The middle.
    pub p50: Figure,
    /// Three quarters.
    pub p75: Figure,
    /// 95 of a hundred.
    pub p95: Figure,
}

impl Quantiles {
    fn of(values: [Option<f64>; 5]) -> Self {
        let [p5, p25, p50, p75, p95] = values.map(Figure::of);
        Self { p5, p25, p50, p75, p95 }
    }
}

/// The same trades laid in another order, many times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LaidRow {
    /// How many times.
    pub runs: u32,
    /// How results were laid.
    pub laid: Laid,
    /// What it ended with.
    pub total_return: Quantiles,
    /// The largest drawdown on the way, from trade to trade.
    pub max_drawdown: Quantiles,
}

impl LaidRow {
    /// Of a run that began with so much.
    pub fn of(found: &crate::MonteCarlo, start_balance: u64) -> Self {
        let gain = |end: u64| (start_balance > 0).then(|| end as f64 / start_balance as f64 - 1.0);
        Self {
            runs: found.runs,
            laid: found.laid,
            total_return: Quantiles::of(found.end_equity.map(gain)),
            max_drawdown: Quantiles::of(found.max_drawdown_bps.map(|bps| Some(bps as f64 / WHOLE_BPS as f64))),
        }
    }

    /// As it is told.
    pub(super) const fn told(&self) -> &'static str {
        match self.laid {
            Laid::Shuffled => "each once, in another order",
            Laid::Redrawn => "as many, each drawn from all",
        }
    }
}
