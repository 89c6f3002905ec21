//! What counting instructions costs: the plugins that come with the program, on what they met in a simulated day, with
//! and without. The same invocations are replayed on both sides, answered from the journal, so no provider and no store
//! takes part; each must decide on both as it did then. Nothing promises a figure: it depends on the machine.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use puppet::{
    agents,
    assembly::{self, Assembly, Plan},
    config::Config,
    firstparty,
    routes::Routes,
    setup::Setup,
};
use puppet_engine::{Divergence, Host, VirtualClock, replay};
use puppet_sandbox::{Sandbox, SandboxConfig};
use puppet_store::{AgentStore as _, Filter, SqliteStore, Store};
use puppet_types::{Invocation, Outcome, Timestamp};

use crate::{
    Effort, median,
    table::{Limit, Row},
};

/// Plugins that share the length of a round.
const PLUGINS: u32 = 4;

/// A row for each plugin.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let out = tempfile::tempdir().unwrap();
    let data = simulated(out.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = SandboxConfig::default;
        let metered = host(&data, Sandbox::new(config()).unwrap()).await;
        let unmetered = host(&data, Sandbox::unmetered(config()).unwrap()).await;
        let mut rows = Vec::new();
        for plugin in firstparty::plugins() {
            let met = met(&*metered.store, plugin.manifest.id.as_str()).await;
            rows.push(row(plugin.manifest.id.as_str(), &met, [&metered.host, &unmetered.host], effort).await);
        }
        rows
    })
}

async fn row(name: &str, met: &[Invocation], [metered, unmetered]: [&Host; 2], effort: &Effort) -> Row {
    for recorded in met {
        assert_eq!(replay(metered, recorded).await.unwrap().unwrap().divergence, None, "{name}");
        let without = replay(unmetered, recorded).await.unwrap().unwrap().divergence;
        assert!(matches!(without, Some(Divergence::Fuel { replayed: 0, .. })), "{name}: {without:?}");
    }
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        with.push(micros(metered, met, effort.length / PLUGINS).await);
        without.push(micros(unmetered, met, effort.length / PLUGINS).await);
    }
    Row {
        name: format!("metered {name}"),
        value: median(with),
        unit: "us",
        peer: median(without),
        against: "the same code unmetered, the same events",
        limit: Limit::None,
    }
}

/// Of an event, on average over all that the plugin met.
async fn micros(host: &Host, met: &[Invocation], length: Duration) -> f64 {
    let (since, mut passes) = (Instant::now(), 0_usize);
    while passes == 0 || since.elapsed() < length {
        for recorded in met {
            replay(host, recorded).await.unwrap();
        }
        passes += 1;
    }
    since.elapsed().as_secs_f64() * 1e6 / (passes * met.len()) as f64
}

/// A day of four characters, by the program itself. Answers its data folder.
fn simulated(folder: &Path) -> PathBuf {
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/agents");
    let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
    command.args(["simulate", "--days", "1", "--seed", "42", "--tz", "UTC", "--agents"]).arg(agents);
    command.arg("--out").arg(folder.join("day")).current_dir(folder).stdout(Stdio::null());
    assert!(command.status().unwrap().success(), "the day is not simulated");
    folder.join("day/data")
}

/// What a plugin met and ended well with.
async fn met(store: &dyn Store, plugin: &str) -> Vec<Invocation> {
    let filter = Filter { oldest_first: true, limit: 100_000, ..Filter::default() };
    let journal = store.journal(&filter).await.unwrap().into_iter().map(|entry| entry.invocation);
    let met: Vec<_> =
        journal.filter(|recorded| recorded.plugin.id.as_str() == plugin && recorded.outcome == Outcome::Ok).collect();
    assert!(!met.is_empty(), "{plugin} had nothing to do");
    met
}

/// The host of that day on a sandbox; its store cannot be written.
async fn host(data: &Path, sandbox: Sandbox) -> Assembly {
    let store = SqliteStore::open_read_only(data).unwrap();
    let config = Config::default();
    let generators = config.generators.all().map(|(name, generator)| (name.to_owned(), generator.interval_ms)).into();
    let plan = Plan {
        store: store.clone().into(),
        clock: Arc::new(VirtualClock::new(Timestamp::parse("2030-01-01T00:00:00Z").unwrap())),
        secret: assembly::seeded("simulation", 42),
        generators,
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: "UTC".to_owned(),
        markets: None,
        pages: None,
    };
    let data = data.to_owned();
    let resolved = Default::default();
    let setup = Setup { config, home: PathBuf::new(), data, warnings: Vec::new(), resolved, cache: None, inside: None };
    let assembly = assembly::assemble_on(&setup, plan, Arc::new(sandbox)).unwrap();
    for row in store.agents().await.unwrap() {
        agents::introduce(&assembly.host, &agents::spec_of(&row).unwrap());
    }
    assembly
}
