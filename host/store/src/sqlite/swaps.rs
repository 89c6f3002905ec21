//! Entries of real swaps, and approvals of messages, in SQLite.

use puppet_types::Timestamp;
use rusqlite::{Connection, Row, params};

use super::values::{all, first, from_json, json, of_row, run, time};
use crate::{Result, SwapApproval, SwapRow};

/// Adds an entry where it is the next one of a swap that is not over. Whether it did.
pub(super) fn append(conn: &Connection, entry: &SwapRow) -> Result<bool> {
    const LAST: &str = "SELECT n, is_end FROM swaps WHERE swap = ?1 ORDER BY n DESC LIMIT 1";
    const ROW: &str = "INSERT INTO swaps (swap, n, wallet, at, is_end, body, open) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const OVER: &str = "UPDATE swaps SET open = 0 WHERE swap = ?1 AND n = 0";
    let last = first(conn, LAST, [&entry.swap], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, bool>(1)?)))?;
    let next = match last {
        None => Some(0),
        Some((_, true)) => None,
        Some((last, false)) => last.checked_add(1),
    };
    if next != Some(entry.n) {
        return Ok(false);
    }
    let open = entry.n == 0 && !entry.is_end;
    let SwapRow { swap, n, wallet, at, is_end, body } = entry;
    run(conn, ROW, params![swap, n, wallet, at.as_millis(), is_end, json(body)?, open])?;
    if *is_end {
        run(conn, OVER, [swap])?;
    }
    Ok(true)
}

fn entry(row: &Row<'_>) -> Result<SwapRow> {
    of_row("swaps", row, &[0, 1], entry_columns(row))
}

fn entry_columns(row: &Row<'_>) -> Result<SwapRow> {
    Ok(SwapRow {
        swap: row.get(0)?,
        n: row.get(1)?,
        wallet: row.get(2)?,
        at: time(row, 3)?,
        is_end: row.get(4)?,
        body: from_json("swaps", row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

pub(super) fn entries(conn: &Connection, id: &str) -> Result<Vec<SwapRow>> {
    const SQL: &str = "SELECT swap, n, wallet, at, is_end, body FROM swaps WHERE swap = ?1 ORDER BY n";
    all(conn, SQL, [id], entry)
}

pub(super) fn open(conn: &Connection) -> Result<Vec<String>> {
    all(conn, "SELECT swap FROM swaps WHERE open = 1 ORDER BY swap", [], |row| Ok(row.get(0)?))
}

/// Asks, unless it was asked before.
pub(super) fn ask(conn: &Connection, asked: &SwapApproval) -> Result<()> {
    const SQL: &str = "INSERT INTO swap_approvals (hash, swap, expires, granted, body) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (hash) DO NOTHING";
    let SwapApproval { hash, swap, expires_at, granted_at, body } = asked;
    let values = params![hash, swap, expires_at.as_millis(), granted_at.map(Timestamp::as_millis), json(body)?];
    run(conn, SQL, values).map(drop)
}

fn approval(row: &Row<'_>) -> Result<SwapApproval> {
    of_row("swap_approvals", row, &[0], approval_columns(row))
}

fn approval_columns(row: &Row<'_>) -> Result<SwapApproval> {
    Ok(SwapApproval {
        hash: row.get(0)?,
        swap: row.get(1)?,
        expires_at: time(row, 2)?,
        granted_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
        body: from_json("swap_approvals", row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

pub(super) fn approvals(conn: &Connection) -> Result<Vec<SwapApproval>> {
    const SQL: &str = "SELECT hash, swap, expires, granted, body FROM swap_approvals ORDER BY expires, hash";
    all(conn, SQL, [], approval)
}

/// A yes to one that waits and has time left. Whether there is such a one.
pub(super) fn grant(conn: &Connection, hash: &str, at: Timestamp) -> Result<bool> {
    const SQL: &str = "UPDATE swap_approvals SET granted = ?2 WHERE hash = ?1 AND granted IS NULL AND expires > ?2";
    Ok(run(conn, SQL, params![hash, at.as_millis()])? > 0)
}

/// Takes one that has its yes.
pub(super) fn take(conn: &Connection, hash: &str) -> Result<Option<SwapApproval>> {
    const SQL: &str = "DELETE FROM swap_approvals WHERE hash = ?1 AND granted IS NOT NULL \
                       RETURNING hash, swap, expires, granted, body";
    first(conn, SQL, [hash], approval)
}

/// Takes one away. Whether there was one.
pub(super) fn drop_one(conn: &Connection, hash: &str) -> Result<bool> {
    Ok(run(conn, "DELETE FROM swap_approvals WHERE hash = ?1", [hash])? > 0)
}

#[cfg(test)]
#[test]
fn swaps_that_are_over_are_not_walked() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    let entry = |swap: &str, n, is_end| SwapRow {
        swap: swap.to_owned(),
        n,
        wallet: "w".to_owned(),
        at: Timestamp::default(),
        is_end,
        body: serde_json::json!({}),
    };
    for n in 0..500 {
        assert!(append(&conn, &entry(&format!("s{n:03}"), 0, false)).unwrap());
        assert!(n == 250 || append(&conn, &entry(&format!("s{n:03}"), 1, true)).unwrap());
    }
    assert_eq!(open(&conn).unwrap(), ["s250"]);
    let statement = conn.prepare_cached("SELECT swap FROM swaps WHERE open = 1 ORDER BY swap").unwrap();
    let steps = statement.get_status(rusqlite::StatementStatus::VmStep);
    assert!((1..40).contains(&steps), "{steps} steps for one swap");
}
