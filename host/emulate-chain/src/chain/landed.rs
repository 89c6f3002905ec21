//! What has landed, with the balances before and after.

use litesvm::types::TransactionResult;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use super::{Held, outcome};

/// A token account of a transaction.
#[derive(Debug, Clone)]
pub(crate) struct TokenBalance {
    /// Of the transaction's accounts.
    pub(crate) index: usize,
    pub(crate) decimals: u8,
    pub(crate) held: Held,
}

/// Of every account of a transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Balances {
    pub(crate) lamports: Vec<u64>,
    pub(crate) tokens: Vec<TokenBalance>,
}

/// One transaction.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) transaction: VersionedTransaction,
    pub(crate) slot: u64,
    pub(crate) height: u64,
    pub(crate) error: Option<TransactionError>,
    pub(crate) fee: u64,
    pub(crate) logs: Vec<String>,
    pub(crate) units: u64,
    pub(crate) before: Balances,
    pub(crate) after: Balances,
}

impl Landed {
    pub(crate) fn new(
        transaction: VersionedTransaction,
        result: TransactionResult,
        slot: u64,
        height: u64,
        before: Balances,
        after: Balances,
    ) -> Self {
        let (error, meta) = outcome(&result);
        let (fee, units) = (meta.fee, meta.compute_units_consumed);
        Self { transaction, slot, height, error, fee, logs: meta.logs.clone(), units, before, after }
    }
}
