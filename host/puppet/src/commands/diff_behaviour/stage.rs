//! Where one of the two is run: a host of its own on the data folder's rows, which cannot be written, with a clock that
//! stands still, the offline model, and everything that the version asks for: what was refused when it was recorded is
//! refused again, and `grants.toml` is not looked at.

use std::sync::Arc;

use puppet_engine::{
    Actor, Host, VirtualClock,
    swap::{self, Candidate},
};
use puppet_sandbox::{Sandbox, World};
use puppet_store::AgentRow;
use puppet_types::AgentId;

use super::side::Side;
use crate::{
    agents,
    assembly::{self, Plan},
    commands::budgets::present,
    repertoire::Version,
    routes::Routes,
    rows::Rows,
    sandboxed,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// One of the two, ready to be called.
pub struct Stage {
    /// Where.
    pub host: Arc<Host>,
    candidate: Candidate,
}

/// Both, on one sandbox.
pub async fn pair(setup: &Setup, store: &Rows, [old, new]: &[Side; 2]) -> Result<[Stage; 2]> {
    let sandbox = Arc::new(sandboxed::open(setup)?);
    Ok([one(setup, store, old, &sandbox).await?, one(setup, store, new, &sandbox).await?])
}

async fn one(setup: &Setup, store: &Rows, side: &Side, sandbox: &Arc<Sandbox>) -> Result<Stage> {
    let assembly = assembly::assemble_empty(setup, plan(setup, store), sandbox)?;
    let rows = store.agents().await?;
    for spec in rows.iter().filter_map(|row| agents::spec_of(row).ok()) {
        agents::introduce(&assembly.host, &spec);
    }
    let refused = |error: puppet_sandbox::LoadError| {
        Trouble::input("component", format!("{}: {error}", side.named), "build it with the SDK for `wasm32-wasip2`")
    };
    let compiled = sandbox.compile(&side.plugin.bytes).map_err(refused)?;
    let plugin = side.plugin.load(sandbox, &compiled).map_err(refused)?;
    let Version { manifest, vouched, .. } = side.plugin.clone();
    assembly.repertoire.add(plugin.digest(), manifest, vouched);
    let candidate = Candidate { plugin: Arc::new(plugin), rows: own_row(side, &rows)? };
    Ok(Stage { host: assembly.host, candidate })
}

fn plan(setup: &Setup, store: &Rows) -> Plan {
    let generators = setup.config.generators.all().into_iter();
    Plan {
        store: store.clone(),
        clock: Arc::new(VirtualClock::new(present(setup))),
        // Of records that say nothing of their seed: both draw the same.
        secret: assembly::seeded("diff-behaviour", 0),
        generators: generators.map(|(name, generator)| (name.to_owned(), generator.interval_ms)).collect(),
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: setup.config.host.timezone.clone(),
        markets: None,
        pages: None,
    }
}

/// The row of the agent that comes with the pack, as this version would have it.
fn own_row(side: &Side, rows: &[AgentRow]) -> Result<Vec<AgentRow>> {
    let Some(spec) = &side.spec else { return Ok(Vec::new()) };
    let Some(row) = rows.iter().find(|row| row.id == spec.id) else { return Ok(Vec::new()) };
    let old = agents::spec_of(row)?;
    if old.pack != spec.pack {
        return Ok(Vec::new());
    }
    let mut spec = spec.clone();
    if !side.names_account {
        // The account that it was given when it came to live here.
        spec.handle = old.handle;
    }
    let body = serde_json::to_value(&spec).map_err(Trouble::internal)?;
    Ok(vec![AgentRow { body, ..row.clone() }])
}

impl Stage {
    /// Everybody whose behaviour a plugin is.
    pub fn played_by(&self, side: &Side) -> Vec<AgentId> {
        let plugin = &side.plugin.manifest.id;
        if side.world == World::EventGenerator {
            return vec![AgentId::generator(plugin)];
        }
        self.host.agents.played_by(plugin)
    }

    /// An agent as this version plays it; none where it does not live here.
    pub async fn cast(&self, agent: &AgentId) -> Result<Option<Arc<Actor>>> {
        Ok(swap::cast(&self.host, &self.candidate, agent).await?.map(Arc::new))
    }
}
