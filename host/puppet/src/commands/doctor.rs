//! `doctor`: whether this machine, the configuration and the data folder are in order; `--limits`: every limit.

mod mentions;
mod posts;
mod trading;

use std::time::Duration;

use puppet_engine::{DROPPED, MAILBOX};
use puppet_packs::SECRETS_FILE;
use puppet_store::{Effect, EffectState, HostLock, Store, StoreError, try_disk};
use serde::Serialize;

use puppet_types::{Breach, FORGOTTEN, Limit, counted};

use crate::{
    agents::spec_of,
    cli::Doctor,
    commands::halt::words,
    config::Provider,
    control, credentials, firstparty,
    grants::Grants,
    installing, models,
    output::{List, Output, Table},
    records,
    rows::Place,
    sandboxed,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
};

#[derive(Serialize)]
struct Check {
    name: &'static str,
    status: &'static str,
    detail: String,
    remedy: String,
}

#[derive(Serialize)]
struct LimitRow {
    name: &'static str,
    value: u64,
    least: u64,
    most: u64,
    unit: &'static str,
    config_key: &'static str,
    breach: Option<&'static str>,
    hostile_guest: &'static str,
    #[serde(skip)]
    about: &'static str,
}

impl LimitRow {
    fn of(limit: &Limit, value: u64) -> Self {
        let Limit { name, least, most, unit, config_key, breach, hostile_guest, about, .. } = *limit;
        let breach = breach.map(Breach::code);
        Self { name, value, least, most, unit, config_key, breach, hostile_guest, about }
    }
}

/// What to do about a provider whose key is named and not there.
const NO_KEY: &str = "set the key that it names: in the environment, in `.env`, or as a secret of the data folder";

/// Effects of a kind that are named.
const NAMED: usize = 5;

/// Runs it.
pub async fn run(setup: &Setup, args: &Doctor, out: Output) -> Result<()> {
    if args.limits { limits(setup, out) } else { checks(setup, out).await }
}

/// Every limit in force: those of the sandbox, those that the host counts, and what all invocations share.
fn limit_rows(setup: &Setup) -> Result<Vec<LimitRow>> {
    let config = sandboxed::config(setup)?;
    let bounds = sandboxed::bounds(setup);
    let of_all = puppet_sandbox::shared(&config.pool, &config.strikes);
    let mail = (&MAILBOX, setup.config.mailbox.waiting as u64);
    let all = config.limits.values().into_iter().chain(bounds.values()).chain(of_all).chain([mail]);
    Ok(all.map(|(limit, value)| LimitRow::of(limit, value)).collect())
}

fn limits(setup: &Setup, out: Output) -> Result<()> {
    let rows = limit_rows(setup)?;
    if out.json {
        return out.object(&List { schema: "puppet.limits/1", items: rows, next: None });
    }
    let mut table = Table::new(&["limit", "value", "least", "most", "unit", "set by", "beyond it", "test"]);
    for row in &rows {
        let beyond = row.breach.unwrap_or("dropped, refused, or waits");
        let numbers = [row.value, row.least, row.most].map(|n| n.to_string());
        let words = [row.unit, row.config_key, beyond, row.hostile_guest].map(str::to_owned);
        table.row([row.name.to_owned()].into_iter().chain(numbers).chain(words));
    }
    table.print(out)?;
    rows.iter().try_for_each(|row| out.line(out.dim(format!("{}: {}", row.name, row.about))))
}

