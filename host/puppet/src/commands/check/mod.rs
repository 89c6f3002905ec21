//! `check`: what an operator, a build server or a reader of a pack would find wrong with it, before they do.

mod findings;

use serde::Serialize;

use crate::{
    cli::{Check, Test},
    commands::{
        build::{self, Told},
        test,
    },
    output::Output,
    setup::Setup,
    trouble::{Exit, Place, Result, Trouble},
    workshop::Workshop,
};

/// What is wrong, and what to do.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// kebab-case.
    pub code: &'static str,
    /// `error` or `warning`.
    pub level: &'static str,
    /// In words.
    pub message: String,
    /// Where.
    #[serde(rename = "where")]
    pub place: Place,
    /// What to do.
    pub remedy: String,
}

/// What the scenarios took.
#[derive(Debug, Clone, Serialize)]
pub struct Fuel {
    /// The most instructions of one call.
    pub worst: u64,
    /// The most that `[budget]` allows.
    pub budget: Option<u64>,
    /// Which scenario took the most.
    pub scenario: String,
}

#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    findings: &'a [Finding],
    component: &'a Told,
    fuel: Option<&'a Fuel>,
}

/// Findings with which no host loads a pack.
const UNFIT: [&str; 3] = ["world-mismatch", "import-not-requested", "request-not-imported"];

/// Runs it.
pub async fn run(setup: &Setup, args: &Check, out: Output) -> Result<()> {
    let workshop = Workshop::open(&args.dir)?;
    let built = if workshop.build_of().is_some() && !args.no_build {
        workshop.build(out)?
    } else {
        findings::there(&workshop)?
    };
    let mut findings = findings::of(&workshop, &built);
    let fuel = scenarios(setup, args, &workshop, &mut findings, out).await?;
    findings.sort_by_key(|finding| (finding.level, finding.code));
    let errors = findings.iter().filter(|finding| finding.level == "error" || args.deny_warnings).count();
    let told = Told::of(&workshop, &built);
    if out.json {
        let ok = errors == 0;
        out.object_of("puppet.check/1", &Checked { ok, findings: &findings, component: &told, fuel: fuel.as_ref() })?;
    } else {
        shown(&told, &findings, fuel.as_ref(), out)?;
    }
    if errors == 0 {
        return Ok(());
    }
    let message = format!("{errors} of the findings are errors");
    let mut trouble = Trouble::input("check-failed", message, "do what stands below each");
    trouble.exit = Exit::Failed;
    Err(trouble)
}

/// Runs the scenarios, and holds them to the budget.
async fn scenarios(
    setup: &Setup,
    args: &Check,
    workshop: &Workshop,
    findings: &mut Vec<Finding>,
    out: Output,
) -> Result<Option<Fuel>> {
    let dir = &args.dir;
    // A host would not load it: what is to be mended first stands there already.
    if findings.iter().any(|finding| UNFIT.contains(&finding.code)) {
        return Ok(None);
    }
    if test::scenarios(dir).is_err() {
        let remedy = "write tests/NAME.toml: docs/reference/scenario.md shows how";
        findings.push(findings::warning("no-tests", "nothing says what it has to do", "tests", workshop, remedy));
        return Ok(None);
    }
    let no_build = true;
    let tests =
        Test { dir: dir.clone(), filter: None, update: false, record: false, yes: false, junit: None, no_build };
    let results = test::all(setup, &tests, None, out).await?;
    for ran in results.scenarios.iter().filter(|ran| ran.status != "passed") {
        let first = ran.diff.first();
        let mut finding = findings::error(
            "test-failed",
            &first.map_or_else(String::new, |first| {
                format!("`{}`: {}: expected {}, found {}", ran.name, first.path, first.expected, first.found)
            }),
            "",
            workshop,
            "`puppet test` shows all of it",
        );
        finding.place.file = Some(dir.join(&ran.file).display().to_string());
        finding.place.line = first.map(|first| first.line);
        findings.push(finding);
    }
    let Some(worst) = results.scenarios.iter().max_by_key(|ran| ran.worst_fuel) else { return Ok(None) };
    let budget = workshop.manifest.workshop.budget.fuel;
    if let Some(most) = budget.filter(|most| worst.worst_fuel > *most) {
        let message = format!("`{}` takes {} instructions, and {most} are the most", worst.name, worst.worst_fuel);
        let remedy = "make it cheaper, or raise [budget] fuel";
        findings.push(findings::error("over-fuel", &message, "budget.fuel", workshop, remedy));
    }
    Ok(Some(Fuel { worst: worst.worst_fuel, budget, scenario: worst.name.clone() }))
}

fn shown(told: &Told, findings: &[Finding], fuel: Option<&Fuel>, out: Output) -> Result<()> {
    build::shown(told, out)?;
    if let Some(Fuel { worst, budget, scenario }) = fuel {
        let most = budget.map_or_else(|| "no budget".to_owned(), |most| format!("of {most}"));
        out.line(format!("  {worst} fuel at the most, {most} (`{scenario}`)"))?;
    }
    for Finding { code, level, message, place, remedy } in findings {
        let level = if *level == "error" { out.bad(level) } else { out.odd(level) };
        let file = place.file.as_deref().unwrap_or_default();
        let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
        let field = place.field.as_deref().map_or_else(String::new, |field| format!(" {field}"));
        out.line(format!("{level}[{code}]: {file}{line}{field}: {message}"))?;
        if !remedy.is_empty() {
            out.line(format!("  help: {remedy}"))?;
        }
    }
    if findings.is_empty() { out.line(out.good("nothing found")) } else { Ok(()) }
}
