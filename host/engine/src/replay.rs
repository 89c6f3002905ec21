//! Runs a journaled invocation again, answered from the journal alone, and says where it differs.

use std::time::Instant;

use puppet_store::{MemorySize, StoreError};
use puppet_types::{Invocation, InvocationId, NumberedDecision, Outcome};
use thiserror::Error;

use crate::{
    host::Host,
    invocation::{self, Answers, Origin},
};

/// The first difference.
#[derive(Debug, Clone, PartialEq)]
pub enum Divergence {
    /// Another amount of fuel.
    Fuel {
        /// In the journal.
        recorded: u64,
        /// Now.
        replayed: u64,
    },
    /// Another read.
    Read {
        /// Which.
        n: u32,
    },
    /// Another decision, or one more or less.
    Decision {
        /// Which.
        n: u32,
        /// In the journal.
        recorded: Option<Box<NumberedDecision>>,
        /// Now.
        replayed: Option<Box<NumberedDecision>>,
    },
    /// Another end.
    Outcome {
        /// In the journal.
        recorded: Box<Outcome>,
        /// Now.
        replayed: Box<Outcome>,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Units of fuel now.
    pub fuel: u64,
    /// None where everything is the same.
    pub divergence: Option<Divergence>,
}

/// Why nothing was replayed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The record does not hold all that it was answered from, or decided.
    #[error("invocation `{0}` cannot be run again: {1}")]
    Unreplayable(InvocationId, String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replays one invocation; answers none where its agent or plugin is not there any more. Changes nothing.
pub async fn replay(host: &Host, recorded: &Invocation) -> Result<Option<Replayed>, ReplayError> {
    if let Some(reason) = &recorded.unreplayable {
        return Err(ReplayError::Unreplayable(recorded.id.clone(), reason.clone()));
    }
    let Some(actor) = host.actor(&recorded.agent).await? else { return Ok(None) };
    let answers = Answers::Replay(recorded.reads.clone());
    let id = recorded.id.clone();
    let origin = Origin { seed: recorded.seed.unwrap_or_else(|| host.seed(&id)), id };
    let (outcome, ended) = invocation::run(
        host,
        &actor,
        (&origin, MemorySize::default()),
        &recorded.event,
        (recorded.at, Instant::now()),
        answers,
    )
    .await;
    let fuel = ended.fuel;
    let proceedings = ended.carrier.into_gate().finish(false);
    let divergence = first_difference(recorded, &outcome, fuel, &proceedings.decisions, proceedings.divergence);
    Ok(Some(Replayed { fuel, divergence }))
}

fn first_difference(
    recorded: &Invocation,
    outcome: &Outcome,
    fuel: u64,
    decisions: &[NumberedDecision],
    read: Option<u32>,
) -> Option<Divergence> {
    if let Some(n) = read {
        return Some(Divergence::Read { n });
    }
    let longest = recorded.decisions.len().max(decisions.len());
    for at in 0..longest {
        let (was, is) = (recorded.decisions.get(at), decisions.get(at));
        if was != is {
            return Some(Divergence::Decision {
                n: at as u32,
                recorded: was.cloned().map(Box::new),
                replayed: is.cloned().map(Box::new),
            });
        }
    }
    if recorded.outcome != *outcome {
        return Some(Divergence::Outcome {
            recorded: Box::new(recorded.outcome.clone()),
            replayed: Box::new(outcome.clone()),
        });
    }
    (recorded.fuel != fuel).then_some(Divergence::Fuel { recorded: recorded.fuel, replayed: fuel })
}
