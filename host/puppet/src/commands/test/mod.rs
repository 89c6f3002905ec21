//! `test`: a pack's scenarios against its component as it is built, in the real sandbox. Nothing leaves, nothing is paid,
//! and no data folder is touched.

mod course;
mod doubles;
mod stage;
mod strategy;
mod tell;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use puppet_author::{
    found::{Difference, Led},
    scenario::{Lines, Scenario},
    update,
};
use puppet_packs::AgentSpec;
use puppet_types::Capability;
use serde::Serialize;

use crate::{
    assembly::Stranger,
    cli::Test,
    commands::invoke,
    config, credentials, files, firstparty, models,
    output::Output,
    pages,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
    workshop::Workshop,
};
use course::Played;
use doubles::Recorder;
pub use tell::grouped;

/// How one scenario went.
#[derive(Debug, Serialize)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// Its file, from the pack's folder on.
    pub file: String,
    /// `passed`, `failed` or `error`.
    pub status: &'static str,
    /// Instructions of all calls.
    pub fuel: u64,
    /// The most memory of one call; none of a strategy.
    pub peak_memory_bytes: Option<u64>,
    /// What differs.
    pub diff: Vec<Difference>,
    /// The most instructions of one call.
    #[serde(skip)]
    pub worst_fuel: u64,
    /// How long it took.
    #[serde(skip)]
    pub millis: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Results {
    /// In the order of their files.
    pub scenarios: Vec<Ran>,
}

impl Results {
    /// How many of a status.
    pub fn count(&self, passed: bool) -> usize {
        self.scenarios.iter().filter(|result| (result.status == "passed") == passed).count()
    }
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Test, out: Output) -> Result<()> {
    if args.update && !args.yes && !out.can_ask() {
        let message = "--update asks before it writes, and nobody is there to be asked";
        return Err(Trouble::input("usage", message, "add --yes").of_field("--update"));
    }
    if !args.no_build {
        let workshop = Workshop::open(&args.dir)?;
        if workshop.build_of().is_some() {
            workshop.build(out)?;
        }
    }
    let recorder = args.record.then(|| recorder(setup, &args.dir, out)).transpose()?;
    let results = all(setup, args, recorder.as_ref(), out).await?;
    if let Some(file) = &args.junit {
        tell::junit(&args.dir, &results, file)?;
    }
    tell::tell(&results, out)?;
    let failed = results.count(false);
    if failed == 0 {
        return Ok(());
    }
    let message = format!("{failed} of {} scenarios failed", results.scenarios.len());
    let remedy = "mend the plugin; or, where what happened is right, say it again with --update, which writes decisions, reads, ends and fuel";
    let mut trouble = Trouble::input("tests-failed", message, remedy);
    trouble.exit = Exit::Failed;
    Err(trouble)
}

/// Runs the scenarios of a pack, one after the other.
pub async fn all(setup: &Setup, args: &Test, recorder: Option<&Recorder>, out: Output) -> Result<Results> {
    let files = scenarios(&args.dir)?;
    let known = firstparty::plugins().into_iter().chain(firstparty::strategies()).collect();
    let (stranger, spec) = invoke::target(setup, &args.dir, known)?;
    let bar = out.bar(Some(files.len() as u64), "{bar:32} {pos}/{len} {msg}");
    let mut results = Results::default();
    for path in files {
        let name = shown(&args.dir, &path);
        bar.set_message(name.clone());
        let begun = Instant::now();
        let result = one(setup, args, (&stranger, &spec), (&path, name), recorder, out).await;
        bar.inc(1);
        if let Some(mut result) = result? {
            result.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            results.scenarios.push(result);
        }
    }
    bar.finish_and_clear();
    if results.scenarios.is_empty() {
        let wanted = args.filter.as_deref().unwrap_or_default();
        let message = format!("no scenario has `{wanted}` in its name or file");
        return Err(Trouble::input("scenario", message, "leave the filter out, and all are run").of_field("FILTER"));
    }
    Ok(results)
}

/// The files of a pack's `tests/`, in order.
pub fn scenarios(dir: &Path) -> Result<Vec<PathBuf>> {
    let folder = dir.join("tests");
    let none = |what: String| {
        let remedy = "write tests/NAME.toml: docs/reference/scenario.md shows how";
        Trouble::input("scenario", what, remedy).in_file(&folder)
    };
    let entries = std::fs::read_dir(&folder).map_err(|error| none(format!("cannot be read: {error}")))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml") && path.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(none("holds no scenario".to_owned()));
    }
    Ok(files)
}

fn shown(dir: &Path, path: &Path) -> String {
    path.strip_prefix(dir).unwrap_or(path).display().to_string()
}

