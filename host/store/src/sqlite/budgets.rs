//! Budgets and paid reads in SQLite.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use async_trait::async_trait;
use puppet_grants::{BudgetKey, Owner, Spend};
use puppet_types::{InvocationId, Read};
use rusqlite::{Connection, Row, params, types::Value};

use super::{
    SqliteStore,
    values::{all, by_name, first, from_json, json, name, of_row, run, signed, unsigned},
};
use crate::{BudgetStore, Result, with_open};

const TABLE: &str = "budgets";

/// Adds to what is there.
pub(super) fn add(conn: &Connection, spends: &[Spend]) -> Result<()> {
    const SQL: &str = "INSERT INTO budgets (scope, agent, pack, capability, amount, period, \"window\", used, overrun, debt) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
                       ON CONFLICT (scope, agent, pack, capability, amount, period, \"window\") \
                       DO UPDATE SET used = used + excluded.used, overrun = overrun + excluded.overrun, \
                       debt = max(debt, excluded.debt)";
    for spend in spends {
        let key = &spend.key;
        let (scope, agent, pack) = key.owner.parts();
        let values = params![
            name(&scope),
            agent,
            pack,
            key.capability.name(),
            name(&key.amount),
            name(&key.period),
            spend.window,
            signed(spend.used),
            signed(spend.overrun),
            signed(spend.debt),
        ];
        run(conn, SQL, values)?;
    }
    Ok(())
}

/// Whether there is a row of a paid read at all.
pub(super) fn any_paid(conn: &Connection) -> Result<bool> {
    const ANY: &str = "SELECT 1 FROM kept_reads UNION ALL SELECT 1 FROM open_reads";
    Ok(first(conn, ANY, [], |_| Ok(()))?.is_some())
}

/// An invocation is over: its kept reads go, and what it may have spent on reads whose end nobody saw is booked.
pub(super) fn forget_reads(conn: &Connection, invocation: &InvocationId) -> Result<()> {
    // Most invocations have none: one look instead of two deletes.
    const ANY: &str = "SELECT 1 FROM kept_reads WHERE invocation = ?1 \
                       UNION ALL SELECT 1 FROM open_reads WHERE invocation = ?1";
    let id = invocation.as_str();
    if first(conn, ANY, [id], |_| Ok(()))?.is_none() {
        return Ok(());
    }
    run(conn, "DELETE FROM kept_reads WHERE invocation = ?1", [id])?;
    const OPEN: &str = "DELETE FROM open_reads WHERE invocation = ?1 RETURNING worst";
    for worst in all(conn, OPEN, [id], worst)? {
        add(conn, &worst)?;
    }
    Ok(())
}

fn worst(row: &Row<'_>) -> Result<Vec<Spend>> {
    from_json("open_reads", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)
}

fn close(conn: &Connection, invocation: &InvocationId, n: u32) -> Result<Option<Vec<Spend>>> {
    const SQL: &str = "DELETE FROM open_reads WHERE invocation = ?1 AND n = ?2 RETURNING worst";
    first(conn, SQL, params![invocation.as_str(), n], worst)
}

fn spend(row: &Row<'_>) -> Result<Spend> {
    of_row(TABLE, row, &[0, 1, 2, 3, 4, 5, 6], spend_columns(row))
}

fn spend_columns(row: &Row<'_>) -> Result<Spend> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    Ok(Spend {
        key: BudgetKey {
            owner: Owner::of_parts(by_name(TABLE, text(0)?)?, text(1)?, text(2)?),
            capability: by_name(TABLE, text(3)?)?,
            amount: by_name(TABLE, text(4)?)?,
            period: by_name(TABLE, text(5)?)?,
        },
        window: row.get(6)?,
        used: unsigned(row, 7)?,
        overrun: unsigned(row, 8)?,
        debt: unsigned(row, 9)?,
    })
}

/// The last window of the last key before another one.
const BEFORE: &str = "SELECT scope, agent, pack, capability, amount, period, \"window\", used, overrun, debt FROM budgets \
                      WHERE (scope, agent, pack, capability, amount, period, \"window\") < (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                      ORDER BY scope DESC, agent DESC, pack DESC, capability DESC, amount DESC, period DESC, \
                      \"window\" DESC LIMIT 1";

