//! Which strategy trades: one that is installed, one that comes with the program, a pack's folder, or a bare component.

use std::{borrow::Cow, path::Path, sync::Arc};

use puppet_backtest::{Sandboxed, StrategyId};
use puppet_packs::{Entry, Manifest, Pack};
use puppet_sandbox::{Sandbox, SandboxConfig, World};
use puppet_trade::DeskStrategy;
use puppet_types::PackId;

use crate::{
    agents,
    commands::invoke::{read, refused},
    firstparty, installing,
    repertoire::Version,
    sandboxed,
    setup::Setup,
    strategies,
    trouble::{Result, Trouble},
    vetting,
};

/// A strategy that is linked and ready for runs.
pub struct Chosen {
    /// What it was asked for by.
    pub name: String,
    pub id: StrategyId,
    pub strategies: Sandboxed,
    pub stack_bytes: usize,
    /// It is an installed pack's, and not the program's own or a file.
    pub is_installed: bool,
}

/// Finds it, compiles it and asks it what it is.
pub fn choose(setup: &Setup, name: &str, threads: usize) -> Result<Chosen> {
    let path = Path::new(name);
    let Found { manifest, pack, bytes, is_installed } = found(setup, name, path)?;
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
    let prepared = strategies::described(&sandbox, &compiled)
        .map_err(|reason| strategies::refused(name, &reason).in_file(path))?;
    let (pack, version) = match &manifest {
        Some(manifest) => (manifest.id.to_string(), manifest.version.to_string()),
        None => (path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-"), String::new()),
    };
    let stack_bytes = sandbox.strategy_stack_bytes();
    let strategies = Sandboxed::new(Arc::new(prepared), stack_bytes);
    let id = StrategyId { pack, version, digest: Some(digest) };
    Ok(Chosen { name: name.to_owned(), id, strategies, stack_bytes, is_installed })
}

impl Chosen {
    /// As a desk has it.
    pub fn of_desk(&self) -> DeskStrategy {
        DeskStrategy { id: self.id.clone(), strategies: Arc::new(self.strategies.clone()) }
    }
}

fn open(setup: &Setup, threads: usize) -> Result<Sandbox> {
    opened(sandboxed::config(setup)?, threads)
}

/// As many instances as there are threads live at once, and each may be rebuilt while the one before still is.
pub fn opened(mut config: SandboxConfig, threads: usize) -> Result<Sandbox> {
    // Not those of plugins: each sandbox keeps addresses for all its slots, and there is one for each desk.
    config.pool.slots = u32::try_from(threads * 2 + 2).unwrap_or(u32::MAX);
    sandboxed::open_with(config)
}

/// A component, and what is known of it.
struct Found {
    manifest: Option<Manifest>,
    /// Of a folder: what it claims is not looked at yet.
    pack: Option<Pack>,
    bytes: Cow<'static, [u8]>,
    is_installed: bool,
}

impl Found {
    fn of(Version { manifest, bytes, .. }: Version, is_installed: bool) -> Self {
        Self { manifest: Some(manifest), pack: None, bytes, is_installed }
    }
}

fn found(setup: &Setup, name: &str, path: &Path) -> Result<Found> {
    // Of an installed pack the version that runs, and none that waits: what the operator has not let in trades nothing.
    let installed = installing::brought(&installing::of(setup), &PackId::new(name))?;
    if let Some(version) = installed.filter(Version::is_strategy) {
        return Ok(Found::of(version, true));
    }
    if let Some(built_in) = firstparty::strategies().into_iter().find(|own| own.manifest.id.as_str() == name) {
        return Ok(Found::of(built_in.into(), false));
    }
    if path.is_dir() {
        let (pack, version) = agents::opened_with(path, firstparty::strategies())?;
        let unknown = || unknown(setup, pack.manifest.plugin().as_str());
        let Some(version) = version else { return Err(unknown()?.in_file(path)) };
        return Ok(Found { pack: Some(pack), ..Found::of(version, false) });
    }
    if !path.is_file() {
        return Err(unknown(setup, name)?);
    }
    Ok(Found { manifest: None, pack: None, bytes: read(path)?.into(), is_installed: false })
}

/// Why there is none of this name.
fn unknown(setup: &Setup, name: &str) -> Result<Trouble> {
    let entries = installing::entries(setup)?;
    let runs = |entry: &&Entry| entry.state.runs();
    let of_name: Vec<&Entry> = entries.iter().filter(|entry| entry.id.as_str() == name).collect();
    if let Some(last) = of_name.last().filter(|_| !of_name.iter().any(runs)) {
        let message = format!("no version of `{name}` runs: {} is {}", last.version, last.state.name());
        let remedy = "`puppet packs` says why; `puppet grants approve`, `rollback` or another `install` brings one in";
        return Ok(Trouble::input("unknown-strategy", message, remedy));
    }
    if !of_name.is_empty() {
        let message = format!("`{name}` is installed, and is no strategy");
        let remedy = "name a strategy: a component that exports `puppet:trading/strategy`";
        return Ok(Trouble::input("unknown-strategy", message, remedy));
    }
    let installed = installing::of(setup);
    let strategies = entries.iter().filter(runs).filter(|entry| strategies::is_brought(&installed, entry));
    let mut known: Vec<String> = strategies.map(|entry| entry.id.to_string()).collect();
    known.extend(firstparty::strategies().iter().map(|strategy| strategy.manifest.id.to_string()));
    known.sort();
    known.dedup();
    let remedy = format!("use one of {}, a pack's folder, or a component (`.wasm`)", known.join(", "));
    Ok(Trouble::input("unknown-strategy", format!("there is no strategy `{name}`"), remedy))
}
