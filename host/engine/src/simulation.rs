//! Virtual time: the host's events, timers and effects in lock step. At each moment effects leave first, then waits for
//! the operator end, timers fire, then events are handled: the agents' side by side, one after the other within an account.
//! Commits happen in a fixed order, by (time, priority, agent, sequence) within a wave, so that the same input and seed
//! give the same rows, whatever the number of workers.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use puppet_store::{Effect, StoreError, Waiting};
use puppet_types::{AccountId, Timestamp};

use crate::{
    agenda::sort_by_priority,
    approvals,
    clock::VirtualClock,
    handle::{self, Handled, Settled},
    host::Host,
    outbox, timers,
};

/// How long what the store did not take waits, as in the live driver.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Virtual now.
    pub at: Timestamp,
    /// Invocations so far.
    pub invocations: u64,
    /// Effects so far.
    pub effects: u64,
}

/// Runs until `end` (exclusive) or until nothing is left to do.
///
/// # Errors
/// The store failed. What it did not take is on the agenda again, so that another run goes on where this one ended.
pub async fn run(
    host: &Arc<Host>,
    clock: &VirtualClock,
    end: Timestamp,
    workers: usize,
    mut progress: impl FnMut(Progress),
) -> Result<Progress, StoreError> {
    let mut seen = Progress { at: host.clock.now(), invocations: 0, effects: 0 };
    loop {
        let next = host.agenda().next().filter(|at| *at < end);
        let Some(at) = next else { break };
        clock.advance_to(at);
        seen.at = at;
        seen.effects += leave(host, at).await?;
        approvals::expire_due(host, at).await?;
        timers::fire_due(host, at).await?;
        seen.invocations += moment(host, at, workers).await?;
        progress(seen);
    }
    // The last moment that belongs to the run: budgets are read as of then.
    let last = Timestamp::from_millis(end.as_millis() - 1);
    clock.advance_to(last);
    seen.at = last;
    Ok(seen)
}

/// Lets the effects leave that are due. Answers how many were looked at.
async fn leave(host: &Arc<Host>, at: Timestamp) -> Result<u64, StoreError> {
    let due = host.agenda().due_effects(at);
    let (mut due, mut left) = (VecDeque::from(in_lanes(due)), 0);
    while let Some(mut effect) = due.pop_front() {
        let held = host.agenda().held_until(&effect.account);
        if let Some(until) = held {
            host.agenda().postpone_effect(effect, until);
            continue;
        }
        match outbox::attempt(host, &mut effect).await {
            Ok(Some(attempted)) => host.take_up_attempted(&effect, attempted),
            Ok(None) => host.agenda().add_effect(effect),
            Err(error) => {
                let until = host.clock.now().plus_millis(STORE_PAUSE.as_millis() as u64);
                let mut agenda = host.agenda();
                agenda.hold_effect(effect, until);
                due.into_iter().for_each(|effect| agenda.add_effect(effect));
                return Err(error);
            }
        }
        left += 1;
    }
    Ok(left)
}

/// The order in which effects leave: by (time, agent, sequence), and those of one account in the order of their commit.
fn in_lanes(mut effects: Vec<Effect>) -> Vec<Effect> {
    effects.sort_by(|a, b| (a.not_before, &a.agent, a.seq).cmp(&(b.not_before, &b.agent, b.seq)));
    let turns: Vec<AccountId> = effects.iter().map(|effect| effect.account.clone()).collect();
    let mut lanes: BTreeMap<AccountId, VecDeque<Effect>> = BTreeMap::new();
    for effect in effects {
        let lane = lanes.entry(effect.account.clone()).or_default();
        lane.insert(lane.partition_point(|other| other.seq < effect.seq), effect);
    }
    turns.iter().filter_map(|account| lanes.get_mut(account)?.pop_front()).collect()
}

/// Handles every event that is due, in waves: the first of each account, then the second of each, and so on. Within
/// a wave nobody sees what another commits. Answers how many.
async fn moment(host: &Arc<Host>, at: Timestamp, workers: usize) -> Result<u64, StoreError> {
    let mut due = host.agenda().due_events(at);
    sort_by_priority(&mut due);
    // Agents that share an account share its budgets: they form one line.
    let mut lines: BTreeMap<AccountId, VecDeque<Waiting>> = BTreeMap::new();
    let handled = due.len() as u64;
    for waiting in due {
        lines.entry(host.agents.line(&waiting.event.agent)).or_default().push_back(waiting);
    }
    while !lines.is_empty() {
        let mut wave: Vec<Waiting> = lines.values_mut().filter_map(VecDeque::pop_front).collect();
        sort_by_priority(&mut wave);
        lines.retain(|_, line| !line.is_empty());
        let mut failed = None;
        for (waiting, settled) in commit_wave(host, wave, workers).await? {
            match settled {
                Ok(settled) => host.take_up(settled),
                Err(error) => {
                    host.put_back(waiting, STORE_PAUSE);
                    failed = Some(error);
                }
            }
        }
        if let Some(error) = failed {
            let mut agenda = host.agenda();
            lines.into_values().flatten().for_each(|waiting| agenda.add_event(waiting));
            return Err(error);
        }
    }
    Ok(handled)
}

/// Invokes side by side, commits in order. Answers what became of each event.
async fn commit_wave(
    host: &Arc<Host>,
    wave: Vec<Waiting>,
    workers: usize,
) -> Result<Vec<(Waiting, Result<Settled, StoreError>)>, StoreError> {
    let handled = if wave.len() == 1 || workers <= 1 {
        let mut handled = Vec::with_capacity(wave.len());
        for waiting in wave {
            handled.push((handle::invoke(host, &waiting).await, waiting));
        }
        handled
    } else {
        side_by_side(host, wave, workers).await?
    };
    let commits = handled.into_iter().map(|(handled, waiting)| async move {
        // The futures are polled in this order, and the store takes commits in the order they are handed in.
        let settled = match handled {
            Ok(handled) => handle::settle(host, &waiting, handled).await,
            Err(error) => Err(error),
        };
        (waiting, settled)
    });
    Ok(join_all(commits).await)
}

/// An event after its invocation.
type Invoked = (Result<Handled, StoreError>, Waiting);

/// A bounded number of tasks, each taking the next event: never more instances than workers.
async fn side_by_side(host: &Arc<Host>, wave: Vec<Waiting>, workers: usize) -> Result<Vec<Invoked>, StoreError> {
    let tasks = workers.min(wave.len());
    let queue = Arc::new(Mutex::new(wave.into_iter().enumerate().collect::<VecDeque<_>>()));
    let tasks: Vec<_> = (0..tasks).map(|_| tokio::spawn(worker(Arc::clone(host), Arc::clone(&queue)))).collect();
    let mut by_place = BTreeMap::new();
    for task in join_all(tasks).await {
        by_place.extend(task.map_err(|error| StoreError::Failed(error.to_string()))?);
    }
    Ok(by_place.into_values().collect())
}

type Queue = Arc<Mutex<VecDeque<(usize, Waiting)>>>;

async fn worker(host: Arc<Host>, queue: Queue) -> Vec<(usize, Invoked)> {
    let mut results = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((place, waiting)) = next else { return results };
        results.push((place, (handle::invoke(&host, &waiting).await, waiting)));
    }
}
