//! The report for a terminal: plain, aligned, with the equity drawn in blocks. At most 100 columns.

use std::fmt::Write as _;

use super::{
    Report, RunRow, equity, monthly,
    sweep::{ranked, split_name},
    words,
};
use crate::{Outcome, metrics::Figure};

const COLUMNS: usize = 72;
const LINES: usize = 8;
/// Rows of a list that are shown.
const MOST_LINES: usize = 20;
/// Rules that are named.
const MOST_RULES: usize = 8;
/// Of a name that somebody else chose.
const MOST_CHARS: usize = 60;

/// Of a report and what it is of.
pub fn text(report: &Report, outcome: &Outcome) -> String {
    let mut out = String::new();
    head(&mut out, report, outcome);
    match words::untraded(outcome) {
        Some(why) => why.split_inclusive(". ").for_each(|sentence| line(&mut out, sentence)),
        None => {
            chart(&mut out, outcome);
            figures(&mut out, report, outcome);
            months(&mut out, report);
        }
    }
    if let Some(runs) = &report.runs {
        sweep(&mut out, runs);
    }
    forward(&mut out, report);
    shuffled(&mut out, report);
    notes(&mut out, report);
    out
}

/// To a text nothing fails to be written.
fn line(out: &mut String, text: impl AsRef<str>) {
    out.push_str(text.as_ref().trim_end());
    out.push('\n');
}

fn head(out: &mut String, report: &Report, outcome: &Outcome) {
    let strategy = &report.strategy;
    let version = words::plain(strategy.version.as_deref().unwrap_or_default(), MOST_CHARS);
    line(out, format!("{} {version}  seed {}", words::plain(&strategy.pack, MOST_CHARS), report.seed));
    let params = |(name, value): &(String, i64)| format!("{}={value}", words::plain(name, MOST_CHARS));
    let params: Vec<String> = strategy.params.0.iter().map(params).collect();
    line(out, params.join(" "));
    for data in &report.data {
        let (from, to) = (data.from.map(words::minute), data.to.map(words::minute));
        let mut text = format!(
            "{}  {} bars of {}, {} to {} UTC",
            words::plain(&data.market, MOST_CHARS),
            words::count(data.bars),
            words::seconds(u64::from(data.bar_seconds)),
            from.as_deref().unwrap_or(words::UNDEFINED),
            to.as_deref().unwrap_or(words::UNDEFINED),
        );
        for (n, what) in [(data.gaps, "missing"), (data.duplicates, "twice"), (data.bad_rows, "bad")] {
            if n > 0 {
                let _ = write!(text, ", {} {what}", words::count(n));
            }
        }
        line(out, text);
    }
    if let Some(history) = words::history(outcome) {
        line(out, format!("history: {history}"));
    }
    let models = words::models(&outcome.models);
    let models: Vec<String> = models.iter().map(|(name, text)| format!("{} {text}", name.to_lowercase())).collect();
    line(out, models.join("; "));
    line(out, "");
}

/// Equity from the first bar to the last, the mean of each column, from its lowest to its highest.
fn chart(out: &mut String, outcome: &Outcome) {
    let values = equity(outcome);
    let unit = words::plain(&outcome.quote.symbol, 12);
    let decimals = outcome.quote.decimals;
    if values.len() < 2 {
        return;
    }
    let columns = COLUMNS.min(values.len());
    let mean = |column: usize| {
        let part = values.get(column * values.len() / columns..(column + 1) * values.len() / columns).unwrap_or(&[]);
        part.iter().sum::<f64>() / part.len().max(1) as f64
    };
    let means: Vec<f64> = (0..columns).map(mean).collect();
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let labels = [words::amount(high as i128, decimals), words::amount(low as i128, decimals)];
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    line(out, format!("Equity, {unit}"));
    for row in 0..LINES {
        let label = if row == 0 {
            labels[0].as_str()
        } else if row + 1 == LINES {
            labels[1].as_str()
        } else {
            ""
        };
        let blocks: String = means.iter().map(|value| block(*value, low, high, LINES - 1 - row)).collect();
        line(out, format!("{label:>width$} │{blocks}"));
    }
    line(out, "");
}

