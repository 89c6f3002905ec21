//! The versions of plugins that are here: what each imports, asked for and got, how it stands and how it behaved. A running
//! host is asked how they stand; without one the folder's rows say how the next will find them.

use std::collections::BTreeMap;

use puppet_grants::{Amount, CEILINGS, Ledger, Period, Request, Requests, Rights};
use puppet_packs::{AgentSpec, Entry, Installed, State};
use puppet_types::{AgentId, Capability, Digest, PackId, Timestamp, counted};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    agents,
    control::{self, Hosted, Request as Ask, Running, Stands},
    grants::{Grants, Vouched},
    inspected::inspected,
    installing::of_install,
    records,
    repertoire::Version,
    setup::Setup,
    strategies,
    swaps::Told,
    trouble::{Result, Trouble},
};

/// A version, as `puppet.plugins/1` has it.
#[derive(Serialize)]
pub struct Row {
    /// Its pack.
    pub pack: String,
    /// Semver.
    pub version: String,
    digest: String,
    /// Of the contract.
    pub world: &'static str,
    contract: String,
    signer: Option<String>,
    /// In the words of the schema.
    pub state: String,
    /// Why it does not run.
    pub reason: Option<String>,
    /// Percent of the agents of its pack.
    pub share: u64,
    /// Whom it serves.
    pub agents: Vec<String>,
    /// Interfaces.
    pub imports: Vec<&'static str>,
    requests: Vec<Value>,
    granted: Vec<Value>,
    /// That count now.
    pub strikes: u32,
    last_breach: Option<String>,
    backoff_until: Option<Timestamp>,
    /// From when on calls were counted; none: all that the journal has.
    since: Option<Timestamp>,
    /// How often it was called.
    pub invocations: u64,
    /// Of a call.
    pub fuel: Fuel,
    swap: Option<Value>,
}

/// Units of a call; none where nothing ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Fuel {
    /// Of half of them no more than that.
    pub p50: Option<u64>,
    /// Of 99 in 100.
    pub p99: Option<u64>,
}

/// How a version behaved.
#[derive(Debug, Default)]
pub struct Behaviour {
    /// Calls.
    pub invocations: u64,
    /// Of a call.
    pub fuel: Fuel,
    /// As the last call left them.
    pub strikes: u32,
    /// Code of the last one.
    pub last_breach: Option<String>,
}

/// How all of them behaved.
#[derive(Debug, Default)]
pub struct Behaviours {
    /// From then on, counted by the host: fuel is a bound that lies above it. None: by all that the journal has, exactly.
    pub since: Option<Timestamp>,
    /// By pack and component.
    pub of: BTreeMap<(PackId, Digest), Behaviour>,
}

/// The versions that run, and the newest of each pack that does not: all packs, or this one.
pub async fn rows(setup: &Setup, of: Option<&PackId>, behaviours: &Behaviours) -> Result<Vec<Row>> {
    let agents = match records::if_there(setup).await? {
        Some(store) => agents(&agents::rows(&*store).await?),
        // Nothing has lived here yet: what comes with the program can still be shown.
        None => agents(&records::fit(setup)?.0.specs),
    };
    let hosted = hosted(setup).await?;
    let grants = Grants::of(setup)?;
    let mut rows = Vec::new();
    for item in inventory(setup, &hosted)?.iter().filter(|item| of.is_none_or(|id| item.version.manifest.id == *id)) {
        let manifest = &item.version.manifest;
        let mut requests = manifest.requests.clone();
        grants.in_force().cut(&mut requests, (&manifest.id, &item.version.vouched), None);
        let granted = granted(&requests, &manifest.id);
        rows.push(row(item, granted, &agents, behaviours)?);
    }
    Ok(rows)
}

/// A version that is here.
struct Item {
    version: Version,
    digest: Digest,
    /// Who signed its pack.
    signer: Option<String>,
    /// As the lock file has it; none for what comes with the program.
    entry: Option<Entry>,
    /// As the host runs it.
    running: Option<Running>,
    /// How far it has come since the host started.
    told: Option<Told>,
}

