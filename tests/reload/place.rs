//! A folder with a pack of the test's making and a host that runs on it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use puppet::control::{self, Request};
use puppet_types::{AgentId, Event, EventId, Priority, Timestamp};
use serde_json::{Value, json};

use crate::{
    hostile::guest::{End, Step, component},
    support::{self, Running, run},
};

/// What every version of the pack may do.
const GRANTS: &str = "[packs.pup.tweet]\n[packs.pup.state]\n[packs.pup.llm]\n[packs.pup.memory]\n";

/// The folder.
pub struct Place {
    folder: tempfile::TempDir,
}

/// A component of these steps; `tag` makes its bytes others where nothing else does.
pub fn guest(steps: &[Step], end: End, tag: &str) -> Vec<u8> {
    let mut bytes = component(steps, end);
    // A custom section of the component: says nothing, weighs a little.
    bytes.extend([0, u8::try_from(tag.len() + 4).unwrap(), 3]);
    bytes.extend(b"tag");
    bytes.extend(tag.as_bytes());
    bytes
}

impl Place {
    /// With the pack `pup`, and so many agents besides its own whose behaviour it is.
    pub fn new(steps: &[Step], end: End, others: usize) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("grants.toml", GRANTS.as_bytes());
        place.pack(steps, "");
        place.component(&guest(steps, end, "first"));
        for n in 0..others {
            let id = format!("other-{n:02}");
            let pack = format!("id = \"{id}\"\nversion = \"0.1.0\"\nplugin = \"pup\"\npersona = \"persona.toml\"\n");
            place.write(&format!("agents/{id}/pack.toml"), pack.as_bytes());
            place.write(&format!("agents/{id}/persona.toml"), b"goals = [\"be another\"]\n");
        }
        place
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join(".puppet")
    }

    /// A file, in its place by a rename.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let draft = path.with_extension("draft");
        std::fs::write(&draft, bytes).unwrap();
        std::fs::rename(draft, path).unwrap();
    }

    /// `pack.toml` of `pup`, asking for what these steps use; `more` is put before the tables.
    pub fn pack(&self, steps: &[Step], more: &str) {
        let mut asks: Vec<&str> = steps.iter().map(|step| step.capability()).collect();
        asks.retain(|name| !["agent", "log"].contains(name));
        asks.sort_unstable();
        asks.dedup();
        let asks: String = asks.iter().map(|name| format!("[requests.{name}]\n")).collect();
        let text = format!(
            "id = \"pup\"\nversion = \"0.1.0\"\nname = \"Pup\"\ncomponent = \"pup.wasm\"\npersona = \"persona.toml\"\n{more}{asks}"
        );
        self.write("agents/pup/persona.toml", b"goals = [\"bark\"]\n");
        self.write("agents/pup/pack.toml", text.as_bytes());
    }

    /// Another version in `pack.toml`.
    pub fn versioned(&self, version: &str) {
        let text = std::fs::read_to_string(self.path().join("agents/pup/pack.toml")).unwrap();
        let line = text.lines().find(|line| line.starts_with("version")).unwrap();
        self.write("agents/pup/pack.toml", text.replace(line, &format!("version = \"{version}\"")).as_bytes());
    }

    pub fn component(&self, bytes: &[u8]) {
        self.write("agents/pup/pup.wasm", bytes);
    }

    /// Rules of swaps.
    pub fn rules(&self, text: &str) {
        self.write("puppet.toml", format!("[swap]\n{text}").as_bytes());
    }

    pub fn host(&self) -> Running {
        Running::start(self.path(), &self.data(), &[])
    }

    pub fn ask(&self, request: &Request) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(control::ask_at(&self.data(), request)).unwrap().expect("a host runs")
    }

    /// An event to an agent, waited for. Answers its record.
    pub fn event(&self, id: &str, agent: &str, priority: Priority) -> Value {
        self.ask(&Request::Send { events: vec![event(id, agent, priority)], wait_ms: Some(60_000) });
        let journal = self.journal();
        let mut mine = journal.into_iter().filter(|item| item["event"]["id"] == id);
        mine.next().unwrap_or_else(|| panic!("`{id}` has no record"))
    }

    /// All records, the newest first.
    pub fn journal(&self) -> Vec<Value> {
        let listed = run(self.path(), &["journal", "--limit", "10000", "--json"]).exits(0).json();
        listed["items"].as_array().unwrap().clone()
    }

    /// Waits until a version of `pup` has come so far; answers what is told of it.
    #[track_caller]
    pub fn until(&self, bytes: &[u8], state: &str) -> Value {
        let mut told = Value::Null;
        let end = std::time::Instant::now() + Duration::from_secs(120);
        support::until(Duration::from_secs(150), "never", || {
            assert!(std::time::Instant::now() < end, "`pup` never comes to `{state}`: {told}\n{:?}", self.lock());
            told = self.told();
            let is_it = told["digest"] == digest(bytes);
            assert!(!is_it || told["state"] == state || !ended(&told["state"], state), "{told}");
            is_it && told["state"] == state
        });
        told
    }

    /// What is told of the newest version of `pup`.
    pub fn told(&self) -> Value {
        self.ask(&Request::Plugins)["swaps"]["pup"].clone()
    }

    /// The component that serves.
    pub fn serving(&self) -> String {
        let hosted = self.ask(&Request::Plugins);
        let versions = hosted["versions"].as_array().unwrap();
        let one = versions.iter().find(|one| one["pack"] == "pup" && one["serves"] == true).unwrap();
        one["digest"].as_str().unwrap().to_owned()
    }

    /// State and reason of every version in the lock file.
    pub fn lock(&self) -> Vec<(String, String)> {
        let installed = puppet_packs::Installed::at(&self.data());
        let of_pup = installed.entries().unwrap().into_iter().filter(|entry| entry.id.as_str() == "pup");
        of_pup.map(|entry| (entry.state.name().to_owned(), entry.reason.unwrap_or_default())).collect()
    }
}

/// Whether something came to another end than the one that is waited for.
fn ended(state: &Value, wanted: &str) -> bool {
    let ends = ["refused", "rolled-back"];
    state.as_str().is_some_and(|state| ends.contains(&state)) && !ends.contains(&wanted)
}

/// An event that happens now.
pub fn event(id: &str, agent: &str, priority: Priority) -> Event {
    Event {
        id: EventId::from(id),
        kind: "news".to_owned(),
        source: "test".to_owned(),
        agent: AgentId::new(agent),
        author: None,
        priority,
        at: Timestamp::from_system(),
        payload: json!({ "topic": "rain" }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// The digest of a component.
pub fn digest(bytes: &[u8]) -> String {
    puppet_types::Digest::of(bytes).to_string()
}