async fn checks(setup: &Setup, out: Output) -> Result<()> {
    let mut checks = vec![configuration(setup), grants(setup).await, folder(setup).await, sandbox(setup)];
    // A folder that cannot be opened is told by its own check.
    if let Ok(Some(store)) = records::if_there(setup).await {
        checks.extend(match mentions::mentions(setup, &*store).await {
            Ok(told) => told,
            Err(trouble) => Some(of_trouble("mentions", "fail", &trouble)),
        });
        checks.extend([agents(&*store).await, stop(&*store).await, outbox(&*store).await, approvals(&*store).await]);
    }
    checks.extend(of_credentials(setup));
    checks.push(secrets(setup));
    checks.extend(of_models(setup));
    checks.extend(posts::posts(setup).await);
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

fn check(name: &'static str, status: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check { name, status, detail: detail.into(), remedy: remedy.into() }
}

fn of_trouble(name: &'static str, status: &'static str, trouble: &Trouble) -> Check {
    let line = trouble.place.line.map_or_else(String::new, |line| format!(":{line}"));
    let at = trouble.place.file.as_ref().map_or_else(String::new, |file| format!("{file}{line}: "));
    check(name, status, format!("{at}{}", trouble.message), trouble.remedy.clone())
}

fn configuration(setup: &Setup) -> Check {
    let odd: Vec<String> = setup.warnings.iter().map(ToString::to_string).collect();
    match odd.as_slice() {
        [] => check("configuration", "ok", "read and understood", ""),
        odd => check("configuration", "warn", odd.join("; "), "`puppet config` shows what is in effect"),
    }
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

async fn folder(setup: &Setup) -> Check {
    let at = setup.data.display();
    if !setup.data.exists() {
        return check("data folder", "skipped", format!("{at} is not there yet"), "`puppet run` makes it");
    }
    match HostLock::take(&setup.data) {
        Ok(_) => {}
        Err(StoreError::Locked { pid, .. }) => {
            let answer =
                tokio::time::timeout(Duration::from_secs(5), control::ask(&setup.data, &control::Request::Disk));
            return match answer.await {
                Ok(Ok(Some(fault))) => match fault.as_array().map(Vec::as_slice) {
                    Some([says, remedy]) => {
                        let says = says.as_str().unwrap_or_default();
                        let detail = format!("{at}: a host runs here (pid {pid}), and its last write failed: {says}");
                        check("data folder", "fail", detail, remedy.as_str().unwrap_or_default())
                    }
                    _ => match try_disk(&setup.data) {
                        Ok(()) => check("data folder", "ok", format!("{at}: a host runs here (pid {pid})"), ""),
                        Err(error) => of_disk(setup, &error),
                    },
                },
                _ => check(
                    "data folder",
                    "warn",
                    format!("{at}: pid {pid} holds it and does not answer"),
                    "see what that process is doing",
                ),
            };
        }
        Err(error) => return of_disk(setup, &error),
    }
    if let Err(error) = try_disk(&setup.data) {
        return of_disk(setup, &error);
    }
    let rows = match Place::of(setup) {
        Ok(place @ Place::Mongo(_)) => format!("; its rows are in {place}"),
        _ => String::new(),
    };
    match records::if_there(setup).await {
        Ok(Some(_)) => check("data folder", "ok", format!("{at} can be read and written{rows}"), ""),
        Ok(None) => check("data folder", "ok", format!("{at} is empty{rows}"), ""),
        Err(trouble) => of_trouble("data folder", "fail", &trouble),
    }
}

/// What is wrong where nothing can be written.
fn of_disk(setup: &Setup, error: &StoreError) -> Check {
    match error {
        StoreError::Disk { fault, .. } => {
            check("data folder", "fail", format!("{}: {error}", setup.data.display()), fault.remedy())
        }
        error => of_trouble("data folder", "fail", &error.clone().into()),
    }
}

/// Whether the operator has stopped everything.
async fn stop(store: &dyn Store) -> Check {
    match store.halted().await {
        Ok(None) => check("halt", "ok", "effects leave", ""),
        Ok(Some(halt)) => check("halt", "warn", words(&halt), "`puppet resume` lets effects leave"),
        Err(error) => of_trouble("halt", "fail", &error.into()),
    }
}

/// Effects that wait for the operator.
async fn approvals(store: &dyn Store) -> Check {
    let waiting = match store.effects(&[EffectState::WaitingForApproval]).await {
        Ok(waiting) => waiting,
        Err(error) => return of_trouble("approvals", "fail", &error.into()),
    };
    let Some(first) = waiting.iter().filter_map(|effect| effect.expires).min() else {
        return check("approvals", "ok", "nothing waits for approval", "");
    };
    let detail =
        format!("{} for approval, the first until {first}", counted(waiting.len(), "effect waits", "effects wait"));
    check("approvals", "warn", detail, "`puppet approvals list` shows them")
}

/// Agents whose rows cannot be understood: their events wait until somebody mends them.
async fn agents(store: &dyn Store) -> Check {
    let rows = match store.agents().await {
        Ok(rows) => rows,
        Err(error) => return of_trouble("agents", "fail", &error.into()),
    };
    let broken: Vec<String> = rows.iter().filter_map(|row| spec_of(row).err()).map(|trouble| trouble.message).collect();
    if broken.is_empty() {
        return check("agents", "ok", format!("{} can be read", counted(rows.len(), "agent", "agents")), "");
    }
    let remedy = "restore the folder from a backup: until then their events wait";
    check("agents", "fail", broken.join("; "), remedy)
}

/// Effects of which nobody knows whether they happened, and those that did not and are not tried again: somebody has to
/// look.
async fn outbox(store: &dyn Store) -> Check {
    let ended = match store.effects(&[EffectState::InDoubt, EffectState::Failed]).await {
        Ok(ended) => ended,
        Err(error) => return of_trouble("outbox", "fail", &error.into()),
    };
    let (doubtful, mut failed): (Vec<&Effect>, Vec<&Effect>) =
        ended.iter().partition(|effect| effect.state == EffectState::InDoubt);
    // The operator has spoken about these.
    let is_settled = |reason: &str| reason == FORGOTTEN || reason.starts_with(DROPPED);
    failed.retain(|effect| !effect.reason.as_deref().is_some_and(is_settled));
    let told = |effects: &[&Effect], how: &str| {
        let named = effects.iter().rev().take(NAMED);
        let named: Vec<String> = named.map(|effect| format!("{} by @{}", effect.id, effect.account)).collect();
        (!effects.is_empty()).then(|| format!("{} {how}, the latest: {}", effects.len(), named.join(", ")))
    };
    let details: Vec<String> =
        [told(&doubtful, "in doubt"), told(&failed, "failed for good")].into_iter().flatten().collect();
    let remedy = match (doubtful.is_empty(), failed.is_empty()) {
        (true, true) => return check("outbox", "ok", "no effect is in doubt, and none has failed", ""),
        (true, false) => "`puppet outbox show ID` tells why; `puppet outbox retry ID` tries it once more",
        (false, _) => {
            "a running host asks their providers; what nobody can tell is yours: look whether it happened, then \
             `puppet outbox drop ID` or `puppet outbox retry ID --sure`"
        }
    };
    check("outbox", "warn", details.join("; "), remedy)
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

/// Each credential that is named: that there is a value. Programs are run.
fn of_credentials(setup: &Setup) -> Vec<Check> {
    let names = setup.config.credentials.keys();
    names
        .map(|name| match credentials::get(setup, name) {
            Ok(Some(_)) => check("credential", "ok", format!("`{name}` is there"), ""),
            Ok(None) => check(
                "credential",
                "warn",
                format!("`{name}` is not set"),
                "set the variable that `[credentials]` names for it",
            ),
            Err(trouble) => of_trouble("credential", "fail", &trouble),
        })
        .collect()
}

/// The secrets of the data folder: that they can be read, and how they lie there.
fn secrets(setup: &Setup) -> Check {
    if !setup.data.join(SECRETS_FILE).exists() {
        return check("secrets", "skipped", "the data folder holds no secrets", "");
    }
    let file = match credentials::secrets(setup) {
        Ok(file) => file,
        Err(trouble) => return of_trouble("secrets", "fail", &trouble),
    };
    if let Some(warning) = file.warning() {
        return check("secrets", "warn", warning.message.clone(), warning.remedy.clone());
    }
    match (file.is_encrypted(), &setup.config.store.key) {
        (true, _) => check("secrets", "ok", "encrypted", ""),
        (false, None) => check("secrets", "ok", "in clear text, readable by their owner alone", ""),
        (false, Some(_)) => {
            check("secrets", "warn", "still in clear text", "the next secret that is kept encrypts them")
        }
    }
}

fn of_models(setup: &Setup) -> Vec<Check> {
    let llm = &setup.config.llm;
    // What is wrong with them has a check of its own.
    let secrets = credentials::secrets(setup).ok();
    let keyed = |provider: &Provider| match &secrets {
        Some(secrets) => models::has_key(setup, provider, secrets),
        None => provider.key_source.is_none() || provider.key.is_some(),
    };
    let mut checks = vec![check("model", "ok", format!("`{}` writes for agents that name none", llm.default), "")];
    for (name, provider) in &llm.providers {
        let (status, remedy) = if keyed(provider) { ("ok", "") } else { ("warn", NO_KEY) };
        checks.push(check("model", status, format!("{name}: {} at {}", provider.model, provider.base_url), remedy));
    }
    checks.push(vectors(setup, keyed));
    checks
}

/// Who makes the vectors of memory.
fn vectors(setup: &Setup, keyed: impl Fn(&Provider) -> bool) -> Check {
    let name = &setup.config.memory.embeddings;
    let Some(provider) = setup.config.llm.providers.get(name) else {
        return check("memory", "ok", "`offline` makes vectors: hashed words, nothing leaves this machine", "");
    };
    let model = provider.embedding_model.as_deref().unwrap_or_default();
    let detail = format!("`{name}` makes vectors: {model} at {}", provider.base_url);
    if !keyed(provider) {
        return check("memory", "warn", detail, NO_KEY);
    }
    check("memory", "ok", detail, "")
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
