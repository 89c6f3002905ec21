//! The chain as this crate asks it: accounts, blockhashes, tries, sends, statuses. One trait, so that every step of a swap
//! can be walked through without a network. What a node answers is one node's word.

mod read;
mod record;
mod rpc;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use solana_address::Address;
use solana_hash::Hash;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use crate::accounts::{Account, Balances};
pub use read::{after, balances, check_decimals, mint, tables, watched};
pub use rpc::{Rpc, RpcSettings, RpcSetupError};

/// Why the chain gave no answer. Addresses of endpoints are in none of them, since they may hold a key: only their hosts are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No connection.
    #[error("the RPC endpoint at {0} cannot be reached")]
    Unreachable(String),
    /// No answer in time.
    #[error("the RPC endpoint at {0} did not answer in time")]
    TimedOut(String),
    /// Too many requests.
    #[error("the RPC endpoint at {0} wants fewer requests")]
    RateLimited(String),
    /// The node has not seen what it is asked about.
    #[error("the RPC node is behind the chain")]
    Behind,
    /// The node says no, in its own words.
    #[error("the RPC node refuses: {0}")]
    Refused(String),
    /// The answer makes no sense.
    #[error("the RPC node's answer is not what it answers: {0}")]
    Unreadable(&'static str),
    /// No such token.
    #[error("there is no token {0}")]
    NoMint(Address),
    /// It has others than is believed.
    #[error(
        "the token {mint} has {found} decimals, and is believed to have {believed}: every amount of it would be wrong"
    )]
    Decimals {
        /// Which.
        mint: Address,
        /// As configured.
        believed: u8,
        /// By its own account.
        found: u8,
    },
    /// Shown as a lookup table, and none.
    #[error("{0} is no lookup table in use")]
    NoTable(Address),
}

/// What a transaction is dated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blockhash {
    /// It.
    pub hash: Hash,
    /// In a block higher than this it counts for nothing.
    pub last_valid_height: u64,
}

/// A transaction that was tried, and changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Simulation {
    /// Why it would fail.
    pub error: Option<String>,
    /// The accounts that were asked for, as they would be; none where one would not be there.
    pub accounts: Vec<Option<Account>>,
    /// Compute units used.
    pub units: Option<u64>,
}

/// What became of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Where it is.
    pub slot: u64,
    /// It is there, and did nothing but cost its fee.
    pub error: Option<String>,
    /// Two thirds of the stake have voted for its block.
    pub is_confirmed: bool,
    /// It cannot be undone.
    pub is_finalized: bool,
}

/// What a transaction did that landed, by its own record: of the accounts that it names, whosever they are, and of no other.
/// Who else has rights over them is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// It did what it says; otherwise nothing but cost its fee.
    pub is_done: bool,
    /// What was held right before it.
    pub before: Balances,
    /// What was held right after it.
    pub after: Balances,
}

/// A node. Reads are of confirmed blocks, unless it is said otherwise.
#[async_trait]
pub trait Chain: Send + Sync {
    /// The hash of the first block: which network this is.
    async fn genesis(&self) -> Result<String, ChainError>;
    /// Accounts, all at one moment. Called for every check.
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError>;
    /// Addresses of the token accounts that a wallet owns, of both token programs.
    async fn token_accounts(&self, wallet: &Address) -> Result<Vec<Address>, ChainError>;
    /// The latest blockhash.
    async fn blockhash(&self) -> Result<Blockhash, ChainError>;
    /// Height of the last block that cannot be undone.
    async fn finalized_height(&self) -> Result<u64, ChainError>;
    /// Tries a transaction, whatever its signatures, and tells how these accounts would be.
    async fn simulate(&self, transaction: &VersionedTransaction, watch: &[Address]) -> Result<Simulation, ChainError>;
    /// Hands in a signed transaction. The node goes on sending it by itself until its blockhash runs out.
    async fn send(&self, transaction: &VersionedTransaction) -> Result<(), ChainError>;
    /// What became of a signature, searched in all history; none where the chain does not know it.
    async fn status(&self, signature: &Signature) -> Result<Option<Status>, ChainError>;
    /// What a transaction did; none where the node does not have it, or not yet. Called once it has landed.
    async fn record(&self, signature: &Signature) -> Result<Option<Record>, ChainError>;
    /// What others paid lately for a compute unit to write to these accounts, in millionths of a lamport.
    async fn priority_fee(&self, accounts: &[Address]) -> Result<u64, ChainError>;
}
