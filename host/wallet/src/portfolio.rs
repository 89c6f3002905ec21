//! What is there, told.

use puppet_types::trade::{Mint, Position};
use serde::{Deserialize, Serialize};

/// Of one token, in its smallest unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Which.
    pub mint: Mint,
    /// All of it.
    pub amount: u64,
    /// Of that, held for open orders.
    pub held: u64,
}

/// In one market; money in the quote token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InMarketView {
    /// Its id.
    pub market: String,
    /// What is held that was bought here.
    pub position: Position,
    /// What sales made, after fees of both ways.
    pub realised: i64,
    /// All fees.
    pub fees: u64,
    /// The latest price.
    pub price: Option<u64>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Portfolio {
    /// By token, the quote token first.
    pub balances: Vec<Balance>,
    /// By place in the list.
    pub markets: Vec<InMarketView>,
    /// What sales made in all markets.
    pub realised: i64,
    /// Fees of all markets.
    pub fees: u64,
    /// Paid to the network.
    pub network_fees: u64,
    /// All that is there, in the quote token.
    pub equity: Option<u64>,
    /// Its highest.
    pub peak: u64,
}
