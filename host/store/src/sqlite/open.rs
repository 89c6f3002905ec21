//! Folders, files and connections: how each kind is opened, and what is said where it cannot be.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{Durability, disk};
use crate::{DiskFault, Result, StoreError};

/// Name of the database within a data folder.
pub(super) const FILE: &str = "puppet.db";

/// How long another process is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Statements kept per connection: more than there are.
const STATEMENTS: usize = 256;

/// Makes a data folder that only its owner can read, or takes the one that is there.
pub(crate) fn make_folder(dir: &Path) -> Result<()> {
    let failed = |reason: String| StoreError::Open { path: dir.to_owned(), reason };
    match std::fs::metadata(dir) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(failed("it is a file, not a folder".into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| failed(error.to_string()))
}

/// The writer's connection.
pub(super) fn writable(path: &Path, durability: Durability) -> Result<Connection> {
    make_file(path)?;
    let open = || -> rusqlite::Result<Connection> {
        let conn =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(PATIENCE)?;
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        let synchronous = match durability {
            Durability::Full => "FULL",
            Durability::Relaxed => "OFF",
        };
        conn.pragma_update(None, "synchronous", synchronous)?;
        conn.pragma_update_and_check(None, "wal_autocheckpoint", 4000, |_| Ok(()))?;
        conn.pragma_update(None, "cache_size", -4_096)?;
        // What is deleted or overwritten is zeroed: `forget` promises it, of what was freed before too. Measured: 1.4 % more
        // bytes in the log, no more time.
        conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        shared_settings(&conn)?;
        Ok(conn)
    };
    open().map_err(|error| explain(path, &error))
}

/// A reader's connection.
pub(super) fn readable(path: &Path) -> Result<Connection> {
    let open = |path: &str, flags: OpenFlags| -> rusqlite::Result<Connection> {
        let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(PATIENCE)?;
        conn.pragma_update(None, "cache_size", -512)?;
        shared_settings(&conn)?;
        // The first look at the file: here it shows whether it is a database at all.
        conn.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(conn)
    };
    open(&path.to_string_lossy(), OpenFlags::empty()).map_err(|error| explain(path, &error))
}

/// A database without a file.
pub(super) fn memory() -> Result<Connection> {
    let conn = Connection::open_in_memory()?;
    shared_settings(&conn)?;
    Ok(conn)
}

fn shared_settings(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Makes the file before SQLite does, so that nobody else can read it.
fn make_file(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(disk::of_file(path, &error)),
    }
}

/// What SQLite says, as something that can be acted on.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as E;
    let of_disk = |fault| StoreError::Disk { fault, reason: error.to_string() };
    let is_full = || disk::ask(path).is_err_and(|error| disk::fault_of(&error) == DiskFault::Full);
    let reason = match error.sqlite_error_code() {
        Some(E::DatabaseCorrupt) => return of_disk(DiskFault::Corrupt),
        Some(E::DiskFull) => return of_disk(DiskFault::Full),
        Some(E::SystemIoFailure | E::CannotOpen) if is_full() => return of_disk(DiskFault::Full),
        Some(E::NotADatabase) => "it is not a puppet database".to_owned(),
        Some(E::DatabaseBusy) => "it is busy: another process is writing to it".to_owned(),
        _ => error.to_string(),
    };
    StoreError::Open { path: path.to_owned(), reason }
}
