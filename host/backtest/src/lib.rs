//! A strategy over recorded candles: batches in, orders out, fills by a model, and what came of it as figures and a report.

mod account;
mod book;
mod chance;
mod models;
mod outcome;
pub mod rules;
mod strategy;
#[cfg(test)]
mod testing;

pub use account::{Account, Closed, Holding, fee_of};
pub use book::{Book, Happening};
pub use models::{Filling, LimitRule, Models, Slippage, WHOLE_BPS};
pub use outcome::{
    BreachRecord, DataSource, DenialRecord, Difference, EquityPoint, FillRecord, LookAhead, MarketSeries, OrderRecord,
    OrderStatus, Outcome, StrategyId, Trade,
};
pub use strategy::{Bar, Batch, Description, Fault, Parameter, Setup, Strategies, Strategy, View};
