//! Memories in SQLite, and the full text beside them. Each text carries a token of its agent, so that a search
//! walks that agent's rows alone.

use std::collections::BTreeMap;

use async_trait::async_trait;
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp, trade::Origin};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore,
    values::{
        all, by_name, first, from_json, json, limit, name, number_bytes, numbers, of_row, origin, run, time, unsigned,
    },
};
use crate::{Cell, KeepOrder, MemorySize, MemoryStore, Result, TextHit, Vector};

const TABLE: &str = "memories";
pub(super) const COLUMNS: &str = "m.id, m.kind, m.content, m.at, m.importance, m.valence, m.associations, m.metadata, \
                                  m.author, m.trust, m.pinned, m.led_by, m.vector, m.model";

fn kind_name(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Core => "core",
        MemoryKind::Event => "event",
        MemoryKind::Interaction => "interaction",
        MemoryKind::General => "general",
        MemoryKind::Post => "post",
        MemoryKind::Tweet => "tweet",
    }
}

/// `AND m.kind IN (…)`, or nothing for all kinds. Names come from the enum: nothing of a caller's is in it.
fn of_kinds(kinds: &[MemoryKind]) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let names: Vec<_> = kinds.iter().map(|kind| format!("'{}'", kind_name(*kind))).collect();
    format!("AND m.kind IN ({})", names.join(", "))
}

fn hit(row: &Row<'_>) -> Result<TextHit> {
    let bytes = row.get_ref(12)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    let numbers = bytes.map(|bytes| numbers(TABLE, bytes)).transpose()?;
    let model: Option<String> = row.get(13)?;
    let vector = numbers.zip(model).map(|(numbers, model)| Vector { model, numbers });
    Ok(TextHit { memory: memory(row)?, vector })
}

/// The columns but the vector's.
pub(super) fn memory(row: &Row<'_>) -> Result<Memory> {
    of_row(TABLE, row, &[0], memory_columns(row))
}

fn memory_columns(row: &Row<'_>) -> Result<Memory> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(Memory {
        id: text(0)?.to_owned(),
        kind: by_name(TABLE, text(1)?)?,
        content: text(2)?.to_owned(),
        at: time(row, 3)?,
        importance: row.get(4)?,
        valence: row.get(5)?,
        associations: from_json(TABLE, text(6)?)?,
        metadata: from_json(TABLE, text(7)?)?,
        author: row.get(8)?,
        trust: by_name(TABLE, text(9)?)?,
        pinned: row.get(10)?,
        led_by: origin(row, 11)?,
    })
}

/// One token that no other agent has.
fn owner(agent: &AgentId) -> String {
    let mut token = String::with_capacity(1 + agent.as_str().len() * 2);
    token.push('o');
    for byte in agent.as_str().bytes() {
        token.push_str(&format!("{byte:02x}"));
    }
    token
}

