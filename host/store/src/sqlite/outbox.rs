//! The outbox in SQLite.

use std::collections::BTreeSet;

use async_trait::async_trait;
use puppet_types::{AccountId, AgentId, EffectId, InvocationId, PostId, Timestamp};
use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use super::{
    SqliteStore, commit, events, halt,
    values::{all, by_name, first, from_json, json, limit, name, of_row, run, time, unsigned},
};
use crate::{
    Committed, Doubt, Effect, EffectEnd, EffectPage, EffectState, OutboxStore, Result, StoreError, Waiting, whose,
};

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

/// The question for a page and what stands in it. Of each state so many are found by an index, and the last of all of them are
/// told.
fn question(page: &EffectPage, agent: Option<&AgentId>) -> (String, Vec<Value>) {
    let EffectPage { states, before_seq, limit: most, .. } = page;
    let before = before_seq.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let mut values = vec![Value::Integer(before), Value::Integer(limit(*most))];
    let last = "ORDER BY seq DESC LIMIT ?2";
    if states.is_empty() && agent.is_none() {
        return (format!("SELECT {COLUMNS} FROM outbox WHERE seq < ?1 {last}"), values);
    }
    values.extend(agent.map(|agent| Value::Text(agent.as_str().to_owned())));
    let of = if agent.is_some() { "agent = ?3 AND" } else { "" };
    let states: BTreeSet<EffectState> = match states.as_slice() {
        [] => EffectState::ALL.into(),
        some => some.iter().copied().collect(),
    };
    let each = states.into_iter().map(|state| {
        let state = state.name();
        format!("SELECT * FROM (SELECT seq FROM outbox WHERE {of} state = '{state}' AND seq < ?1 {last})")
    });
    let each = each.collect::<Vec<_>>().join(" UNION ALL ");
    (format!("SELECT {COLUMNS} FROM outbox WHERE seq IN ({each}) {last}"), values)
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

    async fn effects_before(&self, page: &EffectPage) -> Result<Vec<Effect>> {
        let page = page.clone();
        self.scan(move |conn| {
            let of = |agent: Option<&AgentId>| {
                let (sql, values) = question(&page, agent);
                all(conn, &sql, params_from_iter(values), effect)
            };
            let Some(agents) = whose(page.agent.as_ref(), page.among.as_ref()) else { return of(None) };
            let mut out = Vec::new();
            for agent in agents {
                out.extend(of(Some(agent))?);
                out.sort_by_key(|effect| std::cmp::Reverse(effect.seq));
                out.truncate(page.limit);
            }
            Ok(out)
        })
        .await
    }

    async fn effects_of_many(&self, invocations: &[InvocationId]) -> Result<Vec<Effect>> {
        let of = json(invocations)?;
        self.scan(move |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM outbox WHERE invocation IN (SELECT value FROM json_each(?1)) \
                 ORDER BY invocation, n, seq"
            );
            all(conn, &sql, [of], effect)
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

#[cfg(test)]
#[test]
fn no_page_of_effects_walks_the_outbox() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    for (states, agent) in [
        (vec![], None),
        (vec![EffectState::Done], None),
        (vec![], Some("a")),
        (vec![EffectState::Waiting, EffectState::Expired, EffectState::Waiting], Some("a")),
    ] {
        let page = EffectPage { states, before_seq: Some(9), limit: 5, ..EffectPage::default() };
        let (sql, values) = question(&page, agent.map(AgentId::new).as_ref());
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let plan = all(&conn, &sql, params_from_iter(values), |row| Ok(row.get::<_, String>(3)?)).unwrap();
        let walks = |line: &&String| line.contains("TEMP B-TREE FOR ORDER") || line.starts_with("SCAN outbox");
        assert_eq!(plan.iter().find(walks), None, "{plan:#?}");
        let index = if agent.is_some() { "outbox_agent" } else { "" };
        assert!(plan.iter().any(|line| line.contains("SEARCH outbox") && line.contains(index)), "{plan:#?}");
    }
}
