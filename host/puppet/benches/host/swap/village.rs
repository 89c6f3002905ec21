//! The built program on a folder with a pack of ours, as its operator has it: agents that run the standard personality,
//! whose component lies in the folder and can be replaced there.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use puppet::{
    control::{self, Request},
    firstparty,
};
use puppet_types::{AgentId, Digest, Event, EventId, Priority, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};

/// The plugin that is replaced.
pub const PLUGIN: &str = "standard-personality";
/// What it may do: everything but speak, so that nobody's events come of others'.
const GRANTS: &str = "[packs.standard-personality.llm]\n[packs.standard-personality.memory]\n\
                      [packs.standard-personality.schedule]\n[packs.standard-personality.state]\n";

/// Version `n`: the plugin that comes with the program, and a custom section that says nothing.
pub fn version(n: usize) -> Vec<u8> {
    let mut plugins = firstparty::plugins().into_iter();
    let mut bytes = plugins.find(|plugin| plugin.manifest.id.as_str() == PLUGIN).unwrap().component.to_vec();
    let tag = format!("{n:06}");
    bytes.extend([0, u8::try_from(tag.len() + 4).unwrap(), 3]);
    bytes.extend(b"tag");
    bytes.extend(tag.as_bytes());
    bytes
}

/// The folder, and the host that runs on it.
pub struct Village {
    folder: tempfile::TempDir,
    host: Child,
    pub agents: Vec<AgentId>,
}

impl Village {
    /// Runs with so many agents on version 0.
    pub async fn with(agents: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let agents: Vec<AgentId> = (0..agents).map(|n| AgentId::new(format!("agent-{n:03}"))).collect();
        for agent in &agents {
            let pack =
                format!("id = \"{agent}\"\nversion = \"0.1.0\"\nplugin = \"{PLUGIN}\"\npersona = \"persona.toml\"\n");
            write(folder.path(), &format!("agents/{agent}/pack.toml"), pack.as_bytes());
            write(folder.path(), &format!("agents/{agent}/persona.toml"), b"goals = [\"see it through\"]\n");
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(PLUGIN).join("pack.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        let manifest = manifest.replace(&format!("plugin = \"{PLUGIN}\""), "component = \"plugin.wasm\"");
        write(folder.path(), &format!("agents/{PLUGIN}/pack.toml"), manifest.as_bytes());
        write(folder.path(), &format!("agents/{PLUGIN}/plugin.wasm"), &version(0));
        write(folder.path(), "grants.toml", GRANTS.as_bytes());
        let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
        command.arg("run").current_dir(folder.path()).env("PUPPET_CACHE", folder.path().join("native"));
        let host = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let village = Self { folder, host, agents };
        let ready = village.data().join("run.json");
        village.until("the host is not ready", async || ready.exists()).await;
        village
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join(".puppet")
    }

    /// Waits until it is so.
    pub async fn until(&self, otherwise: &str, so: impl AsyncFn() -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !so().await {
            assert!(Instant::now() < end, "{otherwise}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Puts a version into the folder, as an editor or a build does it. Answers when it was there.
    pub fn put(&self, bytes: &[u8]) -> Instant {
        write(self.folder.path(), &format!("agents/{PLUGIN}/plugin.wasm"), bytes);
        Instant::now()
    }

    /// What is told of the newest version.
    pub async fn told(&self) -> Value {
        let hosted = control::ask_at(&self.data(), &Request::Plugins).await.unwrap().unwrap();
        hosted["swaps"][PLUGIN].clone()
    }

    /// Waits until a version serves everybody.
    pub async fn serves(&self, bytes: &[u8]) {
        let digest = Digest::of(bytes).to_string();
        let otherwise = format!("{digest} never serves");
        let so = async || {
            let told = self.told().await;
            let state = told["state"].as_str().unwrap_or_default().to_owned();
            assert!(!["refused", "rolled-back"].contains(&&*state), "{told}");
            told["digest"] == *digest && ["live", "settled"].contains(&&*state)
        };
        self.until(&otherwise, so).await;
    }

    /// Its rows, read beside it.
    pub fn rows(&self) -> Rows {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = Connection::open_with_flags(self.data().join("puppet.db"), flags).unwrap();
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        Rows(db)
    }
}

impl Drop for Village {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let draft = path.with_extension("draft");
    std::fs::write(&draft, bytes).unwrap();
    std::fs::rename(draft, path).unwrap();
}

/// The rows of a host.
pub struct Rows(Connection);

impl Rows {
    /// The component that handled an event.
    pub fn handled_by(&self, event: &str) -> Vec<u8> {
        const SQL: &str = "SELECT digest FROM journal WHERE event = (SELECT seq FROM events WHERE id = ?1) \
                           ORDER BY seq DESC LIMIT 1";
        self.0.prepare_cached(SQL).unwrap().query_row([event], |row| row.get(0)).unwrap()
    }

    /// How many of these were not handled well, once; and the milliseconds of each from when it happened to its end.
    pub fn fates(&self, events: &[String]) -> (usize, Vec<f64>) {
        const SQL: &str = "SELECT e.id, count(*) = 1 AND min(j.outcome = 'ok' AND e.state = 'done'), e.ended - e.at \
                           FROM journal j JOIN events e ON e.seq = j.event GROUP BY e.seq";
        let mut statement = self.0.prepare(SQL).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
        let fates: HashMap<String, (bool, Option<f64>)> = rows.map(Result::unwrap).collect();
        let fate = |id: &String| fates.get(id).copied().unwrap_or((false, None));
        let waited = events.iter().filter_map(|id| fate(id).1).collect();
        (events.iter().filter(|id| !fate(id).0).count(), waited)
    }

    /// Whether events are left.
    pub fn is_open(&self) -> bool {
        self.0.query_row("SELECT EXISTS (SELECT 1 FROM events WHERE state = 'waiting')", [], |row| row.get(0)).unwrap()
    }
}

/// Something that happens to an agent now.
pub fn event(id: &str, kind: &str, agent: &AgentId) -> Event {
    Event {
        id: EventId::from(id),
        kind: kind.to_owned(),
        source: "bench".to_owned(),
        agent: agent.clone(),
        author: None,
        priority: Priority::Normal,
        at: Timestamp::from_system(),
        payload: json!({ "topic": "rain", "headline": "Rain over the bay" }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// Sends them and waits until they are handled.
pub async fn handled(data: &Path, events: Vec<Event>) {
    let request = Request::Send { events, wait_ms: Some(60_000) };
    let answer = control::ask_at(data, &request).await.unwrap().unwrap();
    assert_ne!(answer["outcome"], "waiting", "{answer}");
}
