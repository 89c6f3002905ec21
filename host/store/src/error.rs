//! What can go wrong with a data folder, each with what to do about it.

use std::path::PathBuf;

/// A store's answer.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store could not do it. Nothing was half-done.
#[derive(Debug, thiserror::Error)]
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
    /// A statement failed: disk full, corrupt page, …
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
