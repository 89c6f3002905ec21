//! Retention in SQLite. Pages that become free are zeroed and used again; the file does not shrink.

use async_trait::async_trait;
use puppet_types::{AgentId, Timestamp};
use rusqlite::{Connection, params};

use super::{
    SqliteStore, agents,
    values::{all, first, limit, run, signed, unsigned},
};
use crate::{Cut, Keep, Old, OldRecord, Pruned, RECORD_BYTES, Result, RetentionStore};

/// Most ids that one transaction forgets.
const IDS: usize = 1_000;

/// Bytes of the texts of a record.
const TEXTS: &str = "octet_length(e.payload) + coalesce(octet_length(j.reads), 0) \
                     + coalesce(octet_length(j.decisions), 0) + coalesce(octet_length(j.log), 0) \
                     + coalesce(octet_length(j.message), 0)";

/// Whether a record has to stay. The last rows do, so that no seq comes twice; and what was published as an account stays as
/// long as an attempt as it is in doubt, so that no post of it is taken for that attempt's.
const NEEDED: &str = "(e.state = 'waiting' OR e.seq = (SELECT max(seq) FROM event_rows) \
                      OR j.seq = (SELECT max(seq) FROM journal_rows) \
                      OR EXISTS (SELECT 1 FROM outbox o WHERE o.invocation = j.id \
                          AND o.state NOT IN ('done', 'failed', 'rejected', 'expired', 'dry-run')) \
                      OR EXISTS (SELECT 1 FROM outbox o WHERE o.invocation = j.id AND o.provider_id <> '' \
                          AND EXISTS (SELECT 1 FROM outbox d WHERE d.account = o.account \
                              AND d.state IN ('waiting', 'sent', 'in-doubt') AND d.begun IS NOT NULL AND NOT d.undecidable)) \
                      OR EXISTS (SELECT 1 FROM kept_reads k WHERE k.invocation = j.id) \
                      OR EXISTS (SELECT 1 FROM open_reads o WHERE o.invocation = j.id))";

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn recorded_agents(&self) -> Result<Vec<AgentId>> {
        const SQL: &str =
            "SELECT name FROM names WHERE EXISTS (SELECT 1 FROM journal_rows WHERE agent = n) ORDER BY name";
        self.scan(|conn| all(conn, SQL, [], |row| Ok(AgentId::from(row.get::<_, String>(0)?)))).await
    }

    async fn cut(&self, agent: &AgentId, keep: &Keep) -> Result<Cut> {
        let (agent, keep) = (agent.clone(), *keep);
        self.scan(move |conn| cut(conn, agent, &keep)).await
    }

    async fn beyond(&self, cut: &Cut, after_seq: u64, limit: usize) -> Result<Vec<OldRecord>> {
        let cut = cut.clone();
        self.scan(move |conn| beyond(conn, &cut, after_seq, limit)).await
    }

    async fn old_letters(&self, before: Timestamp, after_seq: u64, rows: usize) -> Result<Vec<u64>> {
        // There are few of these among many events: not a walk along seq.
        const SQL: &str = "SELECT seq FROM event_rows e INDEXED BY events_dead \
                           WHERE state = 'dead' AND ended < ?1 AND seq > ?2 \
                           AND NOT EXISTS (SELECT 1 FROM journal_rows WHERE event = e.seq) \
                           AND seq < (SELECT max(seq) FROM event_rows) ORDER BY seq LIMIT ?3";
        let values = (before.as_millis(), signed(after_seq), limit(rows));
        self.scan(move |conn| all(conn, SQL, values, |row| unsigned(row, 0))).await
    }

    async fn prune(&self, old: Old) -> Result<Pruned> {
        self.write(move |conn| prune(conn, &old)).await
    }
}

fn cut(conn: &Connection, agent: AgentId, keep: &Keep) -> Result<Cut> {
    const STAY: &str = "SELECT seq FROM journal_rows WHERE agent = (SELECT n FROM names WHERE name = ?1) \
                        ORDER BY seq DESC LIMIT 1 OFFSET ?2";
    let before_stay = params![agent.as_str(), signed(keep.last)];
    let stay = first(conn, STAY, before_stay, |row| unsigned(row, 0))?.map_or(0, |seq| seq + 1);
    let beyond = match keep.bytes {
        Some(bytes) if stay > 0 => beyond_bytes(conn, &agent, bytes)?,
        _ => 0,
    };
    Ok(Cut { agent, since: keep.since, beyond, stay })
}

