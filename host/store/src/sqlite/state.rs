//! Blobs of plugins in SQLite: who wrote them, and what was there before another version wrote.

use async_trait::async_trait;
use puppet_types::{AgentId, Digest, PackId, Timestamp, trade::Origin};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, corrupt, digest, first, origin, run, time},
};
use crate::{KEPT_STATES, KeptState, Result, StateBlob, StateRow, StateStore};

/// What a plugin version does to its blob: whose, by which component, when.
pub(super) struct Writer<'a> {
    pub(super) agent: &'a AgentId,
    pub(super) plugin: &'a PackId,
    pub(super) digest: &'a Digest,
    pub(super) at: Timestamp,
}

/// Replaces the blob, and what was behind it; what another component wrote is kept.
pub(super) fn put(conn: &Connection, writer: &Writer<'_>, blob: &StateBlob, led_by: Option<Origin>) -> Result<()> {
    const OWN: &str = "UPDATE plugin_state SET version = ?4, data = ?5, cleared = 0, led_by = ?6 \
                       WHERE agent = ?1 AND plugin = ?2 AND digest = ?3";
    const ANY: &str = "INSERT INTO plugin_state (agent, plugin, digest, version, data, cleared, led_by) \
                       VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT (agent, plugin) DO UPDATE SET \
                       digest = excluded.digest, version = excluded.version, data = excluded.data, cleared = 0, \
                       led_by = excluded.led_by";
    let (agent, plugin, by) = (writer.agent.as_str(), writer.plugin.as_str(), writer.digest.as_bytes());
    let values = params![agent, plugin, by, blob.version, blob.data, led_by.map(Origin::name)];
    if run(conn, OWN, values)? == 0 {
        keep(conn, writer)?;
        run(conn, ANY, values)?;
    }
    Ok(())
}

/// Clears it; what another component wrote is kept.
pub(super) fn clear(conn: &Connection, writer: &Writer<'_>) -> Result<()> {
    const OWN: &str = "UPDATE plugin_state SET version = 0, data = x'', cleared = 1, led_by = NULL \
                       WHERE agent = ?1 AND plugin = ?2 AND digest = ?3";
    const ANY: &str = "UPDATE plugin_state SET digest = ?3, version = 0, data = x'', cleared = 1, led_by = NULL \
                       WHERE agent = ?1 AND plugin = ?2";
    let values = params![writer.agent.as_str(), writer.plugin.as_str(), writer.digest.as_bytes()];
    if run(conn, OWN, values)? == 0 {
        keep(conn, writer)?;
        run(conn, ANY, values)?;
    }
    Ok(())
}

/// Puts aside what is there, which another component wrote. What was kept of the one that writes now is what it wrote
/// before that, and goes.
fn keep(conn: &Connection, writer: &Writer<'_>) -> Result<()> {
    const KEEP: &str = "INSERT OR REPLACE INTO state_kept (agent, plugin, digest, version, data, cleared, replaced_by, at, led_by) \
                        SELECT agent, plugin, coalesce(digest, x''), version, data, cleared, ?3, ?4, led_by FROM plugin_state \
                        WHERE agent = ?1 AND plugin = ?2";
    const OWN: &str = "DELETE FROM state_kept WHERE agent = ?1 AND plugin = ?2 AND digest = ?3";
    const OLDEST: &str = "DELETE FROM state_kept WHERE agent = ?1 AND plugin = ?2 AND n NOT IN (SELECT n FROM state_kept \
                          WHERE agent = ?1 AND plugin = ?2 ORDER BY n DESC LIMIT ?3)";
    let (agent, plugin, by) = (writer.agent.as_str(), writer.plugin.as_str(), writer.digest.as_bytes());
    if run(conn, KEEP, params![agent, plugin, by, writer.at.as_millis()])? > 0 {
        run(conn, OWN, params![agent, plugin, by])?;
        run(conn, OLDEST, params![agent, plugin, KEPT_STATES as i64])?;
    }
    Ok(())
}

