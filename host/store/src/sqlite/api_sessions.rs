//! Sessions of the server in SQLite.

use puppet_types::{Digest, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{
    api::maybe_time,
    values::{digest, first, of_row, run, time},
};
use crate::{ApiSession, Renewed, Result};

fn session(row: &Row<'_>) -> Result<ApiSession> {
    of_row("api_sessions", row, &[1], session_columns(row))
}

fn session_columns(row: &Row<'_>) -> Result<ApiSession> {
    Ok(ApiSession {
        hash: digest("api_sessions", row, 0)?,
        family: row.get(1)?,
        key: row.get(2)?,
        created_at: time(row, 3)?,
        expires_at: time(row, 4)?,
        used_at: maybe_time(row, 5)?,
    })
}

pub(super) fn put(conn: &Connection, new: &ApiSession) -> Result<()> {
    const SQL: &str =
        "INSERT INTO api_sessions (hash, family, key, created, expires, used) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let ApiSession { hash, family, key, created_at, expires_at, used_at } = new;
    let used = used_at.map(Timestamp::as_millis);
    run(conn, SQL, params![hash.as_bytes(), family, key, created_at.as_millis(), expires_at.as_millis(), used])
        .map(drop)
}

pub(super) fn last(conn: &Connection, family: &str) -> Result<Option<ApiSession>> {
    const SQL: &str =
        "SELECT hash, family, key, created, expires, used FROM api_sessions WHERE family = ?1 AND used IS NULL";
    first(conn, SQL, [family], session)
}

/// Exchanges a link for the next, or ends the family of one that was exchanged before.
pub(super) fn renew(
    conn: &Connection,
    hash: &Digest,
    at: Timestamp,
    next: &Digest,
    expires_at: Timestamp,
) -> Result<Renewed> {
    const THERE: &str = "SELECT hash, family, key, created, expires, used FROM api_sessions WHERE hash = ?1";
    const USED: &str = "UPDATE api_sessions SET used = ?2 WHERE hash = ?1";
    let Some(there) = first(conn, THERE, [hash.as_bytes()], session)? else { return Ok(Renewed::Unknown) };
    if there.used_at.is_some() {
        end(conn, &there.family)?;
        return Ok(Renewed::Reused(there));
    }
    if there.expires_at <= at {
        return Ok(Renewed::Unknown);
    }
    run(conn, USED, params![hash.as_bytes(), at.as_millis()])?;
    let next = ApiSession { hash: *next, created_at: at, expires_at, used_at: None, ..there };
    put(conn, &next)?;
    Ok(Renewed::Next(next))
}

/// Ends one. Whether there was one.
pub(super) fn end(conn: &Connection, family: &str) -> Result<bool> {
    Ok(run(conn, "DELETE FROM api_sessions WHERE family = ?1", [family])? > 0)
}

/// Ends those of a key.
pub(super) fn end_of(conn: &Connection, key: &str) -> Result<()> {
    run(conn, "DELETE FROM api_sessions WHERE key = ?1", [key]).map(drop)
}

pub(super) fn forget(conn: &Connection, before: Timestamp) -> Result<u64> {
    Ok(run(conn, "DELETE FROM api_sessions WHERE expires < ?1", [before.as_millis()])? as u64)
}
