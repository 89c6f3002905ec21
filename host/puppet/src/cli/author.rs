//! The commands for those who write plugins.

use std::path::PathBuf;

use clap::Args;

/// `test`.
#[derive(Debug, Clone, Args)]
pub struct Test {
    /// The pack's folder; this one where it is not given.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Only scenarios whose name or file holds this.
    pub filter: Option<String>,
    /// Write into the scenarios what happened, after showing it.
    #[arg(long)]
    pub update: bool,
    /// Ask the configured model, and the web, once for what no answer is there for, and write it into the scenarios.
    #[arg(long)]
    pub record: bool,
    /// Write without asking.
    #[arg(long)]
    pub yes: bool,
    /// Write a report for build servers.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Test the component that is there.
    #[arg(long)]
    pub no_build: bool,
}

/// `new`.
#[derive(Debug, Args)]
pub struct New {
    /// The id of the pack, and the name of its folder. It is asked for where it is not given.
    pub name: Option<String>,
    /// personality, event-generator or trading-strategy.
    #[arg(long)]
    pub kind: Option<String>,
    /// rust, python or js.
    #[arg(long)]
    pub lang: Option<String>,
    /// Another folder than that of its name.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `build`.
#[derive(Debug, Args)]
pub struct Build {
    /// The pack's folder; this one where it is not given.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The pack's folder; this one where it is not given.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Warnings fail it, too.
    #[arg(long)]
    pub deny_warnings: bool,
    /// Check the component that is there.
    #[arg(long)]
    pub no_build: bool,
}

/// `dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// The pack's folder; this one where it is not given.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Where the host is that it runs in; `.puppet-dev` in the pack's folder where it is not given. Its state is kept.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Send this event whenever a new version serves: `{"kind": "mention", "payload": {…}}`.
    #[arg(long, value_name = "JSON")]
    pub event: Option<String>,
    /// Stop after so long.
    #[arg(long = "for", value_name = "TIME", value_parser = crate::duration::parse)]
    pub length: Option<std::time::Duration>,
}
