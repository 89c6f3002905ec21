//! `backtest`: a strategy over recorded candles, in the sandbox and behind the risk engine; a report and its pages stay.
//! Nothing is sent anywhere and no data folder is touched.

mod many;

use std::num::NonZeroUsize;

use puppet_backtest::{
    Backtest as Run, CUTS, History, Laid, Models, Outcome, RunError, all_cores, monte_carlo,
    report::{self, LaidRow, Report},
};
use puppet_types::counted;

use crate::{
    cli::Backtest,
    commands::simulate::{unwritable, write},
    output::Output,
    setup::Setup,
    trading::{
        candles::{self, Asked, Data, Reading},
        progress::Progress,
        second,
        strategy::{self, Chosen},
        terms,
    },
    trouble::{Exit, Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &Backtest, out: Output) -> Result<()> {
    let threads = args.threads.and_then(|threads| NonZeroUsize::new(threads as usize)).unwrap_or_else(all_cores);
    let chosen = strategy::choose(setup, &args.strategy, threads.get())?;
    if let (true, Some(digest)) = (chosen.is_installed, &chosen.id.digest) {
        out.note(format!("{} {} as it is installed, {digest}", chosen.id.pack, chosen.id.version));
    }
    let data = candles::read(setup, &asked(args), out).await?;
    let stack = chosen.stack_bytes;
    // Guests are called on this thread: it has the stack that they may use.
    let done = std::thread::scope(|scope| {
        let work = || finished(args, &chosen, &data, threads, out);
        let thread = std::thread::Builder::new().name("puppet-backtest".to_owned()).stack_size(stack);
        let thread = thread.spawn_scoped(scope, work).map_err(Trouble::internal)?;
        thread.join().map_err(|_| Trouble::internal("the run panicked"))?
    });
    let (report, outcome) = done?;
    tell(args, &report, &outcome, out)?;
    verdict(&outcome)
}

/// Which bars are meant.
fn asked(args: &Backtest) -> Asked<'_> {
    Asked {
        data: &args.data,
        reading: Reading {
            markets: args.markets.as_deref(),
            stamp: args.stamp,
            tz: &args.tz,
            max_bad_rows: args.max_bad_rows,
        },
        markets: args.market.as_slice(),
        from: args.from.as_deref(),
        to: args.to.as_deref(),
        bar: args.bar.as_deref(),
    }
}

/// The run, and whatever else was asked for.
fn finished(
    args: &Backtest,
    chosen: &Chosen,
    data: &Data,
    threads: NonZeroUsize,
    out: Output,
) -> Result<(Report, Outcome)> {
    let mut run = prepared(args, chosen, data)?;
    terms::closed(&run.rules, &run.markets, Some(terms::RECORDED)).into_iter().for_each(|closed| out.note(closed));
    let history = History::new(&data.bars, data.markets.len()).map_err(|error| {
        Trouble::input("bad-data", error.to_string(), "docs/trading/data.md says what bars are").in_file(&args.data)
    })?;
    let swept = many::sweep(args, &mut run, history, threads, out)?;
    let bars = Progress::new("bars", history.bars().len() as u64, out);
    let mut outcome = run.run(history, &mut |progress| bars.at(progress.done)).map_err(of_run)?;
    bars.finish();
    if args.check_lookahead {
        let cuts = Progress::new("cuts", CUTS.into(), out);
        let found = run.look_ahead(history, CUTS, threads, &mut |done| cuts.at(done as u64)).map_err(of_run)?;
        cuts.finish();
        outcome = outcome.with_look_ahead(found);
    }
    let mut report = Report::of(&outcome, risk_free(args));
    if let Some(swept) = swept {
        (report.runs, report.walk_forward) = (Some(swept.runs), swept.walk_forward);
    }
    if let Some(times) = args.monte_carlo {
        let laid = [Laid::Shuffled, Laid::Redrawn].into_iter();
        let found = laid.filter_map(|laid| {
            let found = monte_carlo(outcome.start_balance, &outcome.trades, times, args.seed, laid)?;
            Some(LaidRow::of(&found, outcome.start_balance))
        });
        report.monte_carlo = Some(found.collect());
    }
    Ok((report, outcome))
}