/// The newest record that does not find room any more.
fn beyond_bytes(conn: &Connection, agent: &AgentId, most: u64) -> Result<u64> {
    let sql = format!(
        "SELECT j.seq, {TEXTS} FROM journal_rows j CROSS JOIN event_rows e ON e.seq = j.event \
         WHERE j.agent = (SELECT n FROM names WHERE name = ?1) ORDER BY j.seq DESC"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([agent.as_str()])?;
    let mut bytes = 0_u64;
    while let Some(row) = rows.next()? {
        bytes = bytes.saturating_add(RECORD_BYTES + unsigned(row, 1)?);
        if bytes > most {
            return unsigned(row, 0);
        }
    }
    Ok(0)
}

fn beyond(conn: &Connection, cut: &Cut, after: u64, most: usize) -> Result<Vec<OldRecord>> {
    let sql = format!(
        "SELECT j.seq, j.at, {TEXTS}, {NEEDED} FROM journal_rows j CROSS JOIN event_rows e ON e.seq = j.event \
         WHERE j.agent = (SELECT n FROM names WHERE name = ?1) AND j.seq > ?2 AND j.seq < ?3 ORDER BY j.seq"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![cut.agent.as_str(), signed(after), signed(cut.stay)])?;
    let mut old = Vec::new();
    while old.len() < most
        && let Some(row) = rows.next()?
    {
        let seq = unsigned(row, 0)?;
        let at = Timestamp::from_millis(row.get(1)?);
        if seq > cut.beyond && cut.since.is_none_or(|since| at >= since) {
            break;
        }
        old.push(OldRecord { seq, bytes: RECORD_BYTES + unsigned(row, 2)?, needed: row.get(3)? });
    }
    Ok(old)
}

fn prune(conn: &Connection, old: &Old) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    for seq in &old.records {
        record(conn, signed(*seq), &mut pruned)?;
    }
    for seq in &old.letters {
        pruned.events += event(conn, signed(*seq))?;
    }
    if let Some(before) = old.ids_before {
        pruned.ids = forget_ids(conn, before)?;
    }
    Ok(pruned)
}

fn record(conn: &Connection, seq: i64, pruned: &mut Pruned) -> Result<()> {
    let sql = format!(
        "SELECT j.id, j.event, (SELECT name FROM names WHERE n = j.agent) FROM journal_rows j CROSS JOIN event_rows e ON e.seq = j.event \
         WHERE j.seq = ?1 AND NOT {NEEDED}"
    );
    let found = first(conn, &sql, [seq], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    })?;
    let Some((id, of, agent)) = found else { return Ok(()) };
    agents::forget_mood(conn, &agent, seq)?;
    pruned.effects += run(conn, "DELETE FROM outbox WHERE invocation = ?1", [&id])? as u64;
    pruned.records += run(conn, "DELETE FROM journal_rows WHERE seq = ?1", [seq])? as u64;
    pruned.events += event(conn, of)?;
    Ok(())
}

/// Deletes an event that has ended and that no record is about, and keeps its id.
fn event(conn: &Connection, seq: i64) -> Result<u64> {
    const KNOWN: &str = "INSERT INTO known (id, ended) SELECT id, coalesce(ended, at) FROM event_rows e \
                         WHERE seq = ?1 AND state <> 'waiting' \
                         AND NOT EXISTS (SELECT 1 FROM journal_rows WHERE event = e.seq) \
                         ON CONFLICT (id) DO UPDATE SET ended = max(ended, excluded.ended)";
    if run(conn, KNOWN, [seq])? == 0 {
        return Ok(0);
    }
    Ok(run(conn, "DELETE FROM event_rows WHERE seq = ?1", [seq])? as u64)
}

/// Ids go in the order in which they came, up to the first that is to stay.
fn forget_ids(conn: &Connection, before: Timestamp) -> Result<u64> {
    const OLDEST: &str = "SELECT n, ended FROM known ORDER BY n LIMIT ?1";
    let oldest = all(conn, OLDEST, [limit(IDS)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let last = oldest.iter().take_while(|(_, ended)| *ended < before.as_millis()).last();
    match last {
        Some((last, _)) => Ok(run(conn, "DELETE FROM known WHERE n <= ?1", [last])? as u64),
        None => Ok(0),
    }
}
