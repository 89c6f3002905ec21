//! How a purse stands: what its books say, under what the operator said since.

use puppet_store::TradeStore;
use puppet_types::Timestamp;
use puppet_wallet::Mode;
use serde::Serialize;

use super::{
    books::{self, Kept, Shown},
    words::{self, Said},
};
use crate::{rows::Rows, trouble::Result};

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `active`, `reducing`, `halted`.
    pub state: &'static str,
    /// Since when it is anything but active.
    pub since: Option<Timestamp>,
    /// And why.
    pub reason: Option<String>,
}

impl Standing {
    /// `is_all_stopped`: nothing is traded at all now.
    pub fn of(said: &Said, kept: Option<&Kept>, is_all_stopped: bool) -> Self {
        if let Some(halt) = &said.halt {
            return Self { state: "halted", since: Some(halt.since), reason: halt.reason.clone() };
        }
        let books = kept.and_then(|kept| kept.books.as_ref().ok());
        let state = |books: &Shown| if is_all_stopped { books.state.clone() } else { books.own_state.clone() };
        match books.and_then(state).filter(|_| said.resumed.is_none()) {
            None => Self { state: "active", since: None, reason: None },
            Some(state) => {
                let name = match state.mode {
                    Mode::Active => "active",
                    Mode::Reducing => "reducing",
                    Mode::Halted => "halted",
                };
                Self { state: name, since: Some(state.since), reason: Some(state.reason) }
            }
        }
    }
}

/// What the store has of a purse, where there is a store.
///
/// # Errors
/// The store's.
pub async fn kept_of(rows: Option<&Rows>, name: &str) -> Result<(Said, Option<Kept>)> {
    let Some(rows) = rows else { return Ok((Said::default(), None)) };
    let store: &dyn TradeStore = &**rows;
    Ok((words::of(store, name).await?, books::of(store, name).await?))
}
