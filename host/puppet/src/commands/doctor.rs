//! `doctor`: whether this machine, the configuration and the data folder are in order; `--limits`: every limit.

mod api;
mod apps;
mod caps;
mod cost;
mod credentials;
mod folder;
mod limits;
mod mentions;
mod models;
mod posts;
mod rows;
mod scopes;
mod start;
mod trading;
mod turned_away;
mod waiting;

use puppet_store::{HostLock, StoreError};
use puppet_types::counted;
use serde::Serialize;

use crate::{
    cli::Doctor,
    commands::run::Emulators,
    config::Warning,
    emulated, firstparty,
    grants::Grants,
    installing,
    output::Output,
    records, sandboxed,
    setup::Setup,
    trouble::{Exit, Place, Result, Trouble},
};

#[derive(Serialize)]
struct Check {
    name: &'static str,
    status: &'static str,
    detail: String,
    remedy: String,
}

/// What to do about a provider whose key is named and not there.
const NO_KEY: &str = "set the key that it names: in the environment, in `.env`, or as a secret of the data folder";

/// Runs it.
pub async fn run(setup: &Setup, args: &Doctor, out: Output) -> Result<()> {
    if args.limits { limits::limits(setup, out) } else { checks(setup, out).await }
}

async fn checks(setup: &Setup, out: Output) -> Result<()> {
    let mut checks = configuration(setup);
    checks.extend([grants(setup).await, folder::folder(setup).await, sandbox(setup)]);
    let emulators = emulators(setup);
    checks.extend(of_emulators(&emulators));
    let is_emulated = emulators.x.is_some();
    // What a running host is on is what is looked at.
    let in_place = emulated::in_place(setup, emulators.x, emulators.llm);
    let setup = in_place.as_ref().unwrap_or(setup);
    // A folder that cannot be opened is told by its own check.
    let store = records::if_there(setup).await.ok().flatten();
    checks.extend(api::api(setup, store.as_deref()).await);
    if let Some(store) = store {
        checks.extend(match mentions::mentions(setup, is_emulated, &*store).await {
            Ok(told) => told,
            Err(trouble) => Some(of_trouble("mentions", "fail", &trouble)),
        });
        checks.extend(match caps::caps(setup).await {
            Ok(told) => told,
            Err(trouble) => vec![of_trouble("caps", "fail", &trouble)],
        });
        checks.extend([
            rows::agents(&*store).await,
            rows::stop(&*store).await,
            rows::outbox(&*store).await,
            rows::approvals(&*store).await,
        ]);
        checks.extend(match waiting::waiting(setup, &*store).await {
            Ok(told) => told,
            Err(trouble) => vec![of_trouble("accounts", "fail", &trouble)],
        });
    }
    checks.extend(start::start(setup));
    checks.extend(credentials::of_credentials(setup));
    checks.push(credentials::secrets(setup));
    checks.extend(models::models(setup, out).await);
    checks.extend(posts::posts(setup, is_emulated).await);
    checks.extend(scopes::scopes(setup).await);
    checks.extend(cost::cost(setup).await);
    checks.extend(trading::trading(setup).await);
    checks.push(packs(setup));
    checks.push(cache(setup));
    let failed = checks.iter().any(|check| check.status == "fail");
    if out.json {
        out.object(&serde_json::json!({ "schema": "puppet.doctor/1", "checks": checks }))?;
    } else {
        for check in &checks {
            let status = match check.status {
                "ok" => out.good("ok  "),
                "fail" => out.bad("fail"),
                "warn" => out.odd("warn"),
                other => out.dim(other),
            };
            out.line(format!("{status}  {}: {}", out.bold(check.name), check.detail))?;
            if !check.remedy.is_empty() {
                out.line(format!("      {}", check.remedy))?;
            }
        }
    }
    if failed {
        let mut trouble = Trouble::input("checks-failed", "not everything is in order", "see the lines marked `fail`");
        trouble.exit = Exit::Failed;
        return Err(trouble);
    }
    Ok(())
}

/// What the host that runs here emulates.
fn emulators(setup: &Setup) -> Emulators {
    if !setup.data.exists() {
        return Emulators::default();
    }
    match HostLock::take(&setup.data) {
        Err(StoreError::Locked { pid, .. }) => Emulators::of_host(&setup.data, pid),
        _ => Emulators::default(),
    }
}

