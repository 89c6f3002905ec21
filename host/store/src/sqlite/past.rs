//! The past in SQLite.

use async_trait::async_trait;
use puppet_types::{AgentId, PostId};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, first, from_json, json, limit, run, time},
};
use crate::{PastEvent, PastStore, Result};

/// Writes an event that another engine handled, or replaces it.
pub(super) fn put(conn: &Connection, past: &PastEvent) -> Result<()> {
    const SQL: &str = "INSERT INTO past (agent, id, handled, event) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (agent, id) DO UPDATE SET handled = excluded.handled, event = excluded.event";
    let PastEvent { event, handled } = past;
    run(conn, SQL, params![event.agent.as_str(), event.id.as_str(), handled.as_millis(), json(event)?]).map(drop)
}

/// Notes posts as seen to, the last of them as the latest, and keeps the latest `keep`.
pub(super) fn see(conn: &Connection, posts: &[PostId], keep: usize) -> Result<()> {
    for post in posts {
        run(conn, "INSERT INTO seen (post) VALUES (?1) ON CONFLICT (post) DO NOTHING", [post.as_str()])?;
    }
    const OLD: &str = "DELETE FROM seen WHERE n <= (SELECT n FROM seen ORDER BY n DESC LIMIT 1 OFFSET ?1)";
    run(conn, OLD, [limit(keep)]).map(drop)
}

fn past(row: &Row<'_>) -> Result<PastEvent> {
    let event = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(PastEvent { handled: time(row, 0)?, event: from_json("past", event)? })
}

#[async_trait]
impl PastStore for SqliteStore {
    async fn past(&self, agent: Option<&AgentId>, rows: usize) -> Result<Vec<PastEvent>> {
        let agent = agent.cloned();
        self.scan(move |conn| match &agent {
            Some(agent) => {
                const SQL: &str =
                    "SELECT handled, event FROM past WHERE agent = ?1 ORDER BY handled DESC, n DESC LIMIT ?2";
                all(conn, SQL, params![agent.as_str(), limit(rows)], past)
            }
            None => {
                const SQL: &str = "SELECT handled, event FROM past ORDER BY handled DESC, n DESC LIMIT ?1";
                all(conn, SQL, [limit(rows)], past)
            }
        })
        .await
    }

    async fn seen(&self, posts: &[PostId]) -> Result<Vec<PostId>> {
        self.read(|conn| {
            let mut found = Vec::new();
            for post in posts {
                if first(conn, "SELECT 1 FROM seen WHERE post = ?1", [post.as_str()], |_| Ok(()))?.is_some() {
                    found.push(post.clone());
                }
            }
            Ok(found)
        })
    }
}
