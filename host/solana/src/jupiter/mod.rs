//! Jupiter: what a swap would give, and a transaction for it. Everything that it answers is a stranger's word: the quote
//! is checked here ([`Quote::check`]), the transaction by the guard.

mod client;
mod limits;
mod quote;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;

use async_trait::async_trait;
use puppet_types::Timestamp;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;

pub use client::{JupiterApi, JupiterSettings, JupiterSetupError};
pub use quote::{QuoteError, QuoteLimits};

/// Why Jupiter gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JupiterError {
    /// No connection: nothing was sent.
    #[error("Jupiter at {0} cannot be reached")]
    Unreachable(String),
    /// It was sent, and what became of it is not known.
    #[error("Jupiter at {host} did not answer: {why}")]
    Lost {
        /// Where it is.
        host: String,
        /// How it was lost.
        why: &'static str,
    },
    /// It wants fewer requests, and says when one may ask again.
    #[error("Jupiter wants fewer requests: again in {retry_after_ms} ms")]
    RateLimited {
        /// From now on.
        retry_after_ms: u64,
    },
    /// It does not know the key.
    #[error("Jupiter does not accept the key")]
    Unauthorized,
    /// It says no.
    #[error("Jupiter refuses: {0}")]
    Refused(String),
    /// It fails, or answers what it should not.
    #[error("Jupiter fails: {0}")]
    Failed(String),
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Mint of what is given.
    pub gives: Address,
    /// Mint of what is taken.
    pub takes: Address,
    /// Of what is given, in its smallest unit.
    pub amount: u64,
    /// Who swaps. Without one there is a price, and nothing to sign.
    pub taker: Option<Address>,
    /// How much less may come out than is quoted, in hundredths of a percent.
    pub slippage_bps: u16,
}

/// What a swap would give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Mint of what is given.
    pub gives: Address,
    /// Mint of what is taken.
    pub takes: Address,
    /// Of what is given.
    pub in_amount: u64,
    /// Of what is taken, now.
    pub out_amount: u64,
    /// Of what is taken, at least.
    pub least_out: u64,
    /// How much less that is, in hundredths of a percent.
    pub slippage_bps: u16,
    /// How much the swap itself moves the price, in hundredths of a percent, rounded up; none where nothing is said.
    pub price_impact_bps: Option<u32>,
    /// When it was answered.
    pub at: Timestamp,
}

/// A quote with a transaction that Jupiter will send itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The price.
    pub quote: Quote,
    /// Base64; none without a taker, or where there is a reason.
    pub transaction: Option<String>,
    /// What it is executed by.
    pub request_id: String,
    /// Until which block it can land, where it is said.
    pub last_valid_height: Option<u64>,
    /// Why there is no transaction.
    pub reason: Option<String>,
}

/// What became of an order. It is Jupiter's word; the chain's is asked for by the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// It says that it landed.
    pub is_success: bool,
    /// Its code; 0 is success.
    pub code: i64,
    /// In its words.
    pub words: String,
}

/// A quote with instructions, for a transaction of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The price.
    pub quote: Quote,
    /// What is done, in order; without a compute budget, which is one's own matter.
    pub instructions: Vec<Instruction>,
    /// Lookup tables, as Jupiter says they are. The guard reads them from the chain.
    pub tables: BTreeMap<Address, Vec<Address>>,
    /// A blockhash, and until which block it counts, where one is given.
    pub blockhash: Option<(Hash, u64)>,
}

/// Jupiter, or what stands for it.
#[async_trait]
pub trait Jupiter: Send + Sync {
    /// A quote, and where there is a taker a transaction that must not be changed. Called once per swap.
    async fn order(&self, ask: &Ask) -> Result<Order, JupiterError>;
    /// Hands in what was signed. The same twice is the same signature: it can land once only.
    async fn execute(&self, signed: &str, order: &str) -> Result<Executed, JupiterError>;
    /// A quote and instructions. Called once per swap that is sent through one's own node.
    async fn build(&self, ask: &Ask) -> Result<Built, JupiterError>;
}
