//! What a failure of SQLite says about the disk: an error that can be acted on, or one of a statement. SQLite keeps the
//! system's own word to itself where a write fails, so that the disk is asked once more, with a file that means nothing.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt as _,
    path::Path,
};

use rusqlite::{Connection, ErrorCode};

use crate::{DiskFault, StoreError};

/// The file that the disk is asked with; gone when it has answered.
const PROBE: &str = ".probe";

/// As much as SQLite writes at the least.
const PAGE: [u8; 4096] = [0; 4096];

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let fault = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => DiskFault::Full,
            Some(ErrorCode::ReadOnly) => DiskFault::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DiskFault::Corrupt,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => DiskFault::Failing,
            // What was written through a statement reads back through one: the file was changed by something else.
            _ if matches!(
                error,
                E::FromSqlConversionFailure(..)
                    | E::IntegralValueOutOfRange(..)
                    | E::InvalidColumnType(..)
                    | E::Utf8Error(..)
            ) =>
            {
                DiskFault::Corrupt
            }
            _ => return Self::Failed(error.to_string()),
        };
        Self::Disk { fault, reason: error.to_string() }
    }
}

/// The same error with what the disk says to it.
pub(super) fn asked(error: StoreError, conn: &Connection) -> StoreError {
    match (error, conn.path()) {
        (StoreError::Disk { fault: DiskFault::Failing, reason }, Some(path)) if !path.is_empty() => {
            let fault = ask(Path::new(path)).err().map_or(DiskFault::Failing, |error| fault_of(&error));
            StoreError::Disk { fault, reason }
        }
        (error, _) => error,
    }
}

/// What a file that cannot be opened or written says: the disk is full, or it is this file.
pub(crate) fn of_file(path: &Path, error: &io::Error) -> StoreError {
    let reason = error.to_string();
    match fault_of(error) {
        fault @ DiskFault::Full => StoreError::Disk { fault, reason },
        _ => StoreError::Open { path: path.to_owned(), reason },
    }
}

/// Whether the disk of a data folder takes a page more. Nothing of it stays.
pub fn try_disk(dir: &Path) -> crate::Result<()> {
    let asked = ask(&dir.join(super::open::FILE));
    asked.map_err(|error| StoreError::Disk { fault: fault_of(&error), reason: error.to_string() })
}

/// Writes where the log of this database would go on, in a file of its own.
pub(super) fn ask(database: &Path) -> io::Result<()> {
    let log = database.with_extension("db-wal");
    let end = std::fs::metadata(log).map_or(0, |found| found.len());
    let probe = database.with_file_name(PROBE);
    let asked = File::create(&probe).and_then(|file| file.write_all_at(&PAGE, end).and_then(|()| file.sync_all()));
    // Where nothing can be removed, nothing could be made.
    let _ = std::fs::remove_file(probe);
    asked
}

pub(super) fn fault_of(error: &io::Error) -> DiskFault {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => DiskFault::Full,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => DiskFault::ReadOnly,
        _ => DiskFault::Failing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_what_is_wrong() {
        for (kind, fault) in [
            (ErrorKind::StorageFull, DiskFault::Full),
            (ErrorKind::QuotaExceeded, DiskFault::Full),
            (ErrorKind::FileTooLarge, DiskFault::Full),
            (ErrorKind::ReadOnlyFilesystem, DiskFault::ReadOnly),
            (ErrorKind::PermissionDenied, DiskFault::ReadOnly),
            (ErrorKind::Other, DiskFault::Failing),
        ] {
            assert_eq!(fault_of(&io::Error::from(kind)), fault, "{kind}");
        }
    }

    #[test]
    fn a_disk_that_is_asked_keeps_nothing_of_it() {
        let dir = tempfile::tempdir().unwrap();
        ask(&dir.path().join("puppet.db")).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let nowhere = ask(&dir.path().join("gone/puppet.db")).unwrap_err();
        assert_eq!(fault_of(&nowhere), DiskFault::Failing);
    }
}
