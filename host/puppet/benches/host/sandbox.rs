//! One event through sandbox and gate, and how that grows with threads, against bare wasmtime on the same engine.
//! The store takes no part: nothing is committed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use puppet_engine::{Clock, Host, preview};
use puppet_store::{AgentRow, AgentStore as _, Change, CommitStore as _, sqlite::SqliteStore};
use puppet_types::{AgentId, Event, Invocation, Outcome, Timestamp};

use crate::{
    Effort,
    bare::Bare,
    guest, median, ours,
    table::{Limit, Row},
};

/// A wall clock by which an hour passes each time that it is asked: no budget runs out.
#[derive(Default)]
struct Hourly(AtomicU64);

#[async_trait]
impl Clock for Hourly {
    fn now(&self) -> Timestamp {
        guest::hour(self.0.fetch_add(1, Ordering::Relaxed))
    }
    async fn sleep_until(&self, _: Timestamp) {}
}

const THREADS: [usize; 3] = [1, 2, 4];

/// Whose events a thread handles: an agent has one at a time.
fn agent(thread: usize) -> AgentId {
    AgentId::new(format!("coby-{thread}"))
}

/// A host, and wasmtime alone.
pub struct Sides {
    pub host: Host,
    bare: Bare,
    next: AtomicU64,
    /// Made beforehand: an id is no work of the host's.
    agents: Vec<AgentId>,
}

impl Sides {
    pub fn new() -> Arc<Self> {
        let store = SqliteStore::in_memory().unwrap();
        let host = ours::host(&store, Arc::new(Hourly::default()));
        let row = |thread| AgentRow { id: agent(thread), body: serde_json::json!({}), created: Timestamp::default() };
        runtime(1).block_on(async {
            store.apply((0..THREADS[2]).map(|thread| Change::Agent(row(thread))).collect()).await.unwrap();
            assert_eq!(store.agents().await.unwrap().len(), THREADS[2]);
        });
        let bare = Bare::new(host.sandbox.engine());
        Arc::new(Self { host, bare, next: AtomicU64::new(0), agents: (0..THREADS[2]).map(agent).collect() })
    }

    /// One event through sandbox and gate, and what would be recorded of it.
    pub async fn ours(&self, thread: usize) -> Invocation {
        let event =
            Event { agent: self.agents[thread].clone(), ..guest::event(self.next.fetch_add(1, Ordering::Relaxed)) };
        let invocation = preview(&self.host, event, Default::default()).await.unwrap().unwrap();
        assert_eq!((&invocation.outcome, invocation.decisions.len()), (&Outcome::Ok, 1), "{:?}", invocation.reads);
        invocation
    }
}

/// Workers for so many calls at once.
pub fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_time().build().unwrap()
}

/// Events per second of one round.
fn round(sides: &Arc<Sides>, threads: usize, length: Duration, is_ours: bool) -> f64 {
    let calls = Arc::new(AtomicU64::new(0));
    let runtime = runtime(threads);
    let since = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..threads)
            .map(|thread| {
                let (sides, calls) = (Arc::clone(sides), Arc::clone(&calls));
                tokio::spawn(async move {
                    while since.elapsed() < length {
                        for _ in 0..16 {
                            if is_ours { drop(sides.ours(thread).await) } else { sides.bare.call().await }
                        }
                        calls.fetch_add(16, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    calls.load(Ordering::Relaxed) as f64 / since.elapsed().as_secs_f64()
}

/// Events per second, ours and bare wasmtime's.
fn rates(sides: &Arc<Sides>, threads: usize, effort: &Effort) -> (f64, f64) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        ours.push(round(sides, threads, effort.length, true));
        bare.push(round(sides, threads, effort.length, false));
    }
    (median(ours), median(bare))
}

/// The cost of one event.
pub fn gate(effort: &Effort) -> Vec<Row> {
    let (ours, bare) = rates(&Sides::new(), 1, effort);
    vec![Row {
        name: "event through sandbox and gate".to_owned(),
        value: 1e6 / ours,
        unit: "us",
        peer: 1e6 / bare,
        against: "bare wasmtime, same pool, instantiate and call",
        limit: Limit::AtMost(1.3),
    }]
}

/// Events per second on more and more threads.
pub fn threads(effort: &Effort) -> Vec<Row> {
    let sides = Sides::new();
    let mut rows = Vec::new();
    let mut of_one = None;
    for threads in THREADS {
        let (ours, bare) = rates(&sides, threads, effort);
        rows.push(Row {
            name: format!("fresh instances, {threads} threads"),
            value: ours,
            unit: "events/s",
            peer: bare,
            against: "bare wasmtime, same pool, same threads",
            limit: Limit::AtLeast(0.75),
        });
        let one = *of_one.get_or_insert(ours);
        if threads == 2 {
            rows.push(Row {
                name: "fresh instances, two threads".to_owned(),
                value: ours,
                unit: "events/s",
                peer: one,
                against: "one thread",
                limit: Limit::AtLeast(1.7),
            });
        }
    }
    rows
}
