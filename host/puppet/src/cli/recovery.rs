//! `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write; in a folder that is there it gets a name of its own.
    #[arg(value_name = "FILE|DIR")]
    pub to: PathBuf,
}

/// `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// What `puppet backup` wrote. The data folder must be missing or empty.
    pub file: PathBuf,
}
