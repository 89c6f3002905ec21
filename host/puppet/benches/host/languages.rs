//! What a language costs: one personality in Rust, Python and JavaScript (`sdk/examples/polyglot`), built as its author would, on
//! the same mention. Each figure stands beside that of Rust in the same run. An invocation is run again from its record, so no
//! provider and no store takes part: what is timed is a fresh instance, the plugin's own code, and the gate.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use puppet::{
    agents::{self, NewAgent},
    assembly::{self, Assembly, Plan, Stranger},
    config::Config,
    routes::Routes,
    setup::Setup,
};
use puppet_engine::{VirtualClock, preview, replay};
use puppet_packs::{AgentSpec, Manifest};
use puppet_sandbox::{Sandbox, SandboxConfig, World};
use puppet_store::SqliteStore;
use puppet_types::{Event, EventId, Invocation, Outcome, Timestamp};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{
    Effort, authors, median,
    table::{Limit, Row},
};

/// Of what a pack is built.
const SOURCES: [&str; 6] = ["pack.toml", "persona.toml", "Cargo.toml", "src/lib.rs", "app.py", "app.js"];
/// A language, the folder with its tool, and where that stands in a pack.
const LANGUAGES: [(&str, Option<(&str, &str)>); 3] = [
    ("Rust", None),
    ("Python", Some(("PUPPET_TEST_PYTHON_TOOLS", ".venv"))),
    ("JavaScript", Some(("PUPPET_TEST_JS_TOOLS", "node_modules"))),
];

/// A component that serves, and what it did at its first event.
struct Subject {
    language: &'static str,
    bytes: f64,
    compiled_ms: f64,
    first_us: f64,
    assembly: Assembly,
    met: Invocation,
    /// Of each event, in each round.
    micros: Vec<Vec<f64>>,
}

/// Six rows for each language whose tool is here.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let built = |(language, tool): &(&'static str, _)| Some((*language, built(folder.path(), language, *tool)?));
    let packs: Vec<(&str, PathBuf)> = LANGUAGES.iter().filter_map(built).collect();
    // What a process does once is done before anybody is timed.
    drop(Subject::of(&runtime, packs[0].0, &packs[0].1));
    let subjects = packs.iter().map(|(language, pack)| Subject::of(&runtime, language, pack));
    let mut subjects: Vec<Subject> = subjects.collect();
    for _ in 0..effort.rounds {
        for subject in &mut subjects {
            let times = runtime.block_on(subject.round(effort));
            subject.micros.push(times);
        }
    }
    let rust: Vec<f64> = subjects[0].figures().into_iter().map(|(_, value, _)| value).collect();
    let of = |subject: &Subject| {
        let figures = subject.figures().into_iter().zip(&rust);
        let row = |((what, value, unit), peer): ((&str, f64, &'static str), &f64)| Row {
            name: format!("{}: {what}", subject.language),
            value,
            unit,
            peer: *peer,
            against: "Rust",
            limit: Limit::None,
        };
        figures.map(row).collect::<Vec<_>>()
    };
    subjects.iter().flat_map(of).collect()
}

/// The pack in a folder of its own, built; none where its tool is not here.
fn built(folder: &Path, language: &str, tool: Option<(&str, &str)>) -> Option<PathBuf> {
    let lang = if language == "JavaScript" { "js".to_owned() } else { language.to_lowercase() };
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/examples/polyglot").join(&lang);
    let pack = folder.join(&lang);
    fs::create_dir_all(pack.join("src")).unwrap();
    if let Some((variable, place)) = tool {
        let Some(tools) = std::env::var_os(variable) else {
            eprintln!("{language} is left out: {variable} names no folder with its tool");
            return None;
        };
        std::os::unix::fs::symlink(tools, pack.join(place)).unwrap();
    }
    for name in SOURCES {
        if from.join(name).is_file() {
            fs::copy(from.join(name), pack.join(name)).unwrap();
        }
    }
    assert!(authors::puppet(&pack).arg("build").status().unwrap().success(), "{language} is not built");
    Some(pack)
}

