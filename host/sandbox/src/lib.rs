//! The sandbox: reads what a component asks for, compiles it, and runs one event in a fresh instance of it,
//! inside limits that are all on by default. It holds no provider and no grant: capabilities are linked by whoever
//! prepares a component. Not here: budgets and the gate (`puppet-grants`), mailboxes and the journal (the engine).

mod cache;
mod causes;
mod compile;
mod config;
mod exports;
mod inspect;
mod invoke;
mod limiter;
mod limits;
mod load_error;
mod output;
mod prepare;
mod room;
mod sandbox;
mod shape;
mod shared;
mod strategy;
mod strikes;
mod versions;
mod wasi;

pub use compile::Compiled;
pub use config::{Pool, SandboxConfig};
pub use exports::{AgentRef, Blob, NewEvent};
pub use inspect::{Inspection, World, inspect};
pub use invoke::{CallSetup, Ended};
pub use limits::{LIMITS, LimitError, Limits};
pub use load_error::LoadError;
pub use prepare::Prepared;
pub use room::{Carrier, Room};
pub use sandbox::{PoolUse, Sandbox, SandboxError};
pub use shared::{SHARED, shared};
pub use strategy::{
    Answer, ClientIds, Description, Parameter, ParameterError, Portfolio, PreparedStrategy, STRATEGY_LIMITS,
    StrategyError, StrategyInstance, StrategySetup,
};
pub use strikes::{Standing, Strike, StrikeRules, Strikes};
pub use versions::{CONTRACT, SERVED, Served, Skew};
