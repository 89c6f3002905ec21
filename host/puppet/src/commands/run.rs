//! `run`: the host, until it is stopped. It holds the data folder; commands reach it through its socket. `paper` and `trade`
//! are the same with one desk more.

mod assembled;
mod printer;
mod ready;
mod signals;
mod watched;

use std::{sync::Arc, time::Duration};

use puppet_engine::{Host, Live};
use puppet_store::HostLock;
use puppet_tweet::X;
use puppet_types::counted;
use tokio::sync::watch;

use crate::{
    agents, bill,
    cli::{Emulated, Paper, Run, Trade},
    commands::{halt::words, outbox},
    control::{Control, Parts},
    credentials,
    emulated::{self, Chain, Services},
    grants, hearing, networks,
    output::Output,
    retention,
    rows::Rows,
    sandboxed,
    setup::Setup,
    swaps::{self, AtStart, Folders, Swaps, compile},
    trading::{Around, Desks, Floor, Places, Trending, Wanted, apart, binds_to_localnet},
    trouble::{Result, Trouble},
};

use assembled::Assembled;
use printer::Printer;
use ready::Ready;
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
    setup.warn(out);
    let configured = Wanted::of_config(setup, out)?;
    let chain = emulated(setup, args, configured.iter().chain(&desk), out).await?;
    let lock = HostLock::take(&setup.data)?;
    Ready::forget(&setup.data);
    let store = Rows::open_for_host(setup, args.take_over).await?;
    let secrets = credentials::secrets(setup)?;
    if let Some(warning) = secrets.warning() {
        out.note(format!("{} ({})", warning.message, warning.remedy));
    }
    apart::check(setup, &secrets, configured.iter().chain(&desk))?;
    let wants = |one| args.emulate.contains(&one);
    let services = Services::start(wants(Emulated::X), wants(Emulated::Llm)).await?;
    let in_place = services.in_place(setup);
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
    // Whatever a desk waits for while it opens: commands reach the host.
    let (served, start) = Served::begin(setup, assembled, &floor, stopped, out)?;
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
    host: Arc<Host>,
    x: Option<Arc<X>>,
    swaps: Arc<Swaps>,
    watched: Arc<Watched>,
    control: Control,
    stopped: watch::Receiver<bool>,
}

impl Served {
    /// From now on. Answers what is left of the start.
    fn begin(
        setup: &Setup,
        assembled: Assembled,
        floor: &Arc<Floor>,
        stopped: watch::Receiver<bool>,
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
        let watched = Arc::new(Watched::new(setup, &swaps, grants.clone(), out));
        let parts = Parts {
            host: Arc::clone(&host),
            local,
            x: x.clone(),
            models,
            grants,
            stop: stopped.clone(),
            joining,
            swaps: Arc::clone(&swaps),
            desks: Arc::clone(floor) as _,
        };
        let control = Control::open(&setup.data, parts)?;
        Ok((Self { host, x, swaps, watched, control, stopped }, start))
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
        let (host, setup, out) = (&self.host, around.setup, around.out);
        let printer = (!args.quiet && !out.json).then(|| Printer::start(host, out));
        let kept = retention::retention(&setup.config);
        let sweep = retention::start(Arc::clone(&host.store), Arc::clone(&host.clock), kept);
        let billed = bill::start(host, self.x.as_ref());
        let heard = hearing::start(setup, host, self.x.as_ref(), self.stopped.clone());
        let mut driver = tokio::spawn(live(setup).run(Arc::clone(host), self.stopped.clone()));
        let ready = Ready::write(&setup.data, services, around.chain)?;
        self.tell(agents, services, around).await?;
        // A slow answer of X keeps nobody from living.
        let asking = self.x.clone().map(|x| tokio::spawn(networks::ask(x, out)));
        start.look.iter().for_each(|pack| self.swaps.look(pack));
        let watched = Arc::clone(&self.watched);
        let folders = Folders::new(setup.home.clone(), Arc::clone(&self.swaps), watched, start.folders);
        let folders = tokio::spawn(folders.run());
        let ended_by_itself = tokio::select! {
            () = signals.stop(args.length) => None,
            () = desks.over() => None,
            ended = &mut driver => Some(ended),
        };
        folders.abort();
        asking.inspect(tokio::task::JoinHandle::abort);
        self.swaps.end();
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
        if let Some(x) = &self.x {
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
        if let Some(halt) = self.host.halted() {
            out.note(words(&halt));
        }
        if let Some(doubtful) = outbox::doubtful(&*self.host.store).await? {
            out.note(doubtful);
        }
        hearing::told(setup, self.x.as_ref()).into_iter().for_each(|line| out.note(line));
        if agents == 0 {
            out.note("no agents yet: `puppet agent import FILE.json`");
        }
        Ok(())
    }

    /// Nobody is answered any more.
    async fn close(self) {
        self.swaps.end();
        self.control.close().await;
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
