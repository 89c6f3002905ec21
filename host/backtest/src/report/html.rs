//! The tear sheet: one HTML file that asks nothing of anybody. No scripts, no network, no inline style attributes; charts
//! are SVG that is drawn here. A policy in its head forbids the rest, should anything slip through the escaping.

mod chart;
mod charts;
mod page;
mod tables;

use std::collections::BTreeMap;

use base64::Engine as _;

use super::Report;
use crate::Outcome;

const STYLE: &str = include_str!("html/style.css");

/// Of a report and what it is of. Below two megabytes, however long the run was.
pub fn html(report: &Report, outcome: &Outcome) -> String {
    let digest = puppet_types::Digest::of(STYLE.as_bytes());
    let allowed = base64::engine::general_purpose::STANDARD.encode(digest.as_bytes());
    let title = format!("{} backtest", shown(&report.strategy.pack));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{allowed}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    page::head(&mut out, report, outcome);
    out.push_str("<main>\n");
    page::warnings(&mut out, report, outcome);
    if super::untraded(outcome).is_none() {
        page::key_figures(&mut out, report, outcome);
        charts::all(&mut out, report, outcome);
        tables::months(&mut out, report);
        tables::figures(&mut out, report, outcome);
    }
    tables::sweep(&mut out, report);
    tables::walk_forward(&mut out, report);
    tables::monte_carlo(&mut out, report);
    tables::trades(&mut out, report, outcome);
    tables::denials(&mut out, report);
    out.push_str("</main>\n");
    page::foot(&mut out, report);
    out.push_str("</body>\n</html>\n");
    out
}

/// How often each rule said no, the most frequent first.
pub(super) fn by_rule(report: &Report) -> Vec<(&str, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for denial in &report.denials {
        *counts.entry(&denial.rule).or_default() += 1;
    }
    let mut rules: Vec<_> = counts.into_iter().collect();
    rules.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    rules
}

/// What somebody else wrote, as text of a page or of an attribute: on one line, cut, escaped.
fn shown(text: &str) -> String {
    escaped(&super::words::plain(text, 160))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
