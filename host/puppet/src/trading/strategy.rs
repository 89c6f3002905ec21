//! Which strategy trades: one that comes with the program, a pack's folder, or a bare component.

use std::{path::Path, sync::Arc};

use puppet_backtest::{Sandboxed, StrategyId};
use puppet_packs::{Component, Manifest, Pack};
use puppet_sandbox::{Sandbox, World};

use crate::{
    agents::{self, of_pack},
    commands::invoke::{read, refused},
    firstparty, sandboxed,
    setup::Setup,
    trouble::{Result, Trouble},
    vetting,
};

/// A strategy that is linked and ready for runs.
pub struct Chosen {
    pub id: StrategyId,
    pub strategies: Sandboxed,
    pub stack_bytes: usize,
}

/// Finds it, compiles it and asks it what it is.
pub fn choose(setup: &Setup, name: &str, threads: usize) -> Result<Chosen> {
    let path = Path::new(name);
    let (manifest, pack, bytes) = found(name, path)?;
    let sandbox = open(setup, threads)?;
    let compiled = sandbox.compile(&bytes).map_err(|error| refused(path, &error))?;
    let world = compiled.inspection().world;
    if world != World::TradingStrategy {
        let message = format!("`{name}` is of the world `{}`", world.name());
        let remedy = "name a strategy: a component that exports `puppet:trading/strategy`";
        return Err(Trouble::input("unknown-strategy", message, remedy));
    }
    let digest = compiled.inspection().digest;
    if let (Some(pack), Some(manifest)) = (&pack, &manifest) {
        vetting::hold_to_claims(pack, &manifest.id, world, digest)?;
    }
    let prepared = sandbox.prepare_strategy(&compiled).map_err(|error| {
        let remedy =
            "`puppet doctor --limits` lists the limits; docs/trading/strategies.md says what a strategy answers";
        Trouble::input("strategy", error.to_string(), remedy).in_file(path)
    })?;
    let (pack, version) = match &manifest {
        Some(manifest) => (manifest.id.to_string(), manifest.version.to_string()),
        None => (path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-"), String::new()),
    };
    let stack_bytes = sandbox.strategy_stack_bytes();
    let strategies = Sandboxed::new(Arc::new(prepared), stack_bytes);
    Ok(Chosen { id: StrategyId { pack, version, digest: Some(digest) }, strategies, stack_bytes })
}

/// As many instances as there are threads live at once, and each may be rebuilt while the one before still is.
fn open(setup: &Setup, threads: usize) -> Result<Sandbox> {
    let mut config = sandboxed::config(setup)?;
    let slots = u32::try_from(threads * 2 + 2).unwrap_or(u32::MAX);
    config.pool.slots = config.pool.slots.max(slots);
    sandboxed::open_with(config)
}

fn found(name: &str, path: &Path) -> Result<(Option<Manifest>, Option<Pack>, Vec<u8>)> {
    if let Some(built_in) = built_in(name) {
        return Ok((Some(built_in.manifest), None, built_in.component.to_vec()));
    }
    if path.is_dir() {
        let pack = Pack::open(path).map_err(of_pack)?;
        agents::check_contract(&pack)?;
        let (manifest, bytes) = match &pack.manifest.component {
            Component::BuiltIn(id) => {
                let plugin = built_in(id.as_str()).ok_or_else(|| unknown(id.as_str()).in_file(path))?;
                (plugin.manifest, plugin.component.to_vec())
            }
            Component::File(file) => (pack.manifest.clone(), read(&path.join(file))?),
        };
        return Ok((Some(manifest), Some(pack), bytes));
    }
    if !path.is_file() {
        return Err(unknown(name));
    }
    Ok((None, None, read(path)?))
}

fn built_in(name: &str) -> Option<firstparty::BuiltIn> {
    firstparty::strategies().into_iter().find(|strategy| strategy.manifest.id.as_str() == name)
}

fn unknown(name: &str) -> Trouble {
    let known: Vec<String> = firstparty::strategies().iter().map(|strategy| strategy.manifest.id.to_string()).collect();
    let remedy = format!("use one of {}, a pack's folder, or a component (`.wasm`)", known.join(", "));
    Trouble::input("unknown-strategy", format!("there is no strategy `{name}`"), remedy)
}