/// The latest window of every key, with one look for each: a budget of an hour has thousands of windows in a year.
fn latest(conn: &Connection) -> Result<BTreeMap<BudgetKey, Spend>> {
    // Bytes come after every text.
    let mut key = [const { Value::Blob(Vec::new()) }; 6];
    let mut latest = BTreeMap::new();
    let mut statement = conn.prepare_cached(BEFORE)?;
    loop {
        let [scope, agent, pack, capability, amount, period] = &key;
        let mut rows = statement.query(params![scope, agent, pack, capability, amount, period, i64::MIN])?;
        let Some(row) = rows.next()? else { return Ok(latest) };
        let spend = spend(row)?;
        for (column, value) in key.iter_mut().enumerate() {
            *value = row.get(column)?;
        }
        latest.insert(spend.key.clone(), spend);
    }
}

/// The latest window of every key, open reservations included.
fn spent(conn: &Connection) -> Result<Vec<Spend>> {
    let open = all(conn, "SELECT worst FROM open_reads ORDER BY invocation, n", [], worst)?;
    Ok(with_open(latest(conn)?, open.into_iter().flatten()))
}

#[async_trait]
impl BudgetStore for SqliteStore {
    async fn spent(&self) -> Result<Vec<Spend>> {
        self.scan(spent).await
    }

    async fn open_read(&self, invocation: &InvocationId, n: u32, worst: Vec<Spend>) -> Result<()> {
        self.inner.paid.store(true, Ordering::Release);
        let invocation = invocation.clone();
        self.write(move |conn| {
            // Asked before and never settled: the provider may have been paid, so that stays booked.
            if let Some(before) = close(conn, &invocation, n)? {
                add(conn, &before)?;
            }
            const SQL: &str = "INSERT INTO open_reads (invocation, n, worst) VALUES (?1, ?2, ?3)";
            run(conn, SQL, params![invocation.as_str(), n, json(&worst)?]).map(|_| ())
        })
        .await
    }

    async fn settle_read(&self, invocation: &InvocationId, read: Read, spent: Vec<Spend>) -> Result<()> {
        self.inner.paid.store(true, Ordering::Release);
        let invocation = invocation.clone();
        self.write(move |conn| {
            const SQL: &str = "INSERT INTO kept_reads (invocation, n, body) VALUES (?1, ?2, ?3) \
                               ON CONFLICT (invocation, n) DO UPDATE SET body = excluded.body";
            close(conn, &invocation, read.n)?;
            add(conn, &spent)?;
            run(conn, SQL, params![invocation.as_str(), read.n, json(&read)?]).map(|_| ())
        })
        .await
    }

    async fn close_read(&self, errand: &InvocationId, n: u32, spent: Vec<Spend>) -> Result<()> {
        let errand = errand.clone();
        self.write(move |conn| {
            close(conn, &errand, n)?;
            add(conn, &spent)
        })
        .await
    }

    async fn kept_reads(&self, invocation: &InvocationId) -> Result<Vec<Read>> {
        const SQL: &str = "SELECT body FROM kept_reads WHERE invocation = ?1 ORDER BY n";
        self.read(|conn| {
            all(conn, SQL, [invocation.as_str()], |row| {
                from_json("kept_reads", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)
            })
        })
    }
}

/// What a host reads when it begins does not grow with the days that it has lived.
#[cfg(test)]
#[test]
fn old_windows_are_not_walked() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    const WINDOWS: &str = "WITH RECURSIVE w(w) AS (SELECT 0 UNION ALL SELECT w + 1 FROM w WHERE w < 4999) \
                           INSERT INTO budgets SELECT 'agent', agent.value, 'pack', 'tweet', 'posts', 'hour', w, w, 0, 0 \
                           FROM w, json_each('[\"a\", \"b\", \"c\"]') agent";
    conn.execute(WINDOWS, []).unwrap();
    let found: Vec<(i64, u64)> = latest(&conn).unwrap().values().map(|spend| (spend.window, spend.used)).collect();
    assert_eq!(found, [(4_999, 4_999); 3]);
    let steps = conn.prepare_cached(BEFORE).unwrap().get_status(rusqlite::StatementStatus::VmStep);
    assert!((1..400).contains(&steps), "{steps} steps for three keys");
}
