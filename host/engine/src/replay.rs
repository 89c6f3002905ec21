//! Runs a journaled invocation again, answered from the journal alone, and says where it differs.

use std::{sync::Arc, time::Instant};

use puppet_grants::{Asked, Passed};
use puppet_sandbox::AgentRef;
use puppet_store::{MemorySize, StoreError};
use puppet_types::{Breach, Invocation, InvocationId, LogLine, NumberedDecision, Outcome, Read};
use thiserror::Error;

use crate::{
    actor::Actor,
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
    /// Another read, or one more or less. What was refused as a decision stands among the reads.
    Read {
        /// Which.
        n: u32,
        /// In the journal.
        recorded: Option<Box<Asked>>,
        /// Now.
        replayed: Option<Box<Asked>>,
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
    /// How it ended now.
    pub outcome: Outcome,
    /// Units of fuel now.
    pub fuel: u64,
    /// Reads that were answered.
    pub reads: Vec<Read>,
    /// What it decided now.
    pub decisions: Vec<NumberedDecision>,
    /// Lines of its log, then what it printed.
    pub log: Vec<LogLine>,
    /// In which order reads, decisions and lines of the log came. The read at which it differs is the last that counts.
    pub trail: Vec<Passed>,
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

/// Why a record cannot be run again, whatever is there to run it; none where it can.
pub fn unreplayable(recorded: &Invocation) -> Option<String> {
    let timed_out = matches!(recorded.outcome, Outcome::Breach(Breach::Deadline, _));
    let of_time =
        || timed_out.then(|| "it ended at its deadline, and how long answers took is not recorded".to_owned());
    recorded.unreplayable.clone().or_else(of_time)
}

/// Replays one invocation; answers none where its agent or plugin is not there any more. Changes nothing.
pub async fn replay(host: &Host, recorded: &Invocation) -> Result<Option<Replayed>, ReplayError> {
    if let Some(reason) = &recorded.unreplayable {
        return Err(ReplayError::Unreplayable(recorded.id.clone(), reason.clone()));
    }
    let Some(actor) = host.actor(&recorded.agent).await? else { return Ok(None) };
    replay_as(host, &actor, recorded, None).await.map(Some)
}

/// The same for somebody who was cast by whoever asks; `audience` are those whom a generator could address then.
pub async fn replay_as(
    host: &Host,
    actor: &Arc<Actor>,
    recorded: &Invocation,
    audience: Option<Vec<AgentRef>>,
) -> Result<Replayed, ReplayError> {
    if let Some(reason) = unreplayable(recorded) {
        return Err(ReplayError::Unreplayable(recorded.id.clone(), reason));
    }
    let answers = Answers::Replay(recorded.reads.clone(), audience);
    let id = recorded.id.clone();
    let origin = Origin { seed: recorded.seed.unwrap_or_else(|| host.seed(&id)), id };
    let at = (recorded.at, Instant::now());
    let (outcome, ended) =
        invocation::run(host, actor, (&origin, MemorySize::default()), &recorded.event, at, answers).await;
    let (fuel, output) = (ended.fuel, ended.output);
    let proceedings = ended.carrier.into_gate().finish(false);
    let mut log = proceedings.log;
    log.extend(output);
    let mut replayed = Replayed {
        outcome,
        fuel,
        reads: proceedings.reads,
        decisions: proceedings.decisions,
        log,
        trail: proceedings.trail,
        divergence: None,
    };
    if is_beyond_the_record(recorded, &replayed, proceedings.divergence) {
        let reason = "its last answer was too big to be recorded".to_owned();
        return Err(ReplayError::Unreplayable(recorded.id.clone(), reason));
    }
    replayed.divergence = first_difference(recorded, &replayed, proceedings.divergence, proceedings.asked);
    Ok(replayed)
}

/// An answer that was too big for the journal ended the call, and is not in it.
fn is_beyond_the_record(recorded: &Invocation, replayed: &Replayed, read: Option<u32>) -> bool {
    matches!(recorded.outcome, Outcome::Breach(Breach::TooManyHostBytes, _))
        && !replayed.outcome.is_same_end(&recorded.outcome)
        && read.is_some_and(|n| n as usize == recorded.reads.len())
}

fn first_difference(
    recorded: &Invocation,
    replayed: &Replayed,
    read: Option<u32>,
    asked: Option<Asked>,
) -> Option<Divergence> {
    // What was decided before the read that differs came first.
    let before = read.map(|n| decided_before(&replayed.trail, n));
    let (was, is) = (&recorded.decisions, &replayed.decisions);
    if let Some(n) = (0..before.unwrap_or(0)).find(|n| was.get(*n) != is.get(*n)) {
        return Some(decision(recorded, replayed, n));
    }
    if let Some(n) = read {
        let then = recorded.reads.get(n as usize).map(|Read { capability, operation, request, .. }| {
            Box::new(Asked { capability: *capability, operation: operation.clone(), request: request.clone() })
        });
        return Some(Divergence::Read { n, recorded: then, replayed: asked.map(Box::new) });
    }
    if let Some(n) = (0..was.len().max(is.len())).find(|n| was.get(*n) != is.get(*n)) {
        return Some(decision(recorded, replayed, n));
    }
    if !recorded.outcome.is_same_end(&replayed.outcome) {
        return Some(Divergence::Outcome {
            recorded: Box::new(recorded.outcome.clone()),
            replayed: Box::new(replayed.outcome.clone()),
        });
    }
    let (recorded, replayed) = (recorded.fuel, replayed.fuel);
    (recorded != replayed).then_some(Divergence::Fuel { recorded, replayed })
}

/// How many decisions were there when it came to a read.
fn decided_before(trail: &[Passed], n: u32) -> usize {
    let until = trail.iter().position(|passed| *passed == Passed::Read(n));
    let before = &trail[..until.unwrap_or(trail.len())];
    match until {
        Some(_) => before.iter().filter(|passed| matches!(passed, Passed::Decision(_))).count(),
        // It ended without asking: nothing tells what of the record came before.
        None => 0,
    }
}

fn decision(recorded: &Invocation, replayed: &Replayed, n: usize) -> Divergence {
    let of = |decisions: &[NumberedDecision]| decisions.get(n).cloned().map(Box::new);
    Divergence::Decision {
        n: u32::try_from(n).unwrap_or(u32::MAX),
        recorded: of(&recorded.decisions),
        replayed: of(&replayed.decisions),
    }
}
