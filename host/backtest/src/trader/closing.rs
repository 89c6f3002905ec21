//! Sales that are not complete: the fills of one selling order become one trade.

use puppet_types::Timestamp;
use puppet_types::trade::{Fill, Side};
use serde::{Deserialize, Serialize};

use crate::account::{Closed, average};
use crate::outcome::Trade;

/// What one order sold so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Closing {
    opened_at: Timestamp,
    closed_at: Timestamp,
    quantity: u64,
    /// Sums of quantity times price.
    #[serde(with = "crate::wide")]
    bought: u128,
    #[serde(with = "crate::wide")]
    sold: u128,
    fees: u64,
    pnl: i64,
}

impl Closing {
    /// Adds a fill.
    pub fn add(&mut self, fill: &Fill, closed: &Closed) {
        if self.quantity == 0 {
            self.opened_at = closed.opened_at;
        }
        self.closed_at = fill.at;
        self.quantity += fill.quantity;
        self.bought += closed.weighted;
        self.sold += u128::from(fill.quantity) * u128::from(fill.price);
        self.fees = self.fees.saturating_add(fill.fee).saturating_add(closed.opening_fees);
        let pnl = i128::from(closed.proceeds)
            - i128::from(closed.cost)
            - i128::from(fill.fee)
            - i128::from(closed.opening_fees);
        self.pnl = self.pnl.saturating_add(i64::try_from(pnl).unwrap_or(if pnl < 0 { i64::MIN } else { i64::MAX }));
    }

    /// The trade that it is; none where nothing was sold.
    pub fn trade(&self, id: u64, market: u32) -> Option<Trade> {
        (self.quantity > 0).then(|| Trade {
            id,
            market,
            side: Side::Buy,
            opened_at: self.opened_at,
            closed_at: self.closed_at,
            quantity: self.quantity,
            entry_price: average(self.bought, self.quantity),
            exit_price: u64::try_from(self.sold / u128::from(self.quantity)).unwrap_or(u64::MAX),
            fees: self.fees,
            pnl: self.pnl,
        })
    }
}
