//! Durable events per second: accepted, handled by the live driver, committed. The peer is a bare loop that writes
//! the same rows into the same tables, a thousand events in a transaction, with no host at all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_engine::{Live, SystemClock};
use puppet_store::{
    AgentRow, Change, CommitStore as _, Filter, JournalStore as _,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{AgentId, Event, Invocation, Timestamp, ids};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::{
    Effort, guest, median, ours,
    table::{Limit, Row},
    written::ByHand,
};

/// Events of one transaction of the bare loop, and of one call that accepts some.
const GROUP: usize = 1_000;

/// Against the bare loop, and many agents against few.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let (mut many, mut few) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds.min(3) {
        let (rate, example) = runtime.block_on(through_host(effort.events, 1_000));
        ours.push(rate);
        bare.push(bare_loop(effort.events, 1_000, &example));
        many.push(runtime.block_on(through_host(effort.events, 10_000)).0);
        few.push(runtime.block_on(through_host(effort.events, 10)).0);
    }
    vec![
        Row {
            name: "durable events, 1,000 agents".to_owned(),
            value: median(ours),
            unit: "events/s",
            peer: median(bare),
            against: "bare loop, same rows, same SQLite",
            limit: Limit::AtLeast(0.7),
        },
        Row {
            name: "durable events, 10,000 agents".to_owned(),
            value: median(many),
            unit: "events/s",
            peer: median(few),
            against: "10 agents",
            limit: Limit::AtLeast(0.8),
        },
    ]
}

fn agent(n: usize, agents: usize) -> AgentId {
    AgentId::new(format!("agent-{}", n % agents))
}

fn event(n: usize, agents: usize, at: Timestamp) -> Event {
    // Not `news`: forty decisions of an agent in a moment would be over its budget.
    Event { kind: "tick".to_owned(), agent: agent(n, agents), at, ..guest::event(n as u64) }
}

/// Events per second from the first that is accepted to the last that is committed, and one of their records.
async fn through_host(events: usize, agents: usize) -> (f64, Invocation) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let host = Arc::new(ours::host(&store, Arc::new(SystemClock)));
    let row = |n| {
        Change::Agent(AgentRow { id: agent(n, agents), body: serde_json::json!({}), created: Timestamp::default() })
    };
    store.apply((0..agents).map(row).collect()).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&host), stopped));
    let since = Instant::now();
    let at = Timestamp::from_system();
    let accepting = {
        let host = Arc::clone(&host);
        tokio::spawn(async move {
            for first in (0..events).step_by(GROUP) {
                let group = (first..(first + GROUP).min(events)).map(|n| event(n, agents, at)).collect();
                host.submit(group).await.unwrap();
            }
        })
    };
    // Looked at in the file: a host that is watched would work for its watcher.
    let reader = Connection::open(dir.path().join("puppet.db")).unwrap();
    let mut last = reader.prepare("SELECT coalesce(max(seq), 0) FROM journal").unwrap();
    while last.query_row([], |row| row.get::<_, i64>(0)).unwrap() < events as i64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let rate = events as f64 / since.elapsed().as_secs_f64();
    accepting.await.unwrap();
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    let last = store.journal(&Filter { limit: 1, ..Filter::default() }).await.unwrap().remove(0);
    assert_eq!(last.seq, events as u64, "each event has its row");
    store.close();
    (rate, last.invocation)
}

/// The same rows by hand: one connection, one thread, a transaction per group.
fn bare_loop(events: usize, agents: usize, example: &Invocation) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    SqliteStore::open(dir.path(), Options::default()).unwrap().close();
    let at = Timestamp::from_system();
    let hand = ByHand::open(dir.path(), example, (0..agents).map(|n| event(n, agents, at)));
    // The ids that a host gives, in no order: an index is slower to fill with these than with a count.
    let id = |n| ids::derive("inv", &[event(n, agents, at).id.as_str(), example.plugin.id.as_str()]);
    let invocations: Vec<String> = (0..events).map(id).collect();
    let since = Instant::now();
    for first in (0..events).step_by(GROUP) {
        let group = first..(first + GROUP).min(events);
        // Twice, as events are accepted before they are handled.
        hand.together(|hand| group.clone().for_each(|n| hand.accept(&event(n, agents, at))));
        hand.together(|hand| group.for_each(|n| hand.commit(&event(n, agents, at), &invocations[n])));
    }
    events as f64 / since.elapsed().as_secs_f64()
}
