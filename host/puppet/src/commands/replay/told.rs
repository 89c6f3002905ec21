//! How people read what came of a replay: one record with both sides in words, many as sums and those that differ.

use puppet_types::Outcome;
use serde_json::Value;

use super::report::{Item, Report, Told};
use puppet_api::view::invocation::ended;

use crate::{commands::diff_behaviour::told::reasons, output::Output, trouble::Result};

/// Records that differ which are told; `--json` has all.
const SHOWN: usize = 10;

/// One.
pub fn one(report: &Report, out: Output) -> Result<()> {
    if out.json {
        return out.object(report);
    }
    report.items.iter().try_for_each(|item| record(item, out))
}

/// Many.
pub fn all(report: &Report, out: Output) -> Result<()> {
    if out.json {
        return out.object(report);
    }
    let differ: Vec<&Item> = report.items.iter().filter(|item| item.same == Some(false)).collect();
    for item in differ.iter().take(SHOWN) {
        record(item, out)?;
    }
    if differ.len() > SHOWN {
        out.line(out.dim(format!("{} more differ: --json has them all", differ.len() - SHOWN)))?;
    }
    reasons(report.items.iter().filter_map(|item| item.unreplayable.as_deref()), out)?;
    let Report { replayed, same, diverged, unreplayable, .. } = report;
    let diverged = format!("{diverged} diverged");
    let diverged = if report.diverged == 0 { out.good(diverged) } else { out.bad(diverged) };
    out.line(format!("{replayed} replayed: {same} the same, {diverged}; {unreplayable} unreplayable"))
}

fn record(item: &Item, out: Output) -> Result<()> {
    let at = item.at.to_string();
    let at = at.get(..19).unwrap_or(&at);
    let head = format!("{} {} on {} {}", out.dim(at), out.bold(&item.agent), item.kind, out.dim(&item.id));
    let Some(now) = item.fuel.replayed else {
        return out.line(format!("{head}  {}", out.odd("cannot be run again")));
    };
    match &item.divergence {
        None => out.line(format!("{head}  {}, {now} fuel", out.good("the same"))),
        Some(told) => {
            out.line(format!("{head}  {}", out.bad("differs")))?;
            difference(item, told, out)
        }
    }
}

fn difference(item: &Item, told: &Told, out: Output) -> Result<()> {
    let what = match (told.part, told.n) {
        ("decision", _) if is_end(told) => "in its end".to_owned(),
        (part, Some(n)) => format!("first at {part} {n}"),
        (part, None) => format!("in {part} alone"),
    };
    out.line(format!("  {what}"))?;
    let sides = [("recorded", &told.recorded), ("replayed", &told.replayed)];
    for (side, value) in sides {
        let words = words(told.part, value);
        out.line(format!("    {side}  {}", if side == "recorded" { out.bad(words) } else { out.good(words) }))?;
    }
    let (then, now) = (item.outcome.recorded, item.outcome.replayed.unwrap_or_default());
    if then != now {
        out.line(format!("  ended {then}, and ends {now} now"))?;
    }
    match item.fuel.replayed {
        Some(now) if told.part != "fuel" && now != item.fuel.recorded => {
            out.line(out.dim(format!("  {} fuel recorded, {now} replayed", item.fuel.recorded)))
        }
        _ => Ok(()),
    }
}

fn is_end(told: &Told) -> bool {
    told.recorded["kind"] == "outcome"
}

/// One side of a difference.
fn words(part: &str, value: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    match (part, value) {
        ("fuel", value) => format!("{value} fuel"),
        ("read", Value::Null) => "nothing more is asked".to_owned(),
        ("read", value) => format!("{}.{} {}", text("capability"), text("operation"), value["request"]),
        (_, Value::Null) => "nothing more is decided".to_owned(),
        (_, value) if value["kind"] == "outcome" => {
            let body = &value["body"];
            let said = [&body["breach"], &body["error"], &body["declined"]["code"], &body["declined"]["message"]];
            let said: Vec<&str> = said.into_iter().filter_map(Value::as_str).filter(|said| !said.is_empty()).collect();
            [&[body["outcome"].as_str().unwrap_or_default()], &said[..]].concat().join(": ")
        }
        (_, value) => format!("{}  {}", text("kind"), value["body"]),
    }
}

/// How something ended, on one line.
pub fn end(outcome: &Outcome) -> String {
    match ended(outcome) {
        (Some(breach), _, detail) => format!("{breach}: {}", detail.unwrap_or_default()),
        (None, Some(declined), _) => format!("declined, {}: {}", declined.code, declined.message),
        (None, None, Some(detail)) => format!("{}: {detail}", outcome.name()),
        (None, None, None) => outcome.name().to_owned(),
    }
}
