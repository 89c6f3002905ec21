//! The commands about packs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `pack`.
#[derive(Debug, Subcommand)]
pub enum PackCommand {
    /// Make a pair of keys to sign packs with: FILE, and FILE.pub.
    Keygen {
        /// The secret key; nobody else may read it.
        file: PathBuf,
        /// Without a password.
        #[arg(long)]
        unencrypted: bool,
    },
    /// Make an archive of a pack's folder. The same content is the same bytes.
    Build {
        /// The folder.
        dir: PathBuf,
        /// The archive; NAME-VERSION.puppet here where it is not given.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Sign an archive or a folder as its publisher.
    Sign(Signed),
    /// Who a pack is from, what is in it, and what it asks for. Runs nothing of it.
    Inspect {
        /// A folder, or an archive.
        path: PathBuf,
    },
    /// What a pack has that another has not: files, requests, signer. Exit code 1 where they differ.
    Diff {
        /// A folder, or an archive.
        old: PathBuf,
        /// Another.
        new: PathBuf,
    },
}

/// `pack sign`.
#[derive(Debug, Args)]
pub struct Signed {
    /// A folder, or an archive.
    pub path: PathBuf,
    /// The secret key. Its password is that of `PUPPET_KEY_PASSWORD`, or asked for on the terminal.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
}

/// `install`, `upgrade`.
#[derive(Debug, Args)]
pub struct Install {
    /// An archive, or a folder.
    pub path: PathBuf,
    /// Also if nobody signed it.
    #[arg(long, alias = "unsigned")]
    pub allow_unsigned: bool,
    /// Also if it is older than the version that runs.
    #[arg(long)]
    pub force_downgrade: bool,
}

/// `rollback`.
#[derive(Debug, Args)]
pub struct WhichVersion {
    /// Its id.
    pub pack: String,
    /// One version.
    #[arg(id = "which", value_name = "VERSION")]
    pub version: Option<String>,
}

/// `remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Its id.
    pub pack: String,
    /// One version.
    #[arg(id = "which", value_name = "VERSION")]
    pub version: Option<String>,
    /// The agent that was made from it goes, too: it lives no more, and what it remembers stays.
    #[arg(long)]
    pub with_agent: bool,
}
