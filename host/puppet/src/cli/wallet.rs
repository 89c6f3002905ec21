//! `wallet`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `wallet`.
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a key, or take one over, and keep it among the secrets of the data folder. Prints its address.
    New(WalletNew),
    /// All wallets and paper purses: what they are, where they are, and how they stand.
    List,
    /// What the chain says is there, beside what the books say.
    Balance(WalletBalance),
    /// Orders, fills, denials, swaps, and what the operator said; the last first.
    History(WalletHistory),
    /// Trade nothing with a wallet, at once and until `wallet resume`.
    Halt {
        /// Which.
        #[command(flatten)]
        which: WhichPurse,
        /// Why, for whoever wonders.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let a wallet trade again, whatever stopped it: a halt, or a drawdown.
    Resume(WhichPurse),
    /// Swaps that wait for your yes, with everything that there is to decide by.
    Approvals {
        /// Also those whose time is over, and those whose swap has gone on or ended.
        #[arg(long)]
        all: bool,
    },
    /// Say yes to one message: it is used once, and runs out.
    Approve {
        /// The hash of the message, whole.
        hash: String,
    },
    /// Say no to one message: its swap ends without a signature.
    Reject {
        /// The hash of the message, whole.
        hash: String,
    },
    /// Ask for free SOL, and wait until it is there. Not on mainnet.
    Airdrop {
        /// Which wallet.
        name: String,
        /// How much SOL: `1` or `0.5`.
        amount: String,
    },
}

/// `wallet new`.
#[derive(Debug, Args)]
pub struct WalletNew {
    /// What it is called: letters, digits, `-` and `_`.
    pub name: String,
    /// Take over a key that is there: of --file, else of stdin. Base58, a JSON array, hex or a list of bytes.
    #[arg(long)]
    pub import: bool,
    /// With --import: the file that holds the key. Without: a new file for a copy of it, as `solana-keygen` writes one.
    #[arg(long, value_name = "PATH")]
    pub file: Option<PathBuf>,
}

/// `wallet balance`.
#[derive(Debug, Args)]
pub struct WalletBalance {
    /// Which; all where none is named.
    pub name: Option<String>,
    /// Mainnet is meant for this wallet: said once, kept for good.
    #[arg(long, requires = "name")]
    pub i_understand: bool,
}

/// `wallet history`.
#[derive(Debug, Args)]
pub struct WalletHistory {
    /// Of which wallet, or paper purse (`paper/DESK`).
    pub name: String,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub last: u64,
    /// Not before this time, or this long ago (`2h`).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

/// Which purses an operator speaks of.
#[derive(Debug, Args)]
pub struct WhichPurse {
    /// A wallet, or a paper purse (`paper/DESK`).
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub name: Option<String>,
    /// Every wallet and purse that there is.
    #[arg(long)]
    pub all: bool,
}
