//! `emulate`.

use std::path::PathBuf;

use clap::Args;

/// `emulate`.
#[derive(Debug, Args)]
pub struct Emulate {
    /// X's API. Everything is emulated where nothing is named.
    #[arg(long)]
    pub x: bool,
    /// Chat completions, as OpenAI has them.
    #[arg(long)]
    pub llm: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// What goes wrong, and how often (docs/x.md). `POST /_emulate/faults` changes it.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Stop after so long.
    #[arg(long = "for", value_name = "TIME", value_parser = crate::duration::parse)]
    pub length: Option<std::time::Duration>,
}
