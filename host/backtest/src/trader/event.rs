//! What a trader tells after each batch. A backtest gathers it into an outcome; paper and live store it as it comes.

use puppet_types::trade::{Denial, Fill};
use serde::{Deserialize, Serialize};

use crate::outcome::{BreachRecord, OrderRecord, OrderStatus, Trade};

/// One thing that happened, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// An order was proposed: denied, or open.
    Ordered(OrderRecord),
    /// An open order, or a part of it, was carried out.
    Filled {
        /// Its number.
        order: u64,
        /// What was carried out.
        fill: Fill,
    },
    /// An open order is open no longer.
    Ended {
        /// Its number.
        order: u64,
        /// How it ended.
        status: OrderStatus,
        /// By which rule.
        rule: Option<String>,
    },
    /// The strategy took an open order back.
    Cancelled {
        /// Place of the market.
        market: u32,
        /// Its name.
        client_id: String,
    },
    /// The strategy was told no.
    Denied {
        /// The order's number.
        order: u64,
        /// What it was told.
        denial: Denial,
    },
    /// A sale is complete.
    Closed(Trade),
    /// A call of the strategy ended badly; another instance goes on.
    Breached(BreachRecord),
}
