//! What can go wrong with a data folder, each with what to do about it.

use std::{fmt, path::PathBuf};

/// A store's answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store could not do it. Nothing was half-done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be used.
    #[error("cannot open the data folder {path}: {reason}")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Written by a later version.
    #[error(
        "{path} was written by a later version (schema {found}, this one knows up to {known}): use puppet {needed} or later"
    )]
    TooNew {
        /// Which.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
        /// The version that wrote it.
        needed: String,
    },
    /// Another host works in this folder.
    #[error("{path} is in use by another host (pid {pid})")]
    Locked {
        /// Which.
        path: PathBuf,
        /// Whose.
        pid: u32,
    },
    /// A database server cannot be used.
    #[error("cannot use {url}: {reason}")]
    Connect {
        /// Which, without its password.
        url: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Another host works with a database.
    #[error("{url} is in use by the host of {holder}")]
    InUse {
        /// Which, without its password.
        url: String,
        /// The machine and the data folder.
        holder: String,
    },
    /// Another host writes to the same database: this one is behind, and must stop.
    #[error("another host took over {url}: this one has stopped writing; run one host at a time")]
    TakenOver {
        /// Which, without its password.
        url: String,
    },
    /// More than can be kept in one piece.
    #[error("{what} has {bytes} bytes, at most {most} can be kept")]
    TooLarge {
        /// Of what.
        what: String,
        /// So many.
        bytes: u64,
        /// The bound.
        most: u64,
    },
    /// The disk under the database does not do what it should. What was answered before is not touched.
    #[error("{fault} ({reason})")]
    Disk {
        /// What is wrong with it.
        fault: DiskFault,
        /// In the words of the database.
        reason: String,
    },
    /// A statement failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A row that cannot be read back.
    #[error("a row of {table} does not read back: {reason}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Why.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// What is wrong with the disk under a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFault {
    /// It takes no more: full, over a quota, or a file would grow beyond what it may.
    Full,
    /// It takes nothing.
    ReadOnly,
    /// What it holds is no database any more.
    Corrupt,
    /// It does not write or read, and does not say why.
    Failing,
}

impl DiskFault {
    /// What an operator does about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Full => "make room on the disk that holds the data folder",
            Self::ReadOnly => "make the disk that holds the data folder writable",
            Self::Corrupt => "stop the host, keep a copy of the folder, and `puppet restore` a backup into a new one",
            Self::Failing => "check the disk that holds the data folder",
        }
    }
}

impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the disk of the data folder is full",
            Self::ReadOnly => "the disk of the data folder cannot be written to",
            Self::Corrupt => "the database is damaged",
            Self::Failing => "the disk of the data folder fails",
        })
    }
}
