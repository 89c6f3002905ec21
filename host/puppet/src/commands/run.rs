//! `run`: the host, until it is stopped. It holds the data folder; commands reach it through its socket. `paper` and `trade`
//! are the same with one desk more.

mod signals;
mod watched;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use puppet_engine::{Host, Live, SystemClock};
use puppet_packs::{AgentSpec, Installed};
use puppet_store::{HostLock, Store};
use puppet_types::{AgentId, Timestamp, counted};
use tokio::sync::watch;

use crate::{
    agents::{self, Found, NewAgent},
    assembly::{self, Assembly, Plan},
    cli::{Emulated, Paper, Run, Trade},
    commands::{halt::words, outbox},
    control::{Control, Parts},
    credentials,
    emulated::{self, Chain},
    feed::{
        Feed,
        plain::{self, Manner, Source},
    },
    files,
    grants::{self, Grants},
    installing,
    models::{self, Usable},
    networks,
    output::Output,
    records, retention,
    rows::Rows,
    sandboxed,
    setup::Setup,
    swaps::{self, AtStart, Folders, Swaps, compile},
    trading::{Around, Desks, Trending, Wanted, apart, binds_to_localnet},
    trouble::{Result, Trouble},
};

use signals::Signals;
use watched::Watched;

/// Says where a running host can be reached; there while it runs.
const READY: &str = "run.json";
/// Keys of the emulated chain follow from it.
const CHAIN_SEED: u64 = 42;
/// Seeds of invocations are made under it.
pub const SECRET: &str = "host.secret";

/// Runs it.
pub async fn run(setup: &Setup, args: &Run, out: Output) -> Result<()> {
    with(setup, args, None, out).await
}

/// Runs `paper`.
pub async fn paper(setup: &Setup, args: &Paper, out: Output) -> Result<()> {
    let wanted = Wanted::on_paper(setup, args, out).await?;
    with(setup, &args.host, Some(wanted), out).await
}

/// Runs `trade`.
pub async fn trade(setup: &Setup, args: &Trade, out: Output) -> Result<()> {
    let wanted = Wanted::with_money(setup, args, out)?;
    with(setup, &args.host, Some(wanted), out).await
}

