//! Where desks stand, by purse, from the moment that their opening begins: what an operator says reaches them here, and other
//! versions of their strategies do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use puppet_trade::DeskStrategy;
use serde_json::Value;
use tokio::sync::{RwLock, watch};

use super::{opening::of_desk, stops::Word};
use crate::{
    control,
    trading::{drive::Open, wanted::Wanted},
    trouble::{Result, Trouble},
};

/// See the head of this file.
#[derive(Default)]
pub struct Floor(Mutex<BTreeMap<String, Place>>);

/// A desk's. Clones are the same one.
#[derive(Clone)]
pub(super) struct Place {
    /// What the desk is called.
    pub name: String,
    /// By what name its strategy was asked for.
    pub asked: Option<String>,
    /// The version that is to trade on it.
    pub strategy: Arc<Mutex<Option<DeskStrategy>>>,
    pub desk: Open,
    /// Until its opening has ended, well or badly.
    pub is_opening: watch::Sender<bool>,
    pub word: Word,
}

impl Place {
    pub(super) fn strategy(&self) -> Option<DeskStrategy> {
        self.strategy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn will_run(&self, strategy: DeskStrategy) {
        *self.strategy.lock().unwrap_or_else(PoisonError::into_inner) = Some(strategy);
    }
}

impl Floor {
    /// One that is about to be opened.
    pub(super) fn put(&self, wanted: &Wanted) -> Place {
        let strategy = wanted.strategy.as_ref();
        let place = Place {
            name: wanted.name.clone(),
            asked: strategy.map(|chosen| chosen.name.clone()),
            strategy: Arc::new(Mutex::new(strategy.map(|chosen| chosen.of_desk()))),
            desk: Arc::new(RwLock::new(None)),
            is_opening: watch::Sender::new(true),
            word: Word::default(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted.purse(), place.clone());
        place
    }

    /// It does not open.
    pub(super) fn forget(&self, purse: &str) {
        if let Some(place) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(purse) {
            place.is_opening.send_replace(false);
        }
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
    async fn halt(&self, purse: &str, reason: &str) -> Result<bool> {
        let Some(Place { desk, word, .. }) = self.of(purse) else { return Ok(false) };
        // What waits for a signature hears it before the desk has its turn.
        word.set(Some(reason.to_owned()));
        let open = desk.read().await;
        // One that is being opened looks at what was written down.
        let Some(desk) = &*open else { return Ok(false) };
        desk.halt(reason).await.map_err(|error| of_desk(purse, error))?;
        Ok(true)
    }

    async fn resume(&self, purse: &str) -> Result<bool> {
        let Some(Place { desk, word, .. }) = self.of(purse) else { return Ok(false) };
        word.set(None);
        let open = desk.read().await;
        let Some(desk) = &*open else { return Ok(false) };
        desk.resume().await.map_err(|error| of_desk(purse, error))?;
        Ok(true)
    }

    fn views(&self) -> Result<Vec<Value>> {
        let all = self.all();
        let open = all.iter().filter_map(|place| place.desk.try_read().ok()?.as_ref()?.view().ok());
        open.map(|view| serde_json::to_value(view).map_err(Trouble::internal)).collect()
    }
}
