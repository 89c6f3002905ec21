//! Forgetting in SQLite: the words of journal rows go, the rows stay; and with them what the files still hold.

use std::time::Duration;

use puppet_types::{
    AgentId, Decision, EffectId, EventId, FORGOTTEN, ForgetWords, InvocationId, LogLine, NumberedDecision, Read,
};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;

use super::{
    budgets,
    journal::told,
    open,
    values::{all, by_name, first, json, run},
};
use crate::{EffectBody, EffectState, Fate, Result};

/// How long readers are waited for that still need the log.
const READERS: Duration = Duration::from_secs(2);

/// Forgets entries, as far as they have ended.
pub(super) fn entries(conn: &Connection, ids: &[InvocationId], reason: &str) -> Result<Vec<(InvocationId, Fate)>> {
    ids.iter().map(|id| Ok((id.clone(), entry(conn, id, reason)?))).collect()
}

/// A row of the journal with its event, as far as it matters here.
struct Found {
    seq: i64,
    event: i64,
    event_id: EventId,
    event_waits: bool,
    attempts: i64,
    texts: [Option<String>; 3],
}

fn entry(conn: &Connection, id: &InvocationId, reason: &str) -> Result<Fate> {
    const SQL: &str = "SELECT j.seq, j.event, e.id, e.state = 'waiting', e.attempts, j.reads, j.decisions, j.log \
                       FROM journal_rows j JOIN event_rows e ON e.seq = j.event WHERE j.id = ?1";
    let found = first(conn, SQL, [id.as_str()], |row| {
        Ok(Found {
            seq: row.get(0)?,
            event: row.get(1)?,
            event_id: EventId::from(row.get::<_, String>(2)?),
            event_waits: row.get(3)?,
            attempts: row.get(4)?,
            texts: [row.get(5)?, row.get(6)?, row.get(7)?],
        })
    })?;
    let Some(found) = found else { return letter(conn, id) };
    if found.event_waits {
        return Ok(Fate::Retried(found.event_id));
    }
    if let Some((effect, state)) = leaving(conn, id)? {
        return Ok(Fate::Leaving(effect, state));
    }
    blank(conn, &found, reason)?;
    bodies(conn, id)?;
    budgets::forget_reads(conn, id)?;
    Ok(Fate::Forgotten)
}

/// A dead letter that nobody was called for has no row in the journal: it goes by the id of its event.
fn letter(conn: &Connection, id: &InvocationId) -> Result<Fate> {
    const SQL: &str = "UPDATE event_rows SET payload = '{}' WHERE id = ?1 AND state = 'dead' \
                       AND NOT EXISTS (SELECT 1 FROM journal_rows j WHERE j.event = event_rows.seq)";
    let changed = run(conn, SQL, [id.as_str()])?;
    Ok(if changed > 0 { Fate::Forgotten } else { Fate::Unknown })
}

/// The first effect that has not ended.
fn leaving(conn: &Connection, id: &InvocationId) -> Result<Option<(EffectId, EffectState)>> {
    const SQL: &str = "SELECT id, state FROM outbox WHERE invocation = ?1 \
                       AND (state IN ('waiting', 'sent', 'waiting-for-approval') \
                            OR (state = 'in-doubt' AND NOT undecidable)) ORDER BY n LIMIT 1";
    first(conn, SQL, [id.as_str()], |row| {
        let state = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        Ok((EffectId::from(row.get::<_, String>(0)?), by_name("outbox", state)?))
    })
}

/// JSON without its words. What does not read back is dropped whole.
fn wordless<T: ForgetWords + DeserializeOwned + Default + serde::Serialize>(
    text: Option<&String>,
) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let mut value: T = serde_json::from_str(text).unwrap_or_default();
    value.forget_words();
    Ok(told(json(&value)?))
}

