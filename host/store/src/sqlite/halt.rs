//! The operator's stop in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{first, run, time},
};
use crate::{Halt, HaltStore, Result};

fn halt(row: &Row<'_>) -> Result<Halt> {
    Ok(Halt { since: time(row, 0)?, reason: row.get(1)? })
}

/// The row, if it stands.
pub(super) fn read(conn: &Connection) -> Result<Option<Halt>> {
    first(conn, "SELECT since, reason FROM halt", [], halt)
}

/// Writes or takes away the row. One that stands keeps its time, and its reason where no other is given.
pub(super) fn put(conn: &Connection, halt: Option<&Halt>) -> Result<()> {
    let Some(Halt { since, reason }) = halt else { return run(conn, "DELETE FROM halt", []).map(drop) };
    const SQL: &str = "INSERT INTO halt (only, since, reason) VALUES (1, ?1, ?2) \
                       ON CONFLICT (only) DO UPDATE SET reason = coalesce(excluded.reason, reason)";
    run(conn, SQL, params![since.as_millis(), reason]).map(drop)
}

#[async_trait]
impl HaltStore for SqliteStore {
    async fn halted(&self) -> Result<Option<Halt>> {
        self.read(read)
    }
}