/// Runs it with the desks of the configuration, and one of the command line where there is one.
async fn with(setup: &Setup, args: &Run, desk: Option<Wanted>, out: Output) -> Result<()> {
    setup.warn(out);
    let configured = Wanted::of_config(setup, out)?;
    let wants = |one| args.emulate.contains(&one);
    let wanted = emulated::Wanted { solana: wants(Emulated::Solana), jupiter: wants(Emulated::Jupiter) };
    if wanted != emulated::Wanted::default() {
        let wallets: Vec<&str> = configured.iter().chain(&desk).filter_map(Wanted::wallet).collect();
        binds_to_localnet(setup, &wallets, out)?;
    }
    // It keeps its state for as long as the host runs, and no longer.
    let chain = Chain::start(wanted, CHAIN_SEED).await?;
    let lock = HostLock::take(&setup.data)?;
    // What a host that was killed left there speaks of another process.
    let _ = std::fs::remove_file(setup.data.join(READY));
    let store = Rows::open_for_host(setup, args.take_over).await?;
    let secrets = credentials::secrets(setup)?;
    if let Some(warning) = secrets.warning() {
        out.note(format!("{} ({})", warning.message, warning.remedy));
    }
    apart::check(setup, &secrets, configured.iter().chain(&desk))?;
    let generators = setup.config.generators.all().into_iter().filter(|(_, generator)| generator.enabled);
    let generators: std::collections::BTreeMap<String, u64> =
        generators.map(|(name, generator)| (name.to_owned(), generator.interval_ms)).collect();
    let available = models::of(setup, &secrets, out)?;
    let names = available.clone();
    let models = Usable::of_host(&available, &setup.config.llm.default);
    let grants = Arc::new(Grants::of(setup)?);
    let x = networks::x(setup, &secrets, out)?;
    let plan = Plan {
        store: store.clone(),
        clock: Arc::new(SystemClock),
        secret: secret(&setup.data)?,
        generators: generators.clone(),
        grants: Arc::clone(&grants),
        models: available,
        embedding: models::embedding(setup, &secrets)?,
        default_model: setup.config.llm.default.clone(),
        timezone: setup.config.host.timezone.clone(),
    };
    let installed = Installed::at(&setup.data);
    // One that is not fit keeps nobody else from living.
    let (found, unfit) = records::fit(setup)?;
    for (path, trouble) in &unfit {
        out.note(format!("{}: {}: it is left as it was", path.display(), trouble.in_a_line()));
    }
    let unfit: Vec<PathBuf> = unfit.into_iter().map(|(path, _)| path).collect();
    let (home, keep) = (&setup.home, &setup.config.packs);
    let start = swaps::at_start(&installed, (home, &unfit), keep, Timestamp::from_system())?;
    start.notes.iter().for_each(|note| out.note(note));
    let assembly = assembly::assemble_for(setup, plan, x.clone())?;
    let more = install(&assembly, &start, out);
    let Assembly { host, local, repertoire, seats, .. } = assembly;
    // Before anything leaves the outbox: a swap that was handed to a purse waits for its desk, and goes to no other one.
    seats.expect(configured.iter().chain(&desk));
    host.load().await?;
    start.restore(&host).await?;
    adopt(&*store, (found, &start.agents), setup, out).await?;
    let mut packs = BTreeSet::new();
    let tell = |spec: &AgentSpec| {
        packs.insert(spec.pack.clone());
        for line in models::missing(&names, std::iter::once((spec.id.as_str(), spec.llm.as_deref()))) {
            out.note(line);
        }
        let tokenless = x.as_ref().and_then(|x| networks::without_token(x, spec.id.as_str(), &spec.handle));
        tokenless.into_iter().for_each(|line| out.note(line));
    };
    let count = agents::take_up(&host, generators.into_keys().chain(more), tell).await?;
    grants.notes(&packs, &installing::entries(setup)?).into_iter().for_each(|note| out.note(note));

    if let Some(trending) = Trending::of(setup, &secrets)? {
        seats.follow(Arc::new(trending));
    }
    let around = Around {
        setup,
        secrets: &secrets,
        store: store.clone(),
        host: Arc::clone(&host),
        chain: chain.as_ref(),
        seats,
        floor: Arc::default(),
        out,
        is_quiet: args.quiet,
    };
    let mut desks = Desks::open(configured, desk, &around).await?;

    let (stop, stopped) = watch::channel(false);
    let joining = Arc::new(tokio::sync::Mutex::new(()));
    let context = swaps::Context::new(
        Arc::clone(&host),
        (installed, repertoire),
        Arc::clone(&grants),
        (compile::program(), sandboxed::config(setup)?),
        (setup.config.swap.clone(), setup.config.packs.clone()),
        (Arc::clone(&joining), Arc::clone(&around.floor)),
    );
    let swaps = Swaps::new(context);
    let grants = (grants, grants::file(setup));
    let watched = Watched::new(setup, &swaps, grants.clone(), out);
    let parts = Parts {
        host: Arc::clone(&host),
        local: x.is_none().then_some(local),
        models,
        grants,
        stop: stopped.clone(),
        joining,
        swaps: Arc::clone(&swaps),
        desks: Arc::clone(&around.floor) as _,
    };
    let control = Control::open(&setup.data, parts)?;
    let printer = (!args.quiet && !out.json).then(|| Printer::start(&host, out));
    swaps.watch_again(&start.watched);
    let kept = retention::retention(&setup.config);
    let sweep = retention::start(Arc::clone(&host.store), Arc::clone(&host.clock), kept);
    let mut signals = Signals::new();
    let mut driver = tokio::spawn(live(setup).run(Arc::clone(&host), stopped));
    let ready = Ready::write(&setup.data, chain.as_ref())?;
    if let Some(chain) = &chain {
        out.note(format!("solana: {}", chain.solana()));
        out.note(format!("jupiter: {}", chain.jupiter()));
    }
    let living = counted(count, "agent lives", "agents live");
    out.note(format!("{living} in {} (pid {})", setup.data.display(), std::process::id()));
    if let Some(halt) = host.halted() {
        out.note(words(&halt));
    }
    if let Some(doubtful) = outbox::doubtful(&*host.store).await? {
        out.note(doubtful);
    }
    start.look.iter().for_each(|pack| swaps.look(pack));
    let folders = Folders::new(setup.home.clone(), Arc::clone(&swaps), Arc::new(watched), start.folders);
    let folders = tokio::spawn(folders.run());
    if count == 0 {
        out.note("no agents yet: `puppet agent import FILE.json`");
    }
    let ended_by_itself = tokio::select! {
        () = signals.stop(args.length) => None,
        () = desks.over() => None,
        ended = &mut driver => Some(ended),
    };
    folders.abort();
    swaps.end();
    // The driver lets what is under way end, within its bound; a second signal ends it as it is.
    let _ = stop.send(true);
    let traded = tokio::select! {
        traded = desks.close() => traded,
        // As durable as it is, and gone on with at the next start.
        () = signals.stop(None) => Ok(()),
    };
    let driver_ends = driver.abort_handle();
    let finished = match ended_by_itself {
        Some(ended) => ended.map_err(Trouble::internal)?,
        None => tokio::select! {
            finished = driver => finished.map_err(Trouble::internal)?,
            () = signals.stop(None) => {
                driver_ends.abort();
                Ok(())
            }
        },
    };
    // A piece that is under way is finished by the store.
    sweep.abort();
    if let Some(printer) = printer {
        printer.finish().await;
    }
    control.close().await;
    drop(ready);
    store.close();
    drop(lock);
    finished.map_err(Trouble::from)?;
    traded
}