/// The versions that run, and the newest of each pack that does not.
fn inventory(setup: &Setup, hosted: &Hosted) -> Result<Vec<Item>> {
    let installed = Installed::at(&setup.data);
    let mut items = Vec::new();
    let running = |pack: &PackId, digest: Digest| {
        hosted.versions.iter().find(|running| running.pack == *pack && running.digest == digest).cloned()
    };
    let told =
        |pack: &PackId, digest: Digest| hosted.swaps.get(pack).filter(|told| told.digest == Some(digest)).cloned();
    let entries = installed.entries().map_err(of_install)?;
    for version in Version::built_in() {
        let (id, digest) = (version.manifest.id.clone(), Digest::of(&version.bytes));
        let is_replaced = entries.iter().any(|entry| entry.id == id && entry.component.is_some() && entry.state.runs());
        let (running, told) = (running(&id, digest), told(&id, digest));
        if running.is_some() || !is_replaced {
            items.push(Item { version, digest, signer: None, entry: None, running, told });
        }
    }
    for entry in &entries {
        let Some(digest) = entry.component else { continue };
        let newer = |other: &&Entry| other.id == entry.id && other.since > entry.since && other.component.is_some();
        let running = running(&entry.id, digest);
        let is_shown = running.is_some()
            || !matches!(entry.state, State::Kept) && !entries.iter().any(|other| newer(&other) && !other.state.runs());
        if !is_shown {
            continue;
        }
        // One that was damaged is told by `puppet packs` and `puppet doctor`.
        let Ok(pack) = installed.open(entry) else { continue };
        let Ok(Some(version)) = agents::brought(&pack) else { continue };
        let version = Version { vouched: Vouched::of(entry), ..version };
        let (signer, told) = (entry.signer.clone(), told(&entry.id, digest));
        items.push(Item { version, digest, signer, entry: Some(entry.clone()), running, told });
    }
    items.sort_by(|a, b| {
        (&a.version.manifest.id, &a.version.manifest.version)
            .cmp(&(&b.version.manifest.id, &b.version.manifest.version))
    });
    Ok(items)
}

/// What runs, or what the next host runs.
pub async fn hosted(setup: &Setup) -> Result<Hosted> {
    if let Some(answer) = control::ask(setup, &Ask::Plugins).await? {
        return serde_json::from_value(answer).map_err(Trouble::internal);
    }
    let rows = match records::if_there(setup).await? {
        Some(store) => store.strikes().await?,
        None => Vec::new(),
    };
    let installed = Installed::at(&setup.data);
    let entries = installed.entries().map_err(of_install)?;
    let is_for_agents = |entry: &&Entry| entry.state.runs() && !strategies::is_brought(&installed, entry);
    let serving = entries.iter().filter(is_for_agents);
    let mut versions: BTreeMap<PackId, Digest> =
        serving.filter_map(|entry| Some((entry.id.clone(), entry.component?))).collect();
    for version in Version::built_in().into_iter().filter(|version| runs(setup, &version.manifest.id)) {
        versions.entry(version.manifest.id).or_insert_with(|| Digest::of(&version.bytes));
    }
    let mut hosted = Hosted::default();
    for (pack, digest) in versions {
        let row = rows.iter().find(|row| row.plugin == pack && row.digest == digest);
        let stands = match row {
            Some(row) => {
                let strikes = puppet_engine::strikes_of(row)?;
                Stands::of(strikes.standing(Timestamp::from_system()), strikes.count())
            }
            None => Stands::default(),
        };
        hosted.versions.push(Running { pack, digest, serves: true, tried_on: Vec::new(), stands });
    }
    Ok(hosted)
}

/// Whether the next host runs it: personalities always, generators where the configuration has them on.
fn runs(setup: &Setup, id: &PackId) -> bool {
    setup.config.generators.all().into_iter().find(|(name, _)| *name == id.as_str()).is_none_or(|(_, on)| on.enabled)
}

type Agents = BTreeMap<PackId, Vec<String>>;

fn agents(specs: &[AgentSpec]) -> Agents {
    let mut agents = Agents::new();
    for spec in specs {
        agents.entry(spec.plugin.clone()).or_default().push(spec.id.to_string());
    }
    agents
}

