//! Events in SQLite.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use puppet_types::{AgentId, Event, EventId, InvocationId, Priority, Timestamp};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::{
    SqliteStore, budgets,
    names::EventNames,
    values::{all, corrupt, first, from_json, json, limit, of_row, run, time, unsigned},
};
use crate::{DeadLetter, EventEnd, EventStore, Result, Waiting};

/// Columns of an event in `event_rows e`, as [`event`] reads them.
pub(super) const COLUMNS: &str = "e.id, (SELECT name FROM names WHERE n = e.kind), \
                                  (SELECT name FROM names WHERE n = e.source), \
                                  (SELECT name FROM names WHERE n = e.agent), e.author, e.priority, e.at, e.payload, \
                                  e.hops, e.cause, e.broadcast";

/// Of the agents of a JSON list, `?3`; of everybody where that is NULL.
const AMONG: &str = "(?3 IS NULL OR e.agent IN (SELECT n FROM names WHERE name IN (SELECT value FROM json_each(?3))))";

/// Reads [`COLUMNS`] that begin at `from`.
pub(super) fn event(row: &Row<'_>, from: usize) -> Result<Event> {
    of_row("events", row, &[from], event_columns(row, from))
}

fn event_columns(row: &Row<'_>, from: usize) -> Result<Event> {
    let text = |column: usize| row.get_ref(from + column)?.as_str().map_err(rusqlite::Error::from);
    let id = |column: usize| row.get::<_, Option<String>>(from + column).map(|id| id.map(EventId::from));
    Ok(Event {
        id: EventId::new(text(0)?),
        kind: text(1)?.to_owned(),
        source: text(2)?.to_owned(),
        agent: AgentId::new(text(3)?),
        author: row.get(from + 4)?,
        priority: priority(row.get(from + 5)?)?,
        at: time(row, from + 6)?,
        payload: from_json("events", text(7)?)?,
        hops: row.get(from + 8)?,
        cause: id(9)?,
        broadcast: id(10)?,
    })
}

fn priority(rank: i64) -> Result<Priority> {
    const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];
    let found = ALL.into_iter().find(|priority| rank_of(*priority) == rank);
    found.ok_or_else(|| corrupt("events", &format!("priority {rank}")))
}

fn rank_of(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Critical => 3,
    }
}

/// Accepts one event; none where its id is known.
pub(super) fn accept(conn: &Connection, event: &Event) -> Result<Option<Waiting>> {
    let seq = insert(conn, event, EventNames::find(conn, event)?, &json(&event.payload)?)?;
    Ok(seq.map(|seq| fresh(seq, event.clone())))
}

fn fresh(seq: i64, event: Event) -> Waiting {
    Waiting { seq: seq.cast_unsigned(), attempts: 0, not_before: event.at, event }
}

/// Puts down an event that waits; none where its id is known, also where its row is gone.
fn insert(conn: &Connection, event: &Event, names: EventNames, payload: &str) -> Result<Option<i64>> {
    const SQL: &str = "INSERT INTO event_rows (id, state, attempts, kind, source, agent, author, priority, at, \
                       payload, hops, cause, broadcast) \
                       SELECT ?1, 'waiting', 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 \
                       WHERE NOT EXISTS (SELECT 1 FROM known WHERE id = ?1) ON CONFLICT (id) DO NOTHING";
    Ok((put(conn, SQL, event, names, payload)? > 0).then(|| conn.last_insert_rowid()))
}

/// Puts down an event that was never accepted, because there is a record of it.
fn insert_recorded(conn: &Connection, event: &Event) -> Result<()> {
    const SQL: &str = "INSERT INTO event_rows (id, state, attempts, kind, source, agent, author, priority, at, \
                       payload, hops, cause, broadcast) \
                       VALUES (?1, 'waiting', 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    put(conn, SQL, event, EventNames::find(conn, event)?, &json(&event.payload)?).map(drop)
}

fn put(conn: &Connection, sql: &str, event: &Event, names: EventNames, payload: &str) -> Result<usize> {
    let values = params![
        event.id.as_str(),
        names.kind,
        names.source,
        names.agent,
        event.author,
        rank_of(event.priority),
        event.at.as_millis(),
        payload,
        event.hops,
        event.cause.as_ref().map(EventId::as_str),
        event.broadcast.as_ref().map(EventId::as_str),
    ];
    run(conn, sql, values)
}

