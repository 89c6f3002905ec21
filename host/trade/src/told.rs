//! What a desk tells its host, and what it is asked for beside its strategy's orders.

use puppet_backtest::Event;
use puppet_types::trade::{Mint, Side};
use puppet_types::{AgentId, Timestamp};
use puppet_wallet::Origin;
use serde::{Deserialize, Serialize};

use crate::DeskMode;

/// A swap that a personality or an operator wants: exactly so much is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Once for ever: asked again by it, the same answer is given and nothing is swapped twice.
    pub id: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// What is behind it.
    pub origin: Origin,
    /// Whose idea it was.
    pub agent: Option<AgentId>,
    /// What is given.
    pub in_mint: Mint,
    /// What is taken. One of the two is the quote token.
    pub out_mint: Mint,
    /// Of what is given, in its smallest unit.
    pub amount: u64,
    /// At most as much worse than the latest price, in hundredths of a percent; none: what the operator allows.
    pub max_slippage_bps: Option<u32>,
    /// For people.
    pub reason: String,
    /// What another source says that one whole base token costs, and when it did; none: what the desk was told last.
    pub second: Option<(u64, Timestamp)>,
    /// When the base token was last on the list of what is trending.
    pub trending_at: Option<Timestamp>,
}

/// How a swap ended, as the desk knows it and keeps it in its log: every field is known, amounts are numbers in the smallest
/// unit of their token. `puppet_wallet::SwapResult` is what a character is told of it, and no copy: its amounts are decimal
/// texts, since a guest's JSON has no 64 bits, what came to no desk is told by it as well, and it says whether the character
/// is to talk about it, which no desk decides. Both forms are stored, this one in logs of purses and that one in events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapResult {
    /// The intent's, or `<purse>/<order>` of a strategy's order (of a paper order, which may be filled in parts:
    /// `<purse>/<order>/<what is left of it>`). Once for ever: an event's id is derived from it.
    pub id: String,
    /// On which purse.
    pub purse: String,
    /// Whether money was real.
    pub mode: DeskMode,
    /// What was behind it.
    pub origin: Origin,
    /// Whose it is: the intent's agent, else the desk's.
    pub agent: Option<AgentId>,
    /// Id of the market; empty where none trades the two tokens.
    pub market: String,
    /// Which way.
    pub side: Side,
    /// What was given.
    pub in_mint: Mint,
    /// How people call it.
    pub in_symbol: String,
    /// How much was given; where nothing was done, how much should have been.
    pub in_amount: u64,
    /// Digits after the point of a whole token.
    pub in_decimals: u8,
    /// What was taken.
    pub out_mint: Mint,
    /// How people call it.
    pub out_symbol: String,
    /// How much came; 0 where nothing was done.
    pub out_amount: u64,
    /// Digits after the point of a whole token.
    pub out_decimals: u8,
    /// Quote per whole base token, all costs of the swap included; 0 where nothing was done.
    pub price: u64,
    /// Times ten to this.
    pub price_decimals: u8,
    /// What the chain knows it by.
    pub signature: Option<String>,
    /// When it was known.
    pub at: Timestamp,
    /// Why it was wanted.
    pub reason: String,
    /// It was carried out.
    pub is_done: bool,
    /// Which rule said no; empty where it was carried out.
    pub code: String,
    /// For people.
    pub detail: String,
    /// When asking again may help.
    pub retry_at: Option<Timestamp>,
}

/// What a desk tells as it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A swap ended, well or badly. Told at least once: again at every opening until [`Desk::heard`](crate::Desk::heard).
    Swapped(Box<SwapResult>),
    /// Nothing is admitted from here on: who said so, and why.
    Halted(String),
    /// The desk is no more; opened again it goes on where it was.
    Stopped(String),
    /// What an operator should read.
    Note(String),
}

/// What a call led to, after all of it was stored and carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Happened {
    /// In order.
    pub events: Vec<Event>,
    /// Swaps that ended.
    pub swaps: Vec<SwapResult>,
    /// The bars were known already (or are older than those that are): nothing was done.
    pub is_passed_over: bool,
}

/// Why a desk cannot be opened, or does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// The plan cannot be meant: parameters, markets, rules, the length of bars.
    #[error("{0}")]
    Plan(String),
    /// What is stored of the purse does not fit: another network or mode, or it cannot be read.
    #[error("the purse `{purse}` cannot be gone on with: {why}")]
    Purse {
        /// Which.
        purse: String,
        /// Why.
        why: String,
    },
    /// The strategy does not begin.
    #[error("the strategy does not begin: {0}")]
    Strategy(String),
    /// The store did not answer, or refused.
    #[error("the store failed: {0}")]
    Store(String),
    /// Somebody else writes the same purse.
    #[error("somebody else writes the purse `{0}`")]
    Taken(String),
    /// The exchange does not answer at the start.
    #[error("the exchange: {0}")]
    Exchange(String),
    /// So many wait for their swaps already: this one may be asked for later.
    #[error("{0} wait for their swaps already: ask again later")]
    Busy(usize),
    /// It ended; why is told.
    #[error("the desk stopped: {0}")]
    Stopped(String),
}

impl DeskError {
    /// The reason, without the words that it stopped.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Stopped(why) => why.clone(),
            other => other.to_string(),
        }
    }
}
