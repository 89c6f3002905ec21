//! Commands that run plugins on a stage of their own: `simulate`, `preview`, `invoke`, `diff-behaviour`.

use std::path::PathBuf;

use clap::Args;

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
