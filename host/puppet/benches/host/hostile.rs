//! Hostile agents beside normal ones: how long an event of a normal agent takes from its arrival to its commit, with
//! two hundred others that spin, trap, grow and recurse, and without them. Everybody hears something five times a second,
//! a hostile agent before a normal one each time. All hostile guests run at the first event; those that spin are
//! still at it when the last is measured, with the fuel that a plugin has by default, and the others are backed off by then.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_engine::{Happening, Host, Live, Plugin, SystemClock};
use puppet_store::{
    AgentRow, Change, CommitStore as _,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{AgentId, Event, Timestamp};
use tokio::sync::watch;

use crate::{
    Effort,
    component::Guest,
    guest, median, ours,
    table::{Limit, Row},
};

/// Agents of each sort.
const AGENTS: usize = 200;
/// Each agent hears something this often.
const EVERY: Duration = Duration::from_millis(200);
/// An event that is not handled within this time is lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// What hostile guests do in their `handle`.
const TRICKS: [&str; 4] = [
    "(loop $l (br $l))",
    "unreachable",
    "(loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 64)) (i32.const 0)))) unreachable",
    "(drop (memory.grow (i32.const 200))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 8000000)) (drop (call $f))",
];

/// A hostile guest; each is another version, so that strikes of one do not keep the others from running.
fn component(n: usize) -> Vec<u8> {
    let trick = TRICKS[n % TRICKS.len()];
    let body = format!(
        r#"(func $f (result i32) (i32.add (call $f) (i32.const {n})))
           (func (export "handle") (param i32) (result i32) {trick} (i32.const 16))"#
    );
    Guest { body: &body, ..Guest::default() }.bytes()
}

/// A host with normal agents, and with as many hostile ones where they are asked for.
async fn host(store: &SqliteStore, hostile: bool) -> Arc<Host> {
    let host = Arc::new(ours::host(store, Arc::new(SystemClock)));
    for n in (0..AGENTS).filter(|_| hostile) {
        let compiled = host.sandbox.compile(&component(n)).unwrap();
        let id = format!("hostile-{n}").as_str().into();
        host.install(Plugin::load(&host.sandbox, &compiled, id, "0.1.0".to_owned(), Default::default()).unwrap());
    }
    let rows = ids(hostile)
        .map(|id| Change::Agent(AgentRow { id, body: serde_json::json!({}), created: Timestamp::default() }));
    store.apply(rows.collect()).await.unwrap();
    host
}

/// The agents, a hostile one before each.
fn ids(hostile: bool) -> impl Iterator<Item = AgentId> {
    let other = move |n| hostile.then(|| AgentId::new(format!("hostile-{n}")));
    (0..AGENTS).flat_map(move |n| other(n).into_iter().chain([AgentId::new(format!("agent-{n}"))]))
}

/// Latency that 99 of 100 events of normal agents stay under, in milliseconds.
async fn p99(effort: &Effort, hostile: bool) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let host = host(&store, hostile).await;
    let mut watcher = host.watch();
    let (_stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&host), stopped));
    let rounds = (effort.length.as_millis() / EVERY.as_millis()).max(2) as usize;
    let submitting = {
        let host = Arc::clone(&host);
        tokio::spawn(async move { submit(&host, rounds, hostile).await })
    };
    let mut committed = HashMap::new();
    let all = async {
        while committed.len() < rounds * AGENTS {
            if let Happening::Invoked { agent, event, .. } = watcher.recv().await.unwrap()
                && agent.as_str().starts_with("agent-")
            {
                committed.insert(event, Instant::now());
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("every event of a normal agent is handled");
    let submitted = submitting.await.unwrap();
    // Those that spin would take long to end by themselves.
    driver.abort();
    assert!(driver.await.is_err_and(|ended| ended.is_cancelled()), "the driver was at work to the end");
    store.close();
    let latency = |(event, at): (&puppet_types::EventId, &Instant)| (*at - submitted[event]).as_secs_f64() * 1e3;
    let mut latencies: Vec<f64> = committed.iter().map(latency).collect();
    latencies.sort_by(f64::total_cmp);
    latencies[latencies.len() * 99 / 100]
}

/// An event for each agent, round by round. Answers when each was handed in.
async fn submit(host: &Host, rounds: usize, hostile: bool) -> HashMap<puppet_types::EventId, Instant> {
    let mut submitted = HashMap::new();
    let mut ticks = tokio::time::interval(EVERY);
    for round in 0..rounds {
        ticks.tick().await;
        let at = Timestamp::from_system();
        let event = |agent: AgentId| {
            let id = format!("evt_{round}_{agent}").as_str().into();
            Event { id, kind: "tick".to_owned(), agent, at, ..guest::event(0) }
        };
        let events: Vec<Event> = ids(hostile).map(event).collect();
        submitted.extend(events.iter().map(|event| (event.id.clone(), Instant::now())));
        host.submit(events).await.unwrap();
    }
    submitted
}

/// With hostile ones beside them, against alone.
pub fn rows(effort: &Effort) -> Vec<Row> {
    // A runtime each: what still spins when its round is over ends with it.
    let p99 = |hostile| tokio::runtime::Runtime::new().unwrap().block_on(p99(effort, hostile));
    let (mut beside, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        alone.push(p99(false));
        beside.push(p99(true));
    }
    vec![Row {
        name: "p99 of 200 beside 200 hostile agents".to_owned(),
        value: median(beside),
        unit: "ms",
        peer: median(alone),
        against: "the same 200 alone",
        limit: Limit::AtMost(2.0),
    }]
}
