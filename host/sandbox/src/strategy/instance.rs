//! A warm instance: entered once per bar, with its own fuel each time, and never again after a breach.

use std::sync::Arc;

use puppet_types::{
    Breach, BreachError, LogLine, Timestamp,
    trade::{Candle, Denial, Fill, Proposal},
};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;

use super::{
    ClientIds, Description, Portfolio, PreparedStrategy, StrategyError, StrategySetup,
    imports::Inside,
    limits::SAVE_BYTES,
    orders::Reader,
    wire::{self, Functions, millis},
};
use crate::{CallSetup, causes::TAIL_BYTES, exports::short, invoke::bound, limiter::Limiter};

/// What a strategy answers to a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Right in form, in its order.
    pub proposals: Vec<Proposal>,
    /// Of orders that are wrong in form, or that answer history. Whoever runs the strategy tells it of them as of every
    /// other denial, with [`StrategyInstance::on_denied`].
    pub denials: Vec<Denial>,
}

/// A strategy that runs. Calls are synchronous: they take the caller's thread, and some of its stack
/// ([`crate::Sandbox::strategy_stack_bytes`]).
pub struct StrategyInstance {
    store: Store<Inside>,
    functions: Functions,
    fuel_per_call: u64,
    fuel_used: u64,
    seed: u64,
    last: Timestamp,
    markets: u32,
    ids: ClientIds,
    poison: Option<BreachError>,
    /// Given back when the instance goes.
    _slot: OwnedSemaphorePermit,
}

impl StrategyInstance {
    /// One that was asked nothing yet.
    pub(super) fn fresh(prepared: &PreparedStrategy, seed: u64, at: Timestamp) -> Result<Self, StrategyError> {
        let (slot, live) = prepared.admission.try_admit(prepared.memory).ok_or(StrategyError::Full)?;
        let limits = &prepared.limits;
        let limiter = Limiter::new(Arc::clone(limits), live, Arc::clone(&prepared.admission.live_pages));
        let mut inside = Inside::default();
        inside.room.furnish(limits, limiter, &CallSetup { seed, wall: at, deadline: None });
        let mut store = Store::new(prepared.pre.engine(), inside);
        let fuel_per_call = limits.fuel;
        let made = bound(&mut store, limits, None).and_then(|()| {
            store.set_fuel(fuel_per_call)?;
            let instance = prepared.pre.instantiate(&mut store)?;
            Functions::of(&mut store, &instance, &prepared.indices)
        });
        let functions = made.map_err(|error| StrategyError::Breach(cause(&mut store, &error)))?;
        let fuel_used = fuel_per_call.saturating_sub(store.get_fuel().unwrap_or(0));
        Ok(Self {
            store,
            functions,
            fuel_per_call,
            fuel_used,
            seed,
            last: at,
            markets: 0,
            ids: ClientIds::default(),
            poison: None,
            _slot: slot,
        })
    }

    pub(super) fn describe(&mut self) -> Result<Description, StrategyError> {
        let at = self.last;
        let (raw,) = self.call(at, |store, functions| functions.describe.call(store, ()))?;
        Description::read(raw).map_err(StrategyError::Description)
    }

    pub(super) fn init(&mut self, setup: &StrategySetup, parameters: Vec<(String, i64)>) -> Result<(), StrategyError> {
        self.markets = u32::try_from(setup.markets.len()).unwrap_or(u32::MAX);
        self.ids = setup.client_ids.clone();
        let markets = setup.markets.iter().map(wire::MarketInfo::from).collect();
        let (bar_seconds, seed, saved) = (setup.bar_seconds, setup.seed, setup.saved.clone());
        let setup = wire::Setup { parameters, markets, bar_seconds, seed, saved };
        let at = self.last;
        let (answer,) = self.call(at, |store, functions| functions.init.call(store, (setup,)))?;
        answer.map_err(|message| StrategyError::Refused(short(message)))
    }

    /// What it owns. Made true by whoever runs it, before a call.
    pub fn portfolio_mut(&mut self) -> &mut Portfolio {
        &mut self.store.data_mut().portfolio
    }

    /// The bars of all markets that closed at a time; or, in warm-up, history up to it. Nothing later than `at` is handed
    /// over, whoever asks for it. Inlined, since each bar's answer, nearly always an empty one, would be copied on its way.
    #[inline(always)]
    pub fn on_candles(
        &mut self,
        at: Timestamp,
        is_warm_up: bool,
        candles: &[(u32, Candle)],
    ) -> Result<Answer, StrategyError> {
        self.enterable()?;
        self.check(at, is_warm_up, candles)?;
        let candles = candles.iter().map(|(market, candle)| wire::Candle::new(*market, candle)).collect();
        let batch = wire::Batch { at: millis(at), is_warm_up, candles };
        let (raw,) = self.call(at, |store, functions| functions.on_candles.call(store, (batch,)))?;
        self.last = at;
        if raw.is_empty() {
            return Ok(Answer::default());
        }
        let (markets, ids) = (self.markets, &mut self.ids);
        Ok(Reader { at, is_warm_up, markets, ids }.read(raw))
    }

