//! A strategy over recorded candles: batches in, orders out, fills by a model, and what came of it as figures and a report.

pub mod metrics;
mod models;
mod outcome;
pub mod report;

pub use models::{Filling, LimitRule, Models, Slippage, WHOLE_BPS};
pub use outcome::{
    BreachRecord, DataSource, DenialRecord, Difference, EquityPoint, FillRecord, LookAhead, MarketSeries, OrderRecord,
    OrderStatus, Outcome, StrategyId, Trade,
};
