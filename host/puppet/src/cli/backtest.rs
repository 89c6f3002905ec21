//! `backtest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `backtest`.
#[derive(Debug, Args)]
pub struct Backtest {
    /// What trades: a strategy that comes with the program (`sma-cross`), a pack's folder, or a component (`.wasm`).
    #[arg(value_name = "STRATEGY")]
    pub strategy: String,
    /// Candles: a CSV or Parquet file, a folder with one for each market (`SOL-USDC.csv`), or `store:`, what the data folder
    /// keeps of prices that were traded on (`store:SOL/USDC`: of this market).
    #[arg(long, value_name = "FILE|DIR|store:")]
    pub data: PathBuf,
    /// Tokens and markets, where they are not those that the program knows (docs/trading/data.md).
    #[arg(long, value_name = "FILE")]
    pub markets: Option<PathBuf>,
    /// What a single file is of; else its name says it.
    #[arg(long, value_name = "BASE/QUOTE")]
    pub market: Option<String>,
    /// Only bars that opened at this time or later.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only bars that closed at this time or before.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// What a row's time is of its bar; else the name of its column says it, or it is when the bar opened.
    #[arg(long, value_enum)]
    pub stamp: Option<Stamp>,
    /// The zone of times that name none.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: String,
    /// Refuse a file with more bad rows than this.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_bad_rows: u64,
    /// Longer bars, made of those of the data: `5m`, `1h`, `1d`.
    #[arg(long, value_name = "LENGTH")]
    pub bar: Option<String>,
    /// A parameter of the strategy, one number (`fast=5`; several are tried with --sweep); may be given for each.
    #[arg(long, value_name = "NAME=NUMBER")]
    pub param: Vec<String>,
    /// What it begins with, in whole quote tokens.
    #[arg(long, value_name = "AMOUNT", default_value = "10000")]
    pub balance: String,
    /// The rules of the risk engine: a file with `[trading.risk]`, as your `puppet.toml` is one, or an agent file of the
    /// original engine. Without one whatever can be paid is admitted.
    #[arg(long, value_name = "FILE")]
    pub risk: Option<PathBuf>,
    /// What trading costs.
    #[command(flatten)]
    pub costs: Costs,
    /// Sell at the last close what is open at the end.
    #[arg(long)]
    pub close_at_end: bool,
    /// What money earns without risk in a year, in hundredths of a percent.
    #[arg(long, value_name = "BPS", default_value_t = 0)]
    pub risk_free_bps: u32,
    /// For chance in models and in the strategy.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Runs it again with the history cut at 50 points. Exit code 1 where it decides otherwise.
    #[arg(long, conflicts_with = "sweep")]
    pub check_lookahead: bool,
    /// Every value of a parameter, and every combination with other ones: `fast=5,10` or `fast=5..50:5`. The one with the
    /// highest Sharpe ratio is reported.
    #[arg(long, value_name = "NAME=VALUES")]
    pub sweep: Vec<String>,
    /// With --sweep: so often the best of a part (70 of 100) is tried on the part after it, up to the last bar.
    #[arg(long, value_name = "TIMES", requires = "sweep", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub walk_forward: Option<u32>,
    /// The results of its trades in another order, and drawn anew, so often: what else they could have led to.
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub monte_carlo: Option<u32>,
    /// How many runs at once; all cores where it is not said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub threads: Option<u32>,
    /// Write report.json and report.html into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What trading costs, where it is not real.
#[derive(Debug, Default, Args)]
pub struct Costs {
    /// The fee of a trade, in hundredths of a percent.
    #[arg(long, value_name = "BPS")]
    pub fee_bps: Option<u32>,
    /// How much worse than its price an order is filled: `fixed`, `drawn`, `volume` (what all of a bar's volume would cost)
    /// or `range` (a part of the bar's range), and how many hundredths of a percent; or `none`.
    #[arg(long, value_name = "KIND:BPS")]
    pub slippage: Option<String>,
    /// How long an order is on its way, always.
    #[arg(long, value_name = "MS")]
    pub latency_ms: Option<u32>,
    /// How much of a bar's volume all orders together get, in hundredths of a percent; 0: volume does not matter.
    #[arg(long, value_name = "BPS")]
    pub participation_bps: Option<u32>,
}

/// What a row's time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stamp {
    /// When the bar opened.
    Open,
    /// When it closed.
    Close,
}
