//! The server under load, beside a bare axum handler that answers the same bytes, or writes the same event into the same
//! SQLite, behind the same kind of accept loop. The program and the bare server are processes of their own, and take turns; the
//! one client that loads them shares the machine with them.

mod bare;
mod client;
mod observed;

use std::{
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Effort, idle, median,
    table::{Limit, Row},
};
use client::Load;

pub use bare::{FLAG, serve};
pub use observed::rows as observed;

/// Agents of the list.
const AGENTS: usize = 20;
/// Connections that are kept open.
const CONNECTIONS: usize = 64;
/// Connections of the paced load.
const PACED: usize = 256;
/// Events a second of the paced load.
const RATE: u32 = 10_000;
/// A minute of one key, or of one address, is not what is measured: there are many of both.
const KEYS: usize = 16;
/// Longer than a benchmark: such an event is written, and its plugin is not called.
const LATER_MS: u64 = 86_400_000;

const CONFIG: &str = "[api]\nlisten = \"127.0.0.1:0\"\nbehind_proxy = true\nrate_per_minute = 1000000\n\
                      rate_per_minute_per_address = 1000000\nburst = 100000\nbacklog = 100000000\nlive_readers = 4000\n\
                      connections = 4096\n";

/// A host with agents, and its server.
struct Served {
    folder: tempfile::TempDir,
    host: idle::Host,
    address: SocketAddr,
    keys: Vec<String>,
}

impl Served {
    async fn with(agents: usize, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(folder.path().join("puppet.toml"), format!("{CONFIG}{more}")).unwrap();
        idle::populate(&data, agents).await;
        let keys = (0..KEYS).map(|n| key(folder.path(), &data, n)).collect();
        let host = idle::Host::start(folder.path(), &data);
        idle::quiet(&data, agents).await;
        let address = address(&data).await;
        Self { folder, host, address, keys }
    }

    /// A request of the connection `n`, by a key and from an address of many.
    fn request(&self, n: usize, method: &str, path: &str, body: &str) -> Vec<u8> {
        let key = &self.keys[n % self.keys.len()];
        let more = format!("Authorization: Bearer {key}\r\nX-Forwarded-For: 10.0.{}.{}\r\n", n / 250, n % 250 + 1);
        client::request(self.address, method, path, &more, body)
    }
}

/// Makes a key in a folder that no host works in.
fn key(folder: &Path, data: &Path, n: usize) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
    command.args(["api", "key", "create", "--role", "admin", "--json", "--name"]).arg(format!("bench {n}"));
    let made = command.arg("--data").arg(data).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// Where the host says that its server is.
async fn address(data: &Path) -> SocketAddr {
    loop {
        let said = std::fs::read_to_string(data.join("run.json")).unwrap_or_default();
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        if let Some(url) = said["api_url"].as_str() {
            return url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything about the server.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut served = Served::with(AGENTS, "").await;
        let list = client::once(served.address, &served.request(0, "GET", "/api/agents", "")).await;
        let bare = bare::Bare::start(served.folder.path(), &list).await;
        let mut rows = agents(effort, &served, &bare).await;
        rows.extend(events(effort, &served, &bare).await);
        rows.push(crowded(effort, &served).await);
        rows.extend(paced(effort, &served, LATER_MS, "written").await);
        rows.extend(paced(effort, &served, 0, "written and handled").await);
        rows.extend(readers(effort, &served).await);
        assert!(served.host.is_there(), "the host ended");
        rows
    })
}

/// Rounds of both in turns, as throughput and as the time that one of a hundred takes longer than.
async fn compared(
    effort: &Effort,
    name: &str,
    against: &'static str,
    ours: (SocketAddr, &[Vec<u8>]),
    bare: (SocketAddr, &[Vec<u8>]),
) -> Vec<Row> {
    // Keys are checked, files are opened, connections of the store are made.
    for (address, requests) in [ours, bare] {
        client::load(address, requests, effort.length / 4).await;
    }
    let (mut our_loads, mut bare_loads) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        our_loads.push(client::load(ours.0, ours.1, effort.length).await);
        bare_loads.push(client::load(bare.0, bare.1, effort.length).await);
    }
    let rate = |loads: &[Load]| median(loads.iter().map(Load::per_second).collect());
    let late = |loads: &[Load]| median(loads.iter().map(|load| load.quantile(0.99)).collect());
    vec![
        Row {
            name: format!("{name}, {CONNECTIONS} connections"),
            value: rate(&our_loads),
            unit: "req/s",
            peer: rate(&bare_loads),
            against,
            limit: Limit::AtLeast(0.7),
        },
        Row {
            name: format!("{name}, p99"),
            value: late(&our_loads),
            unit: "ms",
            peer: late(&bare_loads),
            against,
            // As much slower as 0.7 of the throughput is.
            limit: Limit::AtMost(1.0 / 0.7),
        },
    ]
}