/// Puts back, wherever `from` wrote the present blob, what `to` had there.
pub(super) fn restore(
    conn: &Connection,
    plugin: &PackId,
    agents: Option<&[AgentId]>,
    from: &Digest,
    to: &Digest,
) -> Result<()> {
    const WRITTEN: &str = "SELECT agent FROM plugin_state WHERE plugin = ?1 AND digest = ?2 ORDER BY agent";
    let written = all(conn, WRITTEN, params![plugin.as_str(), from.as_bytes()], |row| {
        Ok(AgentId::new(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?))
    })?;
    let chosen = |agent: &&AgentId| agents.is_none_or(|agents| agents.contains(agent));
    written.iter().filter(chosen).try_for_each(|agent| restore_one(conn, plugin, agent, from, to))
}

/// What the target had itself comes first. One that never wrote there read what `from` found; where that found nothing,
/// there is nothing again.
fn restore_one(conn: &Connection, plugin: &PackId, agent: &AgentId, from: &Digest, to: &Digest) -> Result<()> {
    const FIND: &str = "SELECT n FROM state_kept WHERE agent = ?1 AND plugin = ?2 AND (digest = ?3 OR replaced_by = ?4) \
                        ORDER BY digest = ?3 DESC, n DESC LIMIT 1";
    const GONE: &str = "DELETE FROM plugin_state WHERE agent = ?1 AND plugin = ?2";
    const BACK: &str = "UPDATE plugin_state SET (digest, version, data, cleared, led_by) = \
                        (SELECT nullif(digest, x''), version, data, cleared, led_by FROM state_kept WHERE n = ?3) \
                        WHERE agent = ?1 AND plugin = ?2";
    const TAKEN: &str = "DELETE FROM state_kept WHERE n = ?1";
    let values = params![agent.as_str(), plugin.as_str(), to.as_bytes(), from.as_bytes()];
    let kept: Option<i64> = first(conn, FIND, values, |row| Ok(row.get(0)?))?;
    match kept {
        None => run(conn, GONE, params![agent.as_str(), plugin.as_str()])?,
        Some(n) => {
            run(conn, BACK, params![agent.as_str(), plugin.as_str(), n])?;
            run(conn, TAKEN, [n])?
        }
    };
    Ok(())
}

/// A digest in a column where none may be told.
fn writer(table: &'static str, row: &Row<'_>, column: usize) -> Result<Option<Digest>> {
    let bytes: Option<Vec<u8>> = row.get(column).map_err(|error| corrupt(table, &error))?;
    match bytes.as_deref() {
        None | Some([]) => Ok(None),
        Some(_) => digest(table, row, column).map(Some),
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn state(&self, agent: &AgentId, plugin: &PackId) -> Result<Option<StateRow>> {
        const SQL: &str =
            "SELECT version, data, digest, led_by FROM plugin_state WHERE agent = ?1 AND plugin = ?2 AND NOT cleared";
        self.read(|conn| {
            first(conn, SQL, [agent.as_str(), plugin.as_str()], |row| {
                let blob = StateBlob { version: row.get(0)?, data: row.get(1)? };
                Ok(StateRow { blob, writer: writer("plugin_state", row, 2)?, led_by: origin(row, 3)? })
            })
        })
    }

    async fn kept_states(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<KeptState>> {
        const SQL: &str = "SELECT version, data, cleared, digest, at FROM state_kept WHERE agent = ?1 AND plugin = ?2 \
                           ORDER BY n DESC";
        self.read(|conn| {
            all(conn, SQL, [agent.as_str(), plugin.as_str()], |row| {
                let blob = StateBlob { version: row.get(0)?, data: row.get(1)? };
                let cleared: bool = row.get(2)?;
                let writer = writer("state_kept", row, 3)?;
                Ok(KeptState { writer, blob: (!cleared).then_some(blob), at: time(row, 4)? })
            })
        })
    }
}
