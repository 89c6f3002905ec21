//! The commit in SQLite: every change of an invocation in one piece of the writer's work.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use puppet_types::AgentId;
use rusqlite::{Connection, params};

use super::{
    SqliteStore, agents, billed, budgets, documents, events, forget, halt, heard, journal, memories,
    names::RecordNames,
    outbox, past, state, strikes, timers,
    values::{json, run},
};
use crate::{AgentRow, Change, Commit, CommitStore, Committed, EventEnd, Result};

#[async_trait]
impl CommitStore for SqliteStore {
    fn close(&self) {
        SqliteStore::close(self);
    }

    async fn commit(&self, commit: Commit) -> Result<Committed> {
        // JSON is written and rows are freed here, not on the one thread that everybody waits for.
        let texts = journal::Texts::of(&commit)?;
        let known = self.inner.names.of_record(&commit.invocation);
        let rows = Arc::new((commit, texts));
        let shared = Arc::clone(&rows);
        let paid = Arc::clone(&self.inner.paid);
        let written = self.write(move |conn| {
            let (commit, texts) = &*shared;
            let names = known.map_or_else(|| RecordNames::find(conn, &commit.invocation), Ok)?;
            Ok((write(conn, commit, names, texts, paid.load(Ordering::Acquire))?, names))
        });
        let (committed, names) = written.await?;
        if known.is_none() {
            self.inner.names.learn_record(&rows.0.invocation, names);
        }
        drop(rows);
        Ok(committed)
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Committed> {
        self.write(move |conn| {
            let mut committed = Committed::default();
            apply(conn, &changes, &mut committed)?;
            Ok(committed)
        })
        .await
    }
}

fn write(
    conn: &Connection,
    commit: &Commit,
    names: RecordNames,
    texts: &journal::Texts,
    paid: bool,
) -> Result<Committed> {
    let invocation = &commit.invocation;
    let event = events::end(conn, &invocation.event, &commit.end, invocation.at, texts.payload())?;
    let seq = journal::insert(conn, invocation, names, texts, event)?;
    let mut committed = Committed { seq, ..Committed::default() };
    apply(conn, &commit.changes, &mut committed)?;
    budgets::add(conn, &commit.spends)?;
    if paid && !matches!(commit.end, EventEnd::Retry { .. }) {
        budgets::forget_reads(conn, &invocation.id)?;
    }
    Ok(committed)
}

/// Makes changes in order, noting what came into being.
pub(super) fn apply(conn: &Connection, changes: &[Change], committed: &mut Committed) -> Result<()> {
    for change in changes {
        match change {
            Change::Mood { agent, mood, at } => agents::put_mood(conn, agent, mood, *at, committed.seq)?,
            Change::Relationship { agent, relationship, keep } => agents::relate(conn, agent, relationship, *keep)?,
            Change::Remember { agent, memory, vector, cap } => {
                memories::remember(conn, agent, memory, vector.as_ref(), committed.seq)?;
                if let Some((kinds, keep, order)) = cap {
                    memories::keep(conn, agent, kinds, *keep, *order)?;
                }
            }
            Change::ForgetWords { agent, id, reason } => forget::memory(conn, agent, id, reason)?,
            Change::Forget { agent, id } => memories::forget(conn, agent, id)?,
            Change::Pin { agent, id, pinned } => memories::pin(conn, agent, id, *pinned)?,
            Change::SetTimer(timer) => timers::set(conn, timer)?,
            Change::CancelTimer { agent, plugin, name } => timers::cancel(conn, agent, plugin, name)?,
            Change::PutState { agent, plugin, digest, blob, led_by, at } => {
                state::put(conn, &state::Writer { agent, plugin, digest, at: *at }, blob, *led_by)?;
            }
            Change::ClearState { agent, plugin, digest, at } => {
                state::clear(conn, &state::Writer { agent, plugin, digest, at: *at })?;
            }
            Change::RestoreState { plugin, agents, from, to } => {
                state::restore(conn, plugin, agents.as_deref(), from, to)?;
            }
            Change::Event(event) => committed.events.extend(events::accept(conn, event)?),
            Change::Effect(effect) => committed.effects.extend(outbox::insert(conn, effect)?),
            Change::Agent(row) => put_agent(conn, row)?,
            Change::Retire { agent } => {
                run(conn, "DELETE FROM agents WHERE id = ?1", [agent.as_str()])?;
                run(conn, "DELETE FROM timers WHERE agent = ?1", [agent.as_str()])?;
            }
            Change::Strikes(row) => strikes::put(conn, row)?,
            Change::Cast { agent, cast, documents } => {
                documents::cast(conn, agent, cast, documents, committed.seq)?;
            }
            Change::Halt(halt) => halt::put(conn, halt.as_ref())?,
            Change::Part { agent, target } => agents::part(conn, agent, target)?,
            Change::Past(event) => past::put(conn, event)?,
            Change::Seen { posts, keep } => past::see(conn, posts, *keep)?,
            Change::Heard(far) => heard::put(conn, far)?,
            Change::Billed(day) => billed::put(conn, day)?,
        }
    }
    Ok(())
}

/// Writes or replaces an agent.
pub(super) fn put_agent(conn: &Connection, row: &AgentRow) -> Result<()> {
    const SQL: &str = "INSERT INTO agents (id, body, created) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (id) DO UPDATE SET body = excluded.body, created = excluded.created";
    run(conn, SQL, params![AgentId::as_str(&row.id), json(&row.body)?, row.created.as_millis()])?;
    Ok(())
}
