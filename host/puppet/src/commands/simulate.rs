//! `simulate`: agents live some days of virtual time, in seconds; a report, a timeline and the data folder stay.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use indicatif::ProgressBar;
use puppet_engine::{
    VirtualClock,
    report::{self, AgentFact, Facts, Input, Personality, Report},
    simulation,
};
use puppet_packs::SECRETS_FILE;
use puppet_store::{
    Change, HostLock,
    sqlite::{Durability, Options, SqliteStore},
};
use puppet_types::{AgentId, Digest, Json, PackId, Timestamp, counted};

use crate::{
    agents::{self, Found, NewAgent},
    assembly::{self, Assembly, Plan},
    cli::Simulate,
    config::Llm,
    files, firstparty,
    grants::Grants,
    moment,
    output::{Output, Table},
    routes::Routes,
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Left in a data folder that was simulated: its last moment, which is the present for those who read it.
pub const CLOCK: &str = "simulated.json";

/// Runs it.
pub async fn run(setup: &Setup, args: &Simulate, out: Output) -> Result<()> {
    let course = Course::read(setup, args)?;
    let found = agents::find(&args.agents, Vec::new())?;
    found.notes.iter().for_each(|note| out.note(note));
    if found.specs.is_empty() {
        let message = "holds no agent: neither `*.json` nor a folder with pack.toml";
        return Err(
            Trouble::input("no-agents", message, "name a folder with agent files or packs").in_file(&args.agents)
        );
    }
    let found = copied(found, args.copies);
    apart(args)?;
    let data = fresh(&args.out, course.start)?;
    let _lock = HostLock::take(&data)?;
    let store = SqliteStore::open(&data, Options { durability: Durability::Relaxed })?.into();
    let clock = Arc::new(VirtualClock::new(course.start));
    let plan = plan(args, &course, store, &clock);
    let packs: BTreeSet<PackId> = found.specs.iter().map(|spec| spec.pack.clone()).collect();
    course.grants.notes(&packs, &[]).into_iter().for_each(|note| out.note(note));
    let Assembly { host, store, .. } = assembly::assemble_with(setup, plan, &found.brought)?;
    host.load().await?;
    settle(&host, &found, &course).await?;

    let bar = bar(&course, out);
    let done = simulation::run(&host, &clock, course.end, course.workers, |seen| {
        show(&bar, &course, seen);
    })
    .await?;
    bar.finish_and_clear();

    let report = report::build(&host, facts(args, &course, &found)).await?;
    let build = report::build_json(&host).await?;
    write(&args.out, "report.json", &(pretty(&report)? + "\n"))?;
    write(&args.out, "timeline.md", &report::timeline(&report))?;
    write(&args.out, "build.json", &(pretty(&build)? + "\n"))?;
    let last = Timestamp::from_millis(course.end.as_millis() - 1);
    write(&data, CLOCK, &format!("{}\n", serde_json::json!({ "at": last })))?;
    store.close();
    summary(args, &report, done.invocations, out)
}

/// What the arguments mean.
pub(super) struct Course {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) workers: usize,
    pub(super) generators: BTreeMap<String, u64>,
    grants: Arc<Grants>,
}

impl Course {
    pub(super) fn read(setup: &Setup, args: &Simulate) -> Result<Self> {
        let start = moment::parse(&args.start).ok_or_else(|| {
            let message = format!("`{}` is no time", args.start);
            Trouble::input("bad-value", message, "write for example 2026-01-05T00:00:00Z").of_field("--start")
        })?;
        if jiff::tz::TimeZone::get(&args.tz).is_err() {
            let message = format!("`{}` is no time zone", args.tz);
            return Err(
                Trouble::input("bad-value", message, "write an IANA name, for example Europe/Berlin").of_field("--tz")
            );
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            start,
            end: start.plus_millis(u64::from(args.days) * 86_400_000),
            workers: args.workers.and_then(|workers| usize::try_from(workers).ok()).unwrap_or(cores),
            generators: generators(setup, &args.generators)?,
            grants: Arc::new(args.grants.as_deref().map(Grants::read).transpose()?.unwrap_or_default()),
        })
    }
}

/// The host of such a course: on its own clock, with the offline model, under a secret that follows from the seed.
pub(super) fn plan(args: &Simulate, course: &Course, store: Rows, clock: &Arc<VirtualClock>) -> Plan {
    Plan {
        store,
        clock: Arc::clone(clock) as _,
        secret: assembly::seeded("simulation", args.seed),
        generators: course.generators.clone(),
        grants: Arc::clone(&course.grants),
        models: Routes::offline(),
        embedding: None,
        timezone: args.tz.clone(),
        markets: None,
        pages: None,
    }
}

/// Names to intervals.
fn generators(setup: &Setup, list: &str) -> Result<BTreeMap<String, u64>> {
    let configured = setup.config.generators.all();
    let mut chosen = BTreeMap::new();
    if list.trim() == "none" {
        return Ok(chosen);
    }
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let Some((_, generator)) = configured.iter().find(|(known, _)| *known == name) else {
            let message = format!("`{name}` is no event generator");
            let remedy = crate::config::remedy(name, &firstparty::GENERATORS);
            return Err(Trouble::input("bad-value", message, remedy).of_field("--generators"));
        };
        chosen.insert(name.to_owned(), generator.interval_ms);
    }
    Ok(chosen)
}

/// What is written to OUT would be read as an agent the next time.
fn apart(args: &Simulate) -> Result<()> {
    match (args.out.canonicalize(), args.agents.canonicalize()) {
        (Ok(out), Ok(agents)) if out == agents => {
            let message = "is the folder that --agents names";
            Err(Trouble::input("out-folder", message, "name another folder with --out").in_file(&args.out))
        }
        _ => Ok(()),
    }
}

