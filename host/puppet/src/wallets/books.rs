//! A purse's books as the store has them, for people: balances, positions, the state of its risk engine.

use puppet_store::{Purse, TradeStore};
use puppet_trade::DeskView;
use puppet_types::{Timestamp, trade::Market};
use puppet_wallet::{Portfolio, State};

use super::words;
use crate::trouble::Result;

/// Before the name of a paper desk.
const PAPER: &str = "paper/";

/// What the store has of a purse.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// When it was written last.
    pub at: Timestamp,
    /// Which chain, where it is known.
    pub network: Option<String>,
    /// Its books, or why they cannot be read.
    pub books: std::result::Result<Shown, String>,
}

/// Books.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What is there.
    pub portfolio: Portfolio,
    /// By place.
    pub markets: Vec<Market>,
    /// Anything but active.
    pub state: Option<State>,
    /// The same, what stops all trading aside: a desk may have ended while that was on.
    pub own_state: Option<State>,
}

/// Whether a purse is one of paper, by its name.
pub fn is_paper(purse: &str) -> bool {
    purse.starts_with(PAPER)
}

/// All purses that were traded on.
pub async fn all(store: &dyn TradeStore) -> Result<Vec<Kept>> {
    let purses = store.purses().await?.into_iter();
    Ok(purses.filter(|purse| !words::is_of_words(&purse.name)).filter_map(kept).collect())
}

/// One of them.
pub async fn of(store: &dyn TradeStore, name: &str) -> Result<Option<Kept>> {
    Ok(store.purse(name).await?.and_then(kept))
}

/// None where no desk was opened on it yet.
fn kept(purse: Purse) -> Option<Kept> {
    let view = puppet_trade::purse_view(&purse).transpose()?;
    let Purse { name, at, .. } = purse;
    let network = view.as_ref().ok().map(|view| view.network.clone());
    let shown = |view: DeskView| {
        let DeskView { portfolio, markets, state, own_state, .. } = view;
        Shown { portfolio, markets, state, own_state }
    };
    Some(Kept { name, at, network, books: view.map(shown).map_err(|error| error.to_string()) })
}