fn of_emulators(emulators: &Emulators) -> Option<Check> {
    let all = [("X", &emulators.x), ("models", &emulators.llm)];
    let all: Vec<String> =
        all.into_iter().filter_map(|(what, at)| Some(format!("{what} at {}", at.as_ref()?))).collect();
    let what = "the host that runs here emulates";
    let rest = "that is looked at in place of what is configured";
    (!all.is_empty()).then(|| check("emulators", "ok", format!("{what} {}: {rest}", all.join(" and ")), ""))
}

fn check(name: &'static str, status: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check { name, status, detail: detail.into(), remedy: remedy.into() }
}

fn of_trouble(name: &'static str, status: &'static str, trouble: &Trouble) -> Check {
    check(name, status, format!("{}{}", at(&trouble.place), trouble.message), trouble.remedy.as_str())
}

/// The file, the line and the field, before what is said of them.
fn at(place: &Place) -> String {
    let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
    let file = place.file.as_ref().map_or_else(String::new, |file| format!("{file}{line}: "));
    let field = place.field.as_ref().map_or_else(String::new, |field| format!("{field}: "));
    format!("{file}{field}")
}

/// Each warning stands for itself.
fn configuration(setup: &Setup) -> Vec<Check> {
    let odd = setup.warnings.iter().map(|Warning { place, message, remedy, .. }| {
        let remedy = if remedy.is_empty() { "`puppet config` shows what is in effect" } else { remedy };
        check("configuration", "warn", format!("{}{message}", at(place)), remedy)
    });
    let odd: Vec<Check> = odd.collect();
    if odd.is_empty() { vec![check("configuration", "ok", "read and understood", "")] } else { odd }
}

/// `grants.toml`: that it can be read, and that the packs it names are there and are the ones that were approved.
async fn grants(setup: &Setup) -> Check {
    let grants = match Grants::of(setup) {
        Ok(grants) => grants,
        Err(trouble) => return of_trouble("grants", "fail", &trouble),
    };
    if grants.is_empty() {
        return check("grants", "ok", "none of the operator: packs have what they request, up to the ceilings", "");
    }
    // Agents that cannot be read have a check of their own.
    let packs = match records::all_agents(setup).await {
        Ok(specs) => specs.into_iter().map(|spec| spec.pack).collect(),
        Err(trouble) => return of_trouble("grants", "fail", &trouble),
    };
    let installed = match installing::entries(setup) {
        Ok(installed) => installed,
        Err(trouble) => return of_trouble("grants", "fail", &trouble),
    };
    match grants.notes(&packs, &installed).as_slice() {
        [] => check("grants", "ok", format!("{} read and understood", counted(grants.len(), "grant", "grants")), ""),
        odd => check("grants", "warn", odd.join("; "), "`puppet grants show` tells what is in force"),
    }
}

/// What is installed and runs, or is to run, is what was installed.
fn packs(setup: &Setup) -> Check {
    let entries = match installing::entries(setup) {
        Ok(entries) => entries,
        Err(trouble) => return of_trouble("packs", "fail", &trouble),
    };
    if entries.is_empty() {
        return check("packs", "skipped", "none is installed", "`puppet install PATH` installs one");
    }
    for entry in entries.iter().filter(|entry| !entry.state.is_old()) {
        if let Err(error) = installing::of(setup).open(entry) {
            return of_trouble("packs", "fail", &installing::of_install(error));
        }
    }
    check("packs", "ok", format!("{} installed", counted(entries.len(), "version", "versions")), "")
}

fn sandbox(setup: &Setup) -> Check {
    let started = std::time::Instant::now();
    let compiled = sandboxed::open(setup).and_then(|sandbox| {
        let plugin = firstparty::plugins().into_iter().next();
        match plugin {
            Some(plugin) => {
                sandbox.compile(plugin.component).map(drop).map_err(|error| Trouble::internal(error.to_string()))
            }
            None => Ok(()),
        }
    });
    match compiled {
        Ok(()) => {
            check("sandbox", "ok", format!("compiles and links plugins ({} ms)", started.elapsed().as_millis()), "")
        }
        Err(trouble) => of_trouble("sandbox", "fail", &trouble),
    }
}

fn cache(setup: &Setup) -> Check {
    match &setup.cache {
        Some(folder) => check("cache", "ok", format!("native code is kept in {}", folder.display()), ""),
        None => check(
            "cache",
            "warn",
            "plugins are compiled anew at every start",
            "set PUPPET_CACHE to a folder of your own",
        ),
    }
}
