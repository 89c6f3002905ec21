//! A Solana chain and a Jupiter-shaped exchange on loopback: JSON-RPC over HTTP in front of LiteSVM, swaps that really
//! move tokens on it, every request counted, misbehaviour on command. For tests, and to try a host without a wallet.
//! Everything is behind the feature `emulate-chain`, since LiteSVM is heavy; without it this crate is empty. What is on
//! the chain is in memory, and gone with the emulator.

#[cfg(feature = "emulate-chain")]
mod chain;
#[cfg(feature = "emulate-chain")]
mod control;
#[cfg(feature = "emulate-chain")]
mod exchange;
#[cfg(feature = "emulate-chain")]
mod faults;
#[cfg(feature = "emulate-chain")]
mod record;
#[cfg(feature = "emulate-chain")]
mod rpc;
#[cfg(feature = "emulate-chain")]
mod seeded;
#[cfg(feature = "emulate-chain")]
mod server;

#[cfg(feature = "emulate-chain")]
pub use {
    chain::{ChainError, Pace, TokenProgram},
    exchange::{Malice, SOL, Token, USDC},
    faults::{Fault, Kind, Plan, PlanError},
    server::{EmulatedChain, Settings},
};
