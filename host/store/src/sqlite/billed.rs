//! What another network charges, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, run, signed, unsigned},
};
use crate::{BillStore, Billed, Result};

/// Writes a day of somebody, over what was there.
pub(super) fn put(conn: &Connection, billed: &Billed) -> Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO billed (day, account, posts, reads, usd_micros) \
                       VALUES (?1, ?2, ?3, ?4, ?5)";
    let Billed { day, account, posts, reads, usd_micros } = billed;
    run(conn, SQL, params![day, account, signed(*posts), signed(*reads), signed(*usd_micros)]).map(drop)
}

fn billed(row: &Row<'_>) -> Result<Billed> {
    let account = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?.to_owned();
    let (posts, reads, usd_micros) = (unsigned(row, 2)?, unsigned(row, 3)?, unsigned(row, 4)?);
    Ok(Billed { day: row.get(0)?, account, posts, reads, usd_micros })
}

#[async_trait]
impl BillStore for SqliteStore {
    async fn billed(&self, since: i64) -> Result<Vec<Billed>> {
        const SQL: &str =
            "SELECT day, account, posts, reads, usd_micros FROM billed WHERE day >= ?1 ORDER BY day, account";
        self.scan(move |conn| all(conn, SQL, [since], billed)).await
    }
}
