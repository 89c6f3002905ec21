//! The report in words: the same lines for the terminal and for the page.

use puppet_engine::report::MoodPoint;
use puppet_tweet::{platform::PlatformRefusal, policy::PolicyRefusal};
use puppet_types::counted;

use super::found::{Acts, Peak, Preview, Who};
use crate::{
    config::usd,
    drawn::grouped,
    output::{Output, Table},
    trouble::Result,
};

/// Columns of the table of budgets.
pub const BUDGETS: [&str; 4] = ["budget", "peak", "requested", "share"];
/// Columns of the table of differences.
pub const BESIDE: [&str; 4] = ["", "this one", "the other", "difference"];

/// Prints it.
pub fn tell(preview: &Preview, out: Output) -> Result<()> {
    out.line(out.bold(lead(preview)))?;
    for (name, value) in facts(preview) {
        out.line(format!("  {name:<22} {value}"))?;
    }
    if let Some(other) = &preview.against {
        out.line(out.bold(format!("\nBeside {}", whose(&other.agent))))?;
        print(&BESIDE, beside(preview), out)?;
    }
    if !preview.samples.is_empty() {
        out.line(out.bold("\nPosts"))?;
    }
    for sample in &preview.samples {
        let when = format!("{} · {} · weight {} · after {}", sample.at, sample.kind, sample.weight, sample.cause);
        out.line(format!("  {}\n  {}", out.dim(when), sample.text.replace('\n', "\n  ")))?;
    }
    out.line("")?;
    print(&BUDGETS, budgets(preview), out)?;
    out.line("")?;
    for line in troubles(preview) {
        out.line(out.bad(line))?;
    }
    for line in refused(preview) {
        out.line(out.odd(line))?;
    }
    out.line(out.bold("\nA grant that is enough for what it did, with some room"))?;
    out.line(&preview.suggested_grant)
}

fn print(header: &[&str], rows: Vec<Vec<String>>, out: Output) -> Result<()> {
    let mut table = Table::new(header);
    rows.into_iter().for_each(|row| table.row(row));
    table.print(out)
}

/// What was looked at.
pub fn lead(preview: &Preview) -> String {
    let Preview { agent, days, start, seed, .. } = preview;
    let days = counted(*days, "day", "days");
    format!("{} ({} {}): {days} of virtual time from {start}, seed {seed}", agent.name, agent.pack, agent.version)
}

/// An agent with what it was made from.
pub fn whose(agent: &Who) -> String {
    format!("{} ({} {})", agent.id, agent.pack, agent.version)
}

/// What an operator asks first.
pub fn facts(preview: &Preview) -> Vec<(&'static str, String)> {
    let Acts { post, reply, like, .. } = preview.per_day;
    let days = u64::from(preview.days);
    vec![
        ("posts a day", decimal(post + preview.per_day.thread + preview.per_day.quote)),
        ("replies a day", decimal(reply)),
        ("likes a day", decimal(like)),
        ("tokens a day", format!("{} ({} in all)", grouped(preview.tokens / days), grouped(preview.tokens))),
        ("dollars", format!("${} with the offline model", usd(preview.usd_micros))),
        (
            "timers",
            format!("{} set, {} fired, {} waiting", preview.timers, preview.timers_fired, preview.timers_waiting),
        ),
        (
            "memory",
            format!(
                "{} bytes in {}, {} bytes more a day",
                grouped(preview.memory_bytes),
                counted(preview.memory_rows, "memory", "memories"),
                signed(preview.memory_bytes_per_day)
            ),
        ),
        ("mood", moved(&preview.mood)),
    ]
}

/// A whole number, also below zero.
fn signed(number: f64) -> String {
    let size = grouped(number.abs().round() as u64);
    if number <= -0.5 { format!("−{size}") } else { size }
}

fn moved(mood: &[MoodPoint]) -> String {
    match mood.last() {
        Some(last) => format!("{} moves, valence {} at the end", mood.len(), decimal(last.valence)),
        None => "does not move".to_owned(),
    }
}