/// The part of a column that stands in a row, counted from below.
fn block(value: f64, low: f64, high: f64, row: usize) -> char {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let share = if high > low { (value - low) / (high - low) } else { 0.5 };
    // The lowest is still to be seen.
    let filled = 1 + libm::round(share * (LINES * 8 - 1) as f64) as usize;
    EIGHTHS.get(filled.saturating_sub(row * 8).min(8)).copied().unwrap_or(' ')
}

fn figures(out: &mut String, report: &Report, outcome: &Outcome) {
    let (metrics, decimals) = (&report.metrics, outcome.quote.decimals);
    let symbol = words::plain(&outcome.quote.symbol, 12);
    let money = |value: u64| words::amount(i128::from(value), decimals);
    line(out, format!("{} → {} {symbol}", money(outcome.start_balance), money(report.end_equity)));
    line(out, "");
    let hold = &metrics.buy_and_hold;
    let left = [
        ("Total return", words::gain(metrics.total_return)),
        ("CAGR", words::gain(metrics.cagr)),
        ("Volatility", words::percent(metrics.volatility)),
        ("Sharpe", words::ratio(metrics.sharpe)),
        ("Sortino", words::ratio(metrics.sortino)),
        ("Calmar", words::ratio(metrics.calmar)),
        ("Omega", words::ratio(metrics.omega)),
        ("Max drawdown", words::percent(metrics.max_drawdown)),
        ("Exposure", words::percent(metrics.exposure)),
        ("Turnover", words::ratio(metrics.turnover)),
    ];
    let right = [
        ("Trades", words::count(metrics.trades as u64)),
        ("Win rate", words::percent(metrics.win_rate)),
        ("Profit factor", words::ratio(metrics.profit_factor)),
        ("Expectancy", format!("{} {symbol}", words::average(metrics.expectancy, decimals))),
        ("Longest wins, losses", format!("{}, {}", metrics.longest_win_streak, metrics.longest_loss_streak)),
        ("Fees", format!("{} {symbol}", money(metrics.fees))),
        ("Bought and held", words::gain(hold.total_return)),
        ("  CAGR", words::gain(hold.cagr)),
        ("  Sharpe", words::ratio(hold.sharpe)),
        ("  Max drawdown", words::percent(hold.max_drawdown)),
    ];
    for ((name, value), (beside, other)) in left.iter().zip(&right) {
        line(out, format!("{name:<14}{value:>14}      {beside:<22}{other:>16}"));
    }
    if let (Some(from), Some(to)) = (metrics.max_drawdown_from, metrics.max_drawdown_to) {
        let back = metrics
            .max_drawdown_recovered
            .map_or_else(|| "not recovered".to_owned(), |at| format!("recovered {}", words::minute(at)));
        line(out, "");
        line(out, format!("Drawdown from {} to {}, {back}", words::minute(from), words::minute(to)));
    }
}

fn months(out: &mut String, report: &Report) {
    if report.monthly.len() < 2 {
        return;
    }
    line(out, "");
    let head: String = words::MONTHS.iter().map(|name| format!("{name:>7}")).collect();
    line(out, format!("%   {head}{:>8}", "All"));
    for year in monthly::years(&report.monthly) {
        let cell = |gain: &Figure| format!("{:>7}", gain.get().map(|_| words::bare_gain(*gain)).unwrap_or_default());
        let cells: String = year.months.iter().map(cell).collect();
        line(out, format!("{}{cells}{:>8}", year.year, words::bare_gain(year.all)));
    }
}

