//! The desks of a running host. Each is [opened](opening) by itself beside the agents and [kept](keeping) open, stands on the
//! [floor](floor) where the operator reaches it, goes over to [another version](versions) of its strategy, and is
//! [closed](closing) with the host.

mod closing;
mod floor;
mod keeping;
mod opening;
mod place;
mod stops;
mod versions;

use std::{collections::BTreeSet, sync::Arc};

use futures::{FutureExt as _, StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use puppet_engine::Host;
use puppet_packs::SecretsFile;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    chains::Chains,
    open::Open,
    purses::Seats,
    summary::{Counts, Ended},
    wanted::{Wanted, all_of},
};
use crate::{
    control::unknown_agent,
    emulated::Chain,
    output::Output,
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets,
};

use place::Place;

pub use floor::Floor;
pub use versions::Trading;

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

impl Around<'_> {
    fn chains(&self) -> Chains<'_> {
        Chains { setup: self.setup, secrets: self.secrets, emulated: self.chain }
    }
}

/// See the head of this file.
pub struct Desks<'a> {
    /// Of the command line: the host ends with it, and it is told about.
    commanded: Option<Item>,
    /// Each for as long as the host runs.
    configured: FuturesUnordered<LocalBoxFuture<'a, ()>>,
    stop: watch::Sender<bool>,
    out: Output,
}

/// One that is open.
struct Item {
    name: String,
    desk: Open,
    driven: Option<JoinHandle<(Counts, Ended)>>,
    heard: JoinHandle<Counts>,
    came_to: Option<(Counts, Ended)>,
}

impl<'a> Desks<'a> {
    /// Opens that of the command line, which has to be; those of the configuration open while [`over`](Self::over) is waited
    /// for, each by itself.
    pub async fn open(places: Places, around: &'a Around<'a>) -> Result<Self> {
        known(&places, around)?;
        let Places { configured, commanded } = places;
        let network = around.chains().network().name();
        for place in configured.iter().chain(&commanded) {
            around.out.note(place.line(network));
        }
        let (stop, stopped) = watch::channel(false);
        let commanded = match commanded {
            None => None,
            Some(place) => Some(opening::open(&place, around, stopped.clone()).await?),
        };
        let keep = |place| keeping::keep(place, around, stopped.clone()).boxed_local();
        let configured = configured.into_iter().map(keep).collect();
        Ok(Self { commanded, configured, stop, out: around.out })
    }

    /// Returns when the desk of the command line is over, by itself; never where there is none.
    pub async fn over(&mut self) {
        let Self { commanded, configured, .. } = self;
        let commanded = async {
            match commanded {
                Some(item) => item.over().await,
                None => std::future::pending().await,
            }
        };
        let configured = async {
            while configured.next().await.is_some() {}
            std::future::pending().await
        };
        tokio::select! {
            () = commanded => {}
            () = configured => {}
        }
    }
}

impl Item {
    /// Returns when it has ended, however it did.
    async fn over(&mut self) {
        if let Some(driven) = &mut self.driven {
            let came_to = driven.await.unwrap_or_else(|error| (Counts::default(), Ended::Failed(error.to_string())));
            (self.driven, self.came_to) = (None, Some(came_to));
        }
    }
}

/// Where the desks of a host are to stand. Made before anything leaves the outbox: a swap that was handed to a purse waits for
/// its desk, and goes to no other one.
pub struct Places {
    configured: Vec<Place>,
    /// That of the command line.
    commanded: Option<Place>,
}

impl Places {
    /// One purse has one desk, and one agent too.
    ///
    /// # Errors
    /// Two have the same.
    pub fn made((configured, commanded): (Vec<Wanted>, Option<Wanted>), floor: &Floor, seats: &Seats) -> Result<Self> {
        let (mut purses, mut agents) = (BTreeSet::new(), BTreeSet::new());
        for wanted in configured.iter().chain(&commanded) {
            let is_new =
                purses.insert(wanted.purse()) && wanted.agent.as_ref().is_none_or(|agent| agents.insert(agent));
            if !is_new {
                let message =
                    format!("another desk of [trading.desks] has the purse or the agent of `{}`", wanted.name);
                let remedy =
                    "give it another --name, --wallet or --agent; or `puppet run` for those of the configuration";
                return Err(Trouble::input("bad-value", message, remedy));
            }
        }
        let made = |wanted: Wanted| {
            let place = floor.put(&Arc::new(wanted));
            let wanted = &place.wanted;
            if let Some(agent) = wanted.agent.clone() {
                seats.put(agent, wanted.purse(), place.desk.clone(), wanted.rules.clone());
            }
            place
        };
        Ok(Self { configured: configured.into_iter().map(made).collect(), commanded: commanded.map(made) })
    }
}

/// Whoever is to be told of trades lives here, and every wallet has a key.
fn known(places: &Places, around: &Around<'_>) -> Result<()> {
    let agents = &around.host.agents;
    let wrong = |wanted: &Wanted, of_field: &dyn Fn(&str) -> String| {
        let agent = wanted.agent.as_ref().filter(|agent| !agents.knows(agent));
        let agent = agent.map(|agent| unknown_agent(agent, &agents.ids()).of_field(of_field("agent")));
        let key = wanted.wallet().and_then(|wallet| wallets::key(around.setup, around.secrets, wallet).err());
        [agent, key.map(|trouble| trouble.of_field(of_field("wallet")))]
    };
    let of_config =
        |place: &Place| wrong(&place.wanted, &|field| format!("trading.desks.{}.{field}", place.wanted.name));
    let of_command = places.commanded.as_ref().map(|place| wrong(&place.wanted, &|field| format!("--{field}")));
    let all = places.configured.iter().map(of_config).chain(of_command).flatten().flatten();
    all_of(all.collect()).map_or(Ok(()), Err)
}