/// A new data folder below OUT. What an earlier simulation left there, whole or not, is removed; anything else stays.
fn fresh(out: &Path, start: Timestamp) -> Result<PathBuf> {
    let data = out.join("data");
    let failed = |error: std::io::Error| unwritable(out, &error);
    if data.exists() {
        // A host that ran on it has made it its own.
        let ours = data.join(CLOCK).exists()
            && ![super::run::SECRET, SECRETS_FILE].iter().any(|name| data.join(name).exists());
        let empty = std::fs::read_dir(&data).map_err(failed)?.next().is_none();
        if !ours && !empty {
            let message = "holds a folder `data` that no simulation wrote";
            return Err(Trouble::input("out-folder", message, "name another folder with --out").in_file(out));
        }
        drop(HostLock::take(&data)?);
        std::fs::remove_dir_all(&data).map_err(failed)?;
    }
    std::fs::create_dir_all(&data).map_err(failed)?;
    // First of all: a simulation that is killed leaves a folder that the next one may take.
    write(&data, CLOCK, &format!("{}\n", serde_json::json!({ "at": start })))?;
    Ok(data)
}

fn copied(found: Found, copies: u32) -> Found {
    let mut specs = found.specs.clone();
    for copy in 2..=copies {
        specs.extend(found.specs.iter().map(|spec| {
            let mut spec = spec.clone();
            spec.id = AgentId::new(format!("{}-{copy:04}", spec.id));
            spec.handle = format!("{}_{copy}", spec.handle);
            spec
        }));
    }
    Found { specs, ..found }
}

/// Everybody is made and starts at the first moment.
pub(super) async fn settle(host: &Arc<puppet_engine::Host>, found: &Found, course: &Course) -> Result<()> {
    let mut changes: Vec<Change> = Vec::new();
    for spec in &found.specs {
        agents::introduce(host, spec);
        changes.extend(NewAgent { spec: spec.clone() }.changes(course.start)?);
    }
    host.apply(changes).await?;
    let generators = course.generators.keys().cloned().chain(found.generators());
    agents::take_up(host, generators, |_| {}).await?;
    Ok(())
}

pub(super) fn bar(course: &Course, out: Output) -> ProgressBar {
    let minutes = course.end.millis_since(course.start) / 60_000;
    out.bar(Some(minutes), "{bar:32} {percent:>3} %  {msg}  {elapsed}")
}

/// Moves the bar to where the run is.
pub(super) fn show(bar: &ProgressBar, course: &Course, seen: simulation::Progress) {
    bar.set_position(seen.at.millis_since(course.start) / 60_000);
    let invocations = counted(seen.invocations, "invocation", "invocations");
    bar.set_message(format!("{invocations}, {}", counted(seen.effects, "effect", "effects")));
}

pub(super) fn facts(args: &Simulate, course: &Course, found: &Found) -> Facts {
    let agents = found.specs.iter().map(|spec| {
        let digest = Digest::of(Json::of(&spec.persona).as_str().as_bytes());
        let personality =
            Personality { pack: spec.pack.to_string(), version: spec.pack_version.clone(), digest: digest.to_string() };
        (spec.id.clone(), AgentFact { name: spec.name.clone(), personality, mood_decay: spec.mood_decay.clone() })
    });
    let inputs = found.inputs.iter().map(|(file, sha256)| Input { file: file.clone(), sha256: sha256.clone() });
    Facts {
        version: env!("CARGO_PKG_VERSION"),
        seed: args.seed,
        start: course.start,
        end: course.end,
        days: args.days,
        tz: args.tz.clone(),
        inputs: inputs.collect(),
        generators: course.generators.keys().cloned().collect(),
        agents: agents.collect(),
        priced_as: Llm::OFFLINE.to_owned(),
    }
}

fn pretty<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(Trouble::internal)
}

/// Whole or not at all.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    files::replace(&path, text.as_bytes(), None).map_err(|error| unwritable(&path, &error))
}

/// A folder that `--out` names, or a file in it.
pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::unreachable("out-folder", format!("cannot be written: {error}"), "name another folder with --out")
        .in_file(path)
}

fn summary(args: &Simulate, report: &Report, invocations: u64, out: Output) -> Result<()> {
    if out.json {
        return out.object(report);
    }
    let mut table = Table::new(&["agent", "posts", "threads", "replies", "quotes", "likes", "declined", "breaches"]);
    for agent in report.agents.iter().take(20) {
        let counts = &agent.counts;
        let numbers = [counts.post, counts.thread, counts.reply, counts.quote, counts.like, counts.declined];
        let numbers = numbers.iter().map(u64::to_string).chain([agent.breaches.len().to_string()]);
        table.row(std::iter::once(agent.name.clone()).chain(numbers));
    }
    table.print(out)?;
    if report.agents.len() > 20 {
        out.line(format!("… and {} more", report.agents.len() - 20))?;
    }
    let totals = &report.totals;
    let breaches: u64 = totals.invocations.breach.values().sum();
    out.line(format!(
        "\n{}: {} ok, {} declined, {} failed, {} · {} done, {} failed",
        counted(invocations, "invocation", "invocations"),
        totals.invocations.ok,
        totals.invocations.declined,
        totals.invocations.failed,
        counted(breaches, "breach", "breaches"),
        counted(totals.effects.done, "effect", "effects"),
        totals.effects.failed,
    ))?;
    for name in ["timeline.md", "report.json"] {
        out.line(format!("{} {}", out.good("wrote"), args.out.join(name).display()))?;
    }
    out.line(out.dim(format!("puppet journal --data {}", args.out.join("data").display())))
}
