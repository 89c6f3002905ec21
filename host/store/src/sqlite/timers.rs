//! Timers in SQLite.

use async_trait::async_trait;
use puppet_grants::Spend;
use puppet_types::{AgentId, Event, PackId, Timestamp, trade::Origin};
use rusqlite::{Connection, Row, params};

use super::{
    SqliteStore, budgets, events,
    values::{all, first, from_json, json, of_row, origin, run, time},
};
use crate::{Result, Timer, TimerStore, Waiting};

const COLUMNS: &str = "agent, plugin, name, rule, next, payload, led_by";

fn timer(row: &Row<'_>) -> Result<Timer> {
    of_row("timers", row, &[0, 1, 2], timer_columns(row))
}

fn timer_columns(row: &Row<'_>) -> Result<Timer> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(Timer {
        agent: AgentId::new(text(0)?),
        plugin: PackId::new(text(1)?),
        name: text(2)?.to_owned(),
        rule: from_json("timers", text(3)?)?,
        next: time(row, 4)?,
        payload: from_json("timers", text(5)?)?,
        led_by: origin(row, 6)?,
    })
}

/// Sets a timer, replacing one of the same key.
pub(super) fn set(conn: &Connection, timer: &Timer) -> Result<()> {
    const SQL: &str = "INSERT INTO timers (agent, plugin, name, rule, next, payload, led_by) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                       ON CONFLICT (agent, plugin, name) DO UPDATE SET rule = excluded.rule, next = excluded.next, \
                       payload = excluded.payload, led_by = excluded.led_by";
    let values = params![
        timer.agent.as_str(),
        timer.plugin.as_str(),
        timer.name,
        json(&timer.rule)?,
        timer.next.as_millis(),
        json(&timer.payload)?,
        timer.led_by.map(Origin::name),
    ];
    run(conn, SQL, values).map(|_| ())
}

/// Removes a timer.
pub(super) fn cancel(conn: &Connection, agent: &AgentId, plugin: &PackId, name: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM timers WHERE agent = ?1 AND plugin = ?2 AND name = ?3";
    run(conn, SQL, [agent.as_str(), plugin.as_str(), name]).map(|_| ())
}

#[async_trait]
impl TimerStore for SqliteStore {
    async fn timers(&self) -> Result<Vec<Timer>> {
        self.scan(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM timers ORDER BY next, agent, plugin, name");
            all(conn, &sql, [], timer)
        })
        .await
    }

    async fn timers_of(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<Timer>> {
        self.read(|conn| {
            let sql = format!("SELECT {COLUMNS} FROM timers WHERE agent = ?1 AND plugin = ?2 ORDER BY name");
            all(conn, &sql, [agent.as_str(), plugin.as_str()], timer)
        })
    }

    async fn fire(
        &self,
        timer: &Timer,
        next: Option<Timestamp>,
        event: Event,
        spends: Vec<Spend>,
    ) -> Result<Option<Waiting>> {
        let timer = timer.clone();
        self.write(move |conn| {
            let fired = fire(conn, &timer, next, &event)?;
            if fired.is_some() {
                budgets::add(conn, &spends)?;
            }
            Ok(fired)
        })
        .await
    }
}

fn fire(conn: &Connection, timer: &Timer, next: Option<Timestamp>, event: &Event) -> Result<Option<Waiting>> {
    const SET: &str = "SELECT 1 FROM timers WHERE agent = ?1 AND plugin = ?2 AND name = ?3 AND next = ?4";
    const ADVANCE: &str = "UPDATE timers SET next = ?4 WHERE agent = ?1 AND plugin = ?2 AND name = ?3";
    let (agent, plugin) = (timer.agent.as_str(), timer.plugin.as_str());
    let key = params![agent, plugin, timer.name, timer.next.as_millis()];
    if first(conn, SET, key, |_| Ok(()))?.is_none() {
        return Ok(None);
    }
    match next {
        Some(next) => {
            run(conn, ADVANCE, params![agent, plugin, timer.name, next.as_millis()])?;
        }
        None => cancel(conn, &timer.agent, &timer.plugin, &timer.name)?,
    }
    events::accept(conn, event)
}
