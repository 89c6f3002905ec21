//! `api`.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use puppet_types::AgentId;

/// `api`.
#[derive(Debug, Subcommand)]
pub enum ApiCommand {
    /// Keys: who may ask the server.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Print what the server answers to whom (OpenAPI 3.1). It needs no host.
    Openapi,
}

/// `api key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key. It is shown this once.
    Create(MakeKey),
    /// The keys, the newest first; also those that were taken back.
    List,
    /// Take a key back. Its sessions end with it.
    Revoke {
        /// The eight digits after `pk_`.
        id: String,
    },
}

/// `api key create`.
#[derive(Debug, Args)]
pub struct MakeKey {
    /// For those who read the list.
    #[arg(long)]
    pub name: String,
    /// What it may do.
    #[arg(long, value_enum)]
    pub role: RoleName,
    /// Bind it to this agent; several times for more.
    #[arg(long, value_name = "ID", value_parser = agent)]
    pub agent: Vec<AgentId>,
    /// When it ends: after so long, as in `90d`. Without it, never.
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub expires: Option<Duration>,
}

/// A role.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Look.
    Viewer,
    /// Speak for agents, stop and start them.
    Operator,
    /// Install, grant, configure, make keys.
    Admin,
}

impl From<RoleName> for puppet_api::Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Viewer => Self::Viewer,
            RoleName::Operator => Self::Operator,
            RoleName::Admin => Self::Admin,
        }
    }
}

fn agent(text: &str) -> Result<AgentId, String> {
    AgentId::parse(text).map_err(|error| error.to_string())
}
