//! Trading strategies among what packs bring: told apart from what serves agents, and proved before one is let in. No
//! agent runs one and no event goes to it; `backtest` runs it, and whoever trades.

use std::path::Path;

use puppet_engine::swap::SwapRules;
use puppet_packs::{Component, Entry, Installed, Pack};
use puppet_sandbox::{Compiled, PreparedStrategy, Sandbox, SandboxConfig, World};

use crate::{
    sandboxed,
    setup::Setup,
    swaps::compile,
    trouble::{Result, Trouble},
};

/// Whether a component is one.
pub fn is_one(component: &[u8]) -> bool {
    puppet_sandbox::inspect(component).is_ok_and(|inspection| inspection.world == World::TradingStrategy)
}

/// Whether an installed version brings one. What was damaged brings nothing.
pub fn is_brought(installed: &Installed, entry: &Entry) -> bool {
    entry.component.is_some()
        && installed.bundle(entry).is_ok_and(|bundle| bundle.component_bytes().is_some_and(is_one))
}

/// Compiles the component of a file apart, links it and asks it what it is.
pub fn proved(
    sandbox: &Sandbox,
    (program, config): (&Path, &SandboxConfig),
    (file, bytes): (&Path, &[u8]),
    rules: &SwapRules,
) -> std::result::Result<PreparedStrategy, String> {
    let compiled = compile::apart(sandbox, (program, config), (file, bytes), rules)?;
    described(sandbox, &compiled)
}

/// Links a strategy and asks it what it is, on a thread that has the stack for it.
pub fn described(sandbox: &Sandbox, compiled: &Compiled) -> std::result::Result<PreparedStrategy, String> {
    let asked = on_a_stack(sandbox.strategy_stack_bytes(), || sandbox.prepare_strategy(compiled));
    asked?.map_err(|error| format!("it does not say what it is: {error}"))
}

/// Asks something of a strategy, on a thread that has the stack for it.
pub fn on_a_stack<T: Send>(stack_bytes: usize, ask: impl FnOnce() -> T + Send) -> std::result::Result<T, String> {
    std::thread::scope(|scope| {
        let asked = std::thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, ask);
        let asked = asked.map_err(|error| format!("no thread can be started for it: {error}"))?;
        asked.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

/// Proves what a pack that comes in brings, before anything of it is kept.
pub fn admit(setup: &Setup, pack: &Pack, bytes: &[u8]) -> Result<()> {
    let Component::File(file) = &pack.manifest.component else { return Ok(()) };
    let (config, file) = (sandboxed::config(setup)?, pack.dir.join(file));
    let sandbox = sandboxed::open_with(config.clone())?;
    proved(&sandbox, (&compile::program(), &config), (&file, bytes), &setup.config.swap)
        .map(drop)
        .map_err(|reason| refused(pack.manifest.id.as_str(), &reason).in_file(&file))
}

/// One that cannot run, and what its author can do.
pub fn refused(name: &str, reason: &str) -> Trouble {
    let remedy = "`puppet doctor --limits` lists the limits; docs/trading/strategies.md says what a strategy answers";
    Trouble::input("strategy", format!("`{name}` is no strategy that can trade: {reason}"), remedy)
}
