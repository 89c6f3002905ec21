//! Who changed what over the server, in SQLite.

use puppet_types::AgentId;
use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use super::values::{all, from_json, json, limit, of_row, run, time, unsigned};
use crate::{ApiChange, ApiChanges, Result};

pub(super) fn append(conn: &Connection, change: &ApiChange) -> Result<u64> {
    const SQL: &str = "INSERT INTO api_changes \
                       (at, principal, role, address, method, path, agent, what, before, after, status) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let ApiChange { seq: _, at, principal, role, address, method, path, agent, what, before, after, status } = change;
    let [before, after] = [before, after].map(|value| value.as_ref().map(json).transpose());
    let agent = agent.as_ref().map(AgentId::as_str);
    let at = at.as_millis();
    run(conn, SQL, params![at, principal, role, address, method, path, agent, what, before?, after?, status])?;
    Ok(conn.last_insert_rowid().cast_unsigned())
}

fn change(row: &Row<'_>) -> Result<ApiChange> {
    of_row("api_changes", row, &[0], change_columns(row))
}

fn change_columns(row: &Row<'_>) -> Result<ApiChange> {
    let value = |column| {
        let text = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        text.map(|text| from_json("api_changes", text)).transpose()
    };
    Ok(ApiChange {
        seq: unsigned(row, 0)?,
        at: time(row, 1)?,
        principal: row.get(2)?,
        role: row.get(3)?,
        address: row.get(4)?,
        method: row.get(5)?,
        path: row.get(6)?,
        agent: row.get::<_, Option<String>>(7)?.map(AgentId::new),
        what: row.get(8)?,
        before: value(9)?,
        after: value(10)?,
        status: row.get(11)?,
    })
}

/// The question for a page and what stands in it: by the index of whoever is asked for.
fn question(changes: &ApiChanges) -> (String, Vec<Value>) {
    let ApiChanges { agent, principal, since, before_seq, limit: most } = changes;
    let mut values = vec![Value::Integer(before_seq.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX)))];
    let mut also = String::new();
    let mut and = |words: &str, value: Value| {
        values.push(value);
        also.push_str(&format!(" AND {words} ?{}", values.len()));
    };
    if let Some(agent) = agent {
        and("agent =", Value::Text(agent.as_str().to_owned()));
    }
    if let Some(principal) = principal {
        // Of both, the agent's index is walked.
        and(if agent.is_some() { "+principal =" } else { "principal =" }, Value::Text(principal.clone()));
    }
    if let Some(since) = since {
        and("at >=", Value::Integer(since.as_millis()));
    }
    values.push(Value::Integer(limit(*most)));
    let sql = format!(
        "SELECT seq, at, principal, role, address, method, path, agent, what, before, after, status FROM api_changes \
         WHERE seq < ?1{also} ORDER BY seq DESC LIMIT ?{}",
        values.len()
    );
    (sql, values)
}

pub(super) fn page(conn: &Connection, changes: &ApiChanges) -> Result<Vec<ApiChange>> {
    let (sql, values) = question(changes);
    all(conn, &sql, params_from_iter(values), change)
}

pub(super) fn forget(conn: &Connection, keep: u64) -> Result<u64> {
    const SQL: &str = "DELETE FROM api_changes WHERE seq <= (SELECT max(seq) FROM api_changes) - ?1";
    Ok(run(conn, SQL, [i64::try_from(keep).unwrap_or(i64::MAX)])? as u64)
}

#[cfg(test)]
#[test]
fn no_question_sorts_or_walks_all() {
    let mut conn = super::open::memory().unwrap();
    super::schema::migrate(&mut conn, std::path::Path::new(":memory:"), super::schema::STEPS).unwrap();
    for (agent, principal, index) in [
        (None, None, "PRIMARY KEY"),
        (Some("a"), None, "_agent"),
        (None, Some("k"), "_principal"),
        (Some("a"), Some("k"), "_agent"),
    ] {
        let changes = ApiChanges {
            agent: agent.map(AgentId::new),
            principal: principal.map(str::to_owned),
            limit: 9,
            ..ApiChanges::default()
        };
        let (sql, values) = question(&changes);
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let plan = all(&conn, &sql, params_from_iter(values), |row| Ok(row.get::<_, String>(3)?)).unwrap();
        let sorts = plan.iter().any(|line| line.contains("TEMP B-TREE") || line.contains("SCAN"));
        assert!(!sorts && plan.iter().any(|line| line.contains(index)), "{plan:#?}");
    }
}