/// What an invocation made of its event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub seq: i64,
    /// It was tried before, so that there may be a record of that.
    pub is_again: bool,
}

fn ended(row: &Row<'_>) -> Result<Ended> {
    Ok(Ended { seq: row.get(0)?, is_again: row.get::<_, i64>(1)? > 1 })
}

/// What an invocation makes of its event. An event that was never accepted is kept as well:
/// the journal refers to it. `payload` is what takes the place of its own.
pub(super) fn end(
    conn: &Connection,
    event: &Event,
    end: &EventEnd,
    at: Timestamp,
    payload: Option<&str>,
) -> Result<Ended> {
    // Nearly all of them: SQLite takes fewer columns faster.
    const DONE: &str = "UPDATE event_rows SET state = 'done', attempts = attempts + 1, reason = NULL, ended = ?2 \
                        WHERE id = ?1 RETURNING seq, attempts";
    const SQL: &str = "UPDATE event_rows SET state = ?2, attempts = attempts + 1, not_before = coalesce(?3, not_before), \
                       reason = ?4, ended = ?5, payload = coalesce(?6, payload) WHERE id = ?1 RETURNING seq, attempts";
    let (state, not_before, reason, ended) = match end {
        EventEnd::Done => ("done", None, None, Some(at)),
        EventEnd::Dead { reason } => ("dead", None, Some(reason.as_str()), Some(at)),
        EventEnd::Retry { not_before } => ("waiting", Some(*not_before), None, None),
    };
    let update = || {
        if let (EventEnd::Done, None) = (end, payload) {
            return first(conn, DONE, params![event.id.as_str(), at.as_millis()], self::ended);
        }
        let values = params![
            event.id.as_str(),
            state,
            not_before.map(Timestamp::as_millis),
            reason,
            ended.map(Timestamp::as_millis),
            payload,
        ];
        first(conn, SQL, values, self::ended)
    };
    if let Some(ended) = update()? {
        return Ok(ended);
    }
    insert_recorded(conn, event)?;
    update()?.ok_or_else(|| corrupt("events", &"an event that was just written is not there"))
}

/// Where an event stands, as [`waiting`] reads it before [`COLUMNS`]. Mostly it waits for its own time alone.
const PLACE: &str = "e.seq, e.attempts, coalesce(e.not_before, e.at)";

