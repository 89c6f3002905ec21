//! Answers of the server that are given once more, in SQLite.

use puppet_types::Timestamp;
use rusqlite::{Connection, Row, params};

use super::values::{digest, first, from_json, json, of_row, run, time};
use crate::{ApiAnswer, ApiQuestion, Result};

fn answer(row: &Row<'_>) -> Result<ApiAnswer> {
    of_row("api_answers", row, &[5, 6, 7], answer_columns(row))
}

fn answer_columns(row: &Row<'_>) -> Result<ApiAnswer> {
    Ok(ApiAnswer {
        asked: digest("api_answers", row, 0)?,
        status: row.get(1)?,
        headers: from_json("api_answers", row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?,
        body: row.get(3)?,
        expires_at: time(row, 4)?,
    })
}

pub(super) fn one(conn: &Connection, question: &ApiQuestion, at: Timestamp) -> Result<Option<ApiAnswer>> {
    const SQL: &str = "SELECT asked, status, headers, body, expires, principal, route, key FROM api_answers \
                       WHERE principal = ?1 AND route = ?2 AND key = ?3 AND expires > ?4";
    let ApiQuestion { principal, route, key } = question;
    first(conn, SQL, params![principal, route, key, at.as_millis()], answer)
}

const OF_ONE: &str = "SELECT count(*) FROM api_answers WHERE principal = ?1";
const FIRST_TO_BE_OVER: &str = "SELECT principal, route, key FROM api_answers WHERE principal = ?1 \
                                ORDER BY expires, route, key LIMIT ?2";

/// Keeps one in the place of what was there, and at most so many of its principal.
pub(super) fn put(conn: &Connection, question: &ApiQuestion, answer: &ApiAnswer, most: u64) -> Result<()> {
    const THERE: &str = "SELECT 1 FROM api_answers WHERE principal = ?1 AND route = ?2 AND key = ?3";
    const SQL: &str = "INSERT OR REPLACE INTO api_answers (principal, route, key, asked, status, headers, body, expires) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let ApiQuestion { principal, route, key } = question;
    if first(conn, THERE, params![principal, route, key], |_| Ok(()))?.is_none() {
        let count = first(conn, OF_ONE, [principal], |row| Ok(row.get::<_, i64>(0)?))?.unwrap_or(0);
        let beyond = count.saturating_add(1).saturating_sub(i64::try_from(most).unwrap_or(i64::MAX));
        if beyond > 0 {
            let sql = format!("DELETE FROM api_answers WHERE (principal, route, key) IN ({FIRST_TO_BE_OVER})");
            run(conn, &sql, params![principal, beyond])?;
        }
    }
    let ApiAnswer { asked, status, headers, body, expires_at } = answer;
    let values = params![principal, route, key, asked.as_bytes(), status, json(headers)?, body, expires_at.as_millis()];
    run(conn, SQL, values).map(drop)
}

/// Those that are over.
pub(super) fn forget(conn: &Connection, before: Timestamp) -> Result<u64> {
    const OVER: &str = "DELETE FROM api_answers WHERE expires < ?1";
    Ok(run(conn, OVER, [before.as_millis()])? as u64)
}

#[cfg(test)]
#[test]
fn an_index_knows_the_answers_of_one_and_which_of_them_is_over_first() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    for (sql, values) in [(OF_ONE, &["k"][..]), (FIRST_TO_BE_OVER, &["k", "1"])] {
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let values = rusqlite::params_from_iter(values);
        let plan = super::values::all(&conn, &sql, values, |row| Ok(row.get::<_, String>(3)?)).unwrap();
        assert!(plan.iter().all(|line| line.contains("COVERING INDEX api_answers_of (principal=?)")), "{plan:?}");
    }
}
