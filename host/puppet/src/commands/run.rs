//! `run`: the host, until it is stopped. It holds the data folder; commands reach it through its socket.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use puppet_engine::{Live, SystemClock};
use puppet_packs::{AgentSpec, SecretsFile};
use puppet_store::{
    AgentStore as _, HostLock,
    sqlite::{Options, SqliteStore},
};
use puppet_types::Timestamp;
use tokio::sync::watch;

use crate::{
    agents::{self, Found, NewAgent},
    assembly::{self, Assembly, Plan},
    cli::Run,
    control::Control,
    files, models,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Says where a running host can be reached; there while it runs.
const READY: &str = "run.json";
/// Seeds of invocations are made under it.
pub const SECRET: &str = "host.secret";

/// Runs it.
pub async fn run(setup: &Setup, args: &Run, out: Output) -> Result<()> {
    setup.warn(out);
    let lock = HostLock::take(&setup.data)?;
    // What a host that was killed left there speaks of another process.
    let _ = std::fs::remove_file(setup.data.join(READY));
    let store = SqliteStore::open(&setup.data, Options::default())?;
    let secrets = SecretsFile::open(&setup.data)
        .map_err(|error| Trouble::unreachable("secrets", error.to_string(), "mend the file, or move it away"))?;
    if let Some(warning) = secrets.warning() {
        out.note(format!("{} ({})", warning.message, warning.remedy));
    }
    let generators = setup.config.generators.all().into_iter().filter(|(_, generator)| generator.enabled);
    let generators: std::collections::BTreeMap<String, u64> =
        generators.map(|(name, generator)| (name.to_owned(), generator.interval_ms)).collect();
    let available = models::of(setup, &secrets, out)?;
    let names = available.clone();
    let cuts = assembly::operators(setup)?;
    let plan = Plan {
        store: store.clone(),
        clock: Arc::new(SystemClock),
        secret: secret(&setup.data)?,
        generators: generators.clone(),
        cuts: cuts.clone(),
        models: available,
        embedding: models::embedding(setup, &secrets)?,
        default_model: setup.config.llm.default.clone(),
        timezone: setup.config.host.timezone.clone(),
    };
    let Assembly { host, local, .. } = assembly::assemble(setup, plan)?;
    host.load().await?;
    adopt(&store, setup, out).await?;
    let mut packs = BTreeSet::new();
    let tell = |spec: &AgentSpec| {
        packs.insert(spec.pack.clone());
        for line in models::missing(&names, std::iter::once((spec.id.as_str(), spec.llm.as_deref()))) {
            out.note(line);
        }
    };
    let count = agents::take_up(&host, generators.into_keys(), tell).await?;
    assembly::unknown_packs(&cuts, &packs).into_iter().for_each(|note| out.note(note));

    let (stop, stopped) = watch::channel(false);
    let control = Control::open(&setup.data, Arc::clone(&host), local, stopped.clone())?;
    let driver = tokio::spawn(live(setup).run(Arc::clone(&host), stopped));
    let ready = Ready::write(&setup.data)?;
    out.note(format!("{count} agents live in {} (pid {})", setup.data.display(), std::process::id()));
    if count == 0 {
        out.note("no agents yet: `puppet agent import FILE.json`");
    }
    told_to_stop(args.length).await;
    // The driver finishes what is under way; a second signal ends the process as it is.
    let _ = stop.send(true);
    let finished = tokio::select! {
        finished = driver => finished.map_err(Trouble::internal)?,
        () = told_to_stop(None) => Ok(()),
    };
    control.close().await;
    drop(ready);
    store.close();
    drop(lock);
    finished.map_err(Trouble::from)
}

fn live(setup: &Setup) -> Live {
    Live { invocations: setup.config.host.workers, ..Live::default() }
}

/// Returns on Ctrl-C, on SIGTERM, and after a length of time.
pub async fn told_to_stop(length: Option<std::time::Duration>) {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    let over = async {
        match length {
            Some(length) => tokio::time::sleep(length).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
        () = over => {}
    }
}

/// Packs in `agents/` beside the configuration that are no agents yet.
async fn adopt(store: &SqliteStore, setup: &Setup, out: Output) -> Result<()> {
    let folder = setup.home.join("agents");
    if !folder.is_dir() {
        return Ok(());
    }
    let Found { specs, mut secrets, notes, .. } = agents::find(&folder)?;
    notes.into_iter().for_each(|note| out.note(note));
    for spec in specs {
        if store.agent(&spec.id).await?.is_none() {
            out.note(format!("{} comes to live here", spec.id));
            agents::keep(setup, secrets.remove(&spec.id).unwrap_or_default())?;
            NewAgent { spec }.write(store, Timestamp::from_system()).await?;
        }
    }
    Ok(())
}

/// Made once per data folder, readable by its owner alone.
fn secret(data: &Path) -> Result<[u8; 32]> {
    let path = data.join(SECRET);
    let failed = |error: std::io::Error| {
        let message = format!("cannot be read or written: {error}");
        Trouble::unreachable("host-secret", message, "check the data folder").in_file(&path)
    };
    match std::fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| failed(std::io::Error::other("it has not 32 bytes"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(Trouble::internal)?;
            files::replace(&path, &secret, Some(0o600)).map_err(failed)?;
            Ok(secret)
        }
        Err(error) => Err(failed(error)),
    }
}

/// `run.json`, gone when the host is.
struct Ready(PathBuf);

impl Ready {
    fn write(data: &Path) -> Result<Self> {
        let path = data.join(READY);
        let ready = serde_json::json!({
            "pid": std::process::id(), "ready_at": Timestamp::from_system(), "api_url": null,
            "emulators": { "x": null, "llm": null, "solana": null, "jupiter": null },
        });
        files::replace(&path, format!("{ready}\n").as_bytes(), None).map_err(|error| {
            let message = format!("cannot be written: {error}");
            Trouble::unreachable("data-folder", message, "check the data folder").in_file(&path)
        })?;
        Ok(Self(path))
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}
