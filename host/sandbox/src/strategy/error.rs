//! Why a strategy does not run, or runs no longer.

use puppet_types::BreachError;

use super::ParameterError;
use crate::LoadError;

/// Why a call of a strategy has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// Not a component that this host runs as a strategy.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A component of another world.
    #[error("a component of the world `{0}` is no trading strategy")]
    World(&'static str),
    /// It ran into a limit. The instance is never entered again: rebuild it from its last save.
    #[error("the strategy was stopped ({0})")]
    Breach(BreachError),
    /// A call of an instance that ran into a limit before.
    #[error("the strategy was stopped before ({0}): rebuild it from its last save")]
    Poisoned(BreachError),
    /// Its own word, of `init`.
    #[error("the strategy does not begin: {0}")]
    Refused(String),
    /// What it says of itself makes no sense.
    #[error("the strategy's description makes no sense: {0}")]
    Description(String),
    /// A parameter that is not one, or out of its range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// What it was to begin with does not fit what it says of itself.
    #[error("the strategy cannot begin so: {0}")]
    Setup(String),
    /// Bars that a strategy must not see, or not in this order. The instance is as it was.
    #[error("the batch is wrong: {0}")]
    Batch(String),
    /// As many instances are alive as fit. A strategy waits for none.
    #[error("the pool is full (`sandbox.pool.slots`, `sandbox.pool.live_bytes`)")]
    Full,
}

impl StrategyError {
    /// The limit, where it is one.
    pub fn breach(&self) -> Option<&BreachError> {
        match self {
            Self::Breach(breach) | Self::Poisoned(breach) => Some(breach),
            _ => None,
        }
    }
}
