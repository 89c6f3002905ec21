//! How people read what two versions did: sums, then each record on which they differ, decision beside decision.

use std::collections::BTreeMap;

use puppet_types::{counted, scrub};
use serde_json::Value;

use super::{
    columns::{self, Line, Mark, Row},
    compared::{Did, Item, Report, Sums},
};
use crate::{
    output::{Output, Table, printable},
    trouble::Result,
};
use puppet_api::view::invocation::EventView;

/// Reasons that are told why records were left out.
const REASONS: usize = 5;

/// Prints it, at most so many differences.
pub fn tell(report: &Report, show: usize, out: Output) -> Result<()> {
    for (word, side) in [("old", &report.old), ("new", &report.new)] {
        let version = side.version.as_deref().unwrap_or("component");
        out.line(format!("{word}  {}  {version}  {}", out.bold(&side.named), out.dim(side.digest)))?;
    }
    let agents = report.items.iter().map(|item| &item.agent).collect::<std::collections::BTreeSet<_>>().len();
    let records = counted(report.replayed, "recorded invocation", "recorded invocations");
    let differ = format!("{} otherwise", report.changed);
    let differ = if report.changed == 0 { out.good(differ) } else { out.bad(differ) };
    let of = counted(agents as u64, "agent", "agents");
    out.line(format!("{records} of {of} run again on both: {} the same, {differ}", report.same))?;
    reasons(report.left_out.iter().map(|record| record.reason.as_str()), out)?;
    sums(report, out)?;
    let changed: Vec<&Item> = report.items.iter().filter(|item| !item.same).collect();
    for item in changed.iter().take(show) {
        difference(item, out)?;
    }
    match changed.len().saturating_sub(show) {
        0 => Ok(()),
        more => {
            out.line(out.dim(format!("\n{more} more differ: --show {} prints them, --json everything", changed.len())))
        }
    }
}

/// Why records were not run again, each reason once.
pub fn reasons<'a>(of_records: impl Iterator<Item = &'a str>, out: Output) -> Result<()> {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for reason in of_records {
        *reasons.entry(reason).or_default() += 1;
    }
    for (reason, many) in reasons.iter().take(REASONS) {
        out.line(out.odd(format!("{} cannot be run again: {reason}", counted(*many, "record", "records"))))?;
    }
    match reasons.len().saturating_sub(REASONS) {
        0 => Ok(()),
        more => out.line(out.odd(format!("{} more, with --json", counted(more as u64, "reason", "reasons")))),
    }
}

fn sums(report: &Report, out: Output) -> Result<()> {
    let mut table = Table::new(&["", "old", "new"]);
    let Report { old, new, .. } = report;
    let mut row = |name: &str, of: fn(&Sums) -> u64| {
        table.row([name.to_owned(), of(old).to_string(), of(new).to_string()]);
    };
    row("as recorded", |sums| sums.as_recorded);
    row("traps", |sums| sums.traps);
    row("other breaches", |sums| sums.breaches);
    row("unanswered reads", |sums| sums.unanswered_reads);
    let ratio = report.fuel_ratio.map_or_else(String::new, |ratio| format!(" (×{ratio:.2})"));
    table.row(["fuel".to_owned(), old.fuel.to_string(), format!("{}{ratio}", new.fuel)]);
    table.print(out)
}

fn difference(item: &Item, out: Output) -> Result<()> {
    let at = item.at.to_string();
    let at = at.get(..19).unwrap_or(&at);
    out.line(format!("\n{} {} {}", out.dim(at), out.bold(&item.agent), out.dim(&item.invocation)))?;
    out.line(event(&item.event, out.width()))?;
    let mut rows = Vec::new();
    if ended(&item.old) != ended(&item.new) {
        rows.push(Row { old: Some(ended(&item.old)), new: Some(ended(&item.new)) });
    }
    rows.extend(columns::rows(&item.old.decisions, &item.new.decisions));
    rows.iter().try_for_each(|row| {
        columns::lines(&safe(row), out.width()).iter().try_for_each(|line| out.line(coloured(line, out)))
    })
}

/// Cleaned before it is cut: a credential that is wrapped would not be known as one.
fn safe(row: &Row) -> Row {
    let clean = |text: &String| printable(&scrub::text(text)).into_owned();
    Row { old: row.old.as_ref().map(clean), new: row.new.as_ref().map(clean) }
}

fn coloured(Line { mark, old, new }: &Line, out: Output) -> String {
    let (old, new) = match mark {
        Mark::Same => (out.dim(old), out.dim(new)),
        _ => (out.bad(old), out.good(new)),
    };
    format!("  {old} {} {new}", mark.sign()).trim_end().to_owned()
}

/// How it ended; of a breach what is said of it too.
fn ended(did: &Did) -> String {
    let detail = did.error.as_deref().map_or_else(String::new, |error| format!(": {error}"));
    match (did.breach, &did.declined) {
        (Some(breach), _) => format!("ends in {breach}{detail}"),
        (None, Some(declined)) => format!("declines, {}: {}", declined.code, declined.message),
        (None, None) if did.outcome == "ok" => "ends ok".to_owned(),
        (None, None) => format!("{}{detail}", did.outcome),
    }
}

/// What happened, on one line.
fn event(event: &EventView, width: usize) -> String {
    let said = ["/text", "/post/text"].iter().find_map(|place| event.payload.pointer(place).and_then(Value::as_str));
    let said = said.map_or_else(|| event.payload.to_string(), str::to_owned);
    let from = event.author.as_ref().map_or_else(|| event.source.clone(), |author| format!("@{author}"));
    let line = format!("  on {} from {from}: {said}", event.kind);
    let line = printable(&scrub::text(&line)).replace(['\n', '\t'], " ");
    let mut shown = 0;
    let fits = |c: &char| {
        shown += textwrap::core::display_width(c.encode_utf8(&mut [0; 4]));
        shown < width
    };
    let cut: String = line.chars().take_while(fits).collect();
    if cut.len() == line.len() { cut } else { cut + "…" }
}
