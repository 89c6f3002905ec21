//! The journal in SQLite: one row per invocation, with JSON in text columns, NULL where there is nothing to say.

use std::{borrow::Cow, time::Instant};

use async_trait::async_trait;
use puppet_types::{
    AgentId, Breach, Declined, Invocation, InvocationId, Outcome, PackId, PluginRef, Timestamp, Timing, scrub,
};
use rusqlite::{
    Connection, Row, params,
    types::{Value, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    SqliteStore, agents,
    events::{self, Ended},
    forget,
    names::RecordNames,
    values::{corrupt, digest, first, from_json, json, of_row, run, signed, time, unsigned},
};
use crate::{Commit, Filter, Forgetting, JournalEntry, JournalStore, Result, whose};

/// The columns that are JSON.
pub(super) struct Texts {
    ended: Option<Instant>,
    host_calls: Option<String>,
    reads: Option<String>,
    decisions: Option<String>,
    log: Option<String>,
    payload: Option<String>,
}

impl Texts {
    pub(super) fn of(commit: &Commit) -> Result<Self> {
        let invocation = &commit.invocation;
        Ok(Self {
            ended: commit.ended,
            host_calls: told(json(&invocation.host_calls)?),
            reads: told(clean(&invocation.reads)?),
            decisions: told(clean(&invocation.decisions)?),
            log: told(clean(&invocation.log)?),
            payload: commit.payload.as_ref().map(json).transpose()?,
        })
    }

    /// What takes the place of the event's payload.
    pub(super) fn payload(&self) -> Option<&str> {
        self.payload.as_deref()
    }
}

/// JSON without credentials. What passed the gate has none; this is the last door before the disk.
fn clean<T: Serialize>(value: &T) -> Result<String> {
    let text = json(value)?;
    Ok(match scrub::json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => clean,
    })
}

/// JSON that says something.
pub(super) fn told(text: String) -> Option<String> {
    (!matches!(text.as_str(), "[]" | "{}")).then_some(text)
}

const INSERT: &str = "INSERT INTO journal_rows (seq, id, at, agent, event, plugin_version, character, outcome, code, \
                      message, retry_at, fuel, peak_memory, strikes, sandbox_us, reads_us, commit_us, host_calls, \
                      seed, unreplayable, reads, decisions, log) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
                      ?19, ?20, ?21, ?22, ?23)";

/// Writes a record; one of the same id (the event was tried before) makes way and its place is at the end.
pub(super) fn insert(
    conn: &Connection,
    invocation: &Invocation,
    names: RecordNames,
    texts: &Texts,
    event: Ended,
) -> Result<u64> {
    let mut seq = None;
    if event.is_again {
        // Taken before the row goes, so that not even the last place comes twice.
        const NEXT: &str = "SELECT max(seq) + 1 FROM journal_rows";
        seq = first(conn, NEXT, [], |row| Ok(row.get::<_, Option<i64>>(0)?))?.flatten();
        const GONE: &str = "DELETE FROM journal_rows WHERE id = ?1 RETURNING seq";
        let gone = first(conn, GONE, [invocation.id.as_str()], |row| Ok(row.get::<_, i64>(0)?))?;
        gone.map_or(Ok(()), |gone| agents::forget_mood(conn, invocation.agent.as_str(), gone))?;
    }
    write(conn, invocation, names, texts, (seq, event.seq))?;
    Ok(conn.last_insert_rowid().cast_unsigned())
}

/// `seq` is the record's own, where it is not simply the next, and that of its event.
fn write(
    conn: &Connection,
    invocation: &Invocation,
    names: RecordNames,
    texts: &Texts,
    (seq, event): (Option<i64>, i64),
) -> Result<usize> {
    let (code, message, retry_at) = match &invocation.outcome {
        Outcome::Ok => (None, None, None),
        Outcome::Declined(no) => (Some(no.code.as_str()), Some(no.message.as_str()), no.retry_at),
        Outcome::Failed(message) => (None, Some(message.as_str()), None),
        Outcome::Breach(breach, message) => (Some(breach.code()), Some(message.as_str()), None),
    };
    let message = message.map(scrub::text);
    let waited = |timing| match texts.ended {
        Some(ended) => Timing { commit: u64::try_from(ended.elapsed().as_micros()).unwrap_or(u64::MAX), ..timing },
        None => timing,
    };
    let timing = invocation.timing.map(waited);
    let part = |of: fn(&Timing) -> u64| timing.as_ref().map(of).map(signed);
    let values = params![
        seq,
        invocation.id.as_str(),
        invocation.at.as_millis(),
        names.agent,
        event,
        names.version,
        names.character,
        invocation.outcome.name(),
        code,
        message,
        retry_at.map(Timestamp::as_millis),
        signed(invocation.fuel),
        signed(invocation.peak_memory_bytes),
        invocation.strikes,
        part(|timing| timing.sandbox),
        part(|timing| timing.reads),
        part(|timing| timing.commit),
        texts.host_calls,
        invocation.seed.map(signed),
        invocation.unreplayable,
        texts.reads,
        texts.decisions,
        texts.log,
    ];
    run(conn, INSERT, values)
}