fn row(item: &Item, granted: Vec<Value>, agents: &Agents, behaviours: &Behaviours) -> Result<Row> {
    let Item { version, digest, signer, running, told, .. } = item;
    let inspection = inspected(&version.bytes, *digest)?;
    let manifest = &version.manifest;
    let seen = behaviours.of.get(&(manifest.id.clone(), *digest));
    let stands = running.as_ref().map(|running| &running.stands);
    let tried_on = running.as_ref().filter(|running| !running.serves).map(|running| &running.tried_on);
    let agents = match (running, tried_on) {
        (_, Some(tried)) => tried.iter().map(ToString::to_string).collect(),
        (Some(_), None) => agents.get(&manifest.id).cloned().unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    Ok(Row {
        pack: manifest.id.to_string(),
        version: manifest.version.to_string(),
        digest: inspection.digest.to_string(),
        world: inspection.world.name(),
        contract: inspection.contract.clone(),
        signer: signer.clone(),
        state: state(item),
        reason: reason(item, seen),
        share: share(item),
        agents,
        imports: inspection.capabilities.iter().map(|capability| capability.name()).collect(),
        requests: manifest.requests.iter().map(|(capability, request)| requested(*capability, request)).collect(),
        granted,
        strikes: stands.and_then(|stands| stands.strikes).or(seen.map(|seen| seen.strikes)).unwrap_or(0),
        last_breach: seen.and_then(|seen| seen.last_breach.clone()),
        backoff_until: stands.and_then(|stands| stands.backoff_until),
        since: behaviours.since,
        invocations: seen.map_or(0, |seen| seen.invocations),
        fuel: seen.map(|seen| seen.fuel).unwrap_or_default(),
        swap: told.as_ref().map(|told| told.swap.clone()),
    })
}

/// How it stands, in the words of the schema.
fn state(item: &Item) -> String {
    let stands = item.running.as_ref().map_or("live", |running| running.stands.name());
    match (&item.running, &item.told, &item.entry) {
        (Some(_), _, _) if stands != "live" => stands.to_owned(),
        (_, Some(told), _) => told.state.clone(),
        (Some(_), None, _) => stands.to_owned(),
        (None, None, Some(entry)) => match entry.state {
            State::Refused | State::RolledBack => entry.state.name().to_owned(),
            State::Next | State::Waiting => "staged".to_owned(),
            _ => "installed".to_owned(),
        },
        (None, None, None) => "installed".to_owned(),
    }
}

/// Percent of the agents of its pack that it serves.
fn share(item: &Item) -> u64 {
    match (&item.running, &item.told) {
        (Some(running), Some(told)) if !running.serves => told.share,
        (Some(_), _) => 100,
        (None, _) => 0,
    }
}

/// Why it does not run; none where it does.
fn reason(item: &Item, seen: Option<&Behaviour>) -> Option<String> {
    let pack = &item.version.manifest.id;
    let Some(Running { stands, .. }) = &item.running else {
        let told = item.told.as_ref().and_then(|told| told.reason.clone());
        let noted = || item.entry.as_ref().and_then(|entry| entry.reason.clone());
        let off = || item.entry.is_none().then(|| "switched off in the configuration".to_owned());
        return told.or_else(noted).or_else(off);
    };
    let breach = seen.and_then(|seen| seen.last_breach.as_deref()).unwrap_or("a breach");
    let strikes = counted(stands.strikes.unwrap_or(0), "strike", "strikes");
    if stands.quarantined {
        return Some(format!("{strikes}, the last: {breach}; `puppet plugins release {pack}` lets it run again"));
    }
    stands.backoff_until.map(|until| format!("{strikes}, the last: {breach}; it runs again at {until}"))
}

fn amount(amount: Amount, period: Period, quantity: u64) -> Value {
    json!({ "amount": amount.name(), "unit": amount.unit(), "period": period.name(), "quantity": quantity })
}

fn requested(capability: Capability, request: &Request) -> Value {
    let amounts: Vec<Value> = request.amounts.iter().map(|((of, period), n)| amount(*of, *period, *n)).collect();
    json!({
        "capability": capability.name(), "operations": request.operations, "amounts": amounts,
        "optional": request.optional, "reason": request.reason,
    })
}

/// What an agent of this plugin gets: the requests, already cut to what the operator leaves, within the ceilings.
fn granted(requests: &Requests, id: &PackId) -> Vec<Value> {
    let ledger = std::sync::Arc::new(Ledger::default());
    let rights = Rights::from_requests(requests, id, &AgentId::new(""), &ledger);
    let lines = rights.lines(Timestamp::default());
    let of = |capability: Capability| {
        let right = rights.get(capability)?;
        let most = CEILINGS.iter().find(|ceiling| ceiling.capability == capability)?;
        let operations: Vec<&str> = most.operations.iter().copied().filter(|name| right.allows(name)).collect();
        let amounts = lines.iter().filter(|line| line.key.capability == capability);
        let amounts: Vec<Value> = amounts.map(|line| amount(line.key.amount, line.key.period, line.limit)).collect();
        Some(json!({ "capability": capability.name(), "operations": operations, "amounts": amounts }))
    };
    rights.capabilities().filter_map(of).collect()
}
