//! Strategies: a warm instance of a component of the world `trading-strategy`, called bar by bar on the caller's thread.
//!
//! A synchronous call costs half of an asynchronous one, and can be neither yielded nor cancelled: so each has its own
//! small amount of fuel, every import is answered from the store's data, and a strategy belongs on a thread of its own.
//! Not here: whether an order is admitted (`puppet-wallet`), and how it is filled.

mod describe;
mod error;
mod imports;
mod instance;
mod limits;
mod orders;
mod prepared;
mod wire;

pub use describe::{Description, Parameter, ParameterError};
pub use error::StrategyError;
pub use imports::Portfolio;
pub use instance::{Answer, StrategyInstance};
pub use limits::STRATEGY_LIMITS;
pub use orders::ClientIds;
pub use prepared::{PreparedStrategy, StrategySetup};