const COLUMNS: &str = "j.seq, j.id, j.at, a.name, v.plugin, v.version, v.digest, c.persona, c.settings, j.outcome, \
                       j.code, j.message, j.retry_at, j.fuel, j.peak_memory, j.strikes, j.host_calls, j.reads, \
                       j.decisions, j.log, j.seed, j.unreplayable, j.sandbox_us, j.reads_us, j.commit_us";
const WIDTH: usize = 25;
/// Where the texts are that a search looks into: payload, reads, decisions, log, the error.
const SEARCHED: [usize; 5] = [WIDTH + 7, 17, 18, 19, 11];

/// `CROSS` keeps the order of the joins: along the journal.
fn select() -> String {
    format!(
        "SELECT {COLUMNS}, {} FROM journal_rows j CROSS JOIN event_rows e ON e.seq = j.event \
         CROSS JOIN names a ON a.n = j.agent CROSS JOIN plugin_versions v ON v.n = j.plugin_version \
         CROSS JOIN characters c ON c.n = j.character",
        events::COLUMNS
    )
}

/// What a column of JSON says; nothing where it is NULL.
fn said<T: Default + DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    text.map_or_else(|| Ok(T::default()), |text| from_json("journal", text))
}

fn timing(row: &Row<'_>) -> Result<Option<Timing>> {
    if row.get_ref(22)? == ValueRef::Null {
        return Ok(None);
    }
    Ok(Some(Timing { sandbox: unsigned(row, 22)?, reads: unsigned(row, 23)?, commit: unsigned(row, 24)? }))
}

fn entry(row: &Row<'_>) -> Result<JournalEntry> {
    of_row("journal", row, &[0, 1], entry_columns(row))
}

fn entry_columns(row: &Row<'_>) -> Result<JournalEntry> {
    const TABLE: &str = "journal";
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let owned = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let outcome = match text(9)? {
        "ok" => Outcome::Ok,
        "declined" => {
            let retry_at = row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis);
            Outcome::Declined(Declined { code: owned(10)?, message: owned(11)?, retry_at })
        }
        "failed" => Outcome::Failed(owned(11)?),
        "breach" => {
            let code = owned(10)?;
            let breach = Breach::parse(&code).ok_or_else(|| corrupt(TABLE, &format!("breach {code}")))?;
            Outcome::Breach(breach, owned(11)?)
        }
        other => return Err(corrupt(TABLE, &format!("outcome {other}"))),
    };
    let invocation = Invocation {
        id: InvocationId::new(text(1)?),
        at: time(row, 2)?,
        agent: AgentId::new(text(3)?),
        plugin: PluginRef { id: PackId::new(text(4)?), version: text(5)?.to_owned(), digest: digest(TABLE, row, 6)? },
        persona_digest: digest(TABLE, row, 7)?,
        settings_digest: digest(TABLE, row, 8)?,
        seed: row.get::<_, Option<i64>>(20)?.map(i64::cast_unsigned),
        event: events::event(row, WIDTH)?,
        outcome,
        fuel: unsigned(row, 13)?,
        peak_memory_bytes: unsigned(row, 14)?,
        host_calls: said(row, 16)?,
        reads: said(row, 17)?,
        decisions: said(row, 18)?,
        log: said(row, 19)?,
        strikes: row.get(15)?,
        timing: timing(row)?,
        unreplayable: row.get(21)?,
    };
    Ok(JournalEntry { seq: unsigned(row, 0)?, invocation })
}

#[async_trait]
impl JournalStore for SqliteStore {
    async fn journal(&self, filter: &Filter) -> Result<Vec<JournalEntry>> {
        let filter = filter.clone();
        self.scan(move |conn| find(conn, &filter)).await
    }

