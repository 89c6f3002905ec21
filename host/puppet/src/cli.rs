//! The command line. Every command takes `--data`, `--config` and `--json`.

mod agents;
mod api;
mod author;
mod backtest;
mod desk;
#[cfg(test)]
mod documented;
mod emulate;
mod grants;
mod import;
mod journal;
mod market;
mod outbox;
mod packs;
mod prune;
mod recovery;
mod replay;
mod simulate;
mod store;
mod wallet;
mod x;

use std::path::PathBuf;

pub use agents::{Agent, EventCommand};
pub use api::{ApiCommand, KeyCommand, MakeKey};
pub use author::{Build, Check, Dev, New, Test};
pub use backtest::{Backtest, Costs, Stamp};
pub use desk::{DeskTerms, Paper, Trade};
pub use emulate::{Emulate, Emulated};
pub use grants::{GrantTerms, GrantsCommand, PluginsCommand};
pub use import::Import;
pub use journal::{Forget, Journal, JournalCommand};
pub use market::{MarketCheck, MarketCommand, MarketSynth};
pub use outbox::{OutboxCommand, OutboxList};
pub use packs::{Install, PackCommand, Remove, Signed, WhichVersion};
pub use prune::Prune;
pub use recovery::{Backup, Restore};
pub use replay::Replay;
pub use simulate::{DiffBehaviour, Invoke, Preview, Simulate};
pub use store::{StoreCommand, StoreCopy};
pub use wallet::{WalletBalance, WalletCommand, WalletHistory, WalletNew, WhichPurse};
pub use x::{XCommand, XLogin};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A host for autonomous characters whose behaviour is WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "puppet", version, about, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The data folder; `PUPPET_DATA`, `host.data` of the configuration, or `./.puppet` where it is not given.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration file; `puppet.toml` here where there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Machine-readable output (docs/schemas).
    #[arg(long, global = true)]
    pub json: bool,
    /// How the log on stderr is written; `[log] json` says it where it is not given.
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log: Option<LogFormat>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object on each line.
    Json,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented puppet.toml, grants.toml and one agent into a folder.
    Init(Init),
    /// Watch four characters live, post, reply and remember, with no key and no service.
    Demo(Demo),
    /// Run the host on this data folder until it is stopped.
    Run(Run),
    /// Let agents live some days of virtual time, in seconds, and report.
    Simulate(Simulate),
    /// Run one event through a component in the real sandbox. Commits nothing.
    Invoke(Invoke),
    /// Begin a pack: a plugin that does a little, its scenarios, its manifest. Asks for what is not given.
    New(New),
    /// Build a pack's component, and say what it is and imports.
    Build(Build),
    /// What is wrong with a pack: its world, what it asks for, its size and fuel, its documents. Exit code 1 on an error.
    Check(Check),
    /// Run the scenarios of a pack against its component in the real sandbox. Exit code 1 where one fails.
    Test(Test),
    /// Build a pack whenever it changes, and let it live in a host of its own here. Shows what it decides and logs.
    Dev(Dev),
    /// What a pack would do, cost and need: a week of virtual time, with nothing granted but in simulation.
    Preview(Preview),
    /// Run a trading strategy over recorded candles, behind the risk engine, and report. Exit code 1 where a check fails.
    Backtest(Box<Backtest>),
    /// Run the host, and let a strategy trade on paper meanwhile: on the prices of now, or on recorded candles to their end.
    Paper(Box<Paper>),
    /// Run the host, and let a strategy trade with the money of a wallet meanwhile.
    Trade(Box<Trade>),
    /// Candles: look at them, make them up.
    #[command(subcommand)]
    Market(MarketCommand),
    /// Keys, balances, and the word of the operator on what is traded.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// What two versions of a plugin do with the same recorded invocations, side by side. Exit code 1 where they differ.
    DiffBehaviour(DiffBehaviour),
    /// Import, list and show agents.
    #[command(subcommand)]
    Agent(Agent),
    /// Take over a whole deployment of the original engine.
    Import(Import),
    /// Send events, and see which were handled.
    #[command(subcommand)]
    Event(EventCommand),
    /// What happened and why: the record of invocations.
    Journal(Journal),
    /// Run recorded invocations again and compare. Exit code 1 where one comes out differently.
    Replay(Replay),
    /// Make, sign, look into and compare packs. None of it runs or installs anything.
    #[command(subcommand)]
    Pack(PackCommand),
    /// The installed packs, version by version.
    Packs,
    /// Install a pack into the data folder. Where it asks for more than it was granted, it waits for you.
    Install(Install),
    /// Install another version of a pack that is installed.
    Upgrade(Install),
    /// Bring an earlier version of a pack back: the one that ran last, or one that is named.
    Rollback(WhichVersion),
    /// Take a pack out, or one version of it.
    Remove(Remove),
    /// The plugins that run, with their imports, grants and strikes.
    Plugins {
        /// None lists them.
        #[command(subcommand)]
        command: Option<PluginsCommand>,
    },
    /// What packs ask for and what they may do, in plain words; approve, take back, change.
    #[command(subcommand)]
    Grants(GrantsCommand),
    /// What each budget allows, and what is left.
    Budgets,
    /// Let nothing leave, at once and until `resume`; agents go on and what they decide waits.
    Halt {
        /// Why, for whoever wonders.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Let effects leave again.
    Resume,
    /// Effects that wait for your yes.
    #[command(subcommand)]
    Approvals(Approvals),
    /// What agents do to the world, and how far it is.
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// The server of a host: who may ask it.
    #[command(subcommand)]
    Api(ApiCommand),
    /// Accounts of X: who signs in, and how.
    #[command(subcommand)]
    X(XCommand),
    /// Copy the data folder into one file, also while a host works in it.
    Backup(Backup),
    /// Make a data folder of a backup. It begins halted.
    Restore(Restore),
    /// Check that everything in the data folder is as it must be. Exit code 1 where something is not.
    Verify,
    /// Where the rows of a deployment are.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Stand for X and for a model on this machine, and misbehave on command, until stopped: for trying and testing.
    Emulate(Emulate),
    /// Check this machine, the configuration and the data folder.
    Doctor(Doctor),
    /// The configuration in effect; secrets are masked.
    Config,
    /// What a code of an error means, its usual causes, and what to do.
    Explain {
        /// The code, as it stands in `error[CODE]`.
        code: String,
    },
    /// Print what a shell needs to complete commands and flags.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the JSON schema of a file that people write, for editors.
    Schema {
        /// pack (pack.toml), grants (grants.toml), puppet (puppet.toml) or scenario (tests/*.toml of a pack).
        #[arg(value_parser = crate::editor::NAMES)]
        file: String,
    },
    /// Write a manual page for each command.
    Man {
        /// Where to.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Compiles one component into the cache: a host starts this by itself.
    #[command(hide = true)]
    Compile,
}

impl Command {
    /// Whether `--data` means candles: then `PUPPET_DATA` or the configuration says where the data folder is.
    pub fn has_own_data(&self) -> bool {
        matches!(self, Self::Backtest(_) | Self::Paper(_))
    }

    /// Whether it is a host on the real clock.
    pub fn lives(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Paper(_) | Self::Trade(_))
    }

    /// Whether it lives in virtual time, on a timeline of its own: X is never reached.
    pub fn is_of_virtual_time(&self) -> bool {
        matches!(self, Self::Preview(_) | Self::Simulate(_) | Self::Backtest(_))
    }
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Virtual seconds per second.
    #[arg(long, default_value_t = 3_600, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub speed: u64,
    /// Stop after so long (`60s`, `5m`).
    #[arg(long = "for", value_name = "TIME", value_parser = crate::duration::parse)]
    pub length: Option<std::time::Duration>,
    /// A line per effect instead of the live view.
    #[arg(long)]
    pub plain: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Packs to live with, instead of the four that come with puppet.
    #[arg(long, value_name = "DIR")]
    pub packs: Option<PathBuf>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Print no line per effect.
    #[arg(long)]
    pub quiet: bool,
    /// Stop after so long.
    #[arg(long = "for", value_name = "TIME", value_parser = crate::duration::parse)]
    pub length: Option<std::time::Duration>,
    /// Where the rows are in MongoDB and another host works with them: send it away.
    #[arg(long)]
    pub take_over: bool,
    /// Serve these in this process while it runs, in the place of the real ones; run.json says where. The chain and its
    /// exchange, on the network `localnet`, are in a program that was built with the feature `emulate-chain`.
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub emulate: Vec<Emulated>,
}

/// `approvals`.
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// What waits, the oldest first.
    List {
        /// Of one agent.
        #[arg(long, value_name = "ID")]
        agent: Option<String>,
    },
    /// Let it leave.
    Approve(Which),
    /// Never let it leave; its plugin hears of it.
    Reject {
        /// What.
        #[command(flatten)]
        which: Which,
        /// Why: the plugin is told.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Which effects an operator speaks of.
#[derive(Debug, Args)]
pub struct Which {
    /// One effect.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub id: Option<String>,
    /// Only if this is its digest: what `approvals list --json` showed is what is meant.
    #[arg(long, value_name = "DIGEST", conflicts_with = "all")]
    pub digest: Option<String>,
    /// Everything that waits now.
    #[arg(long)]
    pub all: bool,
    /// With --all: of one agent.
    #[arg(long, value_name = "ID", requires = "all")]
    pub agent: Option<String>,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Every limit with its value, its setting and the breach it leads to.
    #[arg(long)]
    pub limits: bool,
}
