//! The desks of a running host: opened, fed, asked by the operator, and closed with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use puppet_engine::Host;
use puppet_packs::SecretsFile;
use puppet_store::TradeStore;
use puppet_trade::{
    Desk, DeskError, DeskPlan, DeskStrategy, DeskVenue, Halted,
    feed::{Feed, Polled, Polling, Recorded},
};
use puppet_types::Timestamp;
use serde_json::Value;
use tokio::{
    sync::{RwLock, mpsc, watch},
    task::JoinHandle,
};

use super::{
    chains::Chains,
    drive::{Drive, Listen, Open},
    lines::Lines,
    purses::Seats,
    second::Second,
    summary::{self, Counts, Ended},
    trending::Followed,
    wanted::{Kind, Wanted},
};
use crate::{
    control::{self, unknown_agent},
    emulated::Chain,
    output::Output,
    rows::Rows,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
    wallets::{stop, words},
};

/// How many calls of a strategy may end badly.
const MAX_FAULTS: u32 = 3;
/// A price is no older than this, or than three looks take.
const MAX_AGE: Duration = Duration::from_secs(30);
/// How long a desk may take to save itself and end. It is as durable without.
const CLOSING: Duration = Duration::from_secs(20);

/// What desks live in.
pub struct Around<'a> {
    /// The configuration.
    pub setup: &'a Setup,
    /// Where keys are.
    pub secrets: &'a SecretsFile,
    /// Where purses are.
    pub store: Rows,
    /// Whose agents hear of swaps, and whose halt is theirs.
    pub host: Arc<Host>,
    /// The emulated chain, where there is one.
    pub chain: Option<&'a Chain>,
    /// Where characters look for theirs.
    pub seats: Arc<Seats>,
    /// Where lines go.
    pub out: Output,
    /// No lines.
    pub is_quiet: bool,
}

/// See the head of this file.
pub struct Desks {
    items: Vec<Item>,
    stop: watch::Sender<bool>,
    out: Output,
}

struct Item {
    name: String,
    purse: String,
    desk: Open,
    word: Word,
    /// Of the command line: the host ends with it, and it is told about.
    is_commanded: bool,
    driven: Option<JoinHandle<(Counts, Ended)>>,
    heard: Option<JoinHandle<Counts>>,
    came_to: Option<(Counts, Ended)>,
}

impl Desks {
    /// Opens them. One of the configuration that cannot be opened keeps nobody else from trading; that of the command line
    /// has to.
    pub async fn open(configured: Vec<Wanted>, commanded: Option<Wanted>, around: &Around<'_>) -> Result<Self> {
        let (stop, _) = watch::channel(false);
        let mut desks = Self { items: Vec::new(), stop, out: around.out };
        distinct(&configured, commanded.as_ref())?;
        let configured = configured.into_iter().map(|wanted| (wanted, false));
        for (wanted, is_commanded) in configured.chain(commanded.map(|wanted| (wanted, true))) {
            let name = wanted.name.clone();
            match desks.add(wanted, is_commanded, around).await {
                Err(trouble) if !is_commanded => {
                    let line = trouble.in_a_line();
                    around.out.note(format!("desk {name}: {line}: it does not trade until the next start"));
                }
                other => other?,
            }
        }
        Ok(desks)
    }