    /// An order was carried out, or a part of it.
    pub fn on_fill(&mut self, fill: &Fill) -> Result<(), StrategyError> {
        let wire = wire::Fill::from(fill);
        self.call(fill.at, |store, functions| functions.on_fill.call(store, (wire,)))
    }

    /// An order was not admitted, or ended without being filled.
    pub fn on_denied(&mut self, denial: &Denial) -> Result<(), StrategyError> {
        let wire = wire::Denial::from(denial);
        self.call(denial.at, |store, functions| functions.on_denied.call(store, (wire,)))
    }

    /// Everything that another instance needs to go on.
    pub fn save(&mut self) -> Result<Vec<u8>, StrategyError> {
        let at = self.last;
        let (saved,) = self.call(at, |store, functions| functions.save.call(store, ()))?;
        if saved.len() > SAVE_BYTES {
            let detail = format!("a save of {} bytes: at most {SAVE_BYTES}", saved.len());
            return Err(self.poisoned(BreachError(Breach::TooManyHostBytes, detail)));
        }
        Ok(saved)
    }

    /// Instructions used since the instance was made, start functions included.
    pub fn fuel_used(&self) -> u64 {
        self.fuel_used
    }

    /// Sum over all memories at its highest.
    pub fn peak_memory_bytes(&self) -> u64 {
        self.store.data().room.limiter.peak_memory
    }

    /// The client ids that it has used, for the instance that takes its place.
    pub fn client_ids(&self) -> &ClientIds {
        &self.ids
    }

    /// Why it is never entered again, where it is so.
    pub fn poison(&self) -> Option<&BreachError> {
        self.poison.as_ref()
    }

    /// What it logged and printed since this was last asked. Bounded as the output of every other guest: what is beyond
    /// is dropped and counted.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        self.store.data_mut().room.take_output()
    }

    fn enterable(&self) -> Result<(), StrategyError> {
        match &self.poison {
            Some(poison) => Err(StrategyError::Poisoned(poison.clone())),
            None => Ok(()),
        }
    }

    /// Whether a strategy may see this.
    fn check(&self, at: Timestamp, is_warm_up: bool, candles: &[(u32, Candle)]) -> Result<(), StrategyError> {
        let wrong = |why: String| Err(StrategyError::Batch(why));
        if at < self.last {
            return wrong(format!("it is of {at}, before {}", self.last));
        }
        for (n, (market, candle)) in candles.iter().enumerate() {
            if *market >= self.markets {
                return wrong(format!("there is no market {market}: the run has {}", self.markets));
            }
            if candle.at > at {
                return wrong(format!("a bar that closes at {} is the future at {at}", candle.at));
            }
            if is_warm_up {
                continue;
            }
            if candle.at < at {
                return wrong(format!("a bar that closed at {} is history at {at}, and this is no warm-up", candle.at));
            }
            // In the order of the markets there is nothing to look for.
            let is_behind = n > 0 && candles[n - 1].0 >= *market;
            if is_behind && candles[..n].iter().any(|(other, _)| other == market) {
                return wrong(format!("two bars of market {market} at {at}"));
            }
        }
        Ok(())
    }

    /// One call, with its own fuel and at its own time.
    fn call<R>(
        &mut self,
        at: Timestamp,
        call: impl FnOnce(&mut Store<Inside>, &Functions) -> wasmtime::Result<R>,
    ) -> Result<R, StrategyError> {
        self.enterable()?;
        self.store.data_mut().room.enter_again(self.seed, at);
        let result = self.store.set_fuel(self.fuel_per_call).and_then(|()| call(&mut self.store, &self.functions));
        let left = self.store.get_fuel().unwrap_or(0);
        self.fuel_used = self.fuel_used.saturating_add(self.fuel_per_call.saturating_sub(left));
        match result {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let breach = cause(&mut self.store, &error);
                Err(self.poisoned(breach))
            }
        }
    }

    fn poisoned(&mut self, breach: BreachError) -> StrategyError {
        self.poison = Some(breach.clone());
        StrategyError::Breach(breach)
    }
}

/// What is told of a call that ended with an error.
fn cause(store: &mut Store<Inside>, error: &wasmtime::Error) -> BreachError {
    let room = &mut store.data_mut().room;
    let stderr = room.output.stderr_tail(TAIL_BYTES);
    let (breach, detail) = room.limiter.causes.choose(error, &stderr);
    BreachError(breach, detail)
}
