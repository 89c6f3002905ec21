//! How the results of scenarios are printed: for people, for scripts, for build servers.

use std::path::Path;

use puppet_author::{found::Difference, junit};
use puppet_types::counted;
use serde::Serialize;

use super::{Ran, Results};
use crate::{
    files,
    output::Output,
    trouble::{Result, Trouble},
};

/// `puppet.test/1`.
#[derive(Serialize)]
struct Told<'a> {
    passed: usize,
    failed: usize,
    scenarios: &'a [Ran],
}

/// Prints all.
pub fn tell(results: &Results, out: Output) -> Result<()> {
    let (passed, failed) = (results.count(true), results.count(false));
    if out.json {
        return out.object_of("puppet.test/1", &Told { passed, failed, scenarios: &results.scenarios });
    }
    for result in &results.scenarios {
        shown(result, out)?;
    }
    let line = format!("{passed} passed, {failed} failed");
    out.line(if failed == 0 { out.good(line) } else { out.bad(line) })
}

/// Prints one.
pub fn shown(result: &Ran, out: Output) -> Result<()> {
    let mark = if result.status == "passed" { out.good("✓") } else { out.bad("✗") };
    let fuel = if result.fuel > 0 { format!("{} fuel", grouped(result.fuel)) } else { String::new() };
    let tail = if result.status == "passed" { out.dim(fuel) } else { out.dim(&result.file) };
    out.line(format!("{mark} {}  {tail}", result.name))?;
    for difference in &result.diff {
        lines(difference, &result.file).into_iter().try_for_each(|(kind, line)| {
            out.line(match kind {
                Kind::Place => out.bold(line),
                Kind::Expected => out.good(line),
                Kind::Found => out.bad(line),
                Kind::Plain => line,
            })
        })?;
    }
    Ok(())
}

enum Kind {
    Place,
    Expected,
    Found,
    Plain,
}

fn lines(difference: &Difference, file: &str) -> Vec<(Kind, String)> {
    let Difference { step, path, expected, found, line, remedy } = difference;
    let step = step.map_or_else(String::new, |step| format!("step {step}, "));
    let mut lines = vec![
        (Kind::Place, format!("    {step}{file}:{line}: {path}")),
        (Kind::Expected, format!("      - expected  {}", indented(expected))),
        (Kind::Found, format!("      + found     {}", indented(found))),
    ];
    if let Some(remedy) = remedy {
        lines.push((Kind::Plain, format!("      help: {}", indented(remedy))));
    }
    lines
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n                  ")
}

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes the report for build servers.
pub fn junit(dir: &Path, results: &Results, file: &Path) -> Result<()> {
    let name = dir.canonicalize().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
    let said: Vec<Option<(&'static str, String)>> = results.scenarios.iter().map(wrong).collect();
    let cases: Vec<junit::Case<'_>> = results
        .scenarios
        .iter()
        .zip(said)
        .map(|(result, wrong)| junit::Case { name: &result.name, file: &result.file, millis: result.millis, wrong })
        .collect();
    let report = junit::report(&name.unwrap_or_else(|| "scenarios".to_owned()), &cases);
    files::replace(file, report.as_bytes(), None).map_err(|error| {
        let remedy = "name a file in a folder that is there";
        Trouble::unreachable("out-folder", format!("cannot be written: {error}"), remedy).in_file(file)
    })
}

fn wrong(result: &Ran) -> Option<(&'static str, String)> {
    let kind = match result.status {
        "passed" => return None,
        "failed" => "failure",
        _ => "error",
    };
    let text: Vec<String> =
        result.diff.iter().flat_map(|difference| lines(difference, &result.file)).map(|(_, line)| line).collect();
    let head = counted(result.diff.len(), "difference", "differences");
    Some((kind, format!("{head}\n{}", text.join("\n"))))
}
