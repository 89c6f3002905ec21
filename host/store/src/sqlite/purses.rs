//! Purses and their logs in SQLite. A purse's row says where its log stands, so that two writers do not both go on from
//! the same place.

use rusqlite::{Connection, Row, params};

use super::values::{all, by_name, first, from_json, json, limit, name, of_row, run, signed, time, unsigned};
use crate::{Purse, PurseEntry, PurseRow, Result};

/// Most entries that go in one transaction: others write in between.
pub(super) const STEP: usize = 200;

fn purse(row: &Row<'_>) -> Result<Purse> {
    of_row("purses", row, &[0], purse_columns(row))
}

fn purse_columns(row: &Row<'_>) -> Result<Purse> {
    let body = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(Purse { name: row.get(0)?, seq: unsigned(row, 1)?, at: time(row, 2)?, body: from_json("purses", body)? })
}

pub(super) fn list(conn: &Connection) -> Result<Vec<Purse>> {
    all(conn, "SELECT name, seq, at, body FROM purses ORDER BY name", [], purse)
}

pub(super) fn one(conn: &Connection, name: &str) -> Result<Option<Purse>> {
    first(conn, "SELECT name, seq, at, body FROM purses WHERE name = ?1", [name], purse)
}

/// Writes it where it stands at `after` still. Whether it did.
pub(super) fn write(conn: &Connection, purse: &Purse, after: u64, rows: &[PurseRow]) -> Result<bool> {
    const SEQ: &str = "SELECT seq FROM purses WHERE name = ?1";
    const PURSE: &str = "INSERT INTO purses (name, seq, at, body) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, at = excluded.at, body = excluded.body";
    const ROW: &str = "INSERT INTO purse_log (purse, seq, kind, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
    let stands = first(conn, SEQ, [&purse.name], |row| unsigned(row, 0))?;
    if stands.unwrap_or(0) != after {
        return Ok(false);
    }
    run(conn, PURSE, params![purse.name, signed(purse.seq), purse.at.as_millis(), json(&purse.body)?])?;
    for row in rows {
        let values = params![purse.name, signed(row.seq), name(&row.kind), row.at.as_millis(), json(&row.body)?];
        run(conn, ROW, values)?;
    }
    Ok(true)
}

fn entry(row: &Row<'_>) -> Result<PurseRow> {
    of_row("purse_log", row, &[0], entry_columns(row))
}

fn entry_columns(row: &Row<'_>) -> Result<PurseRow> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(PurseRow {
        seq: unsigned(row, 0)?,
        kind: by_name("purse_log", text(1)?)?,
        at: time(row, 2)?,
        body: from_json("purse_log", text(3)?)?,
    })
}

/// Which way along a log, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    After(u64),
    Before(Option<u64>),
}

/// Walks along the index of kinds, one for each kind, are merged: nothing is sorted, and no entry of another kind is
/// passed on the way.
fn question(kinds: &[PurseEntry], walk: Walk) -> String {
    let (compared, way) = match walk {
        Walk::After(_) => (">", ""),
        Walk::Before(_) => ("<", "DESC"),
    };
    let select = format!("SELECT seq, kind, at, body FROM purse_log WHERE purse = ?1 AND seq {compared} ?2");
    let mut kinds: Vec<String> = kinds.iter().map(|kind| format!("{select} AND kind = '{}'", name(kind))).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let walks = if kinds.is_empty() { select } else { kinds.join(" UNION ALL ") };
    format!("{walks} ORDER BY seq {way} LIMIT ?3")
}

pub(super) fn log(
    conn: &Connection,
    name: &str,
    kinds: &[PurseEntry],
    walk: Walk,
    rows: usize,
) -> Result<Vec<PurseRow>> {
    // Numbers are given out one by one: none comes to 2^63.
    let seq = match walk {
        Walk::After(seq) | Walk::Before(Some(seq)) => i64::try_from(seq).unwrap_or(i64::MAX),
        Walk::Before(None) => i64::MAX,
    };
    all(conn, &question(kinds, walk), params![name, seq, limit(rows)], entry)
}

/// Drops the oldest entries of these kinds up to one, [`STEP`] at most. How many.
pub(super) fn prune(conn: &Connection, name: &str, kinds: &[PurseEntry], up_to: u64) -> Result<usize> {
    const SQL: &str = "DELETE FROM purse_log WHERE purse = ?1 AND seq = ?2";
    let mut gone = 0;
    for row in log(conn, name, kinds, Walk::After(0), STEP)?.iter().take_while(|row| row.seq <= up_to) {
        gone += run(conn, SQL, params![name, signed(row.seq)])?;
    }
    Ok(gone)
}

#[cfg(test)]
#[test]
fn no_question_about_a_log_sorts() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    let every = [PurseEntry::Step, PurseEntry::Batch, PurseEntry::Save, PurseEntry::Event, PurseEntry::Word];
    for many in 0..=every.len() {
        for walk in [Walk::After(0), Walk::Before(None)] {
            let sql = format!("EXPLAIN QUERY PLAN {}", question(&every[..many], walk));
            let plan = all(&conn, &sql, params!["main", 0, 1], |row| Ok(row.get::<_, String>(3)?)).unwrap();
            let sorts = plan.iter().any(|line| line.contains("TEMP B-TREE") || line.contains("SCAN"));
            assert!(!plan.is_empty() && !sorts, "{plan:#?}");
        }
    }
}
