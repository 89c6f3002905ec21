//! What can be wrong with what the engine is told. A denied order is no error: it is an answer.

use puppet_types::trade::Mint;

use crate::{ReservationId, RulesError};

/// A fill that cannot be. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// Never admitted, or ended.
    #[error("no open order has the number {}", .0.0)]
    Unknown(ReservationId),
    /// Of another order, market or side.
    #[error("the fill is not of order {}", .0.0)]
    Other(ReservationId),
    /// More than is open, or nothing.
    #[error("{filled} filled of an order of which {open} is open")]
    Quantity {
        /// The fill's.
        filled: u64,
        /// The order's.
        open: u64,
    },
    /// It would take what is held for others, or is not there.
    #[error("{wanted} wanted of {mint}, and {free} is free")]
    NotCovered {
        /// Which token.
        mint: Mint,
        /// What it would take.
        wanted: u64,
        /// What is free for it.
        free: u64,
    },
    /// A value that 64 bits do not hold.
    #[error("what the fill is worth does not fit into 64 bits")]
    TooLarge,
}

/// A balance that cannot change so. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// No market trades it, and no balance of it was there.
    #[error("no balance of {0} is kept here")]
    Unknown(Mint),
    /// More than there is.
    #[error("{amount} of {mint} cannot leave: {there} is there")]
    NotThere {
        /// Which token.
        mint: Mint,
        /// What should leave.
        amount: u64,
        /// What is there.
        there: u64,
    },
    /// More than 64 bits hold.
    #[error("the balance of {0} does not fit into 64 bits")]
    TooLarge(Mint),
}

/// Books that cannot be rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A gap in the log.
    #[error("step {wanted} is missing: the next one is {found}")]
    Missing {
        /// Which should come.
        wanted: u64,
        /// Which came.
        found: u64,
    },
    /// A step that does not fit the books before it.
    #[error("step {number} does not fit what was before it: {why}")]
    Step {
        /// Which.
        number: u64,
        /// Why.
        why: String,
    },
    /// A snapshot that contradicts itself.
    #[error("the snapshot contradicts itself: {0}")]
    Snapshot(String),
    /// A market with something in it is gone or has other tokens, or one is paid in another token: which, and why.
    #[error("{0}")]
    Market(String),
    /// Rules that cannot be meant.
    #[error(transparent)]
    Rules(#[from] RulesError),
}
