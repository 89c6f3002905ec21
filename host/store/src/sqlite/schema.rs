//! The schema as a list of steps, each applied once in a transaction of its own. A step that was released is
//! never edited: what changes later is a new step at the end.

use std::path::Path;

use rusqlite::Connection;

use super::open::explain;
use crate::{Result, StoreError};

/// What a file of this version has in `user_version`.
pub const SCHEMA_VERSION: u32 = STEPS.len() as u32;

/// Says whose file it is (`PUPT`).
const APPLICATION_ID: i64 = 0x5055_5054;

/// From nothing to now.
pub(super) const STEPS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
    include_str!("schema_10.sql"),
    include_str!("schema_11.sql"),
    include_str!("schema_12.sql"),
    include_str!("schema_13.sql"),
    include_str!("schema_14.sql"),
    include_str!("schema_15.sql"),
    include_str!("schema_16.sql"),
    include_str!("schema_17.sql"),
    include_str!("schema_18.sql"),
];

/// The schema of a file, 0 where it is empty; an error where it is not ours or too new.
pub(super) fn check(conn: &Connection, path: &Path, steps: &[&str]) -> Result<u32> {
    let look = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| explain(path, &error));
    let version = look("PRAGMA user_version")?;
    let foreign = look("PRAGMA application_id")? != APPLICATION_ID;
    if foreign && (version != 0 || look("SELECT count(*) FROM sqlite_master")? != 0) {
        let reason = "it is a database of another program".to_owned();
        return Err(StoreError::Open { path: path.to_owned(), reason });
    }
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        let needed = conn.query_row("SELECT version_of_puppet FROM meta", [], |row| row.get(0));
        let needed = needed.unwrap_or_else(|_| "a later version".to_owned());
        return Err(StoreError::TooNew { path: path.to_owned(), found, known, needed });
    }
    Ok(found)
}

/// Brings a file up to date.
pub(super) fn migrate(conn: &mut Connection, path: &Path, steps: &[&str]) -> Result<()> {
    let found = check(conn, path, steps)?;
    for (step, version) in steps.iter().zip(1_u32..).skip(found as usize) {
        apply(conn, step, version).map_err(|error| explain(path, &error))?;
        tracing::debug!(version, path = %path.display(), "schema brought up to date");
    }
    Ok(())
}

fn apply(conn: &mut Connection, step: &str, version: u32) -> rusqlite::Result<()> {
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch(step)?;
    transaction.execute("UPDATE meta SET version_of_puppet = ?1", [env!("CARGO_PKG_VERSION")])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
