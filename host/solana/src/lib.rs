//! The chain: keys, balances, swaps through Jupiter, and what is looked at before anything is signed. The one crate that
//! depends on Solana's.