async fn agents(effort: &Effort, served: &Served, bare: &bare::Bare) -> Vec<Row> {
    let ours: Vec<_> = (0..CONNECTIONS).map(|n| served.request(n, "GET", "/api/agents", "")).collect();
    let theirs: Vec<_> =
        (0..CONNECTIONS).map(|_| client::request(bare.address, "GET", "/api/agents", "", "")).collect();
    let against = "bare axum handler, same bytes";
    compared(effort, "GET /api/agents", against, (served.address, &ours), (bare.address, &theirs)).await
}

fn event(delay_ms: u64) -> String {
    let (data, to) = (json!({ "topic": "rain", "n": 1 }), json!(["agent-0"]));
    json!({ "type": "bench.tick", "data": data, "targetAgentIds": to, "delay": delay_ms }).to_string()
}

async fn events(effort: &Effort, served: &Served, bare: &bare::Bare) -> Vec<Row> {
    let body = event(LATER_MS);
    let ours: Vec<_> = (0..CONNECTIONS).map(|n| served.request(n, "POST", "/api/events", &body)).collect();
    let theirs: Vec<_> =
        (0..CONNECTIONS).map(|_| client::request(bare.address, "POST", "/api/events", "", &body)).collect();
    let against = "bare axum handler, same row, same SQLite";
    compared(effort, "POST /api/events", against, (served.address, &ours), (bare.address, &theirs)).await
}

/// An event for one of many agents, beside one for one of few.
async fn crowded(effort: &Effort, few: &Served) -> Row {
    let agents = effort.agents * 10;
    let many = Served::with(agents, "").await;
    let body = event(LATER_MS);
    let requests =
        |served: &Served| (0..CONNECTIONS).map(|n| served.request(n, "POST", "/api/events", &body)).collect::<Vec<_>>();
    let against = "the same, 20 agents";
    let (ours, theirs) = (requests(&many), requests(few));
    let rows = compared(effort, "", against, (many.address, &ours), (few.address, &theirs)).await;
    let rate = rows.into_iter().next().unwrap();
    Row { name: format!("POST /api/events, {agents} agents"), limit: Limit::AtLeast(0.8), ..rate }
}

/// So many events a second, whether answers come or not: each is late by as much as it was answered after its time.
async fn paced(effort: &Effort, served: &Served, delay_ms: u64, what: &str) -> Vec<Row> {
    let body = event(delay_ms);
    let requests: Vec<_> = (0..PACED).map(|n| served.request(n, "POST", "/api/events", &body)).collect();
    let load = client::paced(served.address, &requests, RATE, effort.length * 5).await;
    vec![
        Row {
            name: format!("events {what}, paced"),
            value: load.per_second(),
            unit: "events/s",
            peer: f64::from(RATE),
            against: "what was sent",
            limit: Limit::AtLeast(0.99),
        },
        Row {
            name: format!("events {what}, paced, p99"),
            value: load.quantile(0.99),
            unit: "ms",
            peer: 20.0,
            against: "20 ms from when it was due",
            limit: Limit::AtMost(1.0),
        },
    ]
}

/// A message to a thousand readers: from when it was asked for until the last of them has it.
async fn readers(effort: &Effort, served: &Served) -> Vec<Row> {
    let readers = if effort.rounds == 1 { 50 } else { 1_000 };
    let path = "/api/v1/live?topics=system.status";
    let mut open = Vec::new();
    for n in 0..readers {
        open.push(client::Stream::open(served.address, served.request(n, "GET", path, "")).await);
    }
    let mut took = Vec::new();
    for round in 0..effort.rounds * 4 {
        let (path, word) = if round % 2 == 0 { ("/api/v1/halt", "halted") } else { ("/api/v1/resume", "resumed") };
        let request = served.request(0, "POST", path, "{}");
        let since = Instant::now();
        let waiting = open.into_iter().map(|mut stream| {
            tokio::spawn(async move {
                stream.until(word).await;
                (stream, since.elapsed())
            })
        });
        let waiting: Vec<_> = waiting.collect();
        client::once(served.address, &request).await;
        let mut last = Duration::ZERO;
        open = Vec::new();
        for reader in waiting {
            let (stream, after) = reader.await.unwrap();
            last = last.max(after);
            open.push(stream);
        }
        took.push(last.as_secs_f64() * 1e3);
    }
    vec![Row {
        name: format!("a message to {readers} readers"),
        value: median(took),
        unit: "ms",
        peer: 3_000.0,
        against: "3 s until the last one has it",
        limit: Limit::AtMost(1.0),
    }]
}
