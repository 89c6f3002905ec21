//! The purse: what may be traded (the risk engine), what is held (the portfolio), and what is reserved for trades under
//! way. One code path for backtest, paper and live. And the `wallet` capability, by which a character sees its purse and
//! proposes swaps. Keys and chains are in `puppet-solana`.

mod books;
mod capability;
mod closed;
mod error;
mod original;
mod portfolio;
mod risk;
mod rule;
mod rules;
mod seen;
mod step;

pub use books::Books;
#[doc(hidden)]
pub use capability::fuzz;
pub use capability::{
    Behind, Carries, NoPurses, Purses, REASON_BYTES, SwapError, SwapQuote, SwapResult, TokenBalance, View, denial, link,
};
pub use error::{FillError, MoveError, RestoreError};
pub use original::{FromOriginal, Mapped, ORIGINAL, OriginalError};
pub use portfolio::{Balance, InMarketView, Portfolio};
pub use risk::{Risk, Settled};
pub use rule::{About, Rule};
pub use rules::{BPS, LowProfit, MOST_ORDERS, OnDrawdown, QuantityRange, REMEMBERED, Rules, RulesError, StopGuard};
pub use seen::{Cause, Mode, Origin, Seen, State};
pub use step::{Done, Flow, Held, Numbered, ReservationId, Step};

#[cfg(test)]
mod tests;
