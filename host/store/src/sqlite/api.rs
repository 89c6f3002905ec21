//! What the server keeps, in SQLite: keys here, sessions, changes and answers beside it.

use async_trait::async_trait;
use puppet_types::{Digest, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore, api_answers, api_changes, api_sessions,
    values::{all, first, from_json, json, of_row, run, time},
    writer::Turn,
};
use crate::{ApiAnswer, ApiChange, ApiChanges, ApiKey, ApiQuestion, ApiSession, ApiStore, Renewed, Result};

const COLUMNS: &str = "id, name, hash, role, agents, created, expires, last_used, revoked";

fn key(row: &Row<'_>) -> Result<ApiKey> {
    of_row("api_keys", row, &[0], key_columns(row))
}

fn key_columns(row: &Row<'_>) -> Result<ApiKey> {
    let agents = row.get_ref(4)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(ApiKey {
        id: row.get(0)?,
        name: row.get(1)?,
        hash: row.get(2)?,
        role: row.get(3)?,
        agents: agents.map(|agents| from_json("api_keys", agents)).transpose()?,
        created_at: time(row, 5)?,
        expires_at: maybe_time(row, 6)?,
        last_used_at: maybe_time(row, 7)?,
        revoked_at: maybe_time(row, 8)?,
    })
}

/// Milliseconds, or none.
pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

fn one(conn: &Connection, id: &str) -> Result<Option<ApiKey>> {
    first(conn, &format!("SELECT {COLUMNS} FROM api_keys WHERE id = ?1"), [id], key)
}

fn put(conn: &Connection, new: &ApiKey) -> Result<bool> {
    const SQL: &str = "INSERT INTO api_keys (id, name, hash, role, agents, created, expires, last_used, revoked) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING";
    let ApiKey { id, name, hash, role, agents, created_at, expires_at, last_used_at, revoked_at } = new;
    let [expires, last_used, revoked] = [expires_at, last_used_at, revoked_at].map(|at| at.map(Timestamp::as_millis));
    let agents = agents.as_ref().map(json).transpose()?;
    let values = params![id, name, hash, role, agents, created_at.as_millis(), expires, last_used, revoked];
    Ok(run(conn, SQL, values)? > 0)
}

fn revoke(conn: &Connection, id: &str, at: Timestamp) -> Result<Option<ApiKey>> {
    run(conn, "UPDATE api_keys SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL", params![id, at.as_millis()])?;
    api_sessions::end_of(conn, id)?;
    one(conn, id)
}

#[async_trait]
impl ApiStore for SqliteStore {
    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.read(|conn| all(conn, &format!("SELECT {COLUMNS} FROM api_keys ORDER BY created, id"), [], key))
    }

    async fn api_key(&self, id: &str) -> Result<Option<ApiKey>> {
        self.read(|conn| one(conn, id))
    }

    async fn put_api_key(&self, key: ApiKey) -> Result<bool> {
        self.write(move |conn| put(conn, &key)).await
    }

    async fn revoke_api_key(&self, id: &str, at: Timestamp) -> Result<Option<ApiKey>> {
        let id = id.to_owned();
        self.write(move |conn| revoke(conn, &id, at)).await
    }

    async fn note_api_key(&self, id: &str, at: Timestamp) -> Result<()> {
        const SQL: &str = "UPDATE api_keys SET last_used = ?2 WHERE id = ?1 AND (last_used IS NULL OR last_used < ?2)";
        let id = id.to_owned();
        self.write(move |conn| run(conn, SQL, params![id, at.as_millis()]).map(drop)).await
    }

    async fn begin_api_session(&self, session: ApiSession) -> Result<()> {
        self.write(move |conn| api_sessions::put(conn, &session)).await
    }

    async fn renew_api_session(
        &self,
        hash: &Digest,
        at: Timestamp,
        next: &Digest,
        expires_at: Timestamp,
    ) -> Result<Renewed> {
        let (hash, next) = (*hash, *next);
        self.write(move |conn| api_sessions::renew(conn, &hash, at, &next, expires_at)).await
    }

    async fn api_session(&self, family: &str) -> Result<Option<ApiSession>> {
        self.read(|conn| api_sessions::last(conn, family))
    }

    async fn end_api_session(&self, family: &str) -> Result<bool> {
        let family = family.to_owned();
        self.write(move |conn| api_sessions::end(conn, &family)).await
    }

    async fn forget_api_sessions(&self, before: Timestamp) -> Result<u64> {
        self.write(move |conn| api_sessions::forget(conn, before)).await
    }

    async fn append_api_change(&self, change: ApiChange) -> Result<u64> {
        self.hand_in(move |conn| api_changes::append(conn, &change), Turn::Behind).await
    }

    async fn append_api_change_along(&self, change: ApiChange) -> Result<u64> {
        self.hand_in(move |conn| api_changes::append(conn, &change), Turn::Along).await
    }

    async fn api_changes(&self, changes: &ApiChanges) -> Result<Vec<ApiChange>> {
        let changes = changes.clone();
        self.scan(move |conn| api_changes::page(conn, &changes)).await
    }

    async fn forget_api_changes(&self, keep: u64) -> Result<u64> {
        self.write(move |conn| api_changes::forget(conn, keep)).await
    }

    async fn api_answer(&self, question: &ApiQuestion, at: Timestamp) -> Result<Option<ApiAnswer>> {
        self.read(|conn| api_answers::one(conn, question, at))
    }

    async fn keep_api_answer(&self, question: ApiQuestion, answer: ApiAnswer, most: u64) -> Result<()> {
        self.write(move |conn| api_answers::put(conn, &question, &answer, most)).await
    }

    async fn forget_api_answers(&self, before: Timestamp) -> Result<u64> {
        self.write(move |conn| api_answers::forget(conn, before)).await
    }
}
