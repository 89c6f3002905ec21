//! Strategies: they see closed bars and propose orders. The host's risk engine decides about every order, in a backtest,
//! on paper and live alike (docs/trading/strategies.md).
//!
//! Amounts are whole numbers: quantities in the smallest unit of the base token, money in the smallest unit of the quote
//! token, prices as quote per whole base token times ten to the market's `price_decimals`.
//!
//! ```
//! use puppet_sdk::trading::prelude::*;
//!
//! /// Buys once, after a bar that fell.
//! struct Dip { fell_bps: i64, last: u64, bought: bool }
//!
//! impl TradingStrategy for Dip {
//!     fn describe() -> Description {
//!         Description::new().parameter("fell", "How far a bar has to fall.", "bps", 100, 1..=5_000)
//!     }
//!     fn init(setup: Setup) -> Result<Self, String> {
//!         let bought = setup.saved.as_deref() == Some(&[1]);
//!         Ok(Self { fell_bps: setup.parameter("fell")?, last: 0, bought })
//!     }
//!     fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
//!         let mut orders = Vec::new();
//!         for bar in &batch.candles {
//!             let fell = self.last.saturating_sub(bar.close) as i64 * 10_000 >= self.last as i64 * self.fell_bps;
//!             if fell && self.last > 0 && !self.bought && !batch.is_warm_up {
//!                 orders.push(Order::buy("dip", bar.market, 1_000_000_000).because("it fell"));
//!             }
//!             self.last = bar.close;
//!         }
//!         orders
//!     }
//!     fn on_fill(&mut self, _: &Fill) {
//!         self.bought = true;
//!     }
//!     fn save(&self) -> Vec<u8> {
//!         vec![u8::from(self.bought)]
//!     }
//! }
//!
//! puppet_sdk::trading_strategy!(Dip);
//!
//! // The same code on the desk:
//! let mut desk = testing::Desk::<Dip>::start(&[("fell", 200)]).unwrap();
//! assert!(desk.close(100_000).is_empty());
//! assert_eq!(desk.close(97_000), [Order::buy("dip", 0, 1_000_000_000).because("it fell")]);
//! ```

mod amounts;
mod describe;
mod exports;
mod order;
pub mod portfolio;

pub use crate::bindings::strategy::puppet::trading::types::{Batch, Candle, Denial, Fill, MarketInfo, Side};
pub use describe::{Description, Parameter, Setup};
#[doc(hidden)]
pub use exports::{Cell, describe, init, on_candles, on_denied, on_fill, save};
pub use order::{Order, OrderKind, TimeInForce};
pub use portfolio::Position;

/// Sees bars, proposes orders. One instance lives for a whole run; it may be stopped after any call and go on in another
/// instance from what [`save`](TradingStrategy::save) gave last.
pub trait TradingStrategy: Sized + 'static {
    /// What it takes. Asked of nobody: the same each time.
    fn describe() -> Description;
    /// A run begins, or goes on where [`Setup::saved`] is there. An error ends the run and is told to the operator.
    fn init(setup: Setup) -> Result<Self, String>;
    /// The bars that closed at one time; or history, where `is_warm_up`: orders in answer to that are refused. An order is
    /// tried from the next bar on.
    fn on_candles(&mut self, batch: &Batch) -> Vec<Order>;
    /// An order was carried out, or a part of it.
    fn on_fill(&mut self, fill: &Fill) {
        let _ = fill;
    }
    /// An order was not admitted, or ended without being filled: `rule` says which rule said no.
    fn on_denied(&mut self, denial: &Denial) {
        let _ = denial;
    }
    /// Everything that it needs to go on in another instance. At most 256 KiB.
    fn save(&self) -> Vec<u8>;
}

/// Everything a strategy usually needs.
pub mod prelude {
    pub use super::{
        Batch, Candle, Denial, Description, Fill, MarketInfo, Order, OrderKind, Parameter, Position, Setup, Side,
        TimeInForce, TradingStrategy, portfolio,
    };
    #[cfg(not(target_family = "wasm"))]
    pub use crate::testing;
    pub use crate::{log, random::Random};
}
