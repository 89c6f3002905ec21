//! `run`: the host, until it is stopped. It holds the data folder; commands reach it through its socket. `paper` and `trade`
//! are the same with one desk more.

mod assembled;
mod at_once;
mod printer;
mod ready;
mod signals;
mod watched;
#[cfg(test)]
mod within_tests;

use std::{sync::Arc, time::Duration};

use puppet_api::{Listener, Server};
use puppet_engine::Live;
use puppet_store::HostLock;
use puppet_types::counted;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    agents, bill,
    cli::{Emulated, Paper, Run, Trade},
    commands::{halt::words, outbox},
    config::Config,
    control::{Control, Parts},
    cost, credentials,
    emulated::{self, Chain, Services},
    grants, hearing, logging, networks,
    output::Output,
    retention,
    rows::Rows,
    sandboxed, serving,
    setup::Setup,
    swaps::{self, AtStart, Folders, Swaps, compile},
    trading::{Around, Desks, Floor, Places, Trending, Wanted, apart, binds_to_localnet},
    trouble::{Result, Trouble},
};

use assembled::Assembled;
pub use assembled::kept_secret;
pub use at_once::is_at_once;
use printer::Printer;
use ready::Ready;
pub use ready::{Emulators, url_of_host};
use signals::Signals;
use watched::Watched;

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
    puppet_api::metrics::begun();
    setup.warn(out);
    let configured = Wanted::of_config(setup, out)?;
    let chain = emulated(setup, args, configured.iter().chain(&desk), out).await?;
    let lock = HostLock::take(&setup.data)?;
    Ready::forget(&setup.data);
    // Before anything is begun that would have to be taken back.
    let listener = serving::bind(setup, out).await?;
    let store = Rows::open_for_host(setup, args.take_over).await?;
    let secrets = credentials::secrets(setup)?;
    if let Some(warning) = secrets.warning() {
        out.note(format!("{} ({})", warning.message, warning.remedy));
    }
    apart::check(setup, &secrets, configured.iter().chain(&desk))?;
    let wants = |one| args.emulate.contains(&one);
    let services = Services::start(wants(Emulated::X), wants(Emulated::Llm)).await?;
    let (in_place, written) = (services.in_place(setup), &setup.config);
    let setup = in_place.as_ref().unwrap_or(setup);
    let handles = match services.x() {
        Some(_) => Some(agents::handles(&*store).await?),
        None => None,
    };
    let mut assembled = Assembled::of(setup, &secrets, &store, handles.as_deref(), out).await?;
    let floor = Arc::new(Floor::default());
    let places = Places::made((configured, desk), &floor, &assembled.seats)?;
    let agents = assembled.load(setup, &*store, out).await?;
    if let Some(trending) = Trending::of(setup, &secrets)? {
        assembled.seats.follow(Arc::new(trending));
    }
    let around = Around {
        setup,
        secrets: &secrets,
        store: store.clone(),
        host: Arc::clone(&assembled.host),
        chain: chain.as_ref(),
        seats: Arc::clone(&assembled.seats),
        out,
        is_quiet: args.quiet,
    };
    let (stop, stopped) = watch::channel(false);
    let traces = traces(setup, &store);
    // Whatever a desk waits for while it opens: commands reach the host.
    let reached = (listener, &store);
    let (served, start) = Served::begin((setup, written), assembled, &floor, (stopped, reached), out).await?;
    let mut signals = Signals::new();
    let opened = tokio::select! {
        opened = Desks::open(places, &around) => opened.map(Some),
        () = signals.stop(None) => Ok(None),
    };
    let ended = match opened {
        Ok(Some(desks)) => served.live((args, &services), (start, agents), desks, (&mut signals, stop), &around).await,
        Ok(None) => Ok(()),
        Err(trouble) => Err(trouble),
    };
    served.close().await;
    if let Some((end, exported)) = traces {
        end.send_replace(true);
        let _ = exported.await;
    }
    store.close();
    drop(lock);
    ended
}

