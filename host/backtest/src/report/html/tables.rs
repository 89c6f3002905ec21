//! Tables of the tear sheet: months as a heat map, all figures, runs of a sweep, trades and denials. Long lists are cut, and
//! say so.

use std::fmt::Write as _;

use super::{page::tone, shown};
use crate::{
    Outcome,
    metrics::Figure,
    report::{
        Params, Quantiles, Report,
        monthly::years,
        sweep::{ranked, split_name},
        words,
    },
};

const MOST_ROWS: usize = 200;

/// A row of cells that are escaped already.
fn row(out: &mut String, cells: &[String]) {
    out.push_str("<tr>");
    cells.iter().for_each(|cell| {
        let _ = write!(out, "<td>{cell}</td>");
    });
    out.push_str("</tr>\n");
}

fn begin(out: &mut String, title: &str, class: &str, columns: &[&str]) {
    let _ = write!(out, "<section>\n<h2>{title}</h2>\n<div class=\"scroll\"><table class=\"{class}\">\n<thead><tr>");
    columns.iter().for_each(|name| {
        let _ = write!(out, "<th scope=\"col\">{name}</th>");
    });
    out.push_str("</tr></thead>\n<tbody>\n");
}

fn end(out: &mut String, note: Option<String>) {
    out.push_str("</tbody>\n</table></div>\n");
    if let Some(note) = note {
        let _ = writeln!(out, "<p class=\"more\">{note}</p>");
    }
    out.push_str("</section>\n");
}

/// What a list does not show.
fn left(all: usize, which: &str) -> Option<String> {
    (all > MOST_ROWS).then(|| format!("{} {which} are in the JSON report.", words::count((all - MOST_ROWS) as u64)))
}

pub(super) fn months(out: &mut String, report: &Report) {
    let gains = report.monthly.iter().filter_map(|month| month.gain.get());
    let most = gains.fold(0.0, |most: f64, gain| most.max(gain.abs()));
    let mut columns = vec!["Year"];
    columns.extend(words::MONTHS);
    columns.push("All");
    begin(out, "Months", "heat", &columns);
    for year in years(&report.monthly) {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", year.year);
        for gain in year.months {
            let _ = match gain.get() {
                Some(value) => write!(out, "<td class=\"{}\">{}</td>", warmth(value, most), words::bare_gain(gain)),
                None => write!(out, "<td></td>"),
            };
        }
        let _ = writeln!(out, "<td class=\"all {}\">{}</td></tr>", tone(year.all), words::bare_gain(year.all));
    }
    end(out, Some("In percent.".to_owned()));
}

/// One of five steps up or down, by the largest that there is.
fn warmth(value: f64, most: f64) -> String {
    let step = if most > 0.0 { libm::ceil(value.abs() / most * 5.0).clamp(0.0, 5.0) } else { 0.0 };
    if value.abs() < 0.000_05 { "h0".to_owned() } else { format!("{}{step}", if value > 0.0 { "p" } else { "n" }) }
}

pub(super) fn figures(out: &mut String, report: &Report, outcome: &Outcome) {
    let (metrics, hold, decimals) = (&report.metrics, &report.metrics.buy_and_hold, outcome.quote.decimals);
    let symbol = shown(&outcome.quote.symbol);
    let minute = |at: Option<puppet_types::Timestamp>| at.map_or_else(|| words::UNDEFINED.to_owned(), words::minute);
    begin(out, "Figures", "figures meant", &["", "Strategy", "Bought and held", ""]);
    let none = String::new;
    for (name, value, held, meant) in [
        (
            "Total return",
            words::gain(metrics.total_return),
            words::gain(hold.total_return),
            "what was there at the end against the beginning",
        ),
        (
            "CAGR",
            words::gain(metrics.cagr),
            words::gain(hold.cagr),
            "a year at this pace; of a run of days or weeks it says little",
        ),
        ("Volatility, a year", words::percent(metrics.volatility), none(), "how far returns of bars scatter"),
        ("Sharpe", words::ratio(metrics.sharpe), words::ratio(hold.sharpe), "return of a year for its scatter"),
        ("Sortino", words::ratio(metrics.sortino), none(), "the same, for the scatter of losing bars alone"),
        ("Calmar", words::ratio(metrics.calmar), none(), "CAGR for the largest drawdown"),
        ("Omega", words::ratio(metrics.omega), none(), "all gains of bars over all their losses"),
        (
            "Max drawdown",
            words::percent(metrics.max_drawdown),
            words::percent(hold.max_drawdown),
            "the deepest fall from a highest",
        ),
        ("Peak before it", minute(metrics.max_drawdown_from), none(), ""),
        ("Deepest", minute(metrics.max_drawdown_to), none(), ""),
        ("Recovered", minute(metrics.max_drawdown_recovered), none(), ""),
        (
            "Trades",
            words::count(metrics.trades as u64),
            none(),
            "sales that closed something; what is still held is none",
        ),
        ("Win rate", words::percent(metrics.win_rate), none(), "trades that made something after fees, of all"),
        ("Profit factor", words::ratio(metrics.profit_factor), none(), "what those made over what the others lost"),
        (
            "Expectancy",
            format!("{} {symbol}", words::average(metrics.expectancy, decimals)),
            none(),
            "what a trade made on average",
        ),
        ("Longest win streak", words::count(metrics.longest_win_streak as u64), none(), ""),
        ("Longest loss streak", words::count(metrics.longest_loss_streak as u64), none(), ""),
        (
            "Turnover",
            format!("{} ×", words::ratio(metrics.turnover)),
            none(),
            "all that was bought and sold, in times of what was owned on average",
        ),
        (
            "Fees",
            format!("{} {symbol}", words::amount(i128::from(metrics.fees), decimals)),
            none(),
            "of all purchases and sales",
        ),
        ("Exposure", words::percent(metrics.exposure), none(), "bars at whose close something was held, of all"),
    ] {
        let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{value}</td><td>{held}</td><td>{meant}</td></tr>");
    }
    end(out, None);
}

