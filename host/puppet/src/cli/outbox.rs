//! The commands about effects on their way out.

use clap::{Args, Subcommand};

/// `outbox`.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// Effects, the newest first.
    List(OutboxList),
    /// One effect, whole.
    Show {
        /// Its id.
        id: String,
    },
    /// Try one anew that has failed, or of which nobody can tell whether it happened.
    Retry {
        /// Its id.
        id: String,
        /// Also where it may have happened, and would then be done twice.
        #[arg(long)]
        sure: bool,
    },
    /// Let one never leave that waits or is in doubt; its plugin hears of it.
    Drop {
        /// Its id.
        id: String,
        /// Why: the plugin is told.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// `outbox list`.
#[derive(Debug, Args)]
pub struct OutboxList {
    /// Only those: waiting, sent, done, failed, in-doubt, waiting-for-approval, dry-run, rejected or expired.
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Of one agent.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// As one account.
    #[arg(long, value_name = "HANDLE")]
    pub account: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: u64,
    /// The page after this one (`next` of a `--json` answer).
    #[arg(long, value_name = "SEQ")]
    pub before: Option<u64>,
}
