//! The arguments of `journal prune`.

use clap::Args;

/// `journal prune`.
#[derive(Debug, Args)]
pub struct Prune {
    /// Only say what would go.
    #[arg(long)]
    pub dry_run: bool,
}