/// Inserts a memory or replaces the one of this id. What a stranger said stays a stranger's, whoever repeats it.
/// `journal` is the place of the record that it comes from, 0 where it comes from none.
pub(super) fn remember(
    conn: &Connection,
    agent: &AgentId,
    memory: &Memory,
    vector: Option<&Vector>,
    journal: u64,
) -> Result<()> {
    const KNOWN: &str = "SELECT row, content FROM memories WHERE agent = ?1 AND id = ?2";
    const SQL: &str = "INSERT INTO memories (agent, id, kind, content, at, importance, valence, associations, metadata, \
                       author, trust, pinned, vector, model, led_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
                       ON CONFLICT (agent, id) DO UPDATE SET kind = excluded.kind, content = excluded.content, \
                       at = excluded.at, importance = excluded.importance, valence = excluded.valence, \
                       associations = excluded.associations, metadata = excluded.metadata, \
                       author = iif(trust = 'stranger', author, excluded.author), \
                       trust = iif(trust = 'stranger', trust, excluded.trust), pinned = excluded.pinned, \
                       led_by = excluded.led_by, \
                       vector = iif(excluded.vector IS NULL AND content = excluded.content, vector, excluded.vector), \
                       model = iif(excluded.vector IS NULL AND content = excluded.content, model, excluded.model)";
    let key = params![agent.as_str(), memory.id];
    let known = first(conn, KNOWN, key, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let values = params![
        agent.as_str(),
        memory.id,
        kind_name(memory.kind),
        memory.content,
        memory.at.as_millis(),
        memory.importance,
        memory.valence,
        json(&memory.associations)?,
        json(&memory.metadata)?,
        memory.author,
        name(&memory.trust),
        memory.pinned,
        vector.map(|vector| number_bytes(&vector.numbers)),
        vector.map(|vector| vector.model.as_str()),
        memory.led_by.map(Origin::name),
    ];
    run(conn, SQL, values)?;
    let row = match &known {
        Some((row, _)) => *row,
        None => conn.last_insert_rowid(),
    };
    if journal > 0 {
        const SOURCE: &str = "INSERT INTO remembered (memory, journal) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        run(conn, SOURCE, params![row, journal.cast_signed()])?;
    }
    match known {
        Some((_, content)) if content == memory.content => return Ok(()),
        Some(_) => forget_text(conn, row)?,
        None => {}
    }
    write_text(conn, row, agent, &memory.content)
}

fn write_text(conn: &Connection, row: i64, agent: &AgentId, content: &str) -> Result<()> {
    const TEXT: &str = "INSERT INTO memories_text (rowid, owner, content) VALUES (?1, ?2, ?3)";
    run(conn, TEXT, params![row, owner(agent), content]).map(|_| ())
}

/// The full text of a row that was written as it is.
pub(super) fn put_text(conn: &Connection, row: i64) -> Result<()> {
    const SQL: &str = "SELECT agent, content FROM memories WHERE row = ?1";
    let texts = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    match first(conn, SQL, [row], texts)? {
        Some((agent, content)) => write_text(conn, row, &AgentId::new(agent), &content),
        None => Ok(()),
    }
}

/// Takes a row out with everything that hangs on it, before another of its key is written as it is.
pub(super) fn take_out(conn: &Connection, agent: &Cell, id: &Cell) -> Result<()> {
    const SQL: &str = "DELETE FROM memories WHERE agent = ?1 AND id = ?2 RETURNING row";
    for row in all(conn, SQL, params![agent, id], |row| Ok(row.get::<_, i64>(0)?))? {
        forget_text(conn, row)?;
        run(conn, "DELETE FROM remembered WHERE memory = ?1", [row])?;
    }
    Ok(())
}

fn forget_text(conn: &Connection, row: i64) -> Result<()> {
    run(conn, "DELETE FROM memories_text WHERE rowid = ?1", [row]).map(|_| ())
}

/// Deletes what is beyond a cap.
pub(super) fn keep(
    conn: &Connection,
    agent: &AgentId,
    kinds: &[MemoryKind],
    most: usize,
    order: KeepOrder,
) -> Result<()> {
    let kinds = of_kinds(kinds);
    let count = format!("SELECT count(*) FROM memories m WHERE m.agent = ?1 {kinds}");
    let count = first(conn, &count, [agent.as_str()], |row| unsigned(row, 0))?.unwrap_or(0);
    let excess = count.saturating_sub(most as u64);
    if excess == 0 {
        return Ok(());
    }
    let order = match order {
        KeepOrder::Importance => "m.importance, m.at, m.id DESC",
        KeepOrder::Newest => "m.at, m.id DESC",
    };
    let beyond =
        format!("SELECT m.row FROM memories m WHERE m.agent = ?1 {kinds} AND m.pinned = 0 ORDER BY {order} LIMIT ?2");
    let excess = i64::try_from(excess).unwrap_or(i64::MAX);
    for row in all(conn, &beyond, params![agent.as_str(), excess], |row| Ok(row.get::<_, i64>(0)?))? {
        delete(conn, row)?;
    }
    Ok(())
}

fn delete(conn: &Connection, row: i64) -> Result<()> {
    run(conn, "DELETE FROM memories WHERE row = ?1", [row])?;
    run(conn, "DELETE FROM remembered WHERE memory = ?1", [row])?;
    forget_text(conn, row)
}

/// Deletes one.
pub(super) fn forget(conn: &Connection, agent: &AgentId, id: &str) -> Result<()> {
    const SQL: &str = "SELECT row FROM memories WHERE agent = ?1 AND id = ?2";
    match first(conn, SQL, [agent.as_str(), id], |row| Ok(row.get::<_, i64>(0)?))? {
        Some(row) => delete(conn, row),
        None => Ok(()),
    }
}

/// Pins or unpins one.
pub(super) fn pin(conn: &Connection, agent: &AgentId, id: &str, pinned: bool) -> Result<()> {
    const SQL: &str = "UPDATE memories SET pinned = ?3 WHERE agent = ?1 AND id = ?2";
    run(conn, SQL, params![agent.as_str(), id, pinned]).map(|_| ())
}

#[async_trait]
impl MemoryStore for SqliteStore {
    async fn memories(&self, agent: &AgentId, kinds: &[MemoryKind], rows: usize) -> Result<Vec<TextHit>> {
        self.read(|conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM memories m WHERE m.agent = ?1 {} ORDER BY m.at DESC, m.id LIMIT ?2",
                of_kinds(kinds)
            );
            all(conn, &sql, params![agent.as_str(), limit(rows)], hit)
        })
    }

    async fn memories_after(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        (at, id): (Timestamp, &str),
        rows: usize,
    ) -> Result<Vec<TextHit>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM memories m WHERE m.agent = ?1 AND m.at <= ?2 AND (m.at < ?2 OR m.id > ?3) {} \
             ORDER BY m.at DESC, m.id LIMIT ?4",
            of_kinds(kinds)
        );
        let (agent, id) = (agent.clone(), id.to_owned());
        self.scan(move |conn| all(conn, &sql, params![agent.as_str(), at.as_millis(), id, limit(rows)], hit)).await
    }

    async fn memory(&self, agent: &AgentId, id: &str) -> Result<Option<TextHit>> {
        self.read(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM memories m WHERE m.agent = ?1 AND m.id = ?2");
            first(conn, &sql, [agent.as_str(), id], hit)
        })
    }

    async fn text_candidates(
        &self,
        agent: &AgentId,
        terms: &[String],
        kinds: &[MemoryKind],
        rows: usize,
    ) -> Result<Vec<TextHit>> {
        let Some(query) = query(agent, terms) else { return Ok(Vec::new()) };
        self.read(|conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM memories_text t JOIN memories m ON m.row = t.rowid \
                 WHERE memories_text MATCH ?1 AND m.agent = ?2 {} ORDER BY m.id LIMIT ?3",
                of_kinds(kinds)
            );
            all(conn, &sql, params![query, agent.as_str(), limit(rows)], hit)
        })
    }

    async fn memory_size(&self, agent: &AgentId) -> Result<MemorySize> {
        const SQL: &str = "SELECT count(*), coalesce(sum(octet_length(content)), 0) FROM memories WHERE agent = ?1";
        let size = self.read(|conn| {
            first(conn, SQL, [agent.as_str()], |row| {
                Ok(MemorySize { rows: unsigned(row, 0)?, bytes: unsigned(row, 1)? })
            })
        });
        size.map(Option::unwrap_or_default)
    }

    async fn memory_counts(&self, agent: &AgentId) -> Result<Vec<(MemoryKind, u64)>> {
        const SQL: &str = "SELECT kind, count(*) FROM memories WHERE agent = ?1 GROUP BY kind";
        self.read(|conn| {
            let counts = all(conn, SQL, [agent.as_str()], |row| {
                let kind = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                Ok((by_name::<MemoryKind>(TABLE, kind)?, unsigned(row, 1)?))
            })?;
            Ok(counts.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect())
        })
    }
}

/// The terms as quoted strings, so that none of them is syntax; none where nothing is left to look for.
fn query(agent: &AgentId, terms: &[String]) -> Option<String> {
    let quoted: Vec<_> = terms
        .iter()
        .filter(|term| term.chars().any(char::is_alphanumeric))
        .map(|term| format!("\"{}\"", term.replace('"', "\"\"").replace('\0', " ")))
        .collect();
    if quoted.is_empty() {
        return None;
    }
    Some(format!("owner : \"{}\" AND content : ({})", owner(agent), quoted.join(" OR ")))
}
