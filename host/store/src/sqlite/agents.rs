//! Agents in SQLite.

use async_trait::async_trait;
use puppet_types::{AgentId, InvocationId, Mood, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{all, first, from_json, json, limit, of_row, run, signed, time, unsigned},
};
use crate::{AgentRow, AgentStore, MoodEntry, Relationship, Result};

fn agent(row: &Row<'_>) -> Result<AgentRow> {
    of_row("agents", row, &[0], agent_columns(row))
}

fn agent_columns(row: &Row<'_>) -> Result<AgentRow> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(AgentRow { id: AgentId::new(text(0)?), body: from_json("agents", text(1)?)?, created: time(row, 2)? })
}

fn relationship(row: &Row<'_>) -> Result<Relationship> {
    from_json("relationships", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)
}

fn mood_entry(row: &Row<'_>) -> Result<MoodEntry> {
    of_row("mood_log", row, &[0], mood_columns(row))
}

fn mood_columns(row: &Row<'_>) -> Result<MoodEntry> {
    Ok(MoodEntry {
        seq: unsigned(row, 0)?,
        at: time(row, 1)?,
        mood: Mood { valence: row.get(2)?, arousal: row.get(3)?, dominance: row.get(4)? },
        invocation: InvocationId::from(row.get::<_, String>(5)?),
        kind: row.get(6)?,
    })
}

/// Replaces the mood; where an invocation changed it, with a note beside its record.
pub(super) fn put_mood(conn: &Connection, agent: &AgentId, mood: &Mood, at: Timestamp, journal: u64) -> Result<()> {
    const SQL: &str = "INSERT INTO moods (agent, valence, arousal, dominance, at) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (agent) DO UPDATE SET valence = excluded.valence, arousal = excluded.arousal, \
                       dominance = excluded.dominance, at = excluded.at";
    const LOG: &str = "INSERT OR REPLACE INTO mood_log (agent, valence, arousal, dominance, at, journal) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (agent, at, Mood { valence, arousal, dominance }) = (agent.as_str(), at.as_millis(), mood);
    run(conn, SQL, params![agent, valence, arousal, dominance, at])?;
    if journal > 0 {
        run(conn, LOG, params![agent, valence, arousal, dominance, at, signed(journal)])?;
    }
    Ok(())
}

/// Drops the note beside a record.
pub(super) fn forget_mood(conn: &Connection, agent: &str, journal: i64) -> Result<()> {
    run(conn, "DELETE FROM mood_log WHERE agent = ?1 AND journal = ?2", params![agent, journal]).map(drop)
}

/// Writes a relationship. A new one may be one too many: then those go that were not met for longest.
pub(super) fn relate(conn: &Connection, agent: &AgentId, relationship: &Relationship, keep: usize) -> Result<()> {
    const UPDATE: &str = "UPDATE relationships SET body = ?3 WHERE agent = ?1 AND target = ?2";
    const INSERT: &str = "INSERT INTO relationships (agent, target, body) VALUES (?1, ?2, ?3)";
    const COUNT: &str = "SELECT count(*) FROM relationships WHERE agent = ?1";
    // Times are written alike, so that text sorts as time does.
    const OLDEST: &str = "DELETE FROM relationships WHERE agent = ?1 AND target IN (SELECT target FROM relationships \
                          WHERE agent = ?1 AND target <> ?2 ORDER BY body ->> '$.last_interaction' IS NULL, \
                          body ->> '$.last_interaction', target LIMIT ?3)";
    let values = params![agent.as_str(), relationship.target, json(relationship)?];
    if run(conn, UPDATE, values)? > 0 {
        return Ok(());
    }
    run(conn, INSERT, values)?;
    let count = first(conn, COUNT, [agent.as_str()], |row| unsigned(row, 0))?.unwrap_or(0);
    let excess = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(keep);
    if excess > 0 {
        run(conn, OLDEST, params![agent.as_str(), relationship.target, limit(excess)])?;
    }
    Ok(())
}

/// Removes a relationship.
pub(super) fn part(conn: &Connection, agent: &AgentId, target: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM relationships WHERE agent = ?1 AND target = ?2";
    run(conn, SQL, params![agent.as_str(), target]).map(drop)
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

    async fn moods(
        &self,
        agent: &AgentId,
        since: Option<Timestamp>,
        before_seq: Option<u64>,
        rows: usize,
    ) -> Result<Vec<MoodEntry>> {
        const SQL: &str = "SELECT m.journal, m.at, m.valence, m.arousal, m.dominance, j.id, \
                           (SELECT name FROM names n JOIN event_rows e ON n.n = e.kind WHERE e.seq = j.event) \
                           FROM mood_log m CROSS JOIN journal_rows j ON j.seq = m.journal \
                           WHERE m.agent = ?1 AND m.journal < ?2 AND m.at >= ?3 ORDER BY m.journal DESC LIMIT ?4";
        let agent = agent.clone();
        let before = before_seq.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let since = since.map_or(i64::MIN, Timestamp::as_millis);
        self.scan(move |conn| all(conn, SQL, params![agent.as_str(), before, since, limit(rows)], mood_entry)).await
    }

    async fn relationships(&self, agent: &AgentId) -> Result<Vec<Relationship>> {
        const SQL: &str = "SELECT body FROM relationships WHERE agent = ?1 ORDER BY target";
        self.read(|conn| all(conn, SQL, [agent.as_str()], relationship))
    }

    async fn relationship(&self, agent: &AgentId, target: &str) -> Result<Option<Relationship>> {
        const SQL: &str = "SELECT body FROM relationships WHERE agent = ?1 AND target = ?2";
        self.read(|conn| first(conn, SQL, [agent.as_str(), target], relationship))
    }
}
