//! Why a pack is not installed, or an installed one cannot be used.

use std::path::PathBuf;

use puppet_types::{Digest, PackId};
use semver::Version;

use crate::{LOCK_FILE, PackError};

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The pack itself.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The disk says no.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lock file does not read back. It is never written over.
    #[error("{message}")]
    Lock {
        /// It.
        path: PathBuf,
        /// From 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// Somebody changed the files of an installed version.
    #[error("{folder} is not what was installed: {what}")]
    Changed {
        /// The folder.
        folder: PathBuf,
        /// What is different.
        what: String,
    },
    /// There is another pack of this version already.
    #[error("`{id}` {version} is installed already, with other content ({digest})")]
    SameVersion {
        /// The pack.
        id: PackId,
        /// The version.
        version: Version,
        /// Of the one that is installed.
        digest: Digest,
    },
    /// It is older than what runs.
    #[error("`{id}` {version} is older than the {current} that runs")]
    Downgrade {
        /// The pack.
        id: PackId,
        /// Of the new one.
        version: Version,
        /// Of the one that runs.
        current: Version,
    },
    /// Whoever changes the entries says no.
    #[error("{message}")]
    Refused {
        /// kebab-case.
        code: &'static str,
        /// Why.
        message: String,
        /// What to do.
        remedy: String,
    },
}

impl InstallError {
    /// kebab-case code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pack(error) => error.code(),
            Self::Io { .. } => "packs-folder",
            Self::Lock { .. } => "lock-file",
            Self::Changed { .. } => "pack-changed",
            Self::SameVersion { .. } => "same-version",
            Self::Downgrade { .. } => "downgrade",
            Self::Refused { code, .. } => code,
        }
    }

    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Pack(error) => error.remedy().to_owned(),
            Self::Io { .. } => "check the disk that holds the data folder; nothing was changed".to_owned(),
            Self::Lock { .. } => format!("mend {LOCK_FILE}, or put it back from a copy; nothing was changed"),
            Self::Changed { .. } => "install that version anew from its archive".to_owned(),
            Self::SameVersion { .. } => "give the new one another version: one that is out does not change".to_owned(),
            Self::Downgrade { id, .. } => {
                format!("`puppet rollback {id}` goes back; --force-downgrade installs it all the same")
            }
            Self::Refused { remedy, .. } => remedy.clone(),
        }
    }
}
