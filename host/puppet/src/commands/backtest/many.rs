//! Many runs: every combination of parameters, the best of which is run again for the report; and folds that walk
//! forward, where what was best on one part is tried on the part after it.

use std::num::NonZeroUsize;

use puppet_backtest::{
    Backtest as Run, Grid, History, ParameterError, WalkForward,
    report::{self, ForwardRow, RunRow},
};

use crate::{
    cli::Backtest,
    output::Output,
    trading::progress::Progress,
    trouble::{Result, Trouble},
};

use super::{of_run, risk_free};

/// Of each fold, how much is to choose by.
const TRAIN_BPS: u32 = 7_000;

/// What a sweep came to.
pub struct Swept {
    pub runs: Vec<RunRow>,
    pub walk_forward: Option<ForwardRow>,
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
    let grid = grid.map_err(|error| {
        let remedy = match &error {
            ParameterError::TooMany { .. } => "sweep over fewer values, or give a larger step: fast=5..50:5",
            ParameterError::Twice(_) => "name it once, with all of its values: --sweep fast=5,10,20",
            _ => "write a list, --sweep fast=5,10,20, or a range with a step, --sweep fast=5..20:5",
        };
        Trouble::input("bad-value", error.to_string(), remedy).of_field("--sweep")
    })?;
    let folds = args.walk_forward.map(|folds| WalkForward { folds, train_bps: TRAIN_BPS });
    if folds.is_some_and(|folds| folds.windows(&history.times()).is_empty()) {
        let message = "there are too few bars for so many folds";
        return Err(Trouble::input("bad-value", message, "give a smaller number").of_field("--walk-forward"));
    }
    let parts = folds.map_or(1, |folds| folds.folds as usize * 2);
    let progress = Progress::new("runs", (grid.combinations().len() * parts) as u64, out);
    let judge = |outcome| report::metrics(&outcome, risk_free(args));
    let runs = run.sweep(history, &grid, folds, threads, &judge, &mut |done| progress.at(done as u64));
    progress.finish();
    let runs = runs.map_err(of_run)?;
    // What would be traded with now is what the last fold chose, or all of history where there are none.
    let rows = RunRow::list(&runs);
    if let Some(best) = report::best(&rows, folds.map_or(0, |folds| folds.folds - 1)) {
        run.parameters.clone_from(&best.params.0);
    }
    Ok(Some(Swept { walk_forward: ForwardRow::of(&runs), runs: rows }))
}
