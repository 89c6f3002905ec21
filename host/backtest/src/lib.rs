//! A strategy over recorded candles: batches in, orders out, fills by a model, and what came of it as figures and a report.

mod account;
mod book;
mod chance;
mod data;
mod gather;
mod history;
mod lookahead;
pub mod metrics;
mod models;
mod montecarlo;
mod outcome;
mod parallel;
pub mod parameters;
pub mod report;
mod run;
mod sandboxed;
mod shadow;
mod strategy;
mod sweep;
#[cfg(test)]
mod testing;
mod trader;
mod wide;

pub use account::{Account, Closed, Holding, Parts, Traded, fee_of};
pub use book::{Book, Happening, Waiting};
pub use data::bars_of;
pub use history::{History, HistoryError};
pub use lookahead::CUTS;
pub use models::{BadSlippage, Filling, LimitRule, Models, Slippage, WHOLE_BPS};
pub use montecarlo::{Laid, MonteCarlo, PERCENTILES, monte_carlo};
pub use outcome::{
    BreachRecord, DataSource, DenialRecord, Difference, EquityPoint, FillRecord, LookAhead, MarketSeries, OrderRecord,
    OrderStatus, Outcome, StrategyId, Trade,
};
pub use parameters::{Grid, ParameterError};
pub use run::{Backtest, Progress, RunError, fits};
pub use sandboxed::Sandboxed;
pub use shadow::{Changed, Shadow, ShadowFault, shadow};
pub use strategy::{Answer, Bar, Batch, Description, Fault, Parameter, Setup, Strategies, Strategy, View};
pub use sweep::{Split, SweepRun, WalkForward, Window, all_cores};
pub use trader::{
    BatchRecord, Begin, Carried, Divergence, Due, Event, Journal, Message, Outside, SAVE_EVERY, Saved, Stopped, Trader,
    TraderState, Venue, replay,
};