fn waiting(row: &Row<'_>) -> Result<Waiting> {
    Ok(Waiting { seq: unsigned(row, 0)?, attempts: row.get(1)?, not_before: time(row, 2)?, event: event(row, 3)? })
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn accept(&self, events: Vec<Event>) -> Result<Vec<Waiting>> {
        // JSON is written and rows are copied here, not on the one thread that everybody waits for.
        let payloads = events.iter().map(|event| json(&event.payload)).collect::<Result<Vec<_>>>()?;
        let names: Vec<_> = events.iter().map(|event| self.inner.names.of_event(event)).collect();
        let rows = Arc::new((events, names, payloads));
        let shared = Arc::clone(&rows);
        let insert = move |conn: &Connection| {
            let (events, names, payloads) = &*shared;
            let one = |((event, names), payload): ((&Event, &Option<EventNames>), &String)| {
                let found = names.map_or_else(|| EventNames::find(conn, event), Ok)?;
                Ok((insert(conn, event, found, payload)?, found))
            };
            events.iter().zip(names).zip(payloads).map(one).collect()
        };
        let inserted: Vec<(Option<i64>, EventNames)> = self.write(insert).await?;
        let (events, names, _) = Arc::unwrap_or_clone(rows);
        let new = names.iter().zip(&events).zip(&inserted).filter(|((known, _), _)| known.is_none());
        new.for_each(|((_, event), (_, found))| self.inner.names.learn_event(event, *found));
        Ok(inserted.into_iter().zip(events).filter_map(|((seq, _), event)| Some(fresh(seq?, event))).collect())
    }

    async fn waiting(&self) -> Result<Vec<Waiting>> {
        self.scan(|conn| {
            let sql = format!("SELECT {PLACE}, {COLUMNS} FROM event_rows e WHERE e.state = 'waiting' ORDER BY e.seq");
            all(conn, &sql, [], waiting)
        })
        .await
    }

    async fn bury(&self, id: &EventId, reason: &str, at: Timestamp, payload: Option<Value>) -> Result<()> {
        let (id, reason) = (id.clone(), reason.to_owned());
        let payload = payload.as_ref().map(json).transpose()?;
        self.write(move |conn| {
            const SQL: &str = "UPDATE event_rows SET state = 'dead', reason = ?2, ended = ?3, \
                               payload = coalesce(?4, payload) WHERE id = ?1 AND state = 'waiting' RETURNING seq";
            const TRIED: &str = "SELECT id FROM journal_rows WHERE event = ?1";
            let values = params![id.as_str(), reason, at.as_millis(), payload];
            let Some(seq) = first(conn, SQL, values, |row| Ok(row.get::<_, i64>(0)?))? else { return Ok(()) };
            // It does not come again: nobody asks for the answers that were kept for its next try.
            let tried = all(conn, TRIED, [seq], |row| Ok(InvocationId::from(row.get::<_, String>(0)?)))?;
            tried.iter().try_for_each(|id| budgets::forget_reads(conn, id))
        })
        .await
    }

    async fn waiting_after(
        &self,
        after_seq: u64,
        among: Option<&BTreeSet<AgentId>>,
        rows: usize,
    ) -> Result<Vec<Waiting>> {
        let among = among.map(json).transpose()?;
        self.scan(move |conn| {
            let sql = format!(
                "SELECT {PLACE}, {COLUMNS} FROM event_rows e WHERE e.state = 'waiting' AND e.seq > ?1 AND {AMONG} \
                 ORDER BY e.seq LIMIT ?2"
            );
            all(conn, &sql, params![i64::try_from(after_seq).unwrap_or(i64::MAX), limit(rows), among], waiting)
        })
        .await
    }

    async fn dead_letters_before(
        &self,
        before: Option<(Timestamp, u64)>,
        among: Option<&BTreeSet<AgentId>>,
        rows: usize,
    ) -> Result<Vec<DeadLetter>> {
        let among = among.map(json).transpose()?;
        let before = before.map(|(at, seq)| (at.as_millis(), i64::try_from(seq).unwrap_or(i64::MAX)));
        let (at, seq) = before.unwrap_or((i64::MAX, i64::MAX));
        self.scan(move |conn| {
            let sql = format!(
                "SELECT e.seq, e.reason, e.ended, {COLUMNS} FROM event_rows e WHERE e.state = 'dead' \
                 AND (e.ended, e.seq) < (?1, ?4) AND {AMONG} ORDER BY e.ended DESC, e.seq DESC LIMIT ?2"
            );
            all(conn, &sql, params![at, limit(rows), among, seq], |row| {
                let (seq, at) = (unsigned(row, 0)?, time(row, 2)?);
                Ok(DeadLetter { seq, reason: row.get(1)?, at, event: event(row, 3)? })
            })
        })
        .await
    }

    async fn event(&self, id: &EventId) -> Result<Option<(Event, &'static str)>> {
        self.read(|conn| {
            let sql = format!("SELECT e.state, {COLUMNS} FROM event_rows e WHERE e.id = ?1");
            first(conn, &sql, [id.as_str()], |row| {
                let state = match row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
                    "waiting" => "waiting",
                    "done" => "done",
                    "dead" => "dead",
                    other => return Err(corrupt("events", &format!("state {other}"))),
                };
                Ok((event(row, 1)?, state))
            })
        })
    }

    async fn events_after(&self, after_seq: u64, rows: usize) -> Result<Vec<Waiting>> {
        self.scan(move |conn| {
            let sql = format!("SELECT {PLACE}, {COLUMNS} FROM event_rows e WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
            all(conn, &sql, params![i64::try_from(after_seq).unwrap_or(i64::MAX), limit(rows)], waiting)
        })
        .await
    }
}