fn sweep(out: &mut String, runs: &[RunRow]) {
    line(out, "");
    line(out, format!("{:<6}{:>12}{:>9}{:>10}{:>8}  Parameters", "Split", "Return", "Sharpe", "Drawdown", "Trades"));
    for run in ranked(runs).into_iter().take(MOST_LINES) {
        let metrics = &run.metrics;
        let numbers =
            (words::gain(metrics.total_return), words::ratio(metrics.sharpe), words::percent(metrics.max_drawdown));
        let (gain, sharpe, depth) = numbers;
        let (split, trades) = (split_name(run.split), metrics.trades);
        line(out, format!("{split:<6}{gain:>12}{sharpe:>9}{depth:>10}{trades:>8}  {}", params(&run.params)));
    }
    more(out, runs.len());
}

fn params(params: &super::Params) -> String {
    let one = |(name, value): &(String, i64)| format!("{}={value}", words::plain(name, MOST_CHARS));
    params.0.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn more(out: &mut String, all: usize) {
    if all > MOST_LINES {
        line(out, format!("and {} more in the JSON report", all - MOST_LINES));
    }
}

fn forward(out: &mut String, report: &Report) {
    let Some(forward) = &report.walk_forward else { return };
    line(out, "");
    let (gain, wins) = (words::gain(forward.total_return), words::percent(forward.win_rate));
    line(
        out,
        format!(
            "Walk forward: {gain} in all tests, {wins} of them won, efficiency {}",
            words::ratio(forward.efficiency)
        ),
    );
    line(out, format!("{:<12}{:<12}{:>12}{:>12}  Parameters", "Test from", "to", "Train", "Test"));
    for window in forward.windows.iter().take(MOST_LINES) {
        let (from, to) = (words::day(window.test_from), words::day(window.test_to));
        let (train, test) = (words::gain(window.train.total_return), words::gain(window.test.total_return));
        line(out, format!("{from:<12}{to:<12}{train:>12}{test:>12}  {}", params(&window.params)));
    }
    more(out, forward.windows.len());
}

fn shuffled(out: &mut String, report: &Report) {
    for found in report.monte_carlo.iter().flatten() {
        line(out, "");
        line(out, format!("The same trades {} times, {}", words::count(u64::from(found.runs)), found.told()));
        line(out, format!("{:<14}{:>14}{:>14}{:>14}{:>14}{:>14}", "", "5 %", "25 %", "50 %", "75 %", "95 %"));
        for (name, of, show) in [
            ("Total return", found.total_return, words::gain as fn(Figure) -> String),
            ("Max drawdown", found.max_drawdown, words::percent),
        ] {
            let cells: String =
                [of.p5, of.p25, of.p50, of.p75, of.p95].iter().map(|one| format!("{:>14}", show(*one))).collect();
            line(out, format!("{name:<14}{cells}"));
        }
    }
}

/// What should not be overlooked.
fn notes(out: &mut String, report: &Report) {
    let mut notes = Vec::new();
    if let Some(why) = &report.stopped {
        notes.push(format!("The run ended before its data: {}", words::plain(why, 200)));
    }
    let rules = super::html::by_rule(report);
    if !rules.is_empty() {
        let all: Vec<String> = rules
            .iter()
            .take(MOST_RULES)
            .map(|(rule, n)| format!("{} {}", words::count(*n), words::plain(rule, MOST_CHARS)))
            .collect();
        notes.push(format!("Orders denied or ended: {}", all.join(", ")));
    }
    if !report.breaches.is_empty() {
        notes.push(format!("Calls that ended badly: {}", report.breaches.len()));
    }
    let checked = &report.checks.lookahead;
    match checked.status {
        "clean" => notes.push(format!("No look-ahead: {} cuts changed no decision", checked.cuts)),
        "found" => {
            let n = puppet_types::counted(checked.differences.len(), "decision", "decisions");
            notes.push(format!("LOOK-AHEAD: {n} changed when the future was taken away"));
        }
        _ => {}
    }
    if !notes.is_empty() {
        line(out, "");
    }
    notes.iter().for_each(|note| line(out, note));
}
