//! Agents in SQLite.

use async_trait::async_trait;
use puppet_types::{AgentId, Mood, PackId, Timestamp};
use rusqlite::{Row, params};

use super::{
    SqliteStore,
    values::{all, first, from_json, limit, time},
};
use crate::{AgentRow, AgentStore, Relationship, Result, StateBlob};

fn agent(row: &Row<'_>) -> Result<AgentRow> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(AgentRow { id: AgentId::new(text(0)?), body: from_json("agents", text(1)?)?, created: time(row, 2)? })
}

fn relationship(row: &Row<'_>) -> Result<Relationship> {
    from_json("relationships", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)
}

#[async_trait]
impl AgentStore for SqliteStore {
    async fn agent(&self, id: &AgentId) -> Result<Option<AgentRow>> {
        const SQL: &str = "SELECT id, body, created FROM agents WHERE id = ?1";
        self.read(|conn| first(conn, SQL, [id.as_str()], agent))
    }

    async fn agents_after(&self, after: Option<&AgentId>, rows: usize) -> Result<Vec<AgentRow>> {
        const SQL: &str = "SELECT id, body, created FROM agents WHERE id > ?1 ORDER BY id LIMIT ?2";
        // No id is empty.
        let after = after.map(|after| after.as_str().to_owned()).unwrap_or_default();
        self.scan(move |conn| all(conn, SQL, params![after, limit(rows)], agent)).await
    }

    async fn mood(&self, agent: &AgentId) -> Result<Option<(Mood, Timestamp)>> {
        const SQL: &str = "SELECT valence, arousal, dominance, at FROM moods WHERE agent = ?1";
        self.read(|conn| {
            first(conn, SQL, [agent.as_str()], |row| {
                let mood = Mood { valence: row.get(0)?, arousal: row.get(1)?, dominance: row.get(2)? };
                Ok((mood, time(row, 3)?))
            })
        })
    }

    async fn relationships(&self, agent: &AgentId) -> Result<Vec<Relationship>> {
        const SQL: &str = "SELECT body FROM relationships WHERE agent = ?1 ORDER BY target";
        self.read(|conn| all(conn, SQL, [agent.as_str()], relationship))
    }

    async fn relationship(&self, agent: &AgentId, target: &str) -> Result<Option<Relationship>> {
        const SQL: &str = "SELECT body FROM relationships WHERE agent = ?1 AND target = ?2";
        self.read(|conn| first(conn, SQL, [agent.as_str(), target], relationship))
    }

    async fn state(&self, agent: &AgentId, plugin: &PackId) -> Result<Option<StateBlob>> {
        const SQL: &str = "SELECT version, data FROM plugin_state WHERE agent = ?1 AND plugin = ?2";
        self.read(|conn| {
            first(conn, SQL, [agent.as_str(), plugin.as_str()], |row| {
                Ok(StateBlob { version: row.get(0)?, data: row.get(1)? })
            })
        })
    }
}
