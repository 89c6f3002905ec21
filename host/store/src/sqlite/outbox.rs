//! The outbox in SQLite.

use async_trait::async_trait;
use puppet_types::{AccountId, AgentId, EffectId, InvocationId, PostId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore, commit, events, halt,
    values::{all, by_name, first, from_json, json, limit, name, of_row, run, time, unsigned},
};
use crate::{Committed, Doubt, Effect, EffectEnd, EffectState, OutboxStore, Result, StoreError, Waiting};

const COLUMNS: &str = "seq, id, state, agent, account, invocation, n, not_before, hops, body, attempts, provider_id, reason, \
     expires, begun, undecidable, purse";

fn effect(row: &Row<'_>) -> Result<Effect> {
    of_row("outbox", row, &[0, 1], effect_columns(row))
}

fn effect_columns(row: &Row<'_>) -> Result<Effect> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(Effect {
        seq: unsigned(row, 0)?,
        id: EffectId::new(text(1)?),
        state: by_name("outbox", text(2)?)?,
        agent: AgentId::new(text(3)?),
        account: AccountId::new(text(4)?),
        invocation: InvocationId::new(text(5)?),
        n: row.get(6)?,
        not_before: time(row, 7)?,
        hops: row.get(8)?,
        body: from_json("outbox", text(9)?)?,
        attempts: row.get(10)?,
        provider_id: row.get(11)?,
        reason: row.get(12)?,
        expires: row.get::<_, Option<i64>>(13)?.map(Timestamp::from_millis),
        doubt: match row.get::<_, Option<i64>>(14)?.map(Timestamp::from_millis) {
            Some(begun) => Some(Doubt { begun, undecidable: row.get(15)? }),
            None => None,
        },
        purse: row.get(16)?,
    })
}

