//! Strikes in SQLite.

use async_trait::async_trait;
use puppet_types::PackId;
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, digest, from_json, json, of_row, run, signed, unsigned},
};
use crate::{Result, StrikeStore, StrikesRow};

const TABLE: &str = "strikes";

fn strikes(row: &Row<'_>) -> Result<StrikesRow> {
    of_row(TABLE, row, &[0], strikes_columns(row))
}

fn strikes_columns(row: &Row<'_>) -> Result<StrikesRow> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(StrikesRow {
        plugin: PackId::new(text(0)?),
        digest: digest(TABLE, row, 1)?,
        revision: unsigned(row, 2)?,
        body: from_json(TABLE, text(3)?)?,
    })
}

/// Writes a row, unless a later one is there.
pub(super) fn put(conn: &Connection, strikes: &StrikesRow) -> Result<()> {
    const SQL: &str = "INSERT INTO strikes (plugin, digest, revision, body) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (plugin, digest) DO UPDATE SET revision = excluded.revision, body = excluded.body \
                       WHERE excluded.revision > strikes.revision";
    let StrikesRow { plugin, digest, revision, body } = strikes;
    run(conn, SQL, params![plugin.as_str(), digest.as_bytes(), signed(*revision), json(body)?]).map(drop)
}

#[async_trait]
impl StrikeStore for SqliteStore {
    async fn strikes(&self) -> Result<Vec<StrikesRow>> {
        const SQL: &str = "SELECT plugin, digest, revision, body FROM strikes ORDER BY plugin, digest";
        self.read(|conn| all(conn, SQL, [], strikes))
    }
}