    async fn add(&mut self, wanted: Wanted, is_commanded: bool, around: &Around<'_>) -> Result<()> {
        let chains = Chains { setup: around.setup, secrets: around.secrets, emulated: around.chain };
        if let Some(agent) = &wanted.agent
            && !around.host.agents.knows(agent)
        {
            return Err(unknown_agent(agent, &around.host.agents.ids()));
        }
        let store: Arc<dyn TradeStore> = around.store.shared();
        let purse = wanted.purse();
        // What an operator said while no desk was there to hear it holds before anything is gone on with.
        let said = words::of(&*store, &purse).await?;
        let stands = said.halted(&purse);
        let (word, opening) = (Arc::new(Mutex::new(stands.clone())), Arc::new(Mutex::new(stands.clone())));
        let venue = match &wanted.kind {
            Kind::Paper { models, start_balance } => {
                DeskVenue::Paper { models: *models, start_balance: *start_balance }
            }
            Kind::Live { wallet, is_understood } => {
                let exchange = chains.exchange(wallet, *is_understood, Arc::clone(&store), &wanted.markets, around.out);
                DeskVenue::Live { exchange: exchange.await?, now: Arc::new(Timestamp::from_system) }
            }
        };
        let name = wanted.name.clone();
        let (feed, batches) = feed(&wanted, &chains, &store).await?;
        let second = Second::of(around.setup, around.secrets, &wanted.markets, &wanted.rules)?;
        let live = wanted.recorded.is_none().then(|| around.seats.trending()).flatten();
        let followed = Followed::of(live, &wanted.markets, &wanted.rules);
        let lines = || {
            let wants = !around.is_quiet && !around.out.json;
            wants.then(|| Lines::new(&name, wanted.markets.clone(), around.out))
        };
        let (of_events, of_swaps) = (lines(), lines().filter(|_| matches!(wanted.kind, Kind::Live { .. })));
        let (agent, rules) = (wanted.agent.clone(), wanted.rules.clone());
        let plan = DeskPlan {
            purse: purse.clone(),
            venue,
            network: chains.network().name().to_owned(),
            markets: wanted.markets,
            bar_seconds: wanted.bar_seconds,
            rules: wanted.rules,
            strategy: wanted
                .strategy
                .map(|chosen| DeskStrategy { id: chosen.id, strategies: Arc::new(chosen.strategies) }),
            parameters: wanted.parameters,
            seed: wanted.seed,
            max_faults: MAX_FAULTS,
            agent: wanted.agent,
            take_over: false,
        };
        let (tell, told) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Handle::current();
        let halted = halted_too(halted(around), Arc::clone(&opening));
        let opened = Desk::open(plan, Arc::clone(&store), halted, tell, runtime).await;
        let desk = opened.map_err(|error| of_desk(&name, error))?;
        if let Some(reason) = stands {
            desk.halt(&reason).await.map_err(|error| of_desk(&name, error))?;
            set(&opening, None);
        } else if said.resumed.is_some() {
            desk.resume().await.map_err(|error| of_desk(&name, error))?;
            words::say(&*store, &purse, &words::Word::Resumed, Timestamp::from_system()).await?;
        }
        let desk = Arc::new(RwLock::new(Some(desk)));
        if let Some(agent) = agent {
            around.seats.put(agent, purse.clone(), Arc::clone(&desk), rules.clone());
        }
        let out = around.out;
        let listen = Listen {
            desk: Arc::clone(&desk),
            host: Arc::clone(&around.host),
            told,
            rules,
            lines: of_swaps,
            name: name.clone(),
            out,
        };
        let drive = Drive {
            desk: Arc::clone(&desk),
            feed: Some(feed),
            second,
            followed,
            batches,
            lines: of_events,
            name: name.clone(),
            out,
        };
        let driven = Some(tokio::spawn(drive.run(self.stop.subscribe())));
        let heard = Some(tokio::spawn(listen.run()));
        self.items.push(Item { name, purse, desk, word, is_commanded, driven, heard, came_to: None });
        Ok(())
    }

    /// Returns when the desk of the command line is over, by itself; never where there is none.
    pub async fn over(&mut self) {
        let Some(item) = self.items.iter_mut().find(|item| item.is_commanded) else {
            return std::future::pending().await;
        };
        if let Some(driven) = &mut item.driven {
            let came_to = driven.await.unwrap_or_else(|error| (Counts::default(), Ended::Failed(error.to_string())));
            (item.driven, item.came_to) = (None, Some(came_to));
        }
    }

    /// For the operator's words.
    pub fn served(&self) -> Arc<dyn control::Desks> {
        let both = |item: &Item| (Arc::clone(&item.desk), Arc::clone(&item.word));
        let desks = self.items.iter().map(|item| (item.purse.clone(), both(item)));
        Arc::new(Served(desks.collect()))
    }

    /// Lets every desk save itself and end, and tells what that of the command line did.
    pub async fn close(self) -> Result<()> {
        let _ = self.stop.send(true);
        let mut told = Ok(());
        for item in self.items {
            let Item { name, desk, is_commanded, driven, heard, came_to, .. } = item;
            let (mut counts, ended) = match (came_to, driven) {
                (Some(came_to), _) => came_to,
                (None, Some(driven)) => {
                    driven.await.unwrap_or_else(|error| (Counts::default(), Ended::Failed(error.to_string())))
                }
                (None, None) => (Counts::default(), Ended::Stopped),
            };
            let taken = desk.write().await.take();
            let view = taken.as_ref().and_then(|desk| desk.view().ok());
            let closed = match taken {
                None => Ok(Ok(())),
                Some(desk) => tokio::time::timeout(CLOSING, desk.close()).await,
            };
            match closed {
                Ok(Ok(())) => {}
                // Why it stopped was told when it did.
                Ok(Err(DeskError::Stopped(_))) => {}
                Ok(Err(error)) => self.out.note(format!("{name}: {error}")),
                Err(_) => self.out.note(format!("{name}: it takes too long to end, and goes on at the next start")),
            }
            if let Some(heard) = heard {
                let abort = heard.abort_handle();
                match tokio::time::timeout(Duration::from_secs(5), heard).await {
                    Ok(Ok(swaps)) => {
                        (counts.swaps_done, counts.swaps_failed) = (swaps.swaps_done, swaps.swaps_failed);
                    }
                    _ => abort.abort(),
                }
            }
            if is_commanded {
                if let Some(view) = view {
                    summary::print(&name, &view, counts, &ended, self.out)?;
                }
                if let Ended::Failed(reason) = ended {
                    told = Err(stopped(&name, &reason));
                }
            }
        }
        told
    }
}