/// One file; none where the filter leaves it out.
async fn one(
    setup: &Setup,
    args: &Test,
    subject: (&Stranger, &AgentSpec),
    (path, file): (&Path, String),
    recorder: Option<&Recorder>,
    out: Output,
) -> Result<Option<Ran>> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let text = files::text(path)
        .map_err(|error| stage::wrong(path, format!("cannot be read: {error}"), "make it a text file"))?;
    let (scenario, lines) = match Scenario::parse(&text, &stem) {
        Ok(read) => read,
        Err(fault) if args.filter.as_ref().is_some_and(|filter| !file.contains(filter)) => {
            drop(fault);
            return Ok(None);
        }
        Err(fault) => return Ok(Some(of_fault(&stem, file, fault))),
    };
    if args.filter.as_ref().is_some_and(|filter| !file.contains(filter) && !scenario.name.contains(filter)) {
        return Ok(None);
    }
    let named = (scenario.name.clone(), file);
    let played = if let Some(strategy) = &scenario.strategy {
        strategy::run(subject.0, &scenario, strategy.get_ref(), lines.strategy).map(|run| {
            let happened = update::rewritten_orders(&text, &run.orders);
            (result(named.clone(), run.fuel, None, run.fuel, run.differences), happened)
        })
    } else {
        course::play(setup, subject, (&scenario, &lines), path, recorder.cloned()).await.map(|played| {
            let happened = written(&text, &scenario, &lines, &played);
            let (fuel, peak, worst) = (played.fuel(), played.peak_memory_bytes(), played.worst_fuel());
            if !played.recorded.is_empty() {
                let answers: Vec<_> = played.recorded.iter().map(doubles::as_answer).collect();
                let whole = update::with_answers(&text, &answers);
                return (result(named.clone(), fuel, Some(peak), worst, played.differences), Ok(whole));
            }
            (result(named.clone(), fuel, Some(peak), worst, played.differences), happened)
        })
    };
    let (result, happened) = match played {
        Ok(played) => played,
        // What is wrong with the scenario keeps the others from nothing.
        Err(trouble) if trouble.code == "scenario" => return Ok(Some(of_trouble(named, &trouble))),
        Err(trouble) => return Err(trouble),
    };
    let recorded = recorder.is_some() && happened.as_ref().is_ok_and(|whole| whole.len() > text.len());
    if (args.update && result.status == "failed") || recorded {
        let whole = match happened {
            Ok(whole) => whole,
            // The others are written all the same.
            Err(fault) => return Ok(Some(of_fault(&named.0, named.1, fault))),
        };
        if whole != text && agreed(args, &result, path, recorded, out)? {
            let whole = puppet_types::scrub::text(&whole).into_owned();
            // A link stays one.
            let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            files::replace(&real, whole.as_bytes(), None)
                .map_err(|error| stage::wrong(path, format!("cannot be written: {error}"), "look at its rights"))?;
            out.note(format!("wrote {}", path.display()));
            let once_more = Test { update: false, record: false, filter: None, ..args.clone() };
            return Box::pin(one(setup, &once_more, subject, (path, named.1), None, out)).await;
        }
    }
    Ok(Some(result))
}

fn result(
    (name, file): (String, String),
    fuel: u64,
    peak_memory_bytes: Option<u64>,
    worst_fuel: u64,
    diff: Vec<Difference>,
) -> Ran {
    let status = if diff.is_empty() { "passed" } else { "failed" };
    Ran { name, file, status, fuel, peak_memory_bytes, diff, worst_fuel, millis: 0 }
}

/// The text with the steps that differ as they happened.
fn written(
    text: &str,
    scenario: &Scenario,
    _: &Lines,
    played: &Played,
) -> std::result::Result<String, puppet_author::Fault> {
    let differ = |n: usize| played.differences.iter().any(|difference| difference.step == Some(n + 1));
    let steps: Vec<(usize, &Led)> = played.led.iter().enumerate().filter(|(n, _)| differ(*n)).collect();
    update::rewritten(text, scenario, &steps, puppet_tweet::weighted_length)
}

fn agreed(args: &Test, result: &Ran, path: &Path, recorded: bool, out: Output) -> Result<bool> {
    if args.yes || recorded {
        return Ok(true);
    }
    tell::shown(result, out)?;
    out.asks(&format!("write what happened into {}?", path.display()))
}

fn of_fault(stem: &str, file: String, fault: puppet_author::Fault) -> Ran {
    let difference = Difference {
        step: None,
        path: fault.field.unwrap_or_else(|| "scenario".to_owned()),
        expected: "a scenario".to_owned(),
        found: fault.message,
        line: fault.line.unwrap_or(1),
        remedy: Some(fault.remedy).filter(|remedy| !remedy.is_empty()),
    };
    Ran { status: "error", ..result((stem.to_owned(), file), 0, None, 0, vec![difference]) }
}

fn of_trouble(named: (String, String), trouble: &Trouble) -> Ran {
    let difference = Difference {
        step: None,
        path: trouble.place.field.clone().unwrap_or_else(|| "scenario".to_owned()),
        expected: "a scenario that can be played".to_owned(),
        found: trouble.message.clone(),
        line: trouble.place.line.unwrap_or(1),
        remedy: Some(trouble.remedy.clone()),
    };
    Ran { status: "error", ..result(named, 0, None, 0, vec![difference]) }
}

/// The configured model, for texts that no answer is there for; and the web, for pages of a pack that asks for it.
fn recorder(setup: &Setup, dir: &Path, out: Output) -> Result<Recorder> {
    let refused = |message: &str, remedy: &str| Trouble::refused("no-recording", message, remedy).of_field("--record");
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false") {
        let message = "a build server asks no model: the environment says CI";
        return Err(refused(message, "record where you write, and commit the scenarios"));
    }
    let secrets = credentials::secrets(setup)?;
    let routes = models::of(setup, &secrets, out)?;
    let model = routes.default_link().filter(|link| link.name != config::Llm::OFFLINE).cloned();
    let fetches = Workshop::open(dir)?.manifest.requests.contains_key(&Capability::Http);
    let pages = if fetches { Some(pages::of(setup, &secrets, out)? as _) } else { None };
    if model.is_none() && pages.is_none() {
        let remedy = "name a provider with a key as [llm] default in puppet.toml";
        return Err(refused("no model is configured but the offline one", remedy));
    }
    Ok(Recorder { model, pages })
}
