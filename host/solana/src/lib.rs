//! The chain: keys, balances, swaps through Jupiter, and what is looked at before anything is signed. The one crate that
//! depends on Solana's. What may be traded at all is not decided here (`puppet-wallet`); what a signature may do is.

pub mod accounts;
pub mod chain;
pub mod guard;
mod host;
pub mod jupiter;
pub mod keys;
pub mod network;
pub mod programs;
pub mod swap;
#[cfg(test)]
mod testing;

pub use host::host_of;
pub use keys::{KeyError, KeySource, Wallet};
pub use network::{Acknowledged, Network, NetworkError};
pub use solana_address::Address;