/// The chain that this host emulates, where it does. It keeps its state for as long as the host runs, and no longer.
async fn emulated(
    setup: &Setup,
    args: &Run,
    desks: impl Iterator<Item = &Wanted>,
    out: Output,
) -> Result<Option<Chain>> {
    let wants = |one| args.emulate.contains(&one);
    let wanted = emulated::Wanted { solana: wants(Emulated::Solana), jupiter: wants(Emulated::Jupiter) };
    if wanted != emulated::Wanted::default() {
        let wallets: Vec<&str> = desks.filter_map(Wanted::wallet).collect();
        binds_to_localnet(setup, &wallets, out)?;
    }
    Chain::start(wanted, CHAIN_SEED).await
}

/// A host that commands reach, and that takes new versions up.
struct Served {
    parts: Arc<Parts>,
    watched: Arc<Watched>,
    control: Control,
    /// None where none is configured.
    server: Option<Server>,
    api_url: Option<String>,
    ready: watch::Sender<bool>,
}

impl Served {
    /// From now on. Answers what is left of the start.
    async fn begin(
        (setup, written): (&Setup, &Config),
        assembled: Assembled,
        floor: &Arc<Floor>,
        (stopped, (listener, rows)): (watch::Receiver<bool>, (Option<Listener>, &Rows)),
        out: Output,
    ) -> Result<(Self, AtStart)> {
        let Assembled { host, local, installed, repertoire, grants, models, start, x, .. } = assembled;
        let joining = Arc::new(tokio::sync::Mutex::new(()));
        let context = swaps::Context::new(
            Arc::clone(&host),
            (installed, repertoire),
            Arc::clone(&grants),
            (compile::program(), sandboxed::config(setup)?),
            (setup.config.swap.clone(), setup.config.packs.clone()),
            (Arc::clone(&joining), Arc::clone(floor)),
        );
        let swaps = Swaps::new(context);
        // Before anybody can ask for a look.
        swaps.watch_again(&start.watched);
        let grants = (grants, grants::file(setup));
        let watched = Arc::new(Watched::new((setup, written), &swaps, grants.clone(), x.clone(), out));
        let parts = Arc::new(Parts {
            host,
            local,
            x,
            models,
            grants,
            stop: stopped,
            joining,
            swaps,
            keys: serving::keys(rows).await?,
            desks: Arc::clone(floor) as _,
        });
        let control = Control::open(&setup.data, Arc::clone(&parts))?;
        let (ready, is_ready) = watch::channel(false);
        let api_url = listener.as_ref().map(Listener::url);
        let server = match listener {
            Some(listener) => Some(serving::serve(listener, setup, (&parts, rows), is_ready, out).await?),
            None => None,
        };
        Ok((Self { parts, watched, control, server, api_url, ready }, start))
    }

    /// Lives until it is told to stop or ends by itself, and then lets what is under way end.
    async fn live(
        &self,
        (args, services): (&Run, &Services),
        (start, agents): (AtStart, usize),
        mut desks: Desks<'_>,
        (signals, stop): (&mut Signals, watch::Sender<bool>),
        around: &Around<'_>,
    ) -> Result<()> {
        let Parts { host, x, swaps, stop: stopped, .. } = &*self.parts;
        let (setup, out) = (around.setup, around.out);
        let printer = (!args.quiet && !out.json).then(|| Printer::start(host, out));
        let kept = retention::retention(&setup.config);
        let sweep = retention::start(Arc::clone(&host.store), Arc::clone(&host.clock), kept);
        let billed = bill::start(host, x.as_ref());
        let heard = hearing::start(setup, host, x.as_ref(), stopped.clone());
        let mut driver = tokio::spawn(live(setup).run(Arc::clone(host), stopped.clone()));
        let ready = Ready::write(&setup.data, services, around.chain, self.api_url.as_deref())?;
        self.ready.send_replace(true);
        self.tell(agents, services, around).await?;
        // A slow answer of X keeps nobody from living.
        let asking = x.clone().map(|x| tokio::spawn(networks::ask(x, out)));
        start.look.iter().for_each(|pack| swaps.look(pack));
        let watched = Arc::clone(&self.watched);
        let folders = Folders::new(setup.home.clone(), Arc::clone(swaps), watched, start.folders, start.unfit);
        let folders = tokio::spawn(folders.run());
        let ended_by_itself = tokio::select! {
            () = signals.stop(args.length) => None,
            () = desks.over() => None,
            ended = &mut driver => Some(ended),
        };
        folders.abort();
        asking.inspect(tokio::task::JoinHandle::abort);
        swaps.end();
        // Nothing new comes in while what is under way ends.
        if let Some(heard) = heard {
            heard.abort();
        }
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
        billed.inspect(tokio::task::JoinHandle::abort);
        if let Some(x) = x {
            bill::save(host, x).await?;
        }
        if let Some(printer) = printer {
            printer.finish().await;
        }
        drop(ready);
        finished.map_err(Trouble::from)?;
        traded
    }

