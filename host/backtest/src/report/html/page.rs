//! Head and foot of the tear sheet, what must not be overlooked, and the figures that are looked at first.

use std::fmt::Write as _;

use super::{by_rule, shown};
use crate::{
    Outcome,
    metrics::Figure,
    report::{Report, words},
};

pub(super) fn head(out: &mut String, report: &Report, outcome: &Outcome) {
    let strategy = &report.strategy;
    let version = strategy.version.as_deref().map(shown).unwrap_or_default();
    let _ = write!(out, "<header>\n<h1>{} <small>{version}</small></h1>\n", shown(&strategy.pack));
    if !strategy.params.0.is_empty() {
        out.push_str("<p class=\"params\">");
        for (name, value) in &strategy.params.0 {
            let _ = write!(out, "<span>{} <b>{value}</b></span> ", shown(name));
        }
        out.push_str("</p>\n");
    }
    out.push_str("<dl class=\"facts\">\n");
    for data in &report.data {
        let mut text = format!("{} bars of {}", words::count(data.bars), words::seconds(u64::from(data.bar_seconds)));
        if let (Some(from), Some(to)) = (data.from, data.to) {
            let _ = write!(text, "<br>{} to {} UTC", words::minute(from), words::minute(to));
        }
        let odd: Vec<String> = [(data.gaps, "missing"), (data.duplicates, "twice"), (data.bad_rows, "bad")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{} {what}", words::count(n)))
            .collect();
        if !odd.is_empty() {
            let _ = write!(text, "<br>{}", odd.join(", "));
        }
        fact(out, &shown(&data.market), &text);
    }
    if let Some(history) = words::history(outcome) {
        fact(out, "History", &history);
    }
    for (name, text) in words::models(&outcome.models) {
        fact(out, name, &shown(&text));
    }
    fact(out, "Seed", &report.seed.to_string());
    out.push_str("</dl>\n</header>\n");
}

/// Both are escaped already.
fn fact(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "<div><dt>{name}</dt><dd>{text}</dd></div>");
}

pub(super) fn warnings(out: &mut String, report: &Report, outcome: &Outcome) {
    let mut say = |class: &str, text: String| {
        let _ = writeln!(out, "<p class=\"note {class}\">{text}</p>");
    };
    if let Some(why) = words::untraded(outcome) {
        say("bad", why);
    }
    if let Some(why) = &report.stopped {
        say("bad", format!("The run ended before its data: {}", shown(why)));
    }
    let checked = &report.checks.lookahead;
    match checked.status {
        "found" => {
            let n = puppet_types::counted(checked.differences.len(), "decision", "decisions");
            say("bad", format!("Look-ahead: {n} changed when the future was taken away. These figures mean nothing."));
        }
        "clean" => {
            say("good", format!("No look-ahead: history was cut {} times, and no decision changed.", checked.cuts))
        }
        _ => {}
    }
    if let Some(first) = report.breaches.first() {
        let n = puppet_types::counted(report.breaches.len(), "call", "calls");
        let (breach, at) = (shown(&first.breach), words::minute(first.at));
        say("bad", format!("{n} ended badly, the first with {breach} at {at}: {}", shown(&first.detail)));
    }
    let rules = by_rule(report);
    if !rules.is_empty() {
        let all: Vec<String> =
            rules.iter().take(8).map(|(rule, n)| format!("{} × {}", words::count(*n), shown(rule))).collect();
        say("", format!("Orders denied or ended: {}", all.join(", ")));
    }
}

/// Whether a number is shown as good or as bad.
pub(super) fn tone(figure: Figure) -> &'static str {
    match figure.get() {
        Some(value) if value >= 0.000_05 => "up",
        Some(value) if value <= -0.000_05 => "down",
        _ => "even",
    }
}

pub(super) fn key_figures(out: &mut String, report: &Report, outcome: &Outcome) {
    let (metrics, hold) = (&report.metrics, &report.metrics.buy_and_hold);
    let decimals = outcome.quote.decimals;
    let money = |value: u64| words::amount(i128::from(value), decimals);
    let symbol = shown(&outcome.quote.symbol);
    out.push_str("<section class=\"cards\" aria-label=\"Key figures\">\n");
    let mut card = |name: &str, class: &str, value: String, beside: String| {
        let _ = writeln!(
            out,
            "<div class=\"card\"><h3>{name}</h3><p class=\"value {class}\">{value}</p><p class=\"beside\">{beside}</p></div>"
        );
    };
    card(
        "Total return",
        tone(metrics.total_return),
        words::gain(metrics.total_return),
        format!("{} → {} {symbol}", money(outcome.start_balance), money(report.end_equity)),
    );
    card(
        "Bought and held",
        tone(hold.total_return),
        words::gain(hold.total_return),
        format!("Sharpe {}", words::ratio(hold.sharpe)),
    );
    card("CAGR", tone(metrics.cagr), words::gain(metrics.cagr), format!("held {}", words::gain(hold.cagr)));
    card("Sharpe", "", words::ratio(metrics.sharpe), format!("Sortino {}", words::ratio(metrics.sortino)));
    card(
        "Max drawdown",
        if metrics.max_drawdown.get().is_some_and(|depth| depth > 0.0) { "down" } else { "even" },
        words::percent(metrics.max_drawdown),
        format!("held {}", words::percent(hold.max_drawdown)),
    );
    card("Profit factor", "", words::ratio(metrics.profit_factor), format!("Calmar {}", words::ratio(metrics.calmar)));
    card(
        "Win rate",
        "",
        words::percent(metrics.win_rate),
        puppet_types::counted(words::count(metrics.trades as u64), "trade", "trades"),
    );
    card("Fees", "", money(metrics.fees), format!("{symbol}, turnover {} ×", words::ratio(metrics.turnover)));
    out.push_str("</section>\n");
}

pub(super) fn foot(out: &mut String, report: &Report) {
    let per = &report.annualisation;
    let _ = writeln!(
        out,
        "<footer><p>Returns are from bar to bar, {} a year of 365 days; risk-free rate {}. Held: the same money in each \
         market from its first bar on, without fees. Times are UTC. What a strategy did in the past, over data that its \
         author knew, says little about what it will do.</p></footer>",
        per.periods_per_year.text().map_or_else(String::new, |text| {
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            if part.is_empty() { words::grouped(whole) } else { format!("{}.{part}", words::grouped(whole)) }
        }),
        words::percent(per.risk_free),
    );
}