/// One decimal of numbers of some size, two of small ones.
fn decimal(number: f64) -> String {
    let text = if number.abs() < 10.0 { format!("{number:.2}") } else { format!("{number:.1}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `llm.tokens/day`.
pub fn budget(peak: &Peak) -> String {
    let Peak { capability, amount, period, .. } = peak;
    period.map_or_else(|| format!("{capability}.{amount}"), |period| format!("{capability}.{amount}/{period}"))
}

/// A quantity of it.
pub fn amount(peak: &Peak, quantity: u64) -> String {
    if peak.unit == "usd_micros" { format!("${}", usd(quantity)) } else { grouped(quantity) }
}

/// Rows of the table of budgets.
pub fn budgets(preview: &Preview) -> Vec<Vec<String>> {
    let row = |peak: &Peak| {
        let share = if peak.requested == 0 { 0.0 } else { peak.peak as f64 / peak.requested as f64 * 100.0 };
        vec![budget(peak), amount(peak, peak.peak), amount(peak, peak.requested), format!("{} %", decimal(share))]
    };
    preview.peaks.iter().map(row).collect()
}

/// What went wrong, a line for each.
pub fn troubles(preview: &Preview) -> Vec<String> {
    let breaches =
        preview.breaches.iter().map(|row| format!("{}: `{}` ran into a limit: {}", row.at, row.plugin, row.breach));
    let denied = preview.denied.iter().map(|(capability, calls)| {
        let calls = counted(*calls, "call was", "calls were");
        format!("{capability}: {calls} refused, since it did not request that, or not that much")
    });
    breaches.chain(denied).collect()
}

/// What X would refuse, a line for each rule.
pub fn refused(preview: &Preview) -> Vec<String> {
    let found = PlatformRefusal::ALL.into_iter().filter_map(|rule| {
        let count = preview.refused_by_platform.get(rule.code())?;
        Some(format!("X would refuse {count}: {} ({})", rule.plain(), rule.code()))
    });
    let by_policy = PolicyRefusal::ALL.into_iter().filter_map(|rule| {
        let count = preview.refused_by_platform.get(rule.code())?;
        Some(format!("the policy would refuse {count}: {} ({})", rule.plain(), rule.code()))
    });
    let lines: Vec<String> = found.chain(by_policy).collect();
    if lines.is_empty() { vec!["X would refuse nothing of what it did".to_owned()] } else { lines }
}

/// Rows of the table of differences.
pub fn beside(preview: &Preview) -> Vec<Vec<String>> {
    let Some(other) = &preview.against else { return Vec::new() };
    let signed = |number: String| if number.starts_with('-') || number == "0" { number } else { format!("+{number}") };
    let row =
        |name: &str, new: String, old: String, difference: String| vec![name.to_owned(), new, old, signed(difference)];
    let average = |name: &str, of: fn(Acts<f64>) -> f64| {
        let numbers = [preview.per_day, other.per_day, other.differences.per_day];
        let [new, old, difference] = numbers.map(|acts| decimal(of(acts)));
        row(name, new, old, difference)
    };
    let count =
        |name: &str, new: u64, old: u64, difference: i64| row(name, grouped(new), grouped(old), difference.to_string());
    let by = &other.differences;
    let refused = |of: &std::collections::BTreeMap<&'static str, u64>| of.values().sum::<u64>();
    let (new, old) = (refused(&preview.refused_by_platform), refused(&other.refused_by_platform));
    vec![
        average("posts a day", |acts| acts.post),
        average("threads a day", |acts| acts.thread),
        average("quotes a day", |acts| acts.quote),
        average("replies a day", |acts| acts.reply),
        average("likes a day", |acts| acts.like),
        count("tokens", preview.tokens, other.tokens, by.tokens),
        count("dollars, millionths", preview.usd_micros, other.usd_micros, by.usd_micros),
        count("timers set", preview.timers, other.timers, by.timers),
        count("bytes of memory", preview.memory_bytes, other.memory_bytes, by.memory_bytes),
        row("refused by X", new.to_string(), old.to_string(), (i128::from(new) - i128::from(old)).to_string()),
    ]
}
