//! A desk's place on the floor: what is to trade there, and what was said of it that it has not heard yet.

use std::sync::{Arc, Mutex, PoisonError};

use puppet_backtest::StrategyId;
use puppet_store::TradeStore;
use puppet_trade::{Desk, DeskStrategy, Halted, apart};
use puppet_types::Timestamp;
use puppet_wallet::Mode;
use tokio::sync::{Mutex as Turns, Notify, watch};

use super::{
    opening::of_desk,
    stops::{Mark, Word},
};
use crate::{
    control::DeskStands,
    trading::{
        open::Open,
        wanted::{Kind, Wanted},
    },
    trouble::Result,
    wallets::words,
};

/// How far a desk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stands {
    /// On its way, and what stood in it the last time, if anything did.
    Opening(Option<String>),
    /// It is there, though it may have ended just now.
    Open,
    /// It does not trade before it is told to go on, and why.
    Stopped(String),
}

/// See the head of this file. Clones are the same one.
#[derive(Clone)]
pub(super) struct Place {
    pub wanted: Arc<Wanted>,
    /// The version that is to trade on it.
    strategy: Arc<Mutex<Option<DeskStrategy>>>,
    pub desk: Open,
    pub stands: watch::Sender<Stands>,
    /// It is to be opened now, whatever it waits for.
    pub go_on: Arc<Notify>,
    /// A halt that is not in the books of the desk yet.
    pub word: Word,
    /// Words and versions reach it one after the other, and none between what its opening reads and its being open.
    pub turn: Arc<Turns<()>>,
}

impl Place {
    pub(super) fn new(wanted: &Arc<Wanted>) -> Self {
        let strategy = wanted.strategy.as_ref().map(|chosen| chosen.of_desk());
        Self {
            wanted: Arc::clone(wanted),
            strategy: Arc::new(Mutex::new(strategy)),
            desk: Open::default(),
            stands: watch::Sender::new(Stands::Opening(None)),
            go_on: Arc::default(),
            word: Word::default(),
            turn: Arc::default(),
        }
    }

    /// What it is, on one line.
    pub(super) fn line(&self, network: &str) -> String {
        let wanted = &*self.wanted;
        let who = match (self.strategy(), &wanted.agent) {
            (Some(DeskStrategy { id, .. }), _) if id.version.is_empty() => id.pack,
            (Some(DeskStrategy { id, .. }), _) => format!("{}@{}", id.pack, id.version),
            (None, Some(agent)) => agent.to_string(),
            (None, None) => "nobody".to_owned(),
        };
        let markets: Vec<&str> = wanted.markets.iter().map(|market| market.id.as_str()).collect();
        let how = match &wanted.kind {
            Kind::Paper { .. } => format!("on paper ({})", wanted.purse()),
            Kind::Live { wallet, .. } => format!("with the wallet {wallet} on {network}"),
        };
        format!("{}: {who} trades {} {how}", wanted.name, markets.join(", "))
    }

    /// By what name its strategy was asked for.
    pub(super) fn asked(&self) -> Option<&str> {
        self.wanted.strategy.as_ref().map(|chosen| chosen.name.as_str())
    }

    pub(super) fn strategy(&self) -> Option<DeskStrategy> {
        self.strategy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn will_run(&self, strategy: DeskStrategy) {
        *self.strategy.lock().unwrap_or_else(PoisonError::into_inner) = Some(strategy);
    }

    /// Its desk, unless that is not open, or has ended and is about to be opened again.
    pub(super) fn trades(&self) -> Option<Arc<Desk>> {
        self.desk.get().filter(|desk| desk.ended().is_none())
    }

    /// Whether it is stopped until somebody says otherwise.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(*self.stands.borrow(), Stands::Stopped(_))
    }

    /// How it stands, for people.
    pub(super) fn told(&self) -> DeskStands {
        let stands = self.stands.borrow().clone();
        let (state, reason) = match stands {
            Stands::Opening(reason) => ("opening", reason),
            Stands::Stopped(reason) => ("stopped", Some(reason)),
            Stands::Open => self.runs(),
        };
        DeskStands {
            name: self.wanted.name.clone(),
            purse: self.wanted.purse(),
            state: state.to_owned(),
            reason,
            pack: self.strategy().map(|strategy| strategy.id.pack),
        }
    }

    fn runs(&self) -> (&'static str, Option<String>) {
        let Some(view) = self.desk.get().and_then(|desk| desk.view().ok()) else { return ("opening", None) };
        let halted = || view.state.filter(|_| view.admits == Mode::Halted).map(|state| state.reason);
        match (view.stopped, self.word.get().or_else(halted)) {
            (Some(reason), _) => ("stopped", Some(reason)),
            (None, Some(reason)) => ("halted", Some(reason)),
            (None, None) => ("running", None),
        }
    }

    /// Whether a version can run here: its parameters, markets, length of bars. Asked where no desk is open to find out.
    pub(super) async fn fits(&self, next: &DeskStrategy) -> std::result::Result<(), String> {
        let wanted = Arc::clone(&self.wanted);
        let asked = apart(next, move |strategies| wanted.fits(strategies)).await;
        asked.and_then(|fits| fits).map_err(|error| error.to_string())
    }

    /// What stops all, or this desk alone: also what is said while it is being opened.
    pub(super) fn switch(&self, all: Halted) -> Halted {
        let word = self.word.clone();
        Arc::new(move || all().or_else(|| word.get()))
    }

    /// Before it is opened: what was said holds before anything is gone on with. Answers the word that stands then.
    pub(super) async fn hear(&self, store: &dyn TradeStore) -> Result<Mark> {
        let _turn = self.turn.lock().await;
        let purse = self.wanted.purse();
        let stands = words::of(store, &purse).await?.halted(&purse);
        Ok(stands.map_or_else(|| self.word.mark(), |reason| self.word.set(&reason)))
    }

    /// It stands: hears what was said before and meanwhile, goes over to the version that came meanwhile, and is there for
    /// everybody. `stood` is what it [heard](Self::hear), `began` the version that it was opened with.
    pub(super) async fn opened(
        &self,
        desk: Desk,
        store: &dyn TradeStore,
        (stood, began): (Mark, Option<&StrategyId>),
    ) -> Result<()> {
        // Whoever speaks now waits, and speaks to a desk that has heard what was said before.
        let _turn = self.turn.lock().await;
        let purse = self.wanted.purse();
        let mark = self.word.mark();
        let said = words::of(store, &purse).await?;
        if let Some(reason) = said.halted(&purse) {
            desk.halt(&reason).await.map_err(of_desk)?;
            self.word.lift(mark);
        } else {
            // Not one that is said right now.
            self.word.lift(stood);
            if said.resumed.is_some() {
                desk.resume().await.map_err(of_desk)?;
                words::say(store, &purse, &words::Word::Resumed, Timestamp::from_system()).await?;
            }
        }
        if let Some(strategy) = self.strategy().filter(|strategy| began != Some(&strategy.id)) {
            desk.take_over(strategy, None).await.map_err(of_desk)?;
        }
        self.desk.put(desk);
        self.stands.send_replace(Stands::Open);
        Ok(())
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
