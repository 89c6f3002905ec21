//! Agents that do nothing: the program itself holds some, has told each that it starts, and waits. What is resident
//! is compared between one and many.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use puppet::agents::NewAgent;
use puppet_packs::AgentSpec;
use puppet_store::{
    CommitStore as _, EventStore as _, Filter, JournalStore as _,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{AgentId, Outcome, Timestamp};

use crate::{
    Effort, start,
    table::{Limit, Row},
};

/// Ticks of a second in `/proc`: Linux has no other here.
pub const TICKS: f64 = 100.0;

/// Bytes of each agent beyond the first.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let one = resident_with(1, true);
    let many = resident_with(effort.idle, true);
    let (one_alone, many_alone) = (resident_with(1, false), resident_with(effort.idle, false));
    let report = |what: &str, bytes: u64| Row {
        name: format!("idle host, one agent, {what}"),
        value: bytes as f64 / 1_048_576.0,
        unit: "MiB",
        peer: 1.0,
        against: "nothing: a report",
        limit: Limit::None,
    };
    let beyond = |what: &str, one: u64, many: u64| Row {
        name: format!("idle agent, {} of them, {what}", effort.idle),
        value: many.saturating_sub(one) as f64 / (effort.idle - 1) as f64,
        unit: "bytes",
        peer: 4096.0,
        against: "4 KiB resident beyond the first",
        limit: Limit::AtMost(1.0),
    };
    vec![
        beyond("API on", one, many),
        beyond("API off", one_alone, many_alone),
        report("API on", one),
        report("API off", one_alone),
    ]
}

fn resident_with(agents: usize, api: bool) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(dir.path().join("puppet.toml"), format!("[api]\nenabled = {api}\n")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(populate(&data, agents));
    // In a first life they hear that they start, and plugins are compiled; in the second they do nothing.
    let first = Host::start(dir.path(), &data);
    runtime.block_on(quiet(&data, agents));
    drop(first);
    // What it said stands there still.
    std::fs::remove_file(data.join("run.json")).unwrap();
    let mut host = Host::start(dir.path(), &data);
    start::ready_at(&mut host.0, &data);
    let resident = resident(host.0.id());
    assert!(resident > 0, "the host ended: {:?}", host.0.try_wait());
    host.0.kill().unwrap();
    resident
}

pub async fn populate(data: &Path, agents: usize) {
    let store = SqliteStore::open(data, Options::default()).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/agents/sourdough-sage.json");
    let (imported, _) = puppet::agents::import(&file).unwrap();
    let at = Timestamp::from_system();
    for first in (0..agents).step_by(200) {
        let mut changes = Vec::new();
        for n in first..(first + 200).min(agents) {
            let id = AgentId::new(format!("agent-{n}"));
            let spec = AgentSpec { id, handle: format!("agent_{n}"), ..imported.spec.clone() };
            changes.extend(NewAgent { spec }.changes(at).unwrap());
        }
        store.apply(changes).await.unwrap();
    }
    store.close();
}

/// Waits until every agent has heard that it starts.
pub async fn quiet(data: &Path, agents: usize) {
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let Ok(store) = SqliteStore::open_read_only(data) else { continue };
        let waiting = store.waiting().await.unwrap().len();
        let entries = store.journal(&Filter { limit: agents * 4, ..Filter::default() }).await.unwrap();
        let done = entries
            .iter()
            .filter(|entry| matches!(entry.invocation.outcome, Outcome::Ok | Outcome::Declined(_)))
            .count();
        if waiting == 0 && done >= agents && done == last {
            return;
        }
        last = done;
    }
}

/// A host until it is dropped.
pub struct Host(Child);

impl Host {
    pub fn start(folder: &Path, data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
        command.arg("run").arg("--data").arg(data).current_dir(folder).env("ENGINE_PORT", "0");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self(child)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn is_there(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bytes that the process holds, where the system tells.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// What it took of the processor in [`TICKS`], in user and in kernel.
pub fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, which may hold anything, ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
}