/// One purse has one desk, and one agent too.
fn distinct(configured: &[Wanted], commanded: Option<&Wanted>) -> Result<()> {
    let (mut purses, mut agents) = (BTreeSet::new(), BTreeSet::new());
    for wanted in configured.iter().chain(commanded) {
        let is_new = purses.insert(wanted.purse()) && wanted.agent.as_ref().is_none_or(|agent| agents.insert(agent));
        if !is_new {
            let message = format!("another desk of [trading.desks] has the purse or the agent of `{}`", wanted.name);
            let remedy = "give it another --name, --wallet or --agent; or `puppet run` for those of the configuration";
            return Err(Trouble::input("bad-value", message, remedy));
        }
    }
    Ok(())
}

/// Where its bars come from, and how many batches there are of such as end.
async fn feed(
    wanted: &Wanted,
    chains: &Chains<'_>,
    store: &Arc<dyn TradeStore>,
) -> Result<(Box<dyn Feed>, Option<u64>)> {
    if let Some((bars, pace)) = &wanted.recorded {
        let recorded = Recorded::new(bars, *pace);
        let batches = recorded.left() as u64;
        return Ok((Box::new(recorded), Some(batches)));
    }
    let poll = Duration::from_millis(chains.setup.config.trading.poll_ms);
    let polling = Polling {
        markets: wanted.markets.clone(),
        bar_seconds: wanted.bar_seconds,
        poll,
        max_age: MAX_AGE.max(poll * 3),
    };
    let polled = Polled::new(polling, chains.prices()?, Arc::clone(store), Arc::new(Timestamp::from_system)).await;
    let polled = polled.map_err(|error| {
        Trouble::input("bad-value", error.to_string(), "give bars another length").of_field("--bar")
    })?;
    Ok((Box::new(polled), None))
}

/// Why nothing is traded on a purse, where its operator has said so.
type Word = Arc<Mutex<Option<String>>>;

fn set(word: &Word, reason: Option<String>) {
    *word.lock().unwrap_or_else(PoisonError::into_inner) = reason;
}

/// What stops all, or this purse alone.
fn halted_too(all: Halted, word: Word) -> Halted {
    Arc::new(move || all().or_else(|| word.lock().unwrap_or_else(PoisonError::into_inner).clone()))
}

/// What stops every desk at once: `puppet halt`, and the file.
fn halted(around: &Around<'_>) -> Halted {
    let (host, data) = (Arc::clone(&around.host), around.setup.data.clone());
    Arc::new(move || stop::of_all(&data, host.halted()))
}

fn of_desk(name: &str, error: DeskError) -> Trouble {
    let message = format!("desk `{name}`: {error}");
    match error {
        DeskError::Plan(_) => Trouble::input("bad-value", message, "docs/trading/paper.md says what a desk takes"),
        DeskError::Strategy(_) => Trouble::input("strategy", message, "its log says more: docs/trading/strategies.md"),
        DeskError::Purse { .. } => Trouble::refused(
            "purse",
            message,
            "give the desk another --name, or trade with another wallet; `puppet wallet list` shows the purses",
        ),
        DeskError::Taken(_) => Trouble::unreachable("purse", message, "let one host trade on a purse"),
        DeskError::Store(_) => Trouble::unreachable("data-folder", message, "check the data folder"),
        DeskError::Exchange(_) => Trouble::unreachable("no-chain", message, "see that the node runs"),
        DeskError::Busy(_) => Trouble::unreachable("purse", message, "ask again later"),
        DeskError::Stopped(reason) => stopped(name, &reason),
    }
}

fn stopped(name: &str, reason: &str) -> Trouble {
    let remedy = "`puppet wallet history` shows what was before; started again it goes on from there";
    let mut trouble = Trouble::input("run-stopped", format!("the desk `{name}` stopped: {reason}"), remedy);
    trouble.exit = Exit::Failed;
    trouble
}

/// Desks by purse.
struct Served(BTreeMap<String, (Open, Word)>);

#[async_trait]
impl control::Desks for Served {
    async fn halt(&self, purse: &str, reason: &str) -> Result<bool> {
        let Some((open, word)) = self.0.get(purse) else { return Ok(false) };
        // What waits for a signature hears it before the desk has its turn.
        set(word, Some(reason.to_owned()));
        let open = open.read().await;
        let Some(desk) = &*open else { return Ok(false) };
        desk.halt(reason).await.map_err(|error| of_desk(purse, error))?;
        Ok(true)
    }

    async fn resume(&self, purse: &str) -> Result<bool> {
        let Some((open, word)) = self.0.get(purse) else { return Ok(false) };
        set(word, None);
        let open = open.read().await;
        let Some(desk) = &*open else { return Ok(false) };
        desk.resume().await.map_err(|error| of_desk(purse, error))?;
        Ok(true)
    }

    fn views(&self) -> Result<Vec<Value>> {
        let open = self.0.values().filter_map(|(open, _)| open.try_read().ok()?.as_ref()?.view().ok());
        open.map(|view| serde_json::to_value(view).map_err(Trouble::internal)).collect()
    }
}
