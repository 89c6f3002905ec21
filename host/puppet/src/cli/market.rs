//! `market`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Stamp;

/// `market`.
#[derive(Debug, Subcommand)]
pub enum MarketCommand {
    /// Look at candles as `backtest` would read them: what is there, what is missing, what is odd.
    Check(MarketCheck),
    /// The candles that the data folder keeps: those that desks made of prices. `--data store:` takes them.
    List,
    /// Make candles up, that behave as real ones do: to try strategies out on. The same seed, the same candles.
    Synth(MarketSynth),
}

/// `market check`.
#[derive(Debug, Args)]
pub struct MarketCheck {
    /// A CSV or Parquet file, or a folder with one for each market.
    #[arg(value_name = "FILE|DIR")]
    pub data: PathBuf,
    /// Tokens and markets, where they are not those that the program knows (docs/trading/data.md).
    #[arg(long, value_name = "FILE")]
    pub markets: Option<PathBuf>,
    /// What a single file is of; else its name says it.
    #[arg(long, value_name = "BASE/QUOTE")]
    pub market: Option<String>,
    /// What a row's time is of its bar; else the name of its column says it, or it is when the bar opened.
    #[arg(long, value_enum)]
    pub stamp: Option<Stamp>,
    /// The zone of times that name none.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Refuse a file with more bad rows than this.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_bad_rows: u64,
}

/// `market synth`.
#[derive(Debug, Args)]
pub struct MarketSynth {
    /// Write them into this CSV, which ends in `.csv`; its name says of which market they are (`SOL-USDC.csv`).
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How many minutes.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    pub bars: u32,
    /// Another one gives other candles.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// When the first one opens.
    #[arg(long, value_name = "TIME", default_value = "2026-01-01")]
    pub from: String,
    /// So many of a million are missing, as real data have gaps.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=500_000))]
    pub missing_per_million: u32,
}
