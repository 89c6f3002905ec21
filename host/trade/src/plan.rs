//! What a desk is opened with: which purse, where its orders go, what it may do, and who trades on it.

use std::sync::Arc;

use puppet_backtest::{Models, Strategies, StrategyId};
use puppet_types::trade::Market;
use puppet_types::{AgentId, Timestamp};
use puppet_wallet::Rules;
use serde::{Deserialize, Serialize};

use crate::Exchange;

/// See the head of this file.
#[derive(Clone)]
pub struct DeskPlan {
    /// Its purse: named like the wallet, or `paper/<desk>`.
    pub purse: String,
    /// Where orders go.
    pub venue: DeskVenue,
    /// `mainnet-beta`, `devnet`, …: for people.
    pub network: String,
    /// By number. All are quoted in one token.
    pub markets: Vec<Market>,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// What the risk engine admits.
    pub rules: Rules,
    /// Who trades by itself. None: only what somebody asks for is traded.
    pub strategy: Option<DeskStrategy>,
    /// What was asked for of its parameters; the rest has its default.
    pub parameters: Vec<(String, i64)>,
    /// Of everything that is drawn.
    pub seed: u64,
    /// How many faults of the strategy are put up with, over the whole life of the purse's strategy.
    pub max_faults: u32,
    /// Whose desk it is: who is told of its trades.
    pub agent: Option<AgentId>,
}

/// A strategy by name and as instances.
#[derive(Clone)]
pub struct DeskStrategy {
    /// Which.
    pub id: StrategyId,
    /// Where instances come from.
    pub strategies: Arc<dyn Strategies + Send + Sync>,
}

/// Where orders go.
#[derive(Clone)]
pub enum DeskVenue {
    /// Nowhere: they are filled by a model from the bars, as in a backtest.
    Paper {
        /// What trading costs.
        models: Models,
        /// What a new purse begins with, in the smallest unit of the quote token.
        start_balance: u64,
    },
    /// To the market.
    Live {
        /// Who carries them out.
        exchange: Arc<dyn Exchange>,
        /// The time: a price older than `max_quote_age_seconds` is not traded at.
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    },
}

/// Whether money is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeskMode {
    /// It is not.
    Paper,
    /// It is.
    Live,
}

impl DeskVenue {
    /// Whether money is real.
    pub fn mode(&self) -> DeskMode {
        match self {
            Self::Paper { .. } => DeskMode::Paper,
            Self::Live { .. } => DeskMode::Live,
        }
    }
}
