//! Trading that goes on: a desk is one strategy on one purse, live. Bars come in from a feed, the trader asks the strategy,
//! the risk engine decides, what is admitted is carried out by an exchange or by the paper book, and every step is in
//! the store before anything is done about it. What a backtest does with the same bars, a paper desk does too.

pub mod chain;
mod exchange;

pub use exchange::{Exchange, ExchangeError, Swapped, Want};
