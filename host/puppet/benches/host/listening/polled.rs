//! Many accounts that one host asks for, within what X lets each ask.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{BEGINS, Listening, until};
use crate::{
    Effort,
    idle::{TICKS, resident, ticks},
    table::{Limit, Row},
};

/// What an account may ask in a window, as often as 180 times in 15 minutes.
const ALLOWED: usize = 6;
const WINDOW: Duration = Duration::from_secs(30);

/// What it costs, and what is asked.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let plan = json!({ "window_s": WINDOW.as_secs(), "limits": { "mentions": ALLOWED } });
    // It is there meanwhile, so that both have rested as long.
    let silent = Listening::start(effort.accounts, None, &plan);
    let listening = Listening::start(effort.accounts, Some("by = \"poll\"\nevery = \"1s\"\n"), &plan);
    let mut asked = 0;
    until(BEGINS, || {
        asked = accounts(&listening.emulating.report());
        asked == effort.accounts
    });
    let (before, spent, since) = (looks(&listening), ticks(listening.host.id()), Instant::now());
    std::thread::sleep(effort.listened);
    let (spent, passed) = (ticks(listening.host.id()) - spent, since.elapsed());
    let report = listening.emulating.report();
    let made = report["counts"]["mentions"].as_u64().unwrap_or(0) - before;
    let minutes = passed.as_secs_f64() / 60.0;
    let allowed = (effort.accounts * ALLOWED) as f64 * passed.as_secs_f64() / WINDOW.as_secs_f64();
    let row = |name: &str, value, unit, peer, against, limit| Row {
        name: format!("{} accounts polled, {name}", effort.accounts),
        value,
        unit,
        peer,
        against,
        limit,
    };
    let mebibytes = |bytes: u64| bytes as f64 / 1_048_576.0;
    let silent = mebibytes(resident(silent.host.id()));
    let above = mebibytes(resident(listening.host.id())) - silent;
    let refused = of_mentions(&report).filter(|entry| entry["status"] == 429).count();
    vec![
        row("asked", asked as f64, "accounts", effort.accounts as f64, "each once within 15 s", Limit::AtLeast(1.0)),
        row("CPU", spent as f64 / TICKS / minutes, "s/min", 60.0, "one core", Limit::None),
        row("memory", above, "MiB more", silent, "the same agents without accounts", Limit::None),
        row("requests", made as f64 / minutes, "1/min", allowed / minutes, "what X allows", Limit::AtMost(1.0)),
        row("429", refused as f64, "requests", made as f64, "none of those made", Limit::AtMost(0.0)),
    ]
}

fn looks(listening: &Listening) -> u64 {
    listening.emulating.report()["counts"]["mentions"].as_u64().unwrap_or(0)
}

/// Those that were asked for.
fn accounts(report: &Value) -> usize {
    of_mentions(report).filter_map(|entry| entry["account"].as_str()).collect::<BTreeSet<_>>().len()
}

fn of_mentions(report: &Value) -> impl Iterator<Item = &Value> {
    report["requests"].as_array().unwrap().iter().filter(|entry| entry["operation"] == "mentions")
}
