//! What it costs to look at a host: spans that a collector takes, beside a host that has none; the counters of an event; a
//! page of metrics.

use std::{
    hint::black_box,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use puppet_engine::tally::Histogram;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Served, client};
use crate::{
    Effort, idle, median,
    table::{Limit, Row},
};

/// Events that each agent hears in a round.
const EACH: usize = 50;
/// Of each event: time, fuel and memory of the call, and what the store took to accept and to commit it.
const COUNTS: u32 = 5;
/// Threads that count at once.
const THREADS: usize = 4;
const ADDED: u32 = 1_000_000;
/// Then the collector has them: a span waits for others for a second.
const GATHERED: Duration = Duration::from_secs(2);

/// All of it.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let spans = Arc::new(AtomicU64::new(0));
        let collector = format!("[trace]\notlp = \"{}\"\n", collector(Arc::clone(&spans)).await);
        let (told, still) = (Served::with(effort.agents, &collector).await, Served::with(effort.agents, "").await);
        let (mut with, mut without) = (Vec::new(), Vec::new());
        // Whatever is made at the first one.
        round(&told, effort.agents).await;
        round(&still, effort.agents).await;
        tokio::time::sleep(GATHERED).await;
        spans.store(0, Ordering::Relaxed);
        for _ in 0..effort.rounds {
            with.push(round(&told, effort.agents).await);
            without.push(round(&still, effort.agents).await);
        }
        tokio::time::sleep(GATHERED).await;
        let page = told.request(0, "GET", "/metrics", "");
        let pages = client::load(told.address, &[page], effort.length).await;
        let row = |name: &str, value, unit, peer, against| Row {
            name: name.to_owned(),
            value,
            unit,
            peer,
            against,
            limit: Limit::None,
        };
        let events = (effort.rounds * effort.agents * EACH) as f64;
        vec![
            row("CPU of an event, spans taken", median(with), "us", median(without), "the same, no collector"),
            row("spans that the collector has", spans.load(Ordering::Relaxed) as f64, "spans", events, "events"),
            row("GET /metrics, p50", pages.quantile(0.5), "ms", 1.0, "nothing: a report"),
            row("the counters of an event", counted(), "ns", 1.0, "nothing: a report"),
        ]
    })
}

/// Microseconds of the processor that an event took, of as many as all agents hear.
async fn round(served: &Served, agents: usize) -> f64 {
    let data = served.folder.path().join("data");
    let (pid, before) = (served.host.id(), journal(&data));
    let body = json!({ "type": "bench.tick", "data": { "n": 1 } }).to_string();
    let request = served.request(0, "POST", "/api/events", &body);
    let spent = idle::ticks(pid);
    for _ in 0..EACH {
        client::once(served.address, &request).await;
    }
    let events = agents * EACH;
    while journal(&data) < before + events {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (idle::ticks(pid) - spent) as f64 / idle::TICKS * 1e6 / events as f64
}

/// Records that were written.
fn journal(data: &Path) -> usize {
    let reader = Connection::open(data.join("puppet.db")).unwrap();
    reader.query_row("SELECT coalesce(max(seq), 0) FROM journal", [], |row| row.get::<_, i64>(0)).unwrap() as usize
}

/// Takes spans and counts them. Answers where.
async fn collector(spans: Arc<AtomicU64>) -> String {
    let router = Router::new().route("/v1/traces", post(taken)).with_state(spans);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(super::bare::answer(listener, router));
    url
}

async fn taken(State(spans): State<Arc<AtomicU64>>, body: Bytes) -> Json<Value> {
    let batch: Value = serde_json::from_slice(&body).unwrap();
    let of = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let resources = of(&batch, "resourceSpans");
    let scopes = resources.iter().flat_map(|resource| of(resource, "scopeSpans"));
    let count: usize = scopes.map(|scope| of(&scope, "spans").len()).sum();
    spans.fetch_add(count as u64, Ordering::Relaxed);
    Json(json!({}))
}

/// Nanoseconds of a thread for all counters of an event, while others count too.
fn counted() -> f64 {
    const BOUNDS: &[u64] = &[50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000];
    let of: Vec<Histogram> = (0..COUNTS).map(|_| Histogram::new(BOUNDS)).collect();
    let since = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for n in 0..ADDED {
                    of.iter().for_each(|one| one.add(black_box(u64::from(n & 0xffff))));
                }
            });
        }
    });
    since.elapsed().as_nanos() as f64 / f64::from(ADDED)
}
