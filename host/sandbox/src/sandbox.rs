//! The sandbox itself: one engine, one pool, one set of limits.

use std::{path::PathBuf, sync::Arc};

use puppet_types::{Event, Outcome};
use tokio::sync::Semaphore;
use wasmtime::{Config, Engine, component::Linker};

use crate::{
    AgentRef, Blob, CallSetup, Carrier, Compiled, Ended, LimitError, Limits, LoadError, NewEvent, Pool, Prepared,
    PreparedStrategy, SandboxConfig, StrategyError, StrikeRules, World, compile,
    config::{HOST_STACK, WITHIN, unmetered_config, wasmtime_config},
    exports::{Ask, Made},
    invoke::{self, Admission, Given},
    limiter::PAGE,
    prepare,
};

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A limit outside its row of the table.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A pool that nothing fits in.
    #[error("`sandbox.pool.live_bytes` is {value}: one instance may take {least}")]
    Pool {
        /// What was asked for.
        value: u64,
        /// The least.
        least: u64,
    },
    /// wasmtime, or the system, does not give what the configuration asks for.
    #[error("the sandbox cannot be made: {0}. A smaller `sandbox.pool.slots` needs fewer addresses")]
    Engine(String),
}

/// How full the pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Instances alive.
    pub slots: u64,
    /// Instances that fit.
    pub slots_most: u64,
    /// Bytes of guest memory admitted.
    pub live_bytes: u64,
    /// Bytes that fit.
    pub live_bytes_most: u64,
}

/// Compiles components and runs events in them. Cheap to share behind an `Arc`; one per host.
pub struct Sandbox {
    engine: Engine,
    limits: Arc<Limits>,
    slots: u32,
    /// Instructions between two yields. `None` where nothing counts them: in a benchmark.
    yield_interval: Option<u64>,
    admission: Admission,
    cache_dir: Option<PathBuf>,
    strikes: StrikeRules,
}

