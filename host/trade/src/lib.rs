//! Trading that goes on: a desk is one strategy on one purse, live. Bars come in from a feed, the trader asks the strategy,
//! the risk engine decides, what is admitted is carried out by an exchange or by the paper book, and every step is in
//! the store before anything is done about it. What a backtest does with the same bars, a paper desk does too.

mod again;
mod batch;
mod carry;
pub mod chain;
mod desk;
mod exchange;
pub mod feed;
mod idle;
mod keep;
mod open;
mod over;
mod paper;
mod plan;
mod recover;
mod result;
mod switch;
mod thread;
mod told;
mod version;
mod view;
mod want;
mod web;
mod wish;
mod work;

pub use desk::{Desk, Halted};
pub use exchange::{Exchange, ExchangeError, Halt, Swapped, Want};
pub use open::{begins, fits};
pub use plan::{DeskMode, DeskPlan, DeskStrategy, DeskVenue};
pub use thread::apart;
pub use told::{DeskError, Happened, Intent, SwapResult, Told};
pub use version::Trial;
pub use view::{DeskView, OpenOrder, purse_view};
pub use want::{base_for, find_market};
pub use web::{Listed, Pointer, Web, WebError, WebPlace, WebSetupError};
