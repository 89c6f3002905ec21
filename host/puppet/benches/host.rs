//! What the host costs: durable events against a bare loop that commits the same rows to the same SQLite, many
//! agents against few, and the memory of agents that do nothing. Each ratio is taken in one run.
//!
//! `cargo bench -- --summary` prints a table, `--json` the same as JSON. Nothing fails by being slow.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::{sync::Arc, time::Instant};

use puppet_store::{
    Change, Commit, CommitStore as _, EventEnd, EventStore as _, StateBlob,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{AgentId, Digest, Event, Invocation, InvocationId, Mood, Outcome, PluginRef, Priority, Timestamp};
use serde_json::json;

struct Row {
    name: &'static str,
    value: f64,
    unit: &'static str,
    peer: String,
    ratio: f64,
    limit: &'static str,
    pass: bool,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    // `cargo test --benches` and `cargo bench` without a flag both come here.
    let json = args.iter().any(|arg| arg == "--json");
    let quick = args.iter().any(|arg| arg == "--quick");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let n = if quick { 2_000 } else { 40_000 };
    let rows = runtime.block_on(async {
        let mut rows = durable(n).await;
        rows.push(many_agents(n).await);
        rows.push(idle(if quick { 1_000 } else { 10_000 }).await);
        rows
    });
    if json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "name": row.name, "value": row.value, "unit": row.unit, "peer": row.peer, "ratio": row.ratio,
                    "limit": row.limit, "pass": row.pass })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows).unwrap());
        return;
    }
    println!("{:<44} {:>12} {:<10} {:<28} {:>7} {:<8} pass", "name", "value", "unit", "peer", "ratio", "limit");
    for row in rows {
        println!(
            "{:<44} {:>12.0} {:<10} {:<28} {:>7.2} {:<8} {}",
            row.name, row.value, row.unit, row.peer, row.ratio, row.limit, row.pass
        );
    }
}

fn event(n: usize, agents: usize) -> Event {
    Event {
        id: format!("evt_{n:08}").into(),
        kind: "news".to_owned(),
        source: "bench".to_owned(),
        agent: agent(n, agents),
        author: None,
        priority: Priority::Normal,
        at: Timestamp::from_millis(1_000_000 + n as i64),
        payload: json!({"topic": "rain", "headline": "Rain over the bay"}),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

fn agent(n: usize, agents: usize) -> AgentId {
    AgentId::new(format!("agent-{}", n % agents))
}

fn commit(n: usize, agents: usize) -> Commit {
    let event = event(n, agents);
    let agent = event.agent.clone();
    let at = event.at;
    let invocation = Invocation {
        id: InvocationId::new(format!("inv_{n:08}")),
        at,
        agent: agent.clone(),
        plugin: PluginRef { id: "bench".into(), version: "0.1.0".to_owned(), digest: Digest::of(b"bench") },
        persona_digest: Digest::of(b"p"),
        settings_digest: Digest::of(b"s"),
        event,
        outcome: Outcome::Ok,
        fuel: 123_456,
        peak_memory_bytes: 1_179_648,
        host_calls: [(puppet_types::Capability::Agent, 3)].into(),
        reads: Vec::new(),
        decisions: Vec::new(),
        log: Vec::new(),
        strikes: 0,
        timing: None,
    };
    let mood = Mood { valence: 0.1, arousal: 0.2, dominance: 0.5 };
    let blob = StateBlob { version: 1, data: format!("{{\"n\":{n}}}").into_bytes() };
    Commit {
        invocation,
        end: EventEnd::Done,
        changes: vec![
            Change::Mood { agent: agent.clone(), mood, at },
            Change::PutState { agent, plugin: "bench".into(), blob },
        ],
        spends: Vec::new(),
    }
}

/// Events accepted and committed with so many in flight, per second.
async fn through_store(n: usize, agents: usize) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path(), Options::default()).unwrap());
    let since = Instant::now();
    let mut next = 0;
    while next < n {
        let batch: Vec<usize> = (next..(next + 1_000).min(n)).collect();
        next += batch.len();
        let work = batch.into_iter().map(|n| {
            let store = Arc::clone(&store);
            async move {
                store.accept(vec![event(n, agents)]).await.unwrap();
                store.commit(commit(n, agents)).await.unwrap();
            }
        });
        futures::future::join_all(work).await;
    }
    let rate = n as f64 / since.elapsed().as_secs_f64();
    store.close();
    rate
}

