//! `emulate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What `--emulate` of `run`, `paper` and `trade` serves in the host's own process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emulated {
    /// A Solana chain.
    Solana,
    /// An exchange as Jupiter is one, on that chain.
    Jupiter,
}

/// `emulate`.
#[derive(Debug, Args)]
pub struct Emulate {
    /// X's API. It and models are emulated where nothing is named.
    #[arg(long)]
    pub x: bool,
    /// Models behind an API like OpenAI's.
    #[arg(long)]
    pub llm: bool,
    /// A Solana chain, with an exchange on it.
    #[arg(long)]
    pub solana: bool,
    /// An exchange as Jupiter is one, with the chain that it is on.
    #[arg(long)]
    pub jupiter: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// What goes wrong, and how often (docs/emulators.md). `POST /_emulator/faults` changes it.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Stop after so long.
    #[arg(long = "for", value_name = "TIME", value_parser = crate::duration::parse)]
    pub length: Option<std::time::Duration>,
}
