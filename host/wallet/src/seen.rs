//! What the engine is told with an order: what was seen of the market, and where the order comes from. It has no clock
//! and asks nobody.

use puppet_types::Timestamp;
pub use puppet_types::trade::Origin;
use serde::{Deserialize, Serialize};

/// What was seen of the order's market when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The time.
    pub now: Timestamp,
    /// What one whole base token costs, as the market's `price_decimals` says. 0: nobody knows.
    pub price: u64,
    /// When it did.
    pub price_at: Timestamp,
    /// What another source says, and when.
    pub second: Option<(u64, Timestamp)>,
    /// When the base token was last on the list of what is trending.
    pub trending_at: Option<Timestamp>,
}

impl Seen {
    /// A price of now, and nothing else.
    pub const fn at(now: Timestamp, price: u64) -> Self {
        Self { now, price, price_at: now, second: None, trending_at: None }
    }
}

/// What is admitted at all. Later ones are stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything that the rules admit.
    #[default]
    Active,
    /// Exits only.
    Reducing,
    /// Nothing.
    Halted,
}

/// Who set a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// By command, API or file: the kill switch.
    Operator,
    /// Too much was lost.
    Drawdown,
}

/// How it stands, since when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What is admitted.
    pub mode: Mode,
    /// Since when.
    pub since: Timestamp,
    /// Who set it.
    pub cause: Cause,
    /// For people.
    pub reason: String,
}
