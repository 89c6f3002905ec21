//! What listening on X costs: many accounts of one host that are asked for within their limits, beside the same host that
//! hears nothing, with the emulator as a process of its own; and how soon a mention that a stream tells is answered, what
//! others take to answer not counted.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use puppet_store::{Filter, JournalStore as _, sqlite::SqliteStore};
use serde_json::{Value, json};

use crate::{
    Effort,
    idle::{Host, populate, quiet, resident},
    table::{Limit, Row},
};

/// Ticks of a second in `/proc`: Linux has no other here.
const TICKS: f64 = 100.0;
/// Mentions whose way is measured.
const MENTIONS: usize = 200;
/// Accounts that hear them.
const HEARERS: usize = 10;

pub fn rows(effort: &Effort) -> Vec<Row> {
    let accounts = effort.polled;
    let silent = measured(accounts, "none", effort.listened);
    let heard = measured(accounts, "poll", effort.listened);
    let mut decided = decided();
    decided.sort_by(f64::total_cmp);
    let share = |of: usize| decided.get((decided.len() * of / 100).min(decided.len() - 1)).copied().unwrap_or(f64::NAN);
    let of_mentions = |name: &str, value, limit| Row {
        name: name.to_owned(),
        value,
        unit: "ms",
        peer: 10.0,
        against: "10 ms, what others take not counted",
        limit,
    };
    vec![
        Row {
            name: format!("{accounts} accounts asked for, CPU"),
            value: heard.cpu_ms,
            unit: "ms/s",
            peer: silent.cpu_ms.max(0.1),
            against: "the same host that hears nothing",
            limit: Limit::None,
        },
        Row {
            name: format!("{accounts} accounts asked for, memory"),
            value: heard.bytes / 1_048_576.0,
            unit: "MiB",
            peer: silent.bytes / 1_048_576.0,
            against: "the same host that hears nothing",
            limit: Limit::None,
        },
        of_mentions("mention streamed to reply decided, p50", share(50), Limit::AtMost(1.0)),
        of_mentions("mention streamed to reply decided, p99", share(99), Limit::None),
    ]
}

struct Cost {
    /// Per second.
    cpu_ms: f64,
    bytes: f64,
}

/// A host that listens for so long, once everybody was asked for.
fn measured(accounts: usize, by: &str, length: Duration) -> Cost {
    let emulating = Emulating::start();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    // Each is asked for about once while it is looked at.
    configure(dir.path(), &emulating, accounts, &format!("by = \"{by}\"\nevery = \"{}s\"\n", length.as_secs().max(1)));
    let host = lives(dir.path(), &data, accounts);
    if by == "poll" {
        emulating.until("mentions", accounts);
    }
    let (since, before) = (Instant::now(), ticks(host.id()));
    std::thread::sleep(length);
    let spent = (ticks(host.id()) - before) as f64 / TICKS * 1_000.0;
    Cost { cpu_ms: spent / since.elapsed().as_secs_f64(), bytes: resident(host.id()) as f64 }
}

/// Milliseconds from the event of each mention to its commit, without reads.
fn decided() -> Vec<f64> {
    let emulating = Emulating::start();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    configure(
        dir.path(),
        &emulating,
        HEARERS,
        "by = \"stream\"\nevery = \"60s\"\n[tweet.x.apps.main]\nbearer_env = \"BEARER\"\n",
    );
    let _host = lives(dir.path(), &data, HEARERS);
    emulating.until("stream", 1);
    for n in 0..MENTIONS {
        emulating.post(&format!("@agent_{} what rises today? {n}", n % HEARERS));
        std::thread::sleep(Duration::from_millis(20));
    }
    let store = SqliteStore::open_read_only(&data).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let filter = Filter { kind: Some("mention".to_owned()), limit: MENTIONS * 2, ..Filter::default() };
    let deadline = Instant::now() + Duration::from_secs(60);
    let entries = loop {
        let entries = runtime.block_on(store.journal(&filter)).unwrap();
        if entries.len() >= MENTIONS || Instant::now() > deadline {
            break entries;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(entries.len() >= MENTIONS, "{} of {MENTIONS} were heard", entries.len());
    let way = |entry: &puppet_store::JournalEntry| {
        let invocation = &entry.invocation;
        let timing = invocation.timing?;
        let waited = invocation.at.as_millis() - invocation.event.at.as_millis();
        Some(waited.max(0) as f64 + (timing.sandbox + timing.commit) as f64 / 1_000.0)
    };
    entries.iter().filter_map(way).collect()
}

/// Agents that post on the emulated X, each as an account of its own.
fn configure(folder: &Path, emulating: &Emulating, accounts: usize, mentions: &str) {
    let mut config = format!(
        "[tweet]\nprovider = \"x\"\n[generators]\nnews.enabled = false\nmood-swings.enabled = false\n\
         encounters.enabled = false\n[tweet.x]\nendpoint = \"{}\"\n[tweet.x.mentions]\n{mentions}",
        emulating.url
    );
    let mut dotenv = "BEARER=emulated-main-bearer\n".to_owned();
    for n in 0..accounts {
        config += &format!("[tweet.x.accounts.agent_{n}]\ntoken_env = \"TOKEN_{n}\"\n");
        dotenv += &format!("TOKEN_{n}=emulated-agent_{n}\n");
    }
    std::fs::write(folder.join("puppet.toml"), config).unwrap();
    let file = folder.join(".env");
    std::fs::write(&file, dotenv).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A host whose agents have all begun.
fn lives(folder: &Path, data: &Path, agents: usize) -> Host {
    std::fs::create_dir(data).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(populate(data, agents));
    let host = Host::start(folder, data);
    runtime.block_on(quiet(data, agents));
    host
}

/// `puppet emulate` until it is dropped.
struct Emulating {
    child: Child,
    url: String,
}

impl Emulating {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
        let mut child = command.args(["emulate", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: told["x"].as_str().unwrap().to_owned() }
    }

    /// Waits until so many requests of a kind came.
    fn until(&self, what: &str, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(300);
        while self.asked("GET", "/_emulate/report", "")["counts"][what].as_u64() < Some(count as u64) {
            assert!(Instant::now() < deadline, "nobody asks");
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn post(&self, text: &str) {
        let posted = self.asked("POST", "/2/tweets", &json!({ "text": text }).to_string());
        assert!(posted["data"]["id"].is_string(), "{posted}");
    }

    fn asked(&self, method: &str, path: &str, body: &str) -> Value {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer emulated-somebody"
        );
        socket.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Emulating {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of the processor, in user and in kernel.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, which may hold anything, ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
}
