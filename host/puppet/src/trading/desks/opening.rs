//! Opening a desk: its way to the market, its bars, what an operator said of its purse while no desk was there to hear it.

use std::{sync::Arc, time::Duration};

use puppet_store::TradeStore;
use puppet_trade::{
    Desk, DeskError, DeskPlan, DeskVenue,
    feed::{Feed, Polled, Polling, Recorded},
};
use puppet_types::Timestamp;
use tokio::sync::{mpsc, watch};

use super::{Around, Item, place::Place, stops::halted};
use crate::{
    trading::{
        chains::Chains,
        drive::{Drive, Listen},
        lines::Lines,
        second::Second,
        trending::Followed,
        wanted::{Kind, Wanted},
    },
    trouble::{Exit, Result, Trouble},
};

/// How many calls of a strategy may end badly.
const MAX_FAULTS: u32 = 3;
/// A price is no older than this, or than three looks take.
const MAX_AGE: Duration = Duration::from_secs(30);
/// Opens one.
pub(super) async fn open(place: &Place, around: &Around<'_>, stop: watch::Receiver<bool>) -> Result<Item> {
    let chains = Chains { setup: around.setup, secrets: around.secrets, emulated: around.chain };
    let store: Arc<dyn TradeStore> = around.store.shared();
    let wanted = &*place.wanted;
    let (name, purse, out) = (&wanted.name, wanted.purse(), around.out);
    let stood = place.hear(&*store).await?;
    let venue = match &wanted.kind {
        Kind::Paper { models, start_balance } => DeskVenue::Paper { models: *models, start_balance: *start_balance },
        Kind::Live { wallet, is_understood } => {
            let exchange = chains.exchange(wallet, *is_understood, Arc::clone(&store), &wanted.markets, out);
            DeskVenue::Live { exchange: exchange.await?, now: Arc::new(Timestamp::from_system) }
        }
    };
    let (feed, batches) = feed(wanted, &chains, &store).await?;
    let second = Second::of(around.setup, around.secrets, &wanted.markets, &wanted.rules)?;
    let live = wanted.recorded.is_none().then(|| around.seats.trending()).flatten();
    let followed = Followed::of(live, &wanted.markets, &wanted.rules);
    let strategy = place.strategy();
    let began = strategy.as_ref().map(|strategy| strategy.id.clone());
    let plan = DeskPlan {
        purse: purse.clone(),
        venue,
        network: chains.network().name().to_owned(),
        markets: wanted.markets.clone(),
        bar_seconds: wanted.bar_seconds,
        rules: wanted.rules.clone(),
        strategy,
        parameters: wanted.parameters.clone(),
        seed: wanted.seed,
        max_faults: MAX_FAULTS,
        agent: wanted.agent.clone(),
    };
    let (tell, told) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let switch = place.switch(halted(around));
    let opened = Desk::open(plan, Arc::clone(&store), switch, tell, runtime).await;
    let desk = opened.map_err(of_desk)?;
    place.opened(desk, &*store, (stood.as_deref(), began.as_ref())).await?;
    if let Some(agent) = wanted.agent.clone() {
        around.seats.put(agent, purse.clone(), place.desk.clone(), wanted.rules.clone());
    }
    let lines = || {
        let wants = !around.is_quiet && !out.json;
        wants.then(|| Lines::new(name, wanted.markets.clone(), out))
    };
    let listen = Listen {
        desk: place.desk.clone(),
        host: Arc::clone(&around.host),
        told,
        rules: wanted.rules.clone(),
        lines: lines().filter(|_| matches!(wanted.kind, Kind::Live { .. })),
        name: name.clone(),
        out,
    };
    let drive = Drive {
        desk: place.desk.clone(),
        feed: Some(feed),
        second,
        followed,
        batches,
        lines: lines(),
        name: name.clone(),
        out,
    };
    let driven = Some(tokio::spawn(drive.run(stop)));
    let heard = tokio::spawn(listen.run());
    Ok(Item { name: name.clone(), desk: place.desk.clone(), driven, heard, came_to: None })
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

/// What went wrong with a desk, for people.
pub(super) fn of_desk(error: DeskError) -> Trouble {
    let message = error.to_string();
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
        DeskError::Stopped(_) => {
            let remedy = "`puppet wallet history` shows what was before; started again it goes on from there";
            Trouble { exit: Exit::Failed, ..Trouble::input("run-stopped", message, remedy) }
        }
    }
}

/// The same, where nothing else says which desk is meant.
pub(super) fn named(name: &str, trouble: Trouble) -> Trouble {
    Trouble { message: format!("desk `{name}`: {}", trouble.message), ..trouble }
}