    /// What an operator should know at the start.
    async fn tell(&self, agents: usize, services: &Services, around: &Around<'_>) -> Result<()> {
        let Parts { host, x, .. } = &*self.parts;
        let (setup, out) = (around.setup, around.out);
        for (name, url) in [("x", services.x()), ("llm", services.llm())] {
            url.into_iter().for_each(|url| out.note(format!("{name}: {url}")));
        }
        if let Some(chain) = around.chain {
            out.note(format!("solana: {}", chain.solana()));
            out.note(format!("jupiter: {}", chain.jupiter()));
        }
        let living = counted(agents, "agent lives", "agents live");
        out.note(format!("{living} in {} (pid {})", setup.data.display(), std::process::id()));
        if let Some(url) = &self.api_url {
            out.note(format!("api: {url}"));
        }
        if let Some(halt) = host.halted() {
            out.note(words(&halt));
        }
        if let Some(doubtful) = outbox::doubtful(&*host.store).await? {
            out.note(doubtful);
        }
        hearing::told(setup, x.as_ref()).into_iter().for_each(|line| out.note(line));
        // What is emulated costs nothing.
        if services.x().or(services.llm()).is_none() {
            let heard = x.as_ref().map_or(0, |x| x.accounts().len());
            let told = cost::of_day(&setup.config, &host.budget_lines().await?, heard);
            told.into_iter().for_each(|line| out.note(line));
        }
        if agents == 0 {
            out.note("no agents yet: `puppet agent import FILE.json`");
        }
        Ok(())
    }

    /// Nobody is answered any more.
    async fn close(self) {
        self.parts.swaps.end();
        if let Some(server) = self.server {
            server.close().await;
        }
        self.control.close().await;
    }
}

/// Sends spans to the collector of the configuration, until it is told to end.
fn traces(setup: &Setup, store: &Rows) -> Option<(watch::Sender<bool>, JoinHandle<()>)> {
    let recorded = logging::recorded()?;
    let url = puppet_api::trace::endpoint(setup.config.trace.otlp.as_deref()?).ok()?;
    let (end, ended) = watch::channel(false);
    let store = store.shared();
    let exported = tokio::spawn(async move {
        if let Err(error) = puppet_api::trace::export(recorded, url, store, ended).await {
            tracing::error!(%error, "no traces are sent");
        }
    });
    Some((end, exported))
}

fn live(setup: &Setup) -> Live {
    let host = &setup.config.host;
    let stop_timeout = Duration::from_millis(host.stop_timeout_ms);
    Live { invocations: host.workers, stop_timeout, ..Live::default() }
}

/// Ends on Ctrl-C, on SIGTERM, and after a length of time. Listened for from this call on, not from the first look.
pub fn told_to_stop(length: Option<Duration>) -> impl Future<Output = ()> {
    let mut signals = Signals::new();
    async move { signals.stop(length).await }
}