fn params(params: &Params) -> String {
    let one = |(name, value): &(String, i64)| format!("{}={value}", shown(name));
    params.0.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn toned(figure: Figure) -> String {
    format!("<span class=\"{}\">{}</span>", tone(figure), words::gain(figure))
}

pub(super) fn sweep(out: &mut String, report: &Report) {
    let Some(runs) = &report.runs else { return };
    begin(out, "Sweep", "list", &["Parameters", "Part", "Return", "Sharpe", "Max drawdown", "Profit factor", "Trades"]);
    for run in ranked(runs).into_iter().take(MOST_ROWS) {
        let metrics = &run.metrics;
        row(
            out,
            &[
                params(&run.params),
                split_name(run.split).to_owned(),
                toned(metrics.total_return),
                words::ratio(metrics.sharpe),
                words::percent(metrics.max_drawdown),
                words::ratio(metrics.profit_factor),
                words::count(metrics.trades as u64),
            ],
        );
    }
    end(out, left(runs.len(), "more runs"));
}

pub(super) fn walk_forward(out: &mut String, report: &Report) {
    let Some(forward) = &report.walk_forward else { return };
    begin(
        out,
        "Walk forward",
        "list",
        &["Parameters", "Chosen from", "Tested from", "to", "Where chosen", "Tested", "Sharpe"],
    );
    for window in forward.windows.iter().take(MOST_ROWS) {
        row(
            out,
            &[
                params(&window.params),
                words::day(window.train_from),
                words::day(window.test_from),
                words::day(window.test_to),
                toned(window.train.total_return),
                toned(window.test.total_return),
                words::ratio(window.test.sharpe),
            ],
        );
    }
    let note = format!(
        "All tests together: {}; {} of them won; efficiency {}. {}",
        words::gain(forward.total_return),
        words::percent(forward.win_rate),
        words::ratio(forward.efficiency),
        left(forward.windows.len(), "more windows").unwrap_or_default()
    );
    end(out, Some(note));
}

pub(super) fn monte_carlo(out: &mut String, report: &Report) {
    for found in report.monte_carlo.iter().flatten() {
        begin(out, "Monte Carlo: the same trades again", "figures", &["", "5 %", "25 %", "50 %", "75 %", "95 %"]);
        let mut line = |name: &str, of: Quantiles, write: fn(Figure) -> String| {
            let _ = write!(out, "<tr><th scope=\"row\">{name}</th>");
            for one in [of.p5, of.p25, of.p50, of.p75, of.p95] {
                let _ = write!(out, "<td>{}</td>", write(one));
            }
            out.push_str("</tr>\n");
        };
        line("Total return", found.total_return, words::gain);
        line("Max drawdown", found.max_drawdown, words::percent);
        let (times, how) = (words::count(u64::from(found.runs)), found.told());
        end(out, Some(format!("{times} times: {how}. Under 5 % is what one in twenty of them did not exceed.")));
    }
}

pub(super) fn trades(out: &mut String, report: &Report, outcome: &Outcome) {
    if report.trades.is_empty() {
        return;
    }
    let symbol = shown(&outcome.quote.symbol);
    let (fees, won) = (format!("Fees, {symbol}"), format!("Won, {symbol}"));
    begin(out, "Trades", "list", &["Market", "Opened", "Closed", "Quantity", "Entry", "Exit", &fees, &won]);
    let skipped = report.trades.len().saturating_sub(MOST_ROWS);
    for (record, trade) in outcome.trades.iter().zip(&report.trades).skip(skipped).rev() {
        let Some(series) = outcome.markets.get(record.market as usize) else { continue };
        let market = &series.market;
        let money = |value: i128| words::amount(value, market.quote.decimals);
        let class = if trade.pnl > 0 {
            "up"
        } else if trade.pnl < 0 {
            "down"
        } else {
            "even"
        };
        row(
            out,
            &[
                shown(&trade.market),
                words::minute(trade.opened_at),
                words::minute(trade.closed_at),
                words::amount(i128::from(trade.quantity), market.base.decimals),
                words::amount(i128::from(trade.entry_price), market.price_decimals),
                words::amount(i128::from(trade.exit_price), market.price_decimals),
                money(i128::from(trade.fees)),
                format!("<span class=\"{class}\">{}</span>", money(i128::from(trade.pnl))),
            ],
        );
    }
    end(out, left(report.trades.len(), "earlier trades"));
}

pub(super) fn denials(out: &mut String, report: &Report) {
    if report.denials.is_empty() {
        return;
    }
    begin(out, "Orders denied or ended", "list", &["When", "Rule", "Order", "Why"]);
    for denial in report.denials.iter().take(MOST_ROWS) {
        // Orders are numbered from 1 in the order of the list.
        let order = usize::try_from(denial.order).ok().and_then(|id| report.orders.get(id.checked_sub(1)?));
        let name = order.map_or_else(String::new, |order| shown(&order.client_id));
        row(out, &[words::minute(denial.at), shown(&denial.rule), name, shown(&denial.detail)]);
    }
    end(out, left(report.denials.len(), "more"));
}