/// Puts an effect at the end; none where its id is known.
pub(super) fn insert(conn: &Connection, effect: &Effect) -> Result<Option<Effect>> {
    const SQL: &str = "INSERT INTO outbox (id, state, agent, account, invocation, n, not_before, hops, body, attempts, \
                       provider_id, reason, expires, begun, undecidable, purse) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
                       ON CONFLICT (id) DO NOTHING";
    let values = params![
        effect.id.as_str(),
        name(&effect.state),
        effect.agent.as_str(),
        effect.account.as_str(),
        effect.invocation.as_str(),
        effect.n,
        effect.not_before.as_millis(),
        effect.hops,
        json(&effect.body)?,
        effect.attempts,
        effect.provider_id,
        effect.reason,
        effect.expires.map(Timestamp::as_millis),
        effect.doubt.map(|doubt| doubt.begun.as_millis()),
        effect.doubt.is_some_and(|doubt| doubt.undecidable),
        effect.purse,
    ];
    let new = run(conn, SQL, values)? > 0;
    Ok(new.then(|| Effect { seq: conn.last_insert_rowid().cast_unsigned(), ..effect.clone() }))
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn effects(&self, states: &[EffectState]) -> Result<Vec<Effect>> {
        let states = states.to_vec();
        self.scan(move |conn| {
            let sql =
                format!("SELECT {COLUMNS} FROM outbox WHERE state IN (SELECT value FROM json_each(?1)) ORDER BY seq");
            all(conn, &sql, [json(&states)?], effect)
        })
        .await
    }

    async fn effects_after(&self, after_seq: u64, rows: usize) -> Result<Vec<Effect>> {
        self.scan(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2");
            all(conn, &sql, params![i64::try_from(after_seq).unwrap_or(i64::MAX), limit(rows)], effect)
        })
        .await
    }

    async fn effects_of(&self, invocation: &InvocationId) -> Result<Vec<Effect>> {
        self.read(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM outbox WHERE invocation = ?1 ORDER BY n, seq");
            all(conn, &sql, [invocation.as_str()], effect)
        })
    }

    async fn effect(&self, id: &EffectId) -> Result<Option<Effect>> {
        self.read(|conn| first(conn, &format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1"), [id.as_str()], effect))
    }

    async fn begin_attempt(&self, id: &EffectId, at: Timestamp, purse: Option<&str>) -> Result<bool> {
        let (id, purse) = (id.clone(), purse.map(str::to_owned));
        self.write(move |conn| {
            const SQL: &str = "UPDATE outbox SET state = 'sent', attempts = attempts + 1, begun = coalesce(begun, ?2), \
                               undecidable = 0, purse = coalesce(purse, ?3) \
                               WHERE id = ?1 AND state IN ('waiting', 'sent')";
            if halt::read(conn)?.is_some() {
                return Ok(false);
            }
            if run(conn, SQL, params![id.as_str(), at.as_millis(), purse])? > 0 {
                return Ok(true);
            }
            let there = first(conn, "SELECT 1 FROM outbox WHERE id = ?1", [id.as_str()], |_| Ok(()))?;
            changed(&id, usize::from(there.is_some()))?;
            Ok(false)
        })
        .await
    }

    async fn end_attempt(&self, end: EffectEnd) -> Result<Vec<Waiting>> {
        self.write(move |conn| {
            changed(&end.id, mark(conn, &end, "")?)?;
            follow(conn, &end)
        })
        .await
    }

    async fn end_from(&self, end: EffectEnd, states: &[EffectState]) -> Result<Option<Vec<Waiting>>> {
        let states: Vec<String> = states.iter().map(|state| format!("'{}'", state.name())).collect();
        let still = format!(" AND state IN ({})", states.join(", "));
        self.write(move |conn| {
            if mark(conn, &end, &still)? == 0 {
                return Ok(None);
            }
            follow(conn, &end).map(Some)
        })
        .await
    }

    async fn published_as(&self, account: &AccountId, most: usize) -> Result<Vec<String>> {
        const SQL: &str = "SELECT provider_id FROM outbox WHERE account = ?1 AND provider_id IS NOT NULL \
                           AND provider_id <> '' ORDER BY seq DESC LIMIT ?2";
        self.read(|conn| {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            all(conn, SQL, params![account.as_str(), most], |row| Ok(row.get(0)?))
        })
    }

    async fn maker_of(&self, post: &PostId) -> Result<Option<Effect>> {
        // Several have commas between them, and `-` comes next after a comma.
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE provider_id >= ?1 AND provider_id < ?1 || '-' ORDER BY provider_id LIMIT 1"
        );
        self.read(|conn| first(conn, &sql, [post.as_str()], effect))
    }

    async fn end_approval(&self, end: EffectEnd) -> Result<Option<Vec<Waiting>>> {
        self.write(move |conn| {
            const STILL: &str = " AND state = 'waiting-for-approval' AND (?2 <> 'waiting' OR expires > ?6)";
            if mark(conn, &end, STILL)? == 0 {
                return Ok(None);
            }
            follow(conn, &end).map(Some)
        })
        .await
    }
}

/// Writes how it ended, where it is so besides. How many rows that were.
fn mark(conn: &Connection, end: &EffectEnd, also: &str) -> Result<usize> {
    let sql = format!(
        "UPDATE outbox SET state = ?2, provider_id = coalesce(?3, provider_id), reason = ?4, \
         not_before = coalesce(?5, not_before), ended = ?6, begun = ?7, undecidable = ?8, \
         purse = iif(?7 IS NULL, NULL, purse), \
         attempts = iif(?2 = 'waiting' AND (state = 'failed' OR undecidable OR ?3 IS NOT NULL), 0, \
         max(attempts - ?9, 0)) WHERE id = ?1{also}"
    );
    let values = params![
        end.id.as_str(),
        name(&end.state),
        end.provider_id,
        end.reason,
        end.not_before.map(Timestamp::as_millis),
        end.at.as_millis(),
        end.doubt.map(|doubt| doubt.begun.as_millis()),
        end.doubt.is_some_and(|doubt| doubt.undecidable),
        end.uncounted,
    ];
    run(conn, &sql, values)
}

/// Writes what follows from it. Answers the events that are new.
fn follow(conn: &Connection, end: &EffectEnd) -> Result<Vec<Waiting>> {
    let mut committed = Committed::default();
    for event in &end.events {
        committed.events.extend(events::accept(conn, event)?);
    }
    commit::apply(conn, &end.changes, &mut committed)?;
    Ok(committed.events)
}

fn changed(id: &EffectId, rows: usize) -> Result<()> {
    if rows == 0 { Err(StoreError::Failed(format!("there is no effect {id}"))) } else { Ok(()) }
}
