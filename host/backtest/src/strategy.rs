//! What the runner asks of a strategy: the native view of the world `trading-strategy`. A sandboxed component and a
//! native strategy are the same to it. A strategy sees closed bars and a snapshot of what it owns; it proposes, and
//! everything else happens to it.

use std::sync::Arc;

pub use puppet_sandbox::{Description, Parameter};
use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Denial, Fill, Market, Position, Proposal};
use serde::{Deserialize, Serialize};

/// A bar, and of which market (its place in the run's list).
pub type Bar = (u32, Candle);

/// The bars of all markets that closed at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    /// When they closed.
    pub at: Timestamp,
    /// History: what is proposed is refused by the rule `warm-up`.
    pub is_warm_up: bool,
    /// At most one per market, by market.
    pub bars: &'a [Bar],
}

/// What a run begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Every parameter, by name, within its range.
    pub parameters: Vec<(String, i64)>,
    /// The markets of the run; their place is their number.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// For whoever wants chance.
    pub seed: u64,
}

impl Setup {
    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<i64> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

/// What a strategy can read of what it owns, as of the bar that it was last given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct View {
    /// What is free of the quote token, in its smallest unit.
    pub cash: u64,
    /// By market.
    pub positions: Vec<Position>,
    /// Client ids of orders that are open, oldest first.
    pub open_orders: Vec<String>,
}

/// What a strategy answers to a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What it wants, in its order.
    pub proposals: Vec<Proposal>,
    /// Of what it said that was no order: wrong in form. It is told of each.
    pub denials: Vec<Denial>,
}

impl Answer {
    /// Nothing is wanted, as after most bars.
    pub(crate) fn is_empty(&self) -> bool {
        self.proposals.is_empty() && self.denials.is_empty()
    }
    pub(crate) fn clear(&mut self) {
        self.proposals.clear();
        self.denials.clear();
    }
}

/// A call that ended badly. The instance that it happened in is not used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{breach}: {detail}")]
pub struct Fault {
    /// `trap`, `out-of-fuel`, … or `failed` where the strategy itself gave up.
    pub breach: String,
    /// For people.
    pub detail: String,
}

impl Fault {
    /// A strategy that gave up.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self { breach: "failed".to_owned(), detail: detail.into() }
    }
}

/// One instance of a strategy. The order of calls is: `describe` of a fresh one, `init` once, then for every bar close
/// `on_fill` and `on_denied` for what happened in the bar, and `on_candles` once. After a fault nothing else is asked.
pub trait Strategy {
    /// What it says of itself. Depends on nothing.
    fn describe(&mut self) -> Result<Description, Fault>;
    /// Before any bar. `saved` is what `save` of an earlier instance gave.
    fn init(&mut self, setup: &Setup, saved: Option<&[u8]>) -> Result<(), Fault>;
    /// Called once per bar close, with an empty answer to fill. Proposals are tried from the next bar on.
    fn on_candles(&mut self, batch: &Batch<'_>, view: &Arc<View>, answer: &mut Answer) -> Result<(), Fault>;
    /// One of its orders was carried out, or a part of it.
    fn on_fill(&mut self, fill: &Fill, view: &Arc<View>) -> Result<(), Fault>;
    /// One of its orders was not admitted, or ended without being filled.
    fn on_denied(&mut self, denial: &Denial, view: &Arc<View>) -> Result<(), Fault>;
    /// Everything that another instance needs to go on. Called at least every hundred batches.
    fn save(&mut self) -> Result<Vec<u8>, Fault>;
    /// Used by all calls of this instance so far; native strategies use none.
    fn fuel(&self) -> u64 {
        0
    }
}

/// Where instances come from: a run makes one, and another after each fault; a sweep makes one per run, on any thread.
pub trait Strategies: Sync {
    /// A fresh instance.
    fn fresh(&self) -> Result<Box<dyn Strategy + '_>, Fault>;
    /// The stack of a thread that calls one.
    fn stack_bytes(&self) -> usize {
        2 << 20
    }
}

impl<F, S> Strategies for F
where
    F: Fn() -> S + Sync,
    S: Strategy + 'static,
{
    fn fresh(&self) -> Result<Box<dyn Strategy + '_>, Fault> {
        Ok(Box::new(self()))
    }
}
