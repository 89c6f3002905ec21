//! A desk as people and personalities see it: what is owned, what is open, how it stands.

use puppet_backtest::StrategyId;
use puppet_types::trade::{Market, Order};
use puppet_types::{AgentId, Timestamp};
use puppet_wallet::{Mode, Portfolio, State};
use serde::{Deserialize, Serialize};

use crate::DeskMode;

/// As of the last time that it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskView {
    /// Its purse.
    pub purse: String,
    /// Whether money is real.
    pub mode: DeskMode,
    /// `devnet`, …
    pub network: String,
    /// Whose it is.
    pub agent: Option<AgentId>,
    /// Who trades by itself.
    pub strategy: Option<StrategyId>,
    /// Every parameter, by name.
    pub parameters: Vec<(String, i64)>,
    /// By number.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// What is admitted at all.
    pub admits: Mode,
    /// Anything but active: since when, by whom, why.
    pub state: Option<State>,
    /// Balances, positions, what was made and paid.
    pub portfolio: Portfolio,
    /// What is open, oldest first.
    pub open_orders: Vec<OpenOrder>,
    /// The latest price by market, and when it was.
    pub prices: Vec<Option<(u64, Timestamp)>>,
    /// When the last bars closed that it was handed.
    pub last_bars: Option<Timestamp>,
    /// How many batches there were.
    pub batches: u64,
    /// How many more the strategy takes as history before it trades; 0 where no desk is open.
    #[serde(default)]
    pub history_left: u64,
    /// How many calls of the strategy ended badly.
    pub faults: u32,
    /// Used by the strategy since this opening.
    pub fuel: u64,
    /// Why it trades no more.
    pub stopped: Option<String>,
}

/// An order that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Its number.
    pub number: u64,
    /// What was wanted.
    pub order: Order,
    /// What is still open of it.
    pub remaining: u64,
    /// It is with the exchange.
    pub is_under_way: bool,
    /// What it waits for there: nobody answers, a person's yes.
    pub waits: Option<String>,
}
