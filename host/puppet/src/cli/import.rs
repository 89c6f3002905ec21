//! `import`.

use std::path::PathBuf;

use clap::Args;

/// What is taken over, and how.
#[derive(Debug, Args)]
pub struct Import {
    /// The folder of the original: `config/agents` is in it.
    pub dir: PathBuf,
    /// Only say what would be carried to where.
    #[arg(long)]
    pub dry_run: bool,
    /// The folder that mongodump or mongoexport wrote; `dump/` in DIR where it is not given.
    #[arg(long, value_name = "DIR")]
    pub dump: Option<PathBuf>,
    /// Put these agents, credentials and settings in the place of others of the same names: what those agents remember goes.
    #[arg(long)]
    pub replace: bool,
    /// Send the events of the dump once more: the highest priority first, equals in their order.
    #[arg(long)]
    pub replay_events: bool,
}
