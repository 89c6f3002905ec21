//! What stops trading: everything at once, or the word of an operator about one purse.

use std::sync::{Arc, Mutex, PoisonError};

use puppet_trade::Halted;

use super::Around;
use crate::wallets::stop;

/// Why nothing is traded on a purse, where its operator has said so. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Word(Arc<Mutex<Option<String>>>);

impl Word {
    pub(super) fn set(&self, reason: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Takes this reason back, and no other.
    pub(super) fn lift(&self, reason: Option<&str>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take_if(|stands| Some(stands.as_str()) == reason);
    }

    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What stops every desk at once: `puppet halt`, and the file.
pub(super) fn halted(around: &Around<'_>) -> Halted {
    let (host, data) = (Arc::clone(&around.host), around.setup.data.clone());
    Arc::new(move || stop::of_all(&data, host.halted()))
}
