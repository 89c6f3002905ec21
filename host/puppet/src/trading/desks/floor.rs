//! Where desks stand, by purse, from the moment that their opening begins: what an operator says reaches them here, and other
//! versions of their strategies do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use puppet_store::TradeStore;
use puppet_trade::DeskView;
use puppet_wallet::Rules;

use super::{
    opening::{named, of_desk},
    place::Place,
};
use crate::{
    control::{self, DeskStands},
    trading::wanted::Wanted,
    trouble::Result,
    wallets::words,
};

/// See the head of this file.
#[derive(Default)]
pub struct Floor(Mutex<BTreeMap<String, Place>>);

impl Floor {
    /// One that is about to be opened.
    pub(super) fn put(&self, wanted: &Arc<Wanted>) -> Place {
        let place = Place::new(wanted);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted.purse(), place.clone());
        place
    }

    pub(super) fn all(&self) -> Vec<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn of(&self, purse: &str) -> Option<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(purse).cloned()
    }
}

#[async_trait]
impl control::Desks for Floor {
    async fn halt(&self, store: &dyn TradeStore, purse: &str, reason: &str) -> Result<bool> {
        let Some(place) = self.of(purse) else { return Ok(false) };
        // It holds before its turn has come, also while the desk is being opened: nothing is admitted, signed or sent any more.
        let mark = place.word.set(reason);
        let _turn = place.turn.lock().await;
        if words::of(store, purse).await?.halt.is_none() {
            place.word.lift(mark);
            return Ok(!place.is_stopped());
        }
        // Where a resume had its turn before it.
        let mark = place.word.set(reason);
        // Once it stands, its books hear of it from what was written down.
        let Some(desk) = place.trades() else { return Ok(!place.is_stopped()) };
        desk.halt(reason).await.map_err(|error| named(purse, of_desk(error)))?;
        place.word.lift(mark);
        Ok(true)
    }

    async fn resume(&self, store: &dyn TradeStore, purse: &str) -> Result<bool> {
        let Some(place) = self.of(purse) else { return Ok(false) };
        let _turn = place.turn.lock().await;
        // What is said from here on stays.
        let mark = place.word.mark();
        if words::of(store, purse).await?.halt.is_some() {
            return Ok(false);
        }
        let Some(desk) = place.trades() else {
            place.word.lift(mark);
            place.go_on.notify_one();
            return Ok(false);
        };
        desk.resume().await.map_err(|error| named(purse, of_desk(error)))?;
        Ok(true)
    }

    fn stand(&self) -> Vec<DeskStands> {
        self.all().iter().map(Place::told).collect()
    }

    fn open(&self, purse: &str) -> Option<(DeskView, Rules)> {
        let place = self.of(purse)?;
        Some((place.trades()?.view().ok()?, place.wanted.rules.clone()))
    }
}