fn blank(conn: &Connection, found: &Found, reason: &str) -> Result<()> {
    const ROW: &str = "UPDATE journal_rows SET reads = ?2, decisions = ?3, log = ?4, unreplayable = ?5, \
                       message = iif(message IS NULL, NULL, ?6), \
                       code = iif(outcome = 'declined', ?6, code) WHERE seq = ?1";
    const OTHERS: &str = "UPDATE journal_rows SET unreplayable = coalesce(unreplayable, ?3) \
                          WHERE event = ?1 AND seq <> ?2 AND agent = (SELECT agent FROM journal_rows WHERE seq = ?2)";
    let [reads, decisions, log] = &found.texts;
    let values = params![
        found.seq,
        wordless::<Vec<Read>>(reads.as_ref())?,
        wordless::<Vec<NumberedDecision>>(decisions.as_ref())?,
        wordless::<Vec<LogLine>>(log.as_ref())?,
        reason,
        FORGOTTEN,
    ];
    run(conn, ROW, values)?;
    run(conn, "UPDATE event_rows SET payload = '{}' WHERE seq = ?1", [found.event])?;
    if found.attempts > 1 {
        // Tried by another plugin as well, perhaps: that record was about the same payload.
        run(conn, OTHERS, params![found.event, found.seq, reason])?;
    }
    Ok(())
}

/// The bodies of what left, or never will.
fn bodies(conn: &Connection, id: &InvocationId) -> Result<()> {
    const SQL: &str = "SELECT seq, body FROM outbox WHERE invocation = ?1";
    let rows = all(conn, SQL, [id.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    for (seq, body) in rows {
        let body = serde_json::from_str::<EffectBody>(&body).map(|mut body| {
            body.forget_words();
            body
        });
        // A body that does not read back is of no use to anybody else either.
        let body = body.map_or_else(|_| Ok("{}".to_owned()), |body| json(&body))?;
        const BODY: &str = "UPDATE outbox SET body = ?2, reason = iif(reason IS NULL, NULL, ?3) WHERE seq = ?1";
        run(conn, BODY, params![seq, body, FORGOTTEN])?;
    }
    Ok(())
}

/// Takes the words of a memory out of the rows that wrote it. A row that does not read back is left: it must not hold
/// up the call that forgets.
pub(super) fn memory(conn: &Connection, agent: &AgentId, id: &str, reason: &str) -> Result<()> {
    const ROWS: &str = "SELECT j.seq, j.decisions FROM memories m JOIN remembered r ON r.memory = m.row \
                        JOIN journal_rows j ON j.seq = r.journal WHERE m.agent = ?1 AND m.id = ?2 \
                        AND j.decisions IS NOT NULL AND j.agent = (SELECT n FROM names WHERE name = ?1)";
    const SQL: &str = "UPDATE journal_rows SET decisions = ?2, \
                       unreplayable = iif(unreplayable IS NULL, ?3, unreplayable || '; ' || ?3) WHERE seq = ?1";
    let rows = all(conn, ROWS, [agent.as_str(), id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    for (seq, decisions) in rows {
        let Ok(mut decisions) = serde_json::from_str::<Vec<NumberedDecision>>(&decisions) else {
            tracing::warn!(seq, %agent, "a row of the journal does not read back: a memory is not taken out of it");
            continue;
        };
        for NumberedDecision { decision, .. } in &mut decisions {
            match decision {
                Decision::Remember { memory } | Decision::Supersede { memory, .. } if memory.id == id => {
                    memory.forget_words();
                }
                _ => {}
            }
        }
        run(conn, SQL, params![seq, json(&decisions)?, reason])?;
    }
    Ok(())
}

/// Takes out of the files what the rows do not say any more: words of deleted memories out of the full text, and all of
/// it out of the log. Whether the log is empty.
pub(super) fn clean_files(conn: &Connection) -> Result<bool> {
    conn.execute_batch("INSERT INTO memories_text (memories_text) VALUES ('optimize')")?;
    conn.busy_timeout(READERS)?;
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    conn.busy_timeout(open::PATIENCE)?;
    Ok(!busy?)
}
