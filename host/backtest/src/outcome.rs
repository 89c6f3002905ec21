//! What came of a run: everything that a report is computed from, in integers. Nothing here depends on wall time, on
//! threads or on the machine. Figures and their definitions are `metrics`; files are `report`.

use puppet_types::trade::{Denial, Fill, Market, Order, Side, Token};
use puppet_types::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Models;

/// Which strategy ran.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StrategyId {
    /// The pack, or how a native strategy is called.
    pub pack: String,
    /// Its version; empty where it has none.
    pub version: String,
    /// Of the component; none of a native strategy.
    pub digest: Option<Digest>,
}

/// Which data a market's bars came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// Id of the market.
    pub market: String,
    /// Of the file or of the rows; none of bars that were made.
    pub sha256: Option<Digest>,
    /// Good bars.
    pub bars: u64,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// When the first opened.
    pub from: Option<Timestamp>,
    /// When the last closed.
    pub to: Option<Timestamp>,
    /// Bars that are missing between the first and the last.
    pub gaps: u64,
    /// Rows of a time that was there already.
    pub duplicates: u64,
    /// Rows that could not be taken.
    pub bad_rows: u64,
}

/// A market and how its price went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketSeries {
    /// Decimals and mints.
    pub market: Market,
    /// Where its bars are from.
    pub source: DataSource,
    /// The last known close at each point of [`Outcome::equity`], 0 before the first. As long as `equity`.
    pub closes: Vec<u64>,
}

/// What was owned when a bar closed, in the smallest unit of the quote token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// When the bar closed.
    pub at: Timestamp,
    /// Cash, and positions at the last close, rounded down.
    pub equity: u64,
    /// The part of it that is in positions: what is exposed.
    pub exposed: u64,
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderStatus {
    /// The risk engine said no.
    Denied,
    /// It waited when the run ended.
    Open,
    /// All of it was carried out.
    Filled,
    /// The strategy took it back.
    Cancelled,
    /// It ended by a rule of its own or of the market (`denied_by` names it), perhaps after a part was filled.
    Ended,
}

impl OrderStatus {
    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Open => "open",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
        }
    }
}

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// From 1, in the order of decision.
    pub id: u64,
    /// The close of the bar that it was decided at.
    pub at: Timestamp,
    /// As it was proposed.
    pub order: Order,
    /// How it ended.
    pub status: OrderStatus,
    /// The rule that denied or ended it.
    pub denied_by: Option<String>,
    /// How much of it was carried out, in the smallest unit of the base token.
    pub filled: u64,
}

/// A fill, and of which order it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRecord {
    /// [`OrderRecord::id`]; 0 of the sale that closes a position at the end of a run.
    pub order: u64,
    /// What was carried out. `at` is the close of the bar that it happened in.
    pub fill: Fill,
}

/// What one selling order closed, against the average of what was held. Fills of one order are one trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// From 1, in the order of closing.
    pub id: u64,
    /// Place of the market in the run's list.
    pub market: u32,
    /// The side that it was opened with.
    pub side: Side,
    /// When the position was opened from nothing.
    pub opened_at: Timestamp,
    /// When the last part of it was closed.
    pub closed_at: Timestamp,
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// The average of what was paid, fees not counted.
    pub entry_price: u64,
    /// The average of what was received, fees not counted.
    pub exit_price: u64,
    /// Of the closing fills, and this part's share of those of opening.
    pub fees: u64,
    /// After fees, in the smallest unit of the quote token.
    pub pnl: i64,
}

/// An order that was denied or ended, as the strategy was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialRecord {
    /// [`OrderRecord::id`].
    pub order: u64,
    /// What it was told.
    pub denial: Denial,
}

/// A call of the strategy that ended badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachRecord {
    /// The batch that it happened at.
    pub at: Timestamp,
    /// `trap`, `out-of-fuel`, … or `failed`.
    pub breach: String,
    /// For people.
    pub detail: String,
}

/// Whether decisions changed when the future was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LookAhead {
    /// How many times history was cut.
    pub cuts: u32,
    /// What differed; empty is clean.
    pub differences: Vec<Difference>,
}

/// One decision that was another one with less future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The last bar of the shorter history.
    pub cut_at: Timestamp,
    /// When the first differing decision was made.
    pub at: Timestamp,
    /// What was decided with all of the data; none: nothing.
    pub with_all: Option<String>,
    /// What was decided with the shorter history.
    pub with_cut: Option<String>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which strategy ran.
    pub strategy: StrategyId,
    /// With which parameters.
    pub parameters: Vec<(String, i64)>,
    /// With which seed.
    pub seed: u64,
    /// Length of a bar.
    pub bar_seconds: u32,
    /// Market by market, in the run's order. All are quoted in `quote`.
    pub markets: Vec<MarketSeries>,
    /// What money is counted in.
    pub quote: Token,
    /// What the run began with, in the smallest unit of `quote`.
    pub start_balance: u64,
    /// The models of cost and of filling.
    pub models: Models,
    /// How many batches the strategy takes as history before it trades.
    pub warm_up: u32,
    /// How many batches there were, history among them.
    pub batches: u64,
    /// A point per batch after the warm-up.
    pub equity: Vec<EquityPoint>,
    /// Everything that was proposed, in the order of decision. Orders of warm-up are among them, denied.
    pub orders: Vec<OrderRecord>,
    /// Everything that was carried out, in order.
    pub fills: Vec<FillRecord>,
    /// What was closed, in order.
    pub trades: Vec<Trade>,
    /// What was denied or ended, in order.
    pub denials: Vec<DenialRecord>,
    /// All fees, in the smallest unit of `quote`.
    pub fees: u64,
    /// Of all calls together.
    pub fuel: u64,
    /// Calls that ended badly.
    pub breaches: Vec<BreachRecord>,
    /// Why the run ended before its data.
    pub stopped: Option<String>,
    /// What the look-ahead check found; none: it was not asked for.
    pub look_ahead: Option<LookAhead>,
}

impl Outcome {
    /// What was owned at the end.
    pub fn end_equity(&self) -> u64 {
        self.equity.last().map_or(self.start_balance, |point| point.equity)
    }
}
