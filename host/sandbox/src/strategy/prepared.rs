//! A strategy's component linked once and asked what it is, ready for any number of runs.

use std::sync::Arc;

use puppet_types::{Timestamp, trade::Market};
use wasmtime::{
    Engine,
    component::{InstancePre, Linker},
};

use super::{
    ClientIds, Description, StrategyError, StrategyInstance, imports,
    imports::Inside,
    limits::{SAVE_BYTES, lowered},
    wire::Indices,
};
use crate::{Compiled, Limits, LoadError, World, compile::initial_memory, invoke::Admission};

/// What a run begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategySetup {
    /// By name; what is not given has its default.
    pub parameters: Vec<(String, i64)>,
    /// What is traded. Orders and bars name a market by its place here.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// Of all chance in the guest.
    pub seed: u64,
    /// When the run begins: no bar may be older.
    pub at: Timestamp,
    /// What `save` of an earlier instance gave.
    pub saved: Option<Vec<u8>>,
    /// What that instance used.
    pub client_ids: ClientIds,
}

/// A strategy that is ready for runs. Cheap to share behind an `Arc`, one instance per thread.
pub struct PreparedStrategy {
    pub(super) pre: InstancePre<Inside>,
    pub(super) indices: Indices,
    pub(super) limits: Arc<Limits>,
    pub(super) admission: Admission,
    /// Of its first memory.
    pub(super) memory: u64,
    description: Description,
}

impl PreparedStrategy {
    pub(crate) fn new(
        engine: &Engine,
        limits: &Limits,
        admission: &Admission,
        compiled: &Compiled,
    ) -> Result<Self, StrategyError> {
        let world = compiled.inspection().world;
        if world != World::TradingStrategy {
            return Err(StrategyError::World(world.name()));
        }
        let component = &compiled.component;
        let refusal = |error: wasmtime::Error| LoadError::Link { reason: format!("{error:#}") };
        let mut linker = Linker::new(engine);
        imports::link(&mut linker, engine, component).map_err(refusal)?;
        let pre = linker.instantiate_pre(component).map_err(refusal)?;
        let indices = Indices::of(component)?;
        let (limits, admission) = (Arc::new(lowered(limits)), admission.clone());
        let memory = initial_memory(component).unwrap_or(0);
        let description = Description::default();
        let mut prepared = Self { pre, indices, limits, admission, memory, description };
        prepared.description = StrategyInstance::fresh(&prepared, 0, Timestamp::default())?.describe()?;
        Ok(prepared)
    }

    /// What the strategy says of itself. It was asked once, in an instance of its own.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// A run: a fresh instance that was told what it begins with.
    pub fn start(&self, setup: &StrategySetup) -> Result<StrategyInstance, StrategyError> {
        let parameters = self.description.resolve(&setup.parameters)?;
        if let Some(why) = self.description.misfit(setup.markets.len(), setup.bar_seconds) {
            return Err(StrategyError::Setup(why));
        }
        if let Some(saved) = setup.saved.as_ref().filter(|saved| saved.len() > SAVE_BYTES) {
            return Err(StrategyError::Setup(format!("a save of {} bytes: at most {SAVE_BYTES}", saved.len())));
        }
        let mut instance = StrategyInstance::fresh(self, setup.seed, setup.at)?;
        instance.init(setup, parameters)?;
        Ok(instance)
    }
}
