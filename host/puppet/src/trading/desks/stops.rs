//! What stops trading: everything at once, or the word of an operator about one purse.

use std::sync::{Arc, Mutex, PoisonError};

use puppet_trade::Halted;

use super::Around;
use crate::wallets::stop;

/// Why nothing is traded on a purse, where its operator has said so. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Word(Arc<Mutex<Stands>>);

#[derive(Debug, Default)]
struct Stands {
    reason: Option<String>,
    /// Which word it was, of all that were said.
    mark: Mark,
}

/// One word, among others with the same reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark(u64);

impl Word {
    /// Says it. Answers by what it is [taken back](Self::lift).
    pub(super) fn set(&self, reason: &str) -> Mark {
        let mut stands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stands.reason = Some(reason.to_owned());
        stands.mark.0 += 1;
        stands.mark
    }

    /// Takes this word back, and none that was said after it.
    pub(super) fn lift(&self, mark: Mark) {
        let mut stands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stands.mark == mark {
            stands.reason = None;
        }
    }

    /// The latest word.
    pub(super) fn mark(&self) -> Mark {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).mark
    }

    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reason.clone()
    }
}

/// What stops every desk at once: `puppet halt`, and the file.
pub(super) fn halted(around: &Around<'_>) -> Halted {
    let (host, data) = (Arc::clone(&around.host), around.setup.data.clone());
    Arc::new(move || stop::of_all(&data, host.halted()))
}
