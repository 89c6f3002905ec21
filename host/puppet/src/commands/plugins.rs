//! `plugins`: what runs, what it imports, what it asked for and got, and how it behaved.

use std::collections::BTreeMap;

use puppet_grants::{Amount, CEILINGS, Period, Request};
use puppet_packs::Manifest;
use puppet_store::{AgentStore as _, Filter, JournalStore as _, sqlite::SqliteStore};
use puppet_types::{Capability, Outcome, PackId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    agents::spec_of,
    assembly, firstparty,
    output::{List, Output, Table},
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
    backoff_until: Option<String>,
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
    let (agents, behaviour) = match SqliteStore::open_read_only(&setup.data) {
        Ok(store) => (agents(&store).await?, behaviour(&store).await?),
        // Nothing has lived here yet: what comes with the program can still be shown.
        Err(_) if !setup.data.join("puppet.db").exists() => Default::default(),
        Err(error) => return Err(error.into()),
    };
    let cut = assembly::manifests(&assembly::operators(setup)?)?;
    let mut rows = Vec::new();
    for plugin in firstparty::plugins() {
        rows.push(row(&plugin, &cut, &agents, &behaviour)?);
    }
    if out.json {
        return out.object(&List { schema: "puppet.plugins/1", items: rows, next: None });
    }
    let mut table =
        Table::new(&["pack", "version", "world", "imports", "agents", "invocations", "fuel p50", "strikes"]);
    for row in rows {
        table.row([
            row.pack,
            row.version,
            row.world.to_owned(),
            row.imports.join(" "),
            row.agents.len().to_string(),
            row.invocations.to_string(),
            row.fuel["p50"].to_string(),
            row.strikes.to_string(),
        ]);
    }
    table.print(out)
}

type Agents = BTreeMap<PackId, Vec<String>>;

async fn agents(store: &SqliteStore) -> Result<Agents> {
    let mut agents = Agents::new();
    for row in store.agents().await? {
        agents.entry(spec_of(&row)?.plugin).or_default().push(row.id.to_string());
    }
    Ok(agents)
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
    cut: &BTreeMap<PackId, Manifest>,
    agents: &Agents,
    behaviour: &BTreeMap<PackId, Behaviour>,
) -> Result<Row> {
    let inspection = puppet_sandbox::inspect(plugin.component).map_err(|error| Trouble::internal(error.to_string()))?;
    let manifest = &plugin.manifest;
    let left = cut.get(&manifest.id).map_or(&manifest.requests, |cut| &cut.requests);
    let seen = behaviour.get(&manifest.id);
    let mut fuel = seen.map(|seen| seen.fuel.clone()).unwrap_or_default();
    fuel.sort_unstable();
    let quantile =
        |percent: usize| fuel.get((fuel.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0);
    Ok(Row {
        pack: manifest.id.to_string(),
        version: manifest.version.to_string(),
        digest: inspection.digest.to_string(),
        world: inspection.world.name(),
        contract: "0.1.0",
        signer: None,
        state: "live",
        reason: None,
        share: 100,
        agents: agents.get(&manifest.id).cloned().unwrap_or_default(),
        imports: inspection.capabilities.iter().map(|capability| capability.name()).collect(),
        requests: manifest.requests.iter().map(|(capability, request)| requested(*capability, request)).collect(),
        granted: left.iter().filter_map(|(capability, request)| granted(*capability, request)).collect(),
        strikes: seen.map_or(0, |seen| seen.strikes),
        last_breach: seen.and_then(|seen| seen.last_breach.clone()),
        backoff_until: None,
        invocations: seen.map_or(0, |seen| seen.invocations),
        fuel: json!({ "p50": quantile(50), "p99": quantile(99) }),
        swap: None,
    })
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

/// The request as the operator left it, cut to the ceiling.
fn granted(capability: Capability, request: &Request) -> Option<Value> {
    let most = CEILINGS.iter().find(|ceiling| ceiling.capability == capability)?;
    let operations: Vec<&str> = most
        .operations
        .iter()
        .copied()
        .filter(|name| request.operations.is_empty() || request.operations.contains(*name))
        .collect();
    let amounts: Vec<Value> = most
        .amounts
        .iter()
        .map(|(of, period, limit)| {
            let asked = request.amounts.get(&(*of, *period)).copied().unwrap_or(*limit);
            amount(*of, *period, asked.min(*limit))
        })
        .collect();
    Some(json!({ "capability": capability.name(), "operations": operations, "amounts": amounts }))
}
