//! Opening a desk: its way to the market, its bars, what an operator said of its purse while no desk was there to hear it.

use std::{sync::Arc, time::Duration};

use puppet_solana::Network;
use puppet_store::TradeStore;
use puppet_trade::{
    Desk, DeskError, DeskPlan, DeskStrategy, DeskVenue, Told,
    feed::{Feed, Polled, Polling, Recorded},
};
use puppet_types::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};

use super::{Around, Item, place::Place, stops::halted};
use crate::{
    output::Output,
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
    let (chains, wanted) = (around.chains(), &*place.wanted);
    let store: Arc<dyn TradeStore> = around.store.shared();
    let stood = place.hear(&*store).await?;
    let venue = venue(wanted, &chains, &store, around.out).await?;
    let drive = drive(place, around, (&chains, &store)).await?;
    let strategy = place.strategy();
    let began = strategy.as_ref().map(|strategy| strategy.id.clone());
    let plan = plan(wanted, (venue, chains.network()), strategy);
    let (tell, told) = mpsc::unbounded_channel();
    let switch = place.switch(halted(around));
    let opened = Desk::open(plan, Arc::clone(&store), switch, tell, Handle::current()).await;
    place.opened(opened.map_err(of_desk)?, &*store, (stood, began.as_ref())).await?;
    let driven = Some(tokio::spawn(drive.run(stop)));
    let heard = tokio::spawn(listen(place, around, told).run());
    Ok(Item { name: wanted.name.clone(), desk: place.desk.clone(), driven, heard, came_to: None })
}

/// Where its orders go.
async fn venue(wanted: &Wanted, chains: &Chains<'_>, store: &Arc<dyn TradeStore>, out: Output) -> Result<DeskVenue> {
    Ok(match &wanted.kind {
        Kind::Paper { models, start_balance } => DeskVenue::Paper { models: *models, start_balance: *start_balance },
        Kind::Live { wallet, is_understood } => {
            let exchange = chains.exchange(wallet, *is_understood, Arc::clone(store), &wanted.markets, out);
            DeskVenue::Live { exchange: exchange.await?, now: Arc::new(Timestamp::from_system) }
        }
    })
}

fn plan(wanted: &Wanted, (venue, network): (DeskVenue, Network), strategy: Option<DeskStrategy>) -> DeskPlan {
    DeskPlan {
        purse: wanted.purse(),
        venue,
        network: network.name().to_owned(),
        markets: wanted.markets.clone(),
        bar_seconds: wanted.bar_seconds,
        rules: wanted.rules.clone(),
        strategy,
        parameters: wanted.parameters.clone(),
        seed: wanted.seed,
        max_faults: MAX_FAULTS,
        agent: wanted.agent.clone(),
    }
}

/// What keeps it going.
async fn drive(
    place: &Place,
    around: &Around<'_>,
    (chains, store): (&Chains<'_>, &Arc<dyn TradeStore>),
) -> Result<Drive> {
    let wanted = &*place.wanted;
    let (feed, batches) = feed(wanted, chains, store).await?;
    let live = wanted.recorded.is_none().then(|| around.seats.trending()).flatten();
    Ok(Drive {
        desk: place.desk.clone(),
        feed: Some(feed),
        second: Second::of(around.setup, around.secrets, &wanted.markets, &wanted.rules)?,
        followed: Followed::of(live, &wanted.markets, &wanted.rules),
        batches,
        lines: lines(wanted, around),
        name: wanted.name.clone(),
        out: around.out,
    })
}

/// Where what it tells goes.
fn listen(place: &Place, around: &Around<'_>, told: mpsc::UnboundedReceiver<Told>) -> Listen {
    let wanted = &*place.wanted;
    Listen {
        desk: place.desk.clone(),
        host: Arc::clone(&around.host),
        told,
        rules: wanted.rules.clone(),
        lines: lines(wanted, around).filter(|_| matches!(wanted.kind, Kind::Live { .. })),
        name: wanted.name.clone(),
        out: around.out,
    }
}

fn lines(wanted: &Wanted, around: &Around<'_>) -> Option<Lines> {
    let wants = !around.is_quiet && !around.out.json;
    wants.then(|| Lines::new(&wanted.name, wanted.markets.clone(), around.out))
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
            "give the desk another name (--name), or trade with another wallet; `puppet wallet list` shows the purses",
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
