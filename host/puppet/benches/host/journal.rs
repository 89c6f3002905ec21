//! What a record costs: its bytes in the file, its time within a commit, how many can be made durable at once, and how
//! long a host takes to begin where a million of them lie.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_engine::SystemClock;
use puppet_store::{
    Commit, CommitStore as _, EventEnd, EventStore as _,
    sqlite::{Durability, Options, SqliteStore},
};
use puppet_types::{
    Capability, Cost, Decision, Event, Invocation, InvocationId, Json, LogLine, NumberedDecision, Outcome, PluginRef,
    Read, ReadStatus, Timing, ids,
};
use rusqlite::Connection;

use crate::{
    Effort, guest, median, ours,
    table::{Limit, Row},
    written::ByHand,
};

/// Commits in flight, and rows of one transaction by hand.
const GROUP: usize = 1_000;
const AGENTS: usize = 1_000;

/// All of it.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut ours, mut hand, mut halves) = (Vec::new(), Vec::new(), Vec::new());
    let (mut calm, mut calm_hand) = (Vec::new(), Vec::new());
    let mut bytes = 0.0;
    for _ in 0..effort.rounds.min(3) {
        let (time, each) = runtime.block_on(in_flight(effort.events, Durability::Full));
        ours.push(effort.events as f64 / time.as_secs_f64());
        bytes = each;
        hand.push(effort.events as f64 / by_hand(effort.events, GROUP, "FULL").as_secs_f64());
        halves.push(effort.events as f64 / by_hand(effort.events, GROUP / 2, "FULL").as_secs_f64());
        let (time, _) = runtime.block_on(in_flight(effort.events, Durability::Relaxed));
        calm.push(time.as_micros() as f64 / effort.events as f64);
        calm_hand.push(by_hand(effort.events, GROUP, "OFF").as_micros() as f64 / effort.events as f64);
    }
    let row = |name: &str, value, unit, peer, against, limit| {
        let name = name.to_owned();
        Row { name, value, unit, peer, against, limit }
    };
    let group = "bare loop, same rows, fsync per 1,000";
    let half = "bare loop, fsync per 500";
    let begin = begin(&runtime, effort.records);
    vec![
        row("bytes of a record and its event", bytes, "bytes", 400.0, "400, texts not counted", Limit::AtMost(1.0)),
        row("record within a commit", median(calm), "us", median(calm_hand), "bare loop, no fsync", Limit::None),
        row("commits, 1,000 in flight", median(ours.clone()), "commits/s", median(hand), group, Limit::AtLeast(0.8)),
        // While one group is written the callers of the other are woken: of a thousand in flight, half are in each.
        row("the same, by groups as they form", median(ours), "commits/s", median(halves), half, Limit::None),
        row("a host begins on a million records", begin, "ms", 2_000.0, "2 s", Limit::AtMost(1.0)),
    ]
}

fn event(n: usize) -> Event {
    let id = ids::derive("evt", &[&n.to_string()]).into();
    Event { id, agent: format!("agent-{}", n % AGENTS).into(), ..guest::event(n as u64) }
}

fn id(n: usize) -> String {
    ids::derive("inv", &[&n.to_string()])
}

/// An ordinary one: a read, a decision, a line of log.
fn record(n: usize) -> Invocation {
    let event = event(n);
    Invocation {
        id: InvocationId::new(id(n)),
        at: event.at,
        agent: event.agent.clone(),
        plugin: PluginRef { id: "bench".into(), version: "0.1.0".into(), digest: puppet_types::Digest::of(b"bench") },
        persona_digest: puppet_types::Digest::of(b"persona"),
        settings_digest: puppet_types::Digest::of(b"settings"),
        seed: Some(u64::MAX - n as u64),
        event,
        outcome: Outcome::Ok,
        fuel: 1_234_567,
        peak_memory_bytes: 1_114_112,
        host_calls: [(Capability::Log, 1), (Capability::Memory, 1), (Capability::Tweet, 1)].into(),
        reads: vec![Read {
            n: 0,
            capability: Capability::Memory,
            operation: "recent".into(),
            request: Json::of(&serde_json::json!({ "kinds": [], "limit": 3 })),
            answer: Json::of(&serde_json::json!([{ "id": "mem_1", "content": "rain is good for gardens" }])),
            status: ReadStatus::Ok,
            cost: Cost::default(),
        }],
        decisions: vec![NumberedDecision {
            n: 0,
            decision: Decision::Post { text: "Rain over the bay.".into(), images: Vec::new() },
        }],
        log: vec![LogLine::plain("info", "it rains".into())],
        strikes: 0,
        timing: Some(Timing { sandbox: 120, reads: 40, commit: 900 }),
        unreplayable: None,
    }
}

fn commit(n: usize) -> Commit {
    Commit {
        invocation: record(n),
        end: EventEnd::Done,
        changes: Vec::new(),
        spends: Vec::new(),
        payload: None,
        ended: None,
    }
}

