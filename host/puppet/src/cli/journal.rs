//! `journal`.

use clap::{Args, Subcommand};

use super::Prune;

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