/// What is run, before any sweep.
fn prepared<'a>(args: &Backtest, chosen: &'a Chosen, data: &Data) -> Result<Run<'a>> {
    let mut run = Run::new(chosen.id.clone(), &chosen.strategies, data.markets.clone(), data.bar_seconds);
    run.parameters = terms::parameters(&args.param)?;
    run.sources.clone_from(&data.sources);
    run.seed = args.seed;
    let quote = data.markets.first().map(|market| &market.quote);
    run.start_balance = quote.map(|quote| terms::amount(&args.balance, quote)).transpose()?.unwrap_or(0);
    run.models = terms::models(Models::default(), &args.costs)?;
    run.models.fill.close_at_end = args.close_at_end;
    if !data.has_volume {
        run.models = run.models.without_volume();
    }
    let rules = terms::rules(args.risk.as_deref(), &data.markets)?;
    run.rules = terms::in_markets(rules, &data.markets, &data.known).on_paper();
    second::none_recorded(&run.rules)?;
    Ok(run)
}

fn risk_free(args: &Backtest) -> f64 {
    f64::from(args.risk_free_bps) / 10_000.0
}

/// Why it does not begin, and what to do.
fn of_run(error: RunError) -> Trouble {
    let (code, remedy) = match &error {
        RunError::Parameter(error) => return terms::of_parameter(error),
        RunError::Strategy(_) => ("strategy", "its log says more: docs/trading/strategies.md"),
        RunError::Rules(_) => ("bad-value", "docs/trading/risk.md lists every rule"),
        RunError::Fee { .. } => ("bad-value", "give a smaller --fee-bps, or raise `max_fee_bps` of the rules"),
        RunError::Markets { .. } => ("bad-data", "give --data a file, or a folder with as many markets as it trades"),
        RunError::BarSeconds { .. } => ("bad-data", "make them of its length with --bar"),
        RunError::Quote { .. } => ("bad-data", "leave out what is quoted in another token"),
        RunError::NoBars => ("bad-data", "look at --from and --to"),
    };
    Trouble::input(code, error.to_string(), remedy)
}

fn tell(args: &Backtest, report: &Report, outcome: &Outcome, out: Output) -> Result<()> {
    let json = report.json().map_err(Trouble::internal)?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        write(folder, "report.json", &json)?;
        write(folder, "report.html", &report::html(report, outcome))?;
    }
    if out.json {
        report::untraded(outcome).into_iter().for_each(|why| out.note(why));
        return out.object(report);
    }
    report::text(report, outcome).lines().try_for_each(|line| out.line(line))?;
    if let Some(folder) = &args.out {
        for name in ["report.html", "report.json"] {
            out.line(format!("{} {}", out.good("wrote"), folder.join(name).display()))?;
        }
    }
    Ok(())
}

/// Whether what was looked at is as it must be.
fn verdict(outcome: &Outcome) -> Result<()> {
    if let Some(why) = &outcome.stopped {
        let remedy = "`breaches` of the report lists what went wrong; the figures are of the part before";
        return failed(Trouble::input("run-stopped", format!("the run ended before its data: {why}"), remedy));
    }
    let differences = outcome.look_ahead.as_ref().map_or(0, |found| found.differences.len());
    if differences > 0 {
        let message =
            format!("{} of history changed what was decided before", counted(differences as u64, "cut", "cuts"));
        let remedy = "`checks.lookahead` of the report lists them: a decision may depend on nothing that comes later";
        return failed(Trouble::input("look-ahead", message, remedy));
    }
    Ok(())
}

fn failed(mut trouble: Trouble) -> Result<()> {
    trouble.exit = Exit::Failed;
    Err(trouble)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