impl Sandbox {
    /// Makes the engine and its pool. Addresses are reserved, memory is not.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        let interval = config.pool.yield_interval;
        Self::with_engine(config, wasmtime_config, Some(interval))
    }

    /// One that does not meter: a guest that spins spins for ever, and nobody can interrupt it. For `cargo bench -- --only
    /// metering` and its test, with guests of our own. Nothing in a configuration leads here, and native code is
    /// neither kept nor taken from where metered code is kept.
    #[doc(hidden)]
    pub fn unmetered(config: SandboxConfig) -> Result<Self, SandboxError> {
        Self::with_engine(SandboxConfig { cache_dir: None, ..config }, unmetered_config, None)
    }

    fn with_engine(
        config: SandboxConfig,
        engine: fn(&Limits, &Pool) -> Config,
        yield_interval: Option<u64>,
    ) -> Result<Self, SandboxError> {
        let SandboxConfig { limits, pool, cache_dir, strikes } = config;
        limits.check()?;
        pool.check()?;
        strikes.check()?;
        if pool.live_bytes < limits.memory_bytes {
            return Err(SandboxError::Pool { value: pool.live_bytes, least: limits.memory_bytes });
        }
        let engine =
            Engine::new(&engine(&limits, &pool)).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        // At most 2^28: `Pool::check` bounds the bytes.
        let all_pages = u32::try_from(pool.live_bytes / PAGE).unwrap_or(u32::MAX);
        let admission = Admission {
            slots: Arc::new(Semaphore::new(pool.slots as usize)),
            within: Arc::new(Semaphore::new(WITHIN as usize)),
            live_pages: Arc::new(Semaphore::new(all_pages as usize)),
            all_pages,
        };
        let (limits, slots) = (Arc::new(limits), pool.slots);
        Ok(Self { engine, limits, slots, yield_interval, admission, cache_dir, strikes })
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// When a version that runs here backs off, and when it is quarantined.
    pub fn strike_rules(&self) -> &StrikeRules {
        &self.strikes
    }

    /// The engine beneath, for what measures it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How full the pool is.
    pub fn pool_use(&self) -> PoolUse {
        let used = |all: u64, free: usize| all.saturating_sub(free as u64);
        let (slots, pages) = (u64::from(self.slots), u64::from(self.admission.all_pages));
        PoolUse {
            slots: used(slots, self.admission.slots.available_permits()),
            slots_most: slots,
            live_bytes: used(pages, self.admission.live_pages.available_permits()) * PAGE,
            live_bytes_most: pages * PAGE,
        }
    }

    /// Inspects and compiles. Blocks for as long as that takes: 8 s for a Python component.
    pub fn compile(&self, bytes: &[u8]) -> Result<Compiled, LoadError> {
        compile::compile(&self.engine, &self.limits, self.cache_dir.as_deref(), bytes)
    }

    /// The same where it was compiled before and its native code is kept; else none. Compiles nothing.
    pub fn kept(&self, bytes: &[u8]) -> Result<Option<Compiled>, LoadError> {
        compile::kept(&self.engine, &self.limits, self.cache_dir.as_deref(), bytes)
    }

    /// Links a component: WASI as far as it is imported, and what `capabilities` links.
    pub fn prepare<T: Carrier>(
        &self,
        compiled: &Compiled,
        capabilities: impl FnOnce(&mut Linker<T>) -> wasmtime::Result<()>,
    ) -> Result<Prepared<T>, LoadError> {
        prepare::prepare(&self.engine, compiled, capabilities)
    }

    /// Links a strategy and asks it what it is.
    pub fn prepare_strategy(&self, compiled: &Compiled) -> Result<PreparedStrategy, StrategyError> {
        PreparedStrategy::new(&self.engine, &self.limits, &self.admission, compiled)
    }

    /// The stack that a thread needs that calls a strategy: what guest code may use, and room for the host above it. The
    /// standard library's 2 MiB are enough for the default limits.
    pub fn strategy_stack_bytes(&self) -> usize {
        usize::try_from(self.limits.stack_bytes).unwrap_or(usize::MAX).saturating_add(2 * HOST_STACK)
    }

    /// A character's event in a fresh instance.
    pub async fn handle<T: Carrier>(
        &self,
        prepared: &Prepared<T>,
        carrier: T,
        event: &Event,
        setup: CallSetup,
    ) -> Ended<T> {
        if prepared.world != World::Personality {
            return refused(carrier, prepared.world, "handle");
        }
        invoke::invoke(self.given(), prepared, carrier, Ask::Handle(event.into()), setup).await.0
    }

    /// A generator's event in a fresh instance, and the events it made.
    pub async fn generate<T: Carrier>(
        &self,
        prepared: &Prepared<T>,
        carrier: T,
        event: &Event,
        agents: Vec<AgentRef>,
        setup: CallSetup,
    ) -> (Ended<T>, Vec<NewEvent>) {
        if prepared.world != World::EventGenerator {
            return (refused(carrier, prepared.world, "generate"), Vec::new());
        }
        let ask = Ask::Generate { event: event.clone(), agents };
        match invoke::invoke(self.given(), prepared, carrier, ask, setup).await {
            (ended, Made::Events(events)) => (ended, events),
            (ended, _) => (ended, Vec::new()),
        }
    }

    /// A blob that another version wrote, through `migrate` in a fresh instance, within a call that waits for it. Ends
    /// `failed` where the component has no such function, or says no.
    pub async fn migrate<T: Carrier>(
        &self,
        prepared: &Prepared<T>,
        carrier: T,
        old: Blob,
        setup: CallSetup,
    ) -> (Ended<T>, Option<Blob>) {
        if !prepared.migrates() {
            return (refused(carrier, prepared.world, "migrate"), None);
        }
        match invoke::invoke(self.given(), prepared, carrier, Ask::Migrate(old), setup).await {
            (ended, Made::Blob(new)) => (ended, Some(new)),
            (ended, _) => (ended, None),
        }
    }

    fn given(&self) -> Given<'_> {
        Given { limits: &self.limits, yield_interval: self.yield_interval, admission: &self.admission }
    }
}

fn refused<T>(carrier: T, world: World, function: &str) -> Ended<T> {
    let outcome = Outcome::Failed(format!("a component of the world `{}` has no `{function}`", world.name()));
    Ended { carrier, outcome, fuel: 0, peak_memory_bytes: 0, output: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pool;

    #[test]
    fn it_tells_what_it_was_made_with() {
        let limits = Limits { fuel: 12_345, ..Limits::default() };
        let strikes = StrikeRules { quarantine_after: 3, ..StrikeRules::default() };
        let pool = Pool { slots: 2, ..Pool::default() };
        let config = SandboxConfig { limits: limits.clone(), strikes: strikes.clone(), pool, cache_dir: None };
        let sandbox = Sandbox::new(config).unwrap();
        assert_eq!((sandbox.limits(), sandbox.strike_rules()), (&limits, &strikes));
        assert!(Engine::same(sandbox.engine(), &sandbox.engine));
    }
}
