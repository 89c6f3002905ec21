//! Strategies of components: the sandbox's warm instance as the runner sees every other strategy.

use std::sync::Arc;

use puppet_sandbox::{Portfolio, PreparedStrategy, StrategyError, StrategyInstance, StrategySetup};
use puppet_types::Timestamp;
use puppet_types::trade::{Denial, Fill};

use crate::strategy::{Answer, Batch, Description, Fault, Setup, Strategies, Strategy, View};

/// Instances of one component.
#[derive(Clone)]
pub struct Sandboxed {
    prepared: Arc<PreparedStrategy>,
    stack_bytes: usize,
}

impl Sandboxed {
    /// Of a component that is linked. `stack_bytes` is what the sandbox says a thread needs that calls one
    /// (`Sandbox::strategy_stack_bytes`).
    pub fn new(prepared: Arc<PreparedStrategy>, stack_bytes: usize) -> Self {
        Self { prepared, stack_bytes }
    }
}

impl Strategies for Sandboxed {
    fn fresh(&self) -> Result<Box<dyn Strategy + '_>, Fault> {
        Ok(Box::new(Instance { prepared: &self.prepared, running: None, view: Arc::default() }))
    }
    fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }
}

struct Instance<'p> {
    prepared: &'p PreparedStrategy,
    /// From `init` on.
    running: Option<StrategyInstance>,
    view: Arc<View>,
}

impl Instance<'_> {
    /// The instance, which can see what is owned as of this call.
    fn running(&mut self, view: &Arc<View>) -> Result<&mut StrategyInstance, Fault> {
        let running = self.running.as_mut().ok_or_else(|| Fault::failed("it was called before `init`"))?;
        if !Arc::ptr_eq(&self.view, view) {
            self.view = Arc::clone(view);
            let Portfolio { positions, cash, open_orders } = running.portfolio_mut();
            positions.clone_from(&view.positions);
            // All markets of a run are quoted in one token.
            cash.clear();
            cash.resize(view.positions.len(), view.cash);
            open_orders.clone_from(&view.open_orders);
        }
        Ok(running)
    }
}

impl Strategy for Instance<'_> {
    fn describe(&mut self) -> Result<Description, Fault> {
        Ok(self.prepared.description().clone())
    }

    fn init(&mut self, setup: &Setup, saved: Option<&[u8]>) -> Result<(), Fault> {
        // Client ids are looked at by the trader, which outlives instances; a rebuilt one is told the same again and
        // uses the same ids again.
        let setup = StrategySetup {
            parameters: setup.parameters.clone(),
            markets: setup.markets.clone(),
            bar_seconds: setup.bar_seconds,
            seed: setup.seed,
            at: Timestamp::default(),
            saved: saved.map(<[u8]>::to_vec),
            client_ids: Default::default(),
        };
        self.running = Some(self.prepared.start(&setup)?);
        self.view = Arc::default();
        Ok(())
    }

    fn on_candles(&mut self, batch: &Batch<'_>, view: &Arc<View>, answer: &mut Answer) -> Result<(), Fault> {
        let said = self.running(view)?.on_candles(batch.at, batch.is_warm_up, batch.bars)?;
        if !said.proposals.is_empty() {
            answer.proposals.extend(said.proposals);
        }
        if !said.denials.is_empty() {
            answer.denials.extend(said.denials);
        }
        Ok(())
    }

    fn on_fill(&mut self, fill: &Fill, view: &Arc<View>) -> Result<(), Fault> {
        Ok(self.running(view)?.on_fill(fill)?)
    }

    fn on_denied(&mut self, denial: &Denial, view: &Arc<View>) -> Result<(), Fault> {
        Ok(self.running(view)?.on_denied(denial)?)
    }

    fn save(&mut self) -> Result<Vec<u8>, Fault> {
        let running = self.running.as_mut().ok_or_else(|| Fault::failed("it was called before `init`"))?;
        Ok(running.save()?)
    }

    fn fuel(&self) -> u64 {
        self.running.as_ref().map_or(0, StrategyInstance::fuel_used)
    }
}

impl From<StrategyError> for Fault {
    fn from(error: StrategyError) -> Self {
        match error {
            // In its own words: whoever called `init` says that it does not begin.
            StrategyError::Refused(reason) => Self::failed(reason),
            error => match error.breach() {
                Some(breach) => Self { breach: breach.0.code().to_owned(), detail: breach.1.clone() },
                None => Self::failed(error.to_string()),
            },
        }
    }
}
