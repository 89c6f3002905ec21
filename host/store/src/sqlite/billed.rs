//! What another network charges, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, first, run, signed, unsigned},
};
use crate::{BILLED_DAYS, BillStore, Billed, Result};

/// Writes a day of somebody, over what was there; no count becomes less. The first time, what is too old goes.
pub(super) fn put(conn: &Connection, billed: &Billed) -> Result<()> {
    const THERE: &str = "SELECT day FROM billed WHERE day = ?1 AND account = ?2";
    if first(conn, THERE, params![billed.day, billed.account], |row| Ok(row.get::<_, i64>(0)?))?.is_none() {
        run(conn, "DELETE FROM billed WHERE day < ?1", [billed.day.saturating_sub(BILLED_DAYS)])?;
    }
    const SQL: &str = "INSERT INTO billed (day, account, posts, reads, usd_micros) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (day, account) DO UPDATE SET posts = max(posts, excluded.posts), \
                       reads = max(reads, excluded.reads), usd_micros = max(usd_micros, excluded.usd_micros)";
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
