//! `x`.

use std::time::Duration;

use clap::{Args, Subcommand};

/// `x`.
#[derive(Debug, Subcommand)]
pub enum XCommand {
    /// Let an account sign in to X in a browser, and keep its tokens (OAuth 2).
    Login(XLogin),
    /// The accounts, and how each signs. X is not asked.
    Status,
    /// Take the tokens of an account back at X, and out of the secrets.
    Logout {
        /// The account, or an agent that posts as it.
        #[arg(value_name = "ACCOUNT")]
        who: String,
    },
}

/// `x login`.
#[derive(Debug, Args)]
pub struct XLogin {
    /// The account, or an agent that posts as it.
    #[arg(value_name = "ACCOUNT")]
    pub who: String,
    /// Listen on this port of 127.0.0.1 for the browser, in place of that of the app's `redirect`. The app must be
    /// registered with this address too.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// The browser is on another machine: paste the address that it was sent to at the end.
    #[arg(long, conflicts_with = "port")]
    pub no_browser: bool,
    /// Give up after so long.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = crate::duration::parse)]
    pub timeout: Duration,
}
