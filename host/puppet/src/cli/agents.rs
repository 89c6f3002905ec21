//! `agent` and `event`.

use std::path::PathBuf;

use clap::Subcommand;

/// `agent`.
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Turn an agent file of the original engine, or a character of elizaOS, into an agent.
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
    /// Let its events wait; what it has decided already still leaves.
    Pause {
        /// Its id.
        id: String,
        /// Why, in your words.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let it go on, first with what waited.
    Resume {
        /// Its id.
        id: String,
    },
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
