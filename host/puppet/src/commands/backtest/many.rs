//! Many runs: every combination of parameters, the best of which is run again for the report; and windows that walk
//! forward, where what was best on one part is tried on the part after it.

use std::num::NonZeroUsize;

use puppet_backtest::{
    Backtest as Run, Grid, History, RunError, Split, SweepRun, WalkForward,
    metrics::Metrics,
    report::{self, Params},
};

use crate::{
    cli::{Backtest, BestBy},
    output::Output,
    trouble::{Result, Trouble},
};

use super::{of_run, progress::Progress, risk_free};

/// Of each window, how much is to choose by.
const TRAIN_BPS: u32 = 7_000;

/// What a sweep came to.
pub struct Swept {
    pub runs: Vec<report::SweepRun>,
    pub walk_forward: Option<report::WalkForward>,
}

/// Runs every combination, and leaves the best one's parameters in `run`. None where no sweep is asked for.
pub fn sweep(
    args: &Backtest,
    run: &mut Run<'_>,
    history: History<'_>,
    threads: NonZeroUsize,
    out: Output,
) -> Result<Option<Swept>> {
    if args.sweep.is_empty() {
        return Ok(None);
    }
    let grid = Grid::parse(args.sweep.iter().map(String::as_str));
    let grid = grid.map_err(|error| of_run(RunError::Parameter(error)))?;
    let folds = args.walk_forward.map(|folds| WalkForward { folds, train_bps: TRAIN_BPS });
    if folds.is_some_and(|folds| folds.windows(&history.times()).is_empty()) {
        let message = "there are too few bars for so many windows";
        return Err(Trouble::input("bad-value", message, "give a smaller number").of_field("--walk-forward"));
    }
    let parts = folds.map_or(1, |folds| folds.folds as usize * 2);
    let progress = Progress::new("runs", (grid.combinations().len() * parts) as u64, out);
    let judge = |outcome| report::metrics(&outcome, risk_free(args));
    let runs = run.sweep(history, &grid, folds, threads, &judge, &mut |done| progress.at(done as u64));
    progress.finish();
    let runs = runs.map_err(of_run)?;
    let (walk_forward, best) = match folds {
        None => (None, best(&runs, args.best_by, |_| true)),
        Some(folds) => {
            let windows = (0..folds.folds).filter_map(|fold| window(&runs, args.best_by, fold));
            let last = folds.folds.saturating_sub(1);
            // What would be traded with now is what the last window chose.
            let now = best(&runs, args.best_by, |run| is(run, last, Split::Train));
            (Some(report::WalkForward::of(windows.collect())), now)
        }
    };
    if let Some(best) = best {
        run.parameters.clone_from(&best.parameters);
    }
    Ok(Some(Swept { runs: runs.iter().map(row).collect(), walk_forward }))
}

type Judged = SweepRun<Metrics>;

fn is(run: &Judged, fold: u32, split: Split) -> bool {
    run.window.fold == fold && run.window.split == Some(split)
}

/// The first of the best; a figure that is not defined is the worst.
fn best(runs: &[Judged], by: BestBy, counts: impl Fn(&Judged) -> bool) -> Option<&Judged> {
    let figure = |run: &Judged| {
        let metrics = &run.result;
        let figure = match by {
            BestBy::Sharpe => metrics.sharpe,
            BestBy::Sortino => metrics.sortino,
            BestBy::Calmar => metrics.calmar,
            BestBy::Return => metrics.total_return,
        };
        figure.get().unwrap_or(f64::NEG_INFINITY)
    };
    let better = |best: &'_ Judged, run: &'_ Judged| figure(run).total_cmp(&figure(best)).is_gt();
    runs.iter().filter(|run| counts(run)).fold(None, |best, run| match best {
        Some(known) if !better(known, run) => Some(known),
        _ => Some(run),
    })
}

fn window(runs: &[Judged], by: BestBy, fold: u32) -> Option<report::Window> {
    let train = best(runs, by, |run| is(run, fold, Split::Train))?;
    let test = runs.iter().find(|run| is(run, fold, Split::Test) && run.parameters == train.parameters)?;
    Some(report::Window {
        train_from: train.window.from,
        train_to: train.window.to,
        test_from: test.window.from,
        test_to: test.window.to,
        params: Params(train.parameters.clone()),
        train: train.result.clone(),
        test: test.result.clone(),
    })
}

fn row(run: &Judged) -> report::SweepRun {
    let split = match run.window.split {
        Some(Split::Test) => report::Split::Test,
        // All of history: whoever takes the best of it has chosen by it.
        Some(Split::Train) | None => report::Split::Train,
    };
    report::SweepRun { params: Params(run.parameters.clone()), metrics: run.result.clone(), split }
}
