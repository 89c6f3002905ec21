//! The command line. Every command takes `--data`, `--config` and `--json`.

mod backtest;
mod desk;
mod emulate;
mod import;
mod market;
mod outbox;
mod packs;
mod prune;
mod recovery;
mod replay;
mod store;
mod wallet;
mod x;

use std::path::PathBuf;

pub use backtest::{Backtest, Costs, Stamp};
pub use desk::{DeskTerms, Paper, Trade};
pub use emulate::{Emulate, Emulated};
pub use import::Import;
pub use market::{MarketCheck, MarketCommand, MarketSynth};
pub use outbox::{OutboxCommand, OutboxList};
pub use packs::{Install, PackCommand, Remove, Signed, WhichVersion};
pub use prune::Prune;
pub use recovery::{Backup, Restore};
pub use replay::Replay;
pub use store::{StoreCommand, StoreCopy};
pub use wallet::{WalletBalance, WalletCommand, WalletHistory, WalletNew, WhichPurse};
pub use x::{XCommand, XLogin};

use clap::{Args, Parser, Subcommand};

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
    /// Compiles one component into the cache: a host starts this by itself.
    #[command(hide = true)]
    Compile,
}

impl Command {
    /// Whether `--data` means candles: then `PUPPET_DATA` or the configuration says where the data folder is.
    pub fn has_own_data(&self) -> bool {
        matches!(self, Self::Backtest(_) | Self::Paper(_))
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
    /// Serve these in this process while it runs, with Solana's network `localnet`; run.json says where. In a program that was
    /// built with the feature `emulate-chain`.
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub emulate: Vec<Emulated>,
}

/// First moment of simulated time.
const START: &str = "2026-01-05T00:00:00Z";
/// Zone of simulated agents that have none.
const ZONE: &str = "UTC";
/// Who makes events in simulated time.
const GENERATORS: &str = "news,mood-swings,encounters";

/// `simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Original agent files (`*.json`) or packs (folders with pack.toml).
    #[arg(long, value_name = "DIR")]
    pub agents: PathBuf,
    /// Days of virtual time.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Where report.json, timeline.md, build.json and the data folder go.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// First moment.
    #[arg(long, default_value = START, value_name = "TIME")]
    pub start: String,
    /// Time zone of agents that have none of their own.
    #[arg(long, default_value = ZONE, value_name = "ZONE")]
    pub tz: String,
    /// Invocations at the same time; the result is the same for every number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub workers: Option<u64>,
    /// Event generators, by name, or `none`.
    #[arg(long, default_value = GENERATORS, value_name = "LIST")]
    pub generators: String,
    /// Cuts what the packs request, in the form of grants.toml; it never adds anything.
    #[arg(long, value_name = "FILE")]
    pub grants: Option<PathBuf>,
    /// Copies of each agent, for load: 1,000 agents from four files.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub copies: u32,
}

impl Simulate {
    /// As where nothing else is said, for those who write nothing to OUT.
    pub fn by_default(days: u32, seed: u64) -> Self {
        Self {
            agents: PathBuf::new(),
            days,
            seed,
            out: PathBuf::new(),
            start: START.to_owned(),
            tz: ZONE.to_owned(),
            workers: None,
            generators: GENERATORS.to_owned(),
            grants: None,
            copies: 1,
        }
    }
}

/// `preview`.
#[derive(Debug, Args)]
pub struct Preview {
    /// A pack's folder, or an agent file of the original engine (`*.json`).
    pub path: PathBuf,
    /// Days of virtual time.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Let this agent live the same days, and show the differences: one of the data folder, or of `agents/`.
    #[arg(long, value_name = "AGENT")]
    pub against: Option<String>,
    /// Write the report as one page with charts.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `invoke`.
#[derive(Debug, Args)]
pub struct Invoke {
    /// A component, or a pack's folder.
    pub target: PathBuf,
    /// The event: `{"kind": "mention", "payload": {…}}`, or `@FILE`. None: that of the record.
    #[arg(long, value_name = "JSON", required_unless_present = "answers")]
    pub event: Option<String>,
    /// A recorded invocation as `journal show --json` prints it, or `{"reads": […]}`.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Seed of everything random: that of the record, or 42.
    #[arg(long)]
    pub seed: Option<u64>,
}

/// `diff-behaviour`.
#[derive(Debug, Args)]
pub struct DiffBehaviour {
    /// A component (`.wasm`), a pack's folder or archive, `PACK@VERSION` or `PACK@DIGEST` of what is installed, or `PACK`
    /// for what runs.
    pub old: String,
    /// Another.
    pub new: String,
    /// On records of this agent alone.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// The last so many of each agent.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub last: u64,
    /// Of one event kind.
    #[arg(long)]
    pub kind: Option<String>,
    /// Not before this time, or this long ago (`2h`).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Differences that are printed.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub show: u64,
}

/// `agent`.
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Turn an agent file of the original engine into an agent.
    Import {
        /// The file.
        file: PathBuf,
        /// Only say what would be carried.
        #[arg(long)]
        dry_run: bool,
    },
    /// All agents.
    List,
    /// One agent: persona, mood, relationships, memory.
    Show {
        /// Its id.
        id: String,
    },
}

