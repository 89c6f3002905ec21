//! The journal of a strategy: one record per batch, and its saves. From a save on, another instance that is told the
//! same answers the same; where it does not, the records say what differs.

use std::sync::Arc;

use puppet_types::trade::{Denial, Fill, Proposal};
use puppet_types::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::strategy::{Answer, Bar, Batch, Fault, Setup, Strategies, Strategy, View};

/// What a strategy was told between two batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// One of its orders was carried out, or a part of it.
    Fill(Fill),
    /// One of its orders was not admitted, or ended.
    Denied(Denial),
}

/// One batch: what was handed over, what was answered, and what it cost. The unit of journal and replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// From 1, without gaps.
    pub seq: u64,
    /// When its bars closed.
    pub at: Timestamp,
    /// It was history.
    pub is_warm_up: bool,
    /// What it was told since the record before was handed over, as far as that has it not.
    pub before: Vec<(Message, View)>,
    /// Its bars.
    pub bars: Vec<Bar>,
    /// What was owned when it was handed over.
    pub view: View,
    /// Of everything above: two records of one digest were asked the same.
    pub inputs: Digest,
    /// What was answered.
    pub orders: Vec<Proposal>,
    /// What was answered and is no order.
    pub refused: Vec<Denial>,
    /// What it was told after its answer, up to the next batch, and what was owned then.
    pub told: Vec<(Message, View)>,
    /// Of the call that answered.
    pub fuel: u64,
    /// The call ended badly: another instance did not see these bars, and a replay leaves them out.
    pub fault: Option<Fault>,
}

/// A save, and after which batch it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// [`BatchRecord::seq`] of the last batch before it; 0 before the first.
    pub after: u64,
    /// What the strategy gave.
    pub bytes: Vec<u8>,
}

/// Where records go. A record is handed over when it is complete: with the next batch, or with a save.
pub trait Journal {
    /// A batch and everything up to the next one.
    fn batch(&mut self, record: BatchRecord);
    /// A save. Records before it are no longer needed for replay.
    fn saved(&mut self, saved: Saved);
}

impl BatchRecord {
    /// Of a batch that is about to be handed over.
    pub(super) fn begin(seq: u64, before: Vec<(Message, View)>, batch: &Batch<'_>, view: &View) -> Self {
        let mut record = Self {
            seq,
            at: batch.at,
            is_warm_up: batch.is_warm_up,
            before,
            bars: batch.bars.to_vec(),
            view: view.clone(),
            inputs: Digest::of(&[]),
            orders: Vec::new(),
            refused: Vec::new(),
            told: Vec::new(),
            fuel: 0,
            fault: None,
        };
        // Field by field in a fixed order: plain words, no map.
        let inputs = (record.at, record.is_warm_up, &record.before, &record.bars, &record.view);
        record.inputs = Digest::of(&serde_json::to_vec(&inputs).unwrap_or_default());
        record
    }
}

/// A batch that was answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// Which.
    pub seq: u64,
    /// `fuel`, `order` or `fault`.
    pub part: String,
    /// What was recorded.
    pub recorded: String,
    /// What was answered now.
    pub replayed: String,
}

/// Tells a fresh instance, from a save on, what the records say, and compares its answers. Ends at the first call that
/// fails now and did not fail then.
pub fn replay(
    strategies: &dyn Strategies,
    setup: &Setup,
    saved: Option<&[u8]>,
    records: &[BatchRecord],
) -> Result<Vec<Divergence>, Fault> {
    let mut instance = strategies.fresh()?;
    instance.init(setup, saved)?;
    let mut divergences = Vec::new();
    for record in records {
        tell(instance.as_mut(), &record.before)?;
        let mut differs = |part: &str, recorded: String, replayed: String| {
            if recorded != replayed {
                divergences.push(Divergence { seq: record.seq, part: part.to_owned(), recorded, replayed });
            }
        };
        if record.fault.is_none() {
            let batch = Batch { at: record.at, is_warm_up: record.is_warm_up, bars: &record.bars };
            let (mut answer, before) = (Answer::default(), instance.fuel());
            if let Err(fault) = instance.on_candles(&batch, &Arc::new(record.view.clone()), &mut answer) {
                differs("fault", String::new(), fault.to_string());
                break;
            }
            differs("order", format!("{:?}", record.orders), format!("{:?}", answer.proposals));
            differs("order", format!("{:?}", record.refused), format!("{:?}", answer.denials));
            differs("fuel", record.fuel.to_string(), (instance.fuel() - before).to_string());
        }
        tell(instance.as_mut(), &record.told)?;
    }
    Ok(divergences)
}

fn tell(instance: &mut dyn Strategy, messages: &[(Message, View)]) -> Result<(), Fault> {
    for (message, view) in messages {
        let view = Arc::new(view.clone());
        match message {
            Message::Fill(fill) => instance.on_fill(fill, &view)?,
            Message::Denied(denial) => instance.on_denied(denial, &view)?,
        }
    }
    Ok(())
}