impl Subject {
    fn of(runtime: &Runtime, language: &'static str, pack: &Path) -> Self {
        let path = pack.join("pack.toml");
        let manifest = Manifest::parse(&fs::read_to_string(&path).unwrap(), &path).unwrap();
        let bytes = fs::read(pack.join("polyglot.wasm")).unwrap();
        let sandbox = Arc::new(Sandbox::new(SandboxConfig::default()).unwrap());
        let begun = Instant::now();
        let compiled = sandbox.compile(&bytes).unwrap();
        let compiled_ms = micros(begun) / 1_000.0;
        let at = Timestamp::parse("2026-01-05T12:00:00Z").unwrap();
        let spec = AgentSpec::blank("tester", &manifest.id);
        let stranger = Stranger { manifest, world: World::Personality, sandbox, compiled };
        let assembly = assembly::assemble_stranger(&setup(), plan(at), stranger).unwrap();
        runtime.block_on(async {
            assembly.host.apply(NewAgent { spec: spec.clone() }.changes(at).unwrap()).await.unwrap();
            agents::introduce(&assembly.host, &spec);
            let begun = Instant::now();
            let met = preview(&assembly.host, mention(&spec, at), Default::default()).await.unwrap().unwrap();
            let first_us = micros(begun);
            assert_eq!((&met.outcome, met.decisions.len()), (&Outcome::Ok, 2), "{language}: {:?}", met.reads);
            let replayed = replay(&assembly.host, &met).await.unwrap().unwrap();
            assert_eq!(replayed.divergence, None, "{language}");
            Self { language, bytes: bytes.len() as f64, compiled_ms, first_us, assembly, met, micros: Vec::new() }
        })
    }

    /// The times of the events of one round.
    async fn round(&self, effort: &Effort) -> Vec<f64> {
        let (since, mut times) = (Instant::now(), Vec::new());
        while times.is_empty() || since.elapsed() < effort.length {
            let begun = Instant::now();
            replay(&self.assembly.host, &self.met).await.unwrap();
            times.push(micros(begun));
        }
        times
    }

    /// What is told of it.
    fn figures(&self) -> [(&'static str, f64, &'static str); 6] {
        // The median of the rounds, as everywhere.
        let share = |share: f64| {
            let of = |times: &Vec<f64>| {
                let mut times = times.clone();
                times.sort_by(f64::total_cmp);
                times[((times.len() - 1) as f64 * share).round() as usize]
            };
            median(self.micros.iter().map(of).collect())
        };
        [
            ("component", self.bytes, "bytes"),
            ("compiled", self.compiled_ms, "ms"),
            ("a mention", self.met.fuel as f64, "fuel"),
            ("a mention, the first", self.first_us, "us"),
            ("a mention, p50", share(0.5), "us"),
            ("a mention, p99", share(0.99), "us"),
        ]
    }
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

fn mention(spec: &AgentSpec, at: Timestamp) -> Event {
    let post = json!({
        "id": "7", "author": "ada", "text": "Hello, is anybody there?", "at": "2026-01-05T11:59:00Z", "conversation": "7",
    });
    Event {
        id: EventId::from("evt_mention".to_owned()),
        kind: "mention".to_owned(),
        source: "bench".to_owned(),
        agent: spec.id.clone(),
        author: Some("ada".to_owned()),
        priority: Default::default(),
        at,
        payload: json!({ "post": post }),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

fn plan(at: Timestamp) -> Plan {
    Plan {
        store: SqliteStore::in_memory().unwrap().into(),
        clock: Arc::new(VirtualClock::new(at)),
        secret: assembly::seeded("bench", 42),
        generators: Default::default(),
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: "UTC".to_owned(),
        markets: None,
        pages: None,
    }
}

fn setup() -> Setup {
    Setup {
        config: Config::default(),
        home: PathBuf::new(),
        data: PathBuf::new(),
        warnings: Vec::new(),
        resolved: Default::default(),
        cache: None,
        inside: None,
    }
}
