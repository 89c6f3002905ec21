//! `plugins` and `grants`.

use clap::{Args, Subcommand};

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