    async fn invocation(&self, id: &InvocationId) -> Result<Option<JournalEntry>> {
        self.read(|conn| first(conn, &format!("{} WHERE j.id = ?1", select()), [id.as_str()], entry))
    }

    async fn forget(&self, ids: Vec<InvocationId>, reason: &str) -> Result<Forgetting> {
        let reason = reason.to_owned();
        let fates = self.write(move |conn| forget::entries(conn, &ids, &reason)).await?;
        Ok(Forgetting { fates, log_emptied: self.on_writer(forget::clean_files).await? })
    }
}

fn find(conn: &Connection, filter: &Filter) -> Result<Vec<JournalEntry>> {
    let Some(agents) = whose(filter.agent.as_ref(), filter.among.as_ref()) else { return find_of(conn, filter, None) };
    // Along the rows of one after the other: an index has them in the order that is asked for. What was found bounds what may
    // still be among the first.
    let (mut filter, mut out) = (filter.clone(), Vec::new());
    for agent in agents {
        out.extend(find_of(conn, &filter, Some(agent))?);
        out.sort_by_key(|entry| entry.seq);
        if !filter.oldest_first {
            out.reverse();
        }
        out.truncate(filter.limit);
        if let Some(last) = out.last().filter(|_| out.len() == filter.limit) {
            *(if filter.oldest_first { &mut filter.before_seq } else { &mut filter.after_seq }) = Some(last.seq);
        }
    }
    Ok(out)
}

fn find_of(conn: &Connection, filter: &Filter, agent: Option<&AgentId>) -> Result<Vec<JournalEntry>> {
    let mut sql = select();
    let mut values = Vec::new();
    let mut also = |condition: &str, value: Value| {
        sql.push_str(if values.is_empty() { " WHERE " } else { " AND " });
        sql.push_str(condition);
        values.push(value);
    };
    let seq = |seq: u64| Value::Integer(i64::try_from(seq).unwrap_or(i64::MAX));
    if let Some(agent) = agent {
        also("j.agent = (SELECT n FROM names WHERE name = ?)", Value::Text(agent.as_str().to_owned()));
    }
    if let Some(kind) = &filter.kind {
        also("e.kind = (SELECT n FROM names WHERE name = ?)", Value::Text(kind.clone()));
    }
    if let Some(outcome) = &filter.outcome {
        also("j.outcome = ?", Value::Text(outcome.clone()));
    }
    if let Some(since) = filter.since {
        also("j.at >= ?", Value::Integer(since.as_millis()));
    }
    if let Some(until) = filter.until {
        also("j.at < ?", Value::Integer(until.as_millis()));
    }
    if let Some(after) = filter.after_seq {
        also("j.seq > ?", seq(after));
    }
    if let Some(before) = filter.before_seq {
        also("j.seq < ?", seq(before));
    }
    sql.push_str(if filter.oldest_first { " ORDER BY j.seq" } else { " ORDER BY j.seq DESC" });
    // Case is folded here, since SQLite folds ASCII alone.
    let wanted = filter.text.as_deref().map(spellings).transpose()?;
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut out = Vec::new();
    while out.len() < filter.limit
        && let Some(row) = rows.next()?
    {
        if wanted.as_ref().map_or(Ok(true), |wanted| holds(row, wanted))? {
            out.push(entry(row)?);
        }
    }
    Ok(out)
}

/// A text as it is, and as it stands within JSON.
fn spellings(text: &str) -> Result<[String; 2]> {
    let text = text.to_lowercase();
    let quoted = json(&text)?;
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned();
    Ok([text, inner])
}

fn holds(row: &Row<'_>, wanted: &[String]) -> Result<bool> {
    for column in SEARCHED {
        let text = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let text = text.unwrap_or_default().to_lowercase();
        if wanted.iter().any(|wanted| text.contains(wanted)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The plan of every filter is a walk along seq or along one agent's rows; nothing is sorted.
#[cfg(test)]
#[test]
fn no_filter_sorts() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    for condition in ["", "WHERE j.agent = 1", "WHERE e.kind = 2 AND j.seq > 5"] {
        let sql = format!("EXPLAIN QUERY PLAN {} {condition} ORDER BY j.seq DESC", select());
        let plan = super::values::all(&conn, &sql, [], |row| Ok(row.get::<_, String>(3)?)).unwrap();
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{condition}: {plan:?}");
    }
}
