//! `store`.

use clap::{Args, Subcommand};

/// `store`.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Copy a whole deployment from one store into another, and compare them row by row. No host may run on either.
    /// Broken off, the same command takes it up again.
    Copy(StoreCopy),
}

/// `store copy`.
#[derive(Debug, Args)]
pub struct StoreCopy {
    /// Where the rows are: `sqlite:DIR` (a data folder), `mongodb://HOST/DATABASE`, or `credential:NAME`, whose value is
    /// such an address.
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// Where they are to be: empty, or half of the same copy.
    #[arg(long, value_name = "URL")]
    pub to: String,
}