/// `plugins`.
#[derive(Debug, Subcommand)]
pub enum PluginsCommand {
    /// Let a plugin that is backed off or quarantined run again, with a clean slate.
    Release {
        /// Its pack.
        pack: String,
    },
}

/// `grants`.
#[derive(Debug, Subcommand)]
pub enum GrantsCommand {
    /// What each pack asks for, and what it may do.
    Show {
        /// All of them where none is named.
        pack: Option<String>,
    },
    /// What a pack asks for beyond what it was granted. Exit code 3 where it does.
    Diff {
        /// Its id.
        pack: String,
    },
    /// Grant a pack what it asks for, bound to the component that runs for it.
    Approve {
        /// Its id.
        pack: String,
        /// Do not ask. Needs --digest.
        #[arg(long)]
        yes: bool,
        /// The component must be this one.
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
        /// Mode, agents, end.
        #[command(flatten)]
        terms: GrantTerms,
    },
    /// Take everything back that a pack was granted, or one capability.
    Revoke {
        /// Its id; `@handle` or `host` for what is said of an account or the host.
        pack: String,
        /// `llm`, `tweet`, …
        capability: Option<String>,
    },
    /// Change amounts (`llm.usd/day=0.50 tweet.posts/hour=4`) or terms of a grant.
    Set {
        /// Its id; `@handle` for what all share that post as an account, `host` for what everybody shares.
        pack: String,
        /// `CAPABILITY.AMOUNT/PERIOD=NUMBER`; without a period, what there may be at once.
        changes: Vec<String>,
        /// Mode, agents, end.
        #[command(flatten)]
        terms: GrantTerms,
    },
}

/// What holds for a whole grant.
#[derive(Debug, Default, Args)]
pub struct GrantTerms {
    /// `live`, `approve` or `dry-run`.
    #[arg(long, value_name = "WORD", value_parser = ["live", "approve", "dry-run"])]
    pub mode: Option<String>,
    /// For these agents alone. May be given several times.
    #[arg(long = "agent", value_name = "ID")]
    pub agents: Vec<String>,
    /// When it ends: `2027-01-31T00:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
}

impl GrantTerms {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.mode.is_none() && self.agents.is_empty() && self.expires.is_none()
    }
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

/// `event`.
#[derive(Debug, Subcommand)]
pub enum EventCommand {
    /// Send one.
    Send {
        /// snake_case, for example `news`.
        kind: String,
        /// A JSON object, or `@FILE`.
        #[arg(long, default_value = "{}", value_name = "JSON")]
        payload: String,
        /// To this agent; to all where none is named. May be given several times.
        #[arg(long = "agent", value_name = "ID")]
        agents: Vec<String>,
        /// low, normal, high or critical; normal where it is not given, for a `mention` high.
        #[arg(long, value_name = "WORD")]
        priority: Option<String>,
        /// Not before so long from now.
        #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
        delay: Option<std::time::Duration>,
        /// Wait until it is handled, and say how.
        #[arg(long)]
        wait: bool,
        /// With --wait: no longer than so.
        #[arg(long, value_name = "TIME", default_value = "3m", requires = "wait", value_parser = crate::duration::parse)]
        within: std::time::Duration,
    },
    /// Events that were handled, the last first: here, and by the original engine before.
    History {
        /// Of one agent.
        #[arg(long, value_name = "ID")]
        agent: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
    },
}

/// `journal`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Journal {
    /// Show one.
    #[command(subcommand)]
    pub command: Option<JournalCommand>,
    /// Of one agent.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// Of one event kind.
    #[arg(long)]
    pub kind: Option<String>,
    /// ok, declined, failed or breach.
    #[arg(long)]
    pub outcome: Option<String>,
    /// Not before this time, or this long ago (`2h`).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Before this time, or longer ago than this.
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub until: Option<String>,
    /// Holds this text.
    #[arg(long)]
    pub text: Option<String>,
    /// At most so many: 50 where it is not given, with --follow until it is stopped.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: Option<u64>,
    /// The page after this one (`next` of a `--json` answer).
    #[arg(long, value_name = "SEQ")]
    pub before: Option<u64>,
    /// Follow: print new entries as they come.
    #[arg(short = 'f', long, conflicts_with = "before")]
    pub follow: bool,
}

/// `journal show`.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// One invocation, whole.
    Show {
        /// Its id.
        id: String,
    },
    /// Take out of invocations what was said in them: payloads, questions, answers, decisions, log. They cannot be run
    /// again.
    Forget(Forget),
    /// Drop the records that `[journal]` does not keep; a running host does so every hour.
    Prune(Prune),
    /// Events that were given up, and why.
    Dead {
        /// At most so many.
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
    },
}

/// `journal forget`.
#[derive(Debug, Args)]
pub struct Forget {
    /// These invocations.
    #[arg(value_name = "ID", required_unless_present_any = ["agent", "text"], conflicts_with_all = ["agent", "text"])]
    pub ids: Vec<String>,
    /// All of one agent.
    #[arg(long, value_name = "ID", conflicts_with = "text")]
    pub agent: Option<String>,
    /// With --agent: only those before this time, or that are older than this (`30d`).
    #[arg(long, value_name = "TIME", requires = "agent", conflicts_with_all = ["ids", "text"])]
    pub before: Option<String>,
    /// All that hold this text.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub text: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Every limit with its value, its setting and the breach it leads to.
    #[arg(long)]
    pub limits: bool,
}