/// The same rows by hand: one connection, one transaction per thousand events.
fn bare_loop(n: usize, agents: usize) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let mut db = rusqlite::Connection::open(dir.path().join("bare.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, agent TEXT, kind TEXT, at INTEGER, body TEXT, state INTEGER);
         CREATE TABLE journal (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, agent TEXT, at INTEGER, kind TEXT, body TEXT);
         CREATE INDEX journal_by_agent ON journal (agent, seq);
         CREATE TABLE moods (agent TEXT PRIMARY KEY, v REAL, a REAL, d REAL, at INTEGER) WITHOUT ROWID;
         CREATE TABLE states (agent TEXT, plugin TEXT, version INTEGER, data BLOB, PRIMARY KEY (agent, plugin)) WITHOUT ROWID;",
    )
    .unwrap();
    let since = Instant::now();
    let mut next = 0;
    while next < n {
        let end = (next + 1_000).min(n);
        // Twice, as events are accepted before they are committed.
        for accepting in [true, false] {
            let tx = db.transaction().unwrap();
            for n in next..end {
                if accepting {
                    let event = event(n, agents);
                    let body = serde_json::to_string(&event).unwrap();
                    let mut insert = tx
                        .prepare_cached(
                            "INSERT INTO events (id, agent, kind, at, body, state) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
                        )
                        .unwrap();
                    insert
                        .execute((event.id.as_str(), event.agent.as_str(), &event.kind, event.at.as_millis(), body))
                        .unwrap();
                    continue;
                }
                let commit = commit(n, agents);
                let invocation = &commit.invocation;
                let body = json!({ "fuel": invocation.fuel, "peak": invocation.peak_memory_bytes, "calls": invocation.host_calls,
                    "reads": invocation.reads, "decisions": invocation.decisions, "plugin": invocation.plugin }).to_string();
                let mut insert = tx
                    .prepare_cached("INSERT INTO journal (id, agent, at, kind, body) VALUES (?1, ?2, ?3, ?4, ?5)")
                    .unwrap();
                insert
                    .execute((
                        invocation.id.as_str(),
                        invocation.agent.as_str(),
                        invocation.at.as_millis(),
                        "news",
                        body,
                    ))
                    .unwrap();
                let mut done = tx.prepare_cached("UPDATE events SET state = 1 WHERE id = ?1").unwrap();
                done.execute([invocation.event.id.as_str()]).unwrap();
                let mut mood =
                    tx.prepare_cached("INSERT OR REPLACE INTO moods VALUES (?1, 0.1, 0.2, 0.5, ?2)").unwrap();
                mood.execute((invocation.agent.as_str(), invocation.at.as_millis())).unwrap();
                let mut state = tx.prepare_cached("INSERT OR REPLACE INTO states VALUES (?1, 'bench', 1, ?2)").unwrap();
                state.execute((invocation.agent.as_str(), format!("{{\"n\":{n}}}").into_bytes())).unwrap();
            }
            tx.commit().unwrap();
        }
        next = end;
    }
    n as f64 / since.elapsed().as_secs_f64()
}

async fn durable(n: usize) -> Vec<Row> {
    // Alternating, so that a busy machine slows both.
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        ours.push(through_store(n, 1_000).await);
        theirs.push(bare_loop(n, 1_000));
    }
    let (value, peer) = (median(ours), median(theirs));
    let ratio = value / peer;
    vec![Row {
        name: "durable events, 1,000 agents",
        value,
        unit: "events/s",
        peer: format!("bare loop {peer:.0}"),
        ratio,
        limit: ">= 0.7",
        pass: ratio >= 0.7,
    }]
}

async fn many_agents(n: usize) -> Row {
    let (mut many, mut few) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        many.push(through_store(n, 10_000).await);
        few.push(through_store(n, 10).await);
    }
    let (value, peer) = (median(many), median(few));
    let ratio = value / peer;
    Row {
        name: "durable events, 10,000 agents",
        value,
        unit: "events/s",
        peer: format!("10 agents {peer:.0}"),
        ratio,
        limit: ">= 0.8",
        pass: ratio >= 0.8,
    }
}

/// Resident bytes of an agent that is known and does nothing: a name, an account and a line.
async fn idle(n: usize) -> Row {
    let agents = puppet_engine::Agents::default();
    let accounts = puppet_tweet::Accounts::default();
    let put = |n: usize| {
        let id = AgentId::new(format!("agent-{n}"));
        let account = puppet_types::AccountId::new(format!("account_{n}"));
        accounts.put(account.clone(), id.clone());
        agents.put(id, &format!("Agent number {n}"), account);
    };
    put(0);
    let before = resident();
    (1..n).for_each(put);
    let each = (resident().saturating_sub(before)) as f64 / (n - 1) as f64;
    assert_eq!(agents.len(), n);
    Row {
        name: "memory of an idle agent beyond the first",
        value: each,
        unit: "bytes",
        peer: "4 KiB".to_owned(),
        ratio: each / 4096.0,
        limit: "<= 1.0",
        pass: each <= 4096.0,
    }
}

/// Resident bytes of this process, where the system tells.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
