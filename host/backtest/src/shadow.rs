//! A new version of a strategy is shown what the one that runs was told since its last save, before it takes over: does it
//! begin from that save, does it trap, what would it have ordered. Nothing is placed; the one that runs knows nothing of it.
//!
//! Each answer is to what really happened: the new version is told of the fills of the old one's orders, and sees what
//! those left. So the first order that differs is exactly what it would have been; those after it show where it leans.

use std::sync::Arc;

use puppet_types::Timestamp;
use puppet_types::trade::Proposal;
use serde::{Deserialize, Serialize};

use crate::strategy::{Answer, Batch, Fault, Setup, Strategies, Strategy, View};
use crate::trader::{BatchRecord, Message};

/// After so many faults nothing more is to be learned.
const MOST_FAULTS: usize = 10;

/// What a new version did with what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shadow {
    /// Batches that it answered.
    pub batches: u64,
    /// Calls that ended badly, at most ten: then it ends. A batch on which the old version failed is left out.
    pub faults: Vec<ShadowFault>,
    /// Batches that it answered with other orders.
    pub changed: Vec<Changed>,
    /// Fuel of the batches that it answered, as recorded.
    pub fuel_recorded: u64,
    /// And now.
    pub fuel: u64,
}

/// A call that ended badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowFault {
    /// [`BatchRecord::seq`]; 0: it could not begin from the save.
    pub seq: u64,
    /// How.
    pub fault: Fault,
}

/// A batch that was answered with other orders. Their reasons, which are for people, are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// [`BatchRecord::seq`].
    pub seq: u64,
    /// When its bars closed.
    pub at: Timestamp,
    /// What the version that runs answered.
    pub recorded: Vec<Proposal>,
    /// What the new one answers.
    pub now: Vec<Proposal>,
}

impl Shadow {
    /// Why the new version should not take over; none where nothing is known against it.
    pub fn stops(&self) -> Option<String> {
        let ShadowFault { seq, fault } = self.faults.first()?;
        let count = self.faults.len();
        Some(match seq {
            0 => format!("it cannot begin from the save of the version that runs: {fault}"),
            seq => format!("it fails {count} times on what was recorded, first on batch {seq}: {fault}"),
        })
    }
}

/// Tells a new version, from a save on, what the records since then say. As in a run, after a fault another instance is
/// built from the save, and the call that failed is left out.
pub fn shadow(strategies: &dyn Strategies, setup: &Setup, saved: Option<&[u8]>, records: &[BatchRecord]) -> Shadow {
    let mut shown = Shadow::default();
    let mut run = Run { strategies, setup, saved, heard: Vec::new() };
    let mut instance = match run.again() {
        Ok(instance) => instance,
        Err(fault) => {
            shown.faults.push(ShadowFault { seq: 0, fault });
            return shown;
        }
    };
    for (seq, step) in records.iter().flat_map(|record| steps(record).map(move |step| (record.seq, step))) {
        let (mut answer, before) = (Answer::default(), instance.fuel());
        match step.tell(instance.as_mut(), &mut answer) {
            Ok(()) => {
                if let Step::Batch(record) = step {
                    shown.answered(record, answer, instance.fuel().saturating_sub(before));
                }
                run.heard.push(step);
            }
            Err(fault) => {
                shown.faults.push(ShadowFault { seq, fault });
                if shown.faults.len() >= MOST_FAULTS {
                    break;
                }
                match run.again() {
                    Ok(another) => instance = another,
                    Err(fault) => {
                        shown.faults.push(ShadowFault { seq, fault });
                        break;
                    }
                }
            }
        }
    }
    shown
}

impl Shadow {
    fn answered(&mut self, record: &BatchRecord, answer: Answer, fuel: u64) {
        self.batches += 1;
        self.fuel_recorded = self.fuel_recorded.saturating_add(record.fuel);
        self.fuel = self.fuel.saturating_add(fuel);
        if !record.orders.iter().map(bare).eq(answer.proposals.iter().map(bare)) {
            let recorded = record.orders.clone();
            self.changed.push(Changed { seq: record.seq, at: record.at, recorded, now: answer.proposals });
        }
    }
}

/// Without what is for people.
fn bare(proposal: &Proposal) -> Proposal {
    let mut bare = proposal.clone();
    if let Proposal::Place(order) = &mut bare {
        order.reason.clear();
    }
    bare
}

/// One call.
#[derive(Clone, Copy)]
enum Step<'r> {
    Batch(&'r BatchRecord),
    Message(&'r Message, &'r View),
}

fn message((message, view): &(Message, View)) -> Step<'_> {
    Step::Message(message, view)
}

/// The calls of a record, in their order.
fn steps(record: &BatchRecord) -> impl Iterator<Item = Step<'_>> {
    let batch = record.fault.is_none().then_some(Step::Batch(record));
    record.before.iter().map(message).chain(batch).chain(record.told.iter().map(message))
}

impl Step<'_> {
    fn tell(self, instance: &mut dyn Strategy, answer: &mut Answer) -> Result<(), Fault> {
        match self {
            Step::Batch(BatchRecord { at, is_warm_up, bars, view, .. }) => {
                let batch = Batch { at: *at, is_warm_up: *is_warm_up, bars };
                instance.on_candles(&batch, &Arc::new(view.clone()), answer)
            }
            Step::Message(Message::Fill(fill), view) => instance.on_fill(fill, &Arc::new(view.clone())),
            Step::Message(Message::Denied(denial), view) => instance.on_denied(denial, &Arc::new(view.clone())),
        }
    }
}

/// What it takes to build an instance again.
struct Run<'a> {
    strategies: &'a dyn Strategies,
    setup: &'a Setup,
    saved: Option<&'a [u8]>,
    heard: Vec<Step<'a>>,
}

impl<'a> Run<'a> {
    fn again(&self) -> Result<Box<dyn Strategy + 'a>, Fault> {
        let mut instance = self.strategies.fresh()?;
        instance.init(self.setup, self.saved)?;
        self.heard.iter().try_for_each(|step| step.tell(instance.as_mut(), &mut Answer::default()))?;
        Ok(instance)
    }
}
