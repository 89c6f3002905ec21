//! A component linked once, ready for any number of calls: WASI, the capabilities its user links, nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::{
    Engine,
    component::{ComponentExportIndex, InstancePre, Linker},
};

use crate::{Carrier, Compiled, Inspection, LoadError, World, compile::initial_memory, exports, wasi};

/// A component that is ready for calls.
pub struct Prepared<T: Carrier> {
    pub(crate) pre: InstancePre<T>,
    pub(crate) world: World,
    pub(crate) function: ComponentExportIndex,
    pub(crate) migration: Option<ComponentExportIndex>,
    /// The most memory that a call of it was seen to use: what the next one is admitted with.
    peak: AtomicU64,
}

impl<T: Carrier> Prepared<T> {
    /// What it is.
    pub fn world(&self) -> World {
        self.world
    }

    /// Whether it carries over state that another version wrote.
    pub fn migrates(&self) -> bool {
        self.migration.is_some()
    }

    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    pub(crate) fn used(&self, bytes: u64) {
        self.peak.fetch_max(bytes, Ordering::Relaxed);
    }
}

pub(crate) fn prepare<T: Carrier>(
    engine: &Engine,
    compiled: &Compiled,
    capabilities: impl FnOnce(&mut Linker<T>) -> wasmtime::Result<()>,
) -> Result<Prepared<T>, LoadError> {
    let component = &compiled.component;
    let Inspection { world, migrates, .. } = *compiled.inspection();
    if world == World::TradingStrategy {
        let reason = "it is a trading strategy: no agent runs one (docs/trading/strategies.md)".to_owned();
        return Err(LoadError::Link { reason });
    }
    let refusal = |error: wasmtime::Error| LoadError::Link { reason: format!("{error:#}") };
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker, engine, component).map_err(refusal)?;
    capabilities(&mut linker).map_err(refusal)?;
    // Interfaces that hold only types (`puppet:types/types`) need no entry.
    let pre = linker.instantiate_pre(component).map_err(refusal)?;
    let function = exports::function(component, world)?;
    let migration = exports::migration(component, migrates)?;
    let peak = AtomicU64::new(initial_memory(component).unwrap_or(0));
    Ok(Prepared { pre, world, function, migration, peak })
}
