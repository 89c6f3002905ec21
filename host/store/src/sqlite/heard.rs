//! How far a network has been listened to, in SQLite.

use async_trait::async_trait;
use puppet_types::{AccountId, PostId};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, run, time},
};
use crate::{Heard, HeardStore, Result};

/// Writes how far, over what was there.
pub(super) fn put(conn: &Connection, heard: &Heard) -> Result<()> {
    const SQL: &str = "INSERT INTO heard (account, since, at) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (account) DO UPDATE SET since = excluded.since, at = excluded.at";
    let Heard { account, since, at } = heard;
    run(conn, SQL, params![account.as_str(), since.as_str(), at.as_millis()]).map(drop)
}

fn heard(row: &Row<'_>) -> Result<Heard> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(Heard { account: AccountId::new(text(0)?), since: PostId::new(text(1)?), at: time(row, 2)? })
}

#[async_trait]
impl HeardStore for SqliteStore {
    async fn heard(&self) -> Result<Vec<Heard>> {
        self.scan(|conn| all(conn, "SELECT account, since, at FROM heard ORDER BY account", [], heard)).await
    }
}
