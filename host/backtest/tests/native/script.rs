//! A strategy that proposes what a test wrote down for each batch, and keeps what it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use puppet_backtest::{Answer, Batch, Description, Fault, Setup, Strategies, Strategy, View};
use puppet_types::trade::{Denial, Fill, Order, OrderKind, Proposal, Side, TimeInForce};

/// What happened to instances, in words.
pub type Heard = Arc<Mutex<Vec<String>>>;

/// Proposals by batch (from 0), over all instances of one run.
#[derive(Default, Clone)]
pub struct Script {
    pub says: BTreeMap<u64, Vec<Proposal>>,
    pub warm_up: u32,
    pub heard: Heard,
    /// Batches at which a call fails, every time.
    pub traps_at: Vec<u64>,
    /// It fails at every fill that it is told of.
    pub traps_at_fills: bool,
}

impl Script {
    pub fn say(mut self, batch: u64, proposals: impl IntoIterator<Item = Proposal>) -> Self {
        self.says.entry(batch).or_default().extend(proposals);
        self
    }
    pub fn place(self, batch: u64, order: Order) -> Self {
        self.say(batch, [Proposal::Place(order)])
    }
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

pub fn order(client_id: &str, side: Side, kind: OrderKind, quantity: u64) -> Order {
    Order {
        client_id: client_id.to_owned(),
        market: 0,
        side,
        kind,
        quantity,
        reduce_only: false,
        time_in_force: TimeInForce::Gtc,
        expires_at: None,
        max_slippage_bps: None,
        reason: String::new(),
    }
}

impl Strategies for Script {
    fn fresh(&self) -> Result<Box<dyn Strategy + '_>, Fault> {
        Ok(Box::new(Reader { script: self, batch: 0 }))
    }
}

/// Its state is how many batches it was given.
struct Reader<'s> {
    script: &'s Script,
    batch: u64,
}

impl Reader<'_> {
    fn hear(&self, words: String) {
        self.script.heard.lock().unwrap().push(words);
    }
}

impl Strategy for Reader<'_> {
    fn describe(&mut self) -> Result<Description, Fault> {
        Ok(Description { warm_up: self.script.warm_up, min_markets: 1, max_markets: 4, ..Description::default() })
    }
    fn init(&mut self, _: &Setup, saved: Option<&[u8]>) -> Result<(), Fault> {
        if let Some(saved) = saved {
            self.batch = u64::from_le_bytes(saved.try_into().unwrap());
        }
        self.hear(format!("init {}", self.batch));
        Ok(())
    }
    fn on_candles(&mut self, batch: &Batch<'_>, view: &Arc<View>, answer: &mut Answer) -> Result<(), Fault> {
        // The place in time is the batch's own: a call that failed is not made again.
        let number = batch.at.as_millis() as u64 / 60_000 - 1;
        if self.script.traps_at.contains(&number) {
            return Err(Fault { breach: "trap".to_owned(), detail: format!("at {number}") });
        }
        self.batch += 1;
        self.hear(format!("batch {number}: {} of {}", self.batch, view.positions[0].quantity));
        answer.proposals.extend(self.script.says.get(&number).cloned().unwrap_or_default());
        Ok(())
    }
    fn on_fill(&mut self, fill: &Fill, _: &Arc<View>) -> Result<(), Fault> {
        self.hear(format!("fill {} {}", fill.client_id, fill.quantity));
        match self.script.traps_at_fills {
            true => Err(Fault { breach: "trap".to_owned(), detail: format!("at the fill {}", fill.client_id) }),
            false => Ok(()),
        }
    }
    fn on_denied(&mut self, denial: &Denial, _: &Arc<View>) -> Result<(), Fault> {
        self.hear(format!("denied {} {}", denial.client_id, denial.rule));
        Ok(())
    }
    fn save(&mut self) -> Result<Vec<u8>, Fault> {
        self.hear(format!("save {}", self.batch));
        Ok(self.batch.to_le_bytes().to_vec())
    }
}
