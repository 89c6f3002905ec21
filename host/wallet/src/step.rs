//! What can happen to the books, as the log holds it. A step says what happened, not what a rule thought of it: books that
//! are rebuilt from steps are the same whatever the rules are by then.

use puppet_types::{
    Timestamp,
    trade::{Market, Mint, OrderKind, Side},
};
use serde::{Deserialize, Serialize};

use crate::State;

/// The number of an admitted order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReservationId(pub u64);

/// An admitted order, and what is held for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its number.
    pub id: ReservationId,
    /// The strategy's name of the order.
    pub client_id: String,
    /// Place of the market in the list.
    pub market: u32,
    /// Which way.
    pub side: Side,
    /// How.
    pub kind: OrderKind,
    /// Marked reduce-only.
    pub is_exit: bool,
    /// When it was admitted.
    pub at: Timestamp,
    /// What is still open of it, in the base token.
    pub quantity: u64,
    /// A buy may not be filled above, a sell not below. 0 where a sell waits for a trigger: then it takes what is there.
    pub worst_price: u64,
    /// What a sell counts for in the hour and the day, whatever it is filled at.
    pub counted_price: u64,
    /// Held of the quote token: the worst case with fees, less what was paid.
    pub quote: u64,
    /// Held of the hour and the day. Exits hold nothing.
    pub notional: u64,
    /// What was filled, and what came of it.
    pub done: Done,
}

impl Held {
    /// An exit that waits for its price holds nothing: stop and take-profit may stand for the same tokens. Whichever
    /// is filled first leaves the other uncovered (`Risk::uncovered`).
    pub(crate) fn is_shared(&self) -> bool {
        self.is_exit && self.kind != OrderKind::Market
    }
    /// Of the base token, for nobody else.
    pub(crate) fn base(&self) -> u64 {
        if self.side == Side::Sell && !self.is_shared() { self.quantity } else { 0 }
    }
    /// Takes one of the day's trades that is not counted yet.
    pub(crate) fn is_untraded(&self) -> bool {
        !self.is_exit && self.done.quantity == 0
    }
}

/// What became of an order so far. Values are sums over its fills, rounded once: many small fills cost what one costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Done {
    /// In the base token.
    pub quantity: u64,
    /// Quantity times price, not yet divided.
    #[serde(with = "wide")]
    pub product: u128,
    /// Quantity times `counted_price`, likewise.
    #[serde(with = "wide")]
    pub counted: u128,
    /// What the sold part had cost, with fees.
    pub cost: u64,
    /// What the sale made, after fees.
    pub result: i64,
    /// The last fill.
    pub at: Timestamp,
}

/// Why a balance changed without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// From outside: an airdrop, a deposit.
    In,
    /// To outside, by the owner.
    Out,
    /// The network's fee.
    NetworkFee,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// An order was admitted.
    Admitted(Held),
    /// It was carried out, or a part of it.
    Filled {
        /// Which.
        id: ReservationId,
        /// When.
        at: Timestamp,
        /// In the base token.
        quantity: u64,
        /// As the market's `price_decimals` says.
        price: u64,
        /// In the quote token.
        fee: u64,
    },
    /// It ended; what was held is free.
    Released {
        /// Which.
        id: ReservationId,
    },
    /// Prices were seen.
    Marked {
        /// When.
        at: Timestamp,
        /// By place of the market.
        prices: Vec<(u32, u64)>,
    },
    /// The state changed: to active, too, where a halt is lifted.
    Turned(State),
    /// The state is active again, and drawdown is counted from here.
    Resumed {
        /// When.
        at: Timestamp,
    },
    /// A balance changed without a trade.
    Moved {
        /// When.
        at: Timestamp,
        /// Which token.
        mint: Mint,
        /// How much, in its smallest unit.
        amount: u64,
        /// Which way.
        flow: Flow,
    },
    /// From here on these markets are meant by their places.
    Adopted {
        /// All of them.
        markets: Vec<Market>,
    },
}

/// A step and its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// From 1, without gaps.
    pub number: u64,
    /// What happened.
    #[serde(flatten)]
    pub step: Step,
}

/// 128 bits as a text: stores and JSON readers hold no such number.
mod wide {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