/// Prints a line per effect as they are done. A reader that goes away does not end the host.
struct Printer {
    task: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Printer {
    /// How long a reader may take for the last lines.
    const LAST: Duration = Duration::from_secs(1);

    fn start(host: &Arc<Host>, out: Output) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (host, source) = (Arc::clone(host), Source { watcher: host.watch(), stop: stopped });
        let print = async move {
            let name = |agent: &AgentId| agent.to_string();
            let manner = Manner { clock: |at| at.to_jiff().strftime("%F %T").to_string(), name: &name, out };
            plain::each(&host, &mut Feed::default(), source, manner, |line| out.heard(line)).await;
        };
        Self { task: tokio::spawn(print), stop }
    }

    /// Once the driver has ended: what it did last is printed too.
    async fn finish(self) {
        // It may have ended with its reader.
        let _ = self.stop.send(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(Self::LAST, self.task).await.is_err() {
            abort.abort();
        }
    }
}

fn live(setup: &Setup) -> Live {
    let host = &setup.config.host;
    let stop_timeout = Duration::from_millis(host.stop_timeout_ms);
    Live { invocations: host.workers, stop_timeout, ..Live::default() }
}

/// Returns on Ctrl-C, on SIGTERM, and after a length of time.
pub async fn told_to_stop(length: Option<Duration>) {
    Signals::new().stop(length).await;
}

/// Lets what is installed serve. What does not load is told, and its agents wait. Answers the generators among it.
fn install(assembly: &Assembly, start: &AtStart, out: Output) -> Vec<String> {
    let mut served = Vec::new();
    for version in &start.versions {
        let compiled = assembly.host.sandbox.compile(&version.bytes);
        let loaded = compiled.map_err(|error| error.to_string());
        let loaded =
            loaded.and_then(|compiled| assembly.install(version, &compiled).map_err(|trouble| trouble.message));
        match loaded {
            Ok(()) => served.push(version.clone()),
            Err(reason) => out.note(format!("{}: {reason}: its agents wait", version.manifest.id)),
        }
    }
    for (pack, vouched) in &start.packs {
        assembly.repertoire.add_pack(pack.clone(), vouched.clone());
    }
    agents::generators(&served).collect()
}

/// Agents of packs and agent files that do not live here yet come to live here; those of packs are as their packs are
/// now.
async fn adopt(
    store: &dyn Store,
    (found, packs): (Found, &[(AgentSpec, bool)]),
    setup: &Setup,
    out: Output,
) -> Result<()> {
    let Found { specs, mut secrets, notes, .. } = found;
    notes.into_iter().for_each(|note| out.note(note));
    let mut born = Vec::new();
    for (spec, names_account) in packs {
        match store.agent(&spec.id).await? {
            None => born.push(spec.clone()),
            Some(row) => agents::refresh(store, row, spec, *names_account).await?,
        }
    }
    let of_packs = |spec: &AgentSpec| packs.iter().any(|(other, _)| other.id == spec.id);
    for spec in specs.into_iter().filter(|spec| !of_packs(spec)) {
        if store.agent(&spec.id).await?.is_none() {
            born.push(spec);
        }
    }
    agents::distinct(&mut born)?.into_iter().for_each(|note| out.note(note));
    for spec in born {
        out.note(format!("{} comes to live here", spec.id));
        agents::keep(setup, secrets.remove(&spec.id).unwrap_or_default())?;
        NewAgent { spec }.write(store, Timestamp::from_system()).await?;
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
    fn write(data: &Path, chain: Option<&Chain>) -> Result<Self> {
        let path = data.join(READY);
        let ready = serde_json::json!({
            "pid": std::process::id(), "ready_at": Timestamp::from_system(), "api_url": null,
            "emulators": {
                "x": null, "llm": null, "solana": chain.map(Chain::solana), "jupiter": chain.map(Chain::jupiter),
            },
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
