//! `plugins`: what runs, what it imports, what it asked for and got, and how it behaved. A running host is asked how
//! its plugins stand; without one the folder's rows say how the next will find them.

use std::collections::BTreeMap;

use puppet_engine::report::quantile;
use puppet_grants::{Amount, CEILINGS, Ledger, Period, Request, Requests, Rights};
use puppet_packs::AgentSpec;
use puppet_sandbox::CONTRACT;
use puppet_store::{Filter, JournalStore as _, StrikeStore as _, sqlite::SqliteStore};
use puppet_types::{AgentId, Capability, Digest, Outcome, PackId, Timestamp, counted};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    agents,
    control::{self, Request as Ask, Stands},
    firstparty,
    grants::{Grants, Vouched},
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Entries read at a time.
const PAGE: usize = 2_000;

#[derive(Serialize)]
struct Row {
    pack: String,
    version: String,
    digest: String,
    world: &'static str,
    contract: &'static str,
    signer: Option<String>,
    state: &'static str,
    reason: Option<String>,
    share: u32,
    agents: Vec<String>,
    imports: Vec<&'static str>,
    requests: Vec<Value>,
    granted: Vec<Value>,
    strikes: u32,
    last_breach: Option<String>,
    backoff_until: Option<Timestamp>,
    invocations: u64,
    fuel: Value,
    swap: Option<Value>,
}

#[derive(Default)]
struct Behaviour {
    invocations: u64,
    fuel: Vec<u64>,
    strikes: u32,
    last_breach: Option<String>,
}

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let (agents, behaviour) = match records::if_there(setup)? {
        Some(store) => (agents(&agents::rows(&store).await?), behaviour(&store).await?),
        // Nothing has lived here yet: what comes with the program can still be shown.
        None => (agents(&records::configured(setup)?.unwrap_or_default().specs), BTreeMap::new()),
    };
    let all = stands(setup).await?;
    let grants = Grants::of(setup)?;
    let mut rows = Vec::new();
    for plugin in firstparty::plugins() {
        let id = &plugin.manifest.id;
        let stands = all.get(id).cloned();
        let mut requests = plugin.manifest.requests.clone();
        grants.in_force().cut(&mut requests, id, None, &Vouched::BuiltIn);
        let granted = granted(&requests, id);
        rows.push(row(&plugin, granted, stands.as_ref(), &agents, &behaviour)?);
    }
    if out.json {
        return out.object(&List { schema: "puppet.plugins/1", items: rows, next: None });
    }
    let mut table =
        Table::new(&["pack", "version", "state", "world", "imports", "agents", "invocations", "fuel p50", "strikes"]);
    let reasons: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("{}: {}", row.pack, row.reason.as_ref()?))).collect();
    for row in rows {
        table.row([
            row.pack,
            row.version,
            row.state.to_owned(),
            row.world.to_owned(),
            row.imports.join(" "),
            row.agents.len().to_string(),
            row.invocations.to_string(),
            row.fuel["p50"].as_u64().map_or_else(|| "-".to_owned(), |fuel| fuel.to_string()),
            row.strikes.to_string(),
        ]);
    }
    table.print(out)?;
    reasons.into_iter().try_for_each(|reason| out.line(out.odd(reason)))
}

/// How the plugins stand that run, or that the next host runs.
pub async fn stands(setup: &Setup) -> Result<BTreeMap<PackId, Stands>> {
    if let Some(answer) = control::ask(&setup.data, &Ask::Plugins).await? {
        return serde_json::from_value(answer).map_err(Trouble::internal);
    }
    let rows = match records::if_there(setup)? {
        Some(store) => store.strikes().await?,
        None => Vec::new(),
    };
    let mut all = BTreeMap::new();
    for plugin in firstparty::plugins().into_iter().filter(|plugin| runs(setup, &plugin.manifest.id)) {
        let digest = Digest::of(plugin.component);
        let row = rows.iter().find(|row| row.plugin == plugin.manifest.id && row.digest == digest);
        let stands = match row {
            Some(row) => {
                let strikes = puppet_engine::strikes_of(row)?;
                Stands::of(strikes.standing(Timestamp::from_system()), strikes.count())
            }
            None => Stands::default(),
        };
        all.insert(plugin.manifest.id, stands);
    }
    Ok(all)
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

async fn behaviour(store: &SqliteStore) -> Result<BTreeMap<PackId, Behaviour>> {
    let mut all: BTreeMap<PackId, Behaviour> = BTreeMap::new();
    let mut after = 0;
    loop {
        let filter = Filter { after_seq: Some(after), oldest_first: true, limit: PAGE, ..Filter::default() };
        let page = store.journal(&filter).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            let invocation = entry.invocation;
            let one = all.entry(invocation.plugin.id).or_default();
            one.invocations += 1;
            one.fuel.push(invocation.fuel);
            one.strikes = invocation.strikes;
            if let Outcome::Breach(breach, _) = invocation.outcome {
                one.last_breach = Some(breach.code().to_owned());
            }
        }
    }
    Ok(all)
}

fn row(
    plugin: &firstparty::BuiltIn,
    granted: Vec<Value>,
    stands: Option<&Stands>,
    agents: &Agents,
    behaviour: &BTreeMap<PackId, Behaviour>,
) -> Result<Row> {
    let inspection = puppet_sandbox::inspect(plugin.component).map_err(|error| Trouble::internal(error.to_string()))?;
    let manifest = &plugin.manifest;
    let seen = behaviour.get(&manifest.id);
    let mut fuel = seen.map(|seen| seen.fuel.clone()).unwrap_or_default();
    fuel.sort_unstable();
    Ok(Row {
        pack: manifest.id.to_string(),
        version: manifest.version.to_string(),
        digest: inspection.digest.to_string(),
        world: inspection.world.name(),
        contract: CONTRACT,
        signer: None,
        state: match stands {
            None => "installed",
            Some(stands) => stands.name(),
        },
        reason: reason(&manifest.id, stands, seen),
        share: if stands.is_some() { 100 } else { 0 },
        agents: agents.get(&manifest.id).cloned().unwrap_or_default(),
        imports: inspection.capabilities.iter().map(|capability| capability.name()).collect(),
        requests: manifest.requests.iter().map(|(capability, request)| requested(*capability, request)).collect(),
        granted,
        strikes: stands.and_then(|stands| stands.strikes).or(seen.map(|seen| seen.strikes)).unwrap_or(0),
        last_breach: seen.and_then(|seen| seen.last_breach.clone()),
        backoff_until: stands.and_then(|stands| stands.backoff_until),
        invocations: seen.map_or(0, |seen| seen.invocations),
        fuel: json!({ "p50": quantile(&fuel, 50), "p99": quantile(&fuel, 99) }),
        swap: None,
    })
}

/// Why it does not run; none where it does.
fn reason(pack: &PackId, stands: Option<&Stands>, seen: Option<&Behaviour>) -> Option<String> {
    let Some(stands) = stands else { return Some("switched off in the configuration".to_owned()) };
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