/// The time of all commits, and bytes of each beside its texts. Events are there before.
async fn in_flight(events: usize, durability: Durability) -> (Duration, f64) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options { durability }).unwrap();
    for first in (0..events).step_by(GROUP) {
        store.accept((first..(first + GROUP).min(events)).map(event).collect()).await.unwrap();
    }
    let share = |first| (first..events).step_by(GROUP).map(commit).collect::<Vec<_>>();
    let shares: Vec<_> = (0..GROUP).map(share).collect();
    let since = Instant::now();
    let one = |share: Vec<Commit>| {
        let store = store.clone();
        tokio::spawn(async move {
            for commit in share {
                store.commit(commit).await.unwrap();
            }
        })
    };
    let tasks: Vec<_> = shares.into_iter().map(one).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let time = since.elapsed();
    store.close();
    (time, bytes(dir.path(), events))
}

/// Of the file beside the texts of its records.
fn bytes(data: &Path, records: usize) -> f64 {
    const PAGES: &str = "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master \
                         WHERE tbl_name IN ('event_rows', 'journal_rows', 'names', 'plugin_versions', 'characters'))";
    const TEXTS: &str = "SELECT sum(octet_length(e.payload) + octet_length(j.reads) + octet_length(j.decisions) \
                         + octet_length(j.log)) FROM journal j JOIN events e ON e.seq = j.event";
    let db = Connection::open(data.join("puppet.db")).unwrap();
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    (number(PAGES) - number(TEXTS)) as f64 / records as f64
}

/// The time of the same commits by hand, so many in a transaction.
fn by_hand(events: usize, together: usize, synchronous: &str) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let hand = filled(dir.path(), events, synchronous);
    let ids: Vec<_> = (0..events).map(|n| (event(n), id(n))).collect();
    let since = Instant::now();
    for group in ids.chunks(together) {
        hand.together(|hand| group.iter().for_each(|(event, id)| hand.commit(event, id)));
    }
    since.elapsed()
}

/// A folder with events that wait.
fn filled(data: &Path, events: usize, synchronous: &str) -> ByHand {
    SqliteStore::open(data, Options::default()).unwrap().close();
    let hand = ByHand::open(data, &record(0), (0..AGENTS.min(events)).map(event));
    hand.db.pragma_update(None, "synchronous", synchronous).unwrap();
    for first in (0..events).step_by(GROUP) {
        hand.together(|hand| (first..(first + GROUP).min(events)).for_each(|n| hand.accept(&event(n))));
    }
    hand
}

/// Milliseconds from opening a folder with so many records until its host has taken everything up that waits.
fn begin(runtime: &tokio::runtime::Runtime, records: usize) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    lived_in(dir.path(), records);
    let since = Instant::now();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let opened = since.elapsed();
    // A plugin is compiled for the host: that is no recovery.
    let host = ours::host(&store, Arc::new(SystemClock));
    let since = Instant::now();
    runtime.block_on(host.load()).unwrap();
    let loaded = since.elapsed();
    assert_eq!(runtime.block_on(store.waiting()).unwrap().len(), 100, "it has something to take up");
    store.close();
    (opened + loaded).as_secs_f64() * 1_000.0
}

/// A folder after a long life: records, effects that left, budgets of many days; and a hundred events that wait.
fn lived_in(data: &Path, records: usize) {
    const BUDGET: &str = "INSERT INTO budgets VALUES ('agent', ?1, 'bench', 'tweet', 'posts', 'hour', ?2, 3, 0, 0)";
    const EFFECT: &str = "INSERT INTO outbox (id, state, agent, account, invocation, n, not_before, hops, body, attempts) \
                          VALUES (?1, 'done', 'a', 'a', ?2, 0, 0, 0, '{}', 1)";
    const TIMER: &str = "INSERT INTO timers (agent, plugin, name, rule, next, payload) VALUES (?1, 'bench', 'tick', '{\"every\":{\"interval_ms\":60000}}', 0, '{}')";
    let hand = filled(data, records + 100, "OFF");
    for first in (0..records).step_by(GROUP) {
        hand.together(|hand| (first..(first + GROUP).min(records)).for_each(|n| hand.commit(&event(n), &id(n))));
    }
    hand.together(|hand| {
        for n in 0..records / 10 {
            let agent = format!("agent-{}", n % AGENTS);
            hand.db.prepare_cached(BUDGET).unwrap().execute((agent, (n / AGENTS) as i64)).unwrap();
            hand.db.prepare_cached(EFFECT).unwrap().execute((format!("eff{n}"), id(n))).unwrap();
        }
        for n in 0..AGENTS {
            hand.db.prepare_cached(TIMER).unwrap().execute([format!("agent-{n}")]).unwrap();
        }
    });
}
