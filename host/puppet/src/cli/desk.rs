//! `paper` and `trade`.

use std::path::PathBuf;

use clap::Args;

use super::{Costs, Run, Stamp};

/// `paper`.
#[derive(Debug, Args)]
pub struct Paper {
    /// What trades, and on what terms.
    #[command(flatten)]
    pub desk: DeskTerms,
    /// Recorded candles, to whose end it trades: a CSV or Parquet file, a folder with one for each market, or `store:`. Without:
    /// the prices of now. The data folder is said by `PUPPET_DATA` or the configuration here.
    #[arg(long, value_name = "FILE|DIR|store:")]
    pub data: Option<PathBuf>,
    /// With --data: so many seconds of the record in one; without, as fast as it goes.
    #[arg(long, value_name = "N", requires = "data", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub speed: Option<u32>,
    /// With --data: tokens and markets, where they are not those that the program and the configuration know.
    #[arg(long, value_name = "FILE", requires = "data")]
    pub markets: Option<PathBuf>,
    /// With --data: only bars that opened at this time or later.
    #[arg(long, value_name = "TIME", requires = "data")]
    pub from: Option<String>,
    /// With --data: only bars that closed at this time or before.
    #[arg(long, value_name = "TIME", requires = "data")]
    pub to: Option<String>,
    /// With --data: what a row's time is of its bar.
    #[arg(long, value_enum, requires = "data")]
    pub stamp: Option<Stamp>,
    /// The zone of times that name none.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// With --data: refuse a file with more bad rows than this.
    #[arg(long, value_name = "N", requires = "data", default_value_t = 100)]
    pub max_bad_rows: u64,
    /// What a new purse begins with, in whole quote tokens; else `[trading.paper]` says it.
    #[arg(long, value_name = "AMOUNT")]
    pub balance: Option<String>,
    /// What trading costs, where it is not as `[trading.paper]` says.
    #[command(flatten)]
    pub costs: Costs,
    /// The host around it.
    #[command(flatten)]
    pub host: Run,
}

/// `trade`.
#[derive(Debug, Args)]
pub struct Trade {
    /// What trades, and on what terms.
    #[command(flatten)]
    pub desk: DeskTerms,
    /// With whose money: a wallet of `puppet wallet list`.
    #[arg(long, value_name = "NAME")]
    pub wallet: String,
    /// Mainnet is meant for this wallet: said once, kept for good.
    #[arg(long)]
    pub i_understand: bool,
    /// The host around it.
    #[command(flatten)]
    pub host: Run,
}

/// What trades, and on what terms.
#[derive(Debug, Args)]
pub struct DeskTerms {
    /// A strategy that comes with the program (`sma-cross`), a pack's folder, or a component (`.wasm`).
    #[arg(value_name = "STRATEGY")]
    pub strategy: String,
    /// What the desk is called; else as its strategy is.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What it trades: `SOL/USDC`; may be given for each.
    #[arg(long, value_name = "BASE/QUOTE")]
    pub market: Vec<String>,
    /// Length of a bar: `1m`, `5m`, `1h`; of recorded candles a longer one than theirs.
    #[arg(long, value_name = "LENGTH")]
    pub bar: Option<String>,
    /// A parameter of the strategy, one number (`fast=5`; `backtest --sweep` tries several); may be given for each.
    #[arg(long, value_name = "NAME=NUMBER")]
    pub param: Vec<String>,
    /// For chance in models and in the strategy.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// The rules of the risk engine: a file with `[trading.risk]`, as a whole `puppet.toml` is one, or an agent file of the
    /// original engine; else those of the configuration.
    #[arg(long, value_name = "FILE")]
    pub risk: Option<PathBuf>,
    /// Who is told of its trades, and may talk about them.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
}
