//! Rows as they are, for copies. Most tables have the columns that a copy carries; what is kept in another way here is
//! translated in the statement that reads it, and where it is written.

use async_trait::async_trait;
use rusqlite::{Connection, ToSql, params, params_from_iter, types::ToSqlOutput, types::ValueRef};

use super::{
    SqliteStore, memories,
    values::{all, corrupt, first, limit, of_row, run},
};
use crate::{Cell, Result, Row, RowStore, Table};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(table: &'static str, value: ValueRef<'_>) -> Result<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(bytes) => {
            Cell::Text(std::str::from_utf8(bytes).map_err(|error| corrupt(table, &error))?.to_owned())
        }
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    })
}

/// What a table's rows are read from. `window` is a word of SQL.
fn source(table: &Table) -> String {
    match table.name {
        "remembered" => {
            "(SELECT m.agent, m.id, r.journal FROM remembered r JOIN memories m ON m.row = r.memory)".into()
        }
        name => name.to_owned(),
    }
}

fn quoted(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn rows_after(conn: &Connection, table: &'static Table, after: Option<&[Cell]>, rows: usize) -> Result<Vec<Row>> {
    let key = quoted(&table.columns[..table.key]);
    let beyond = after.map_or_else(String::new, |_| format!("WHERE ({key}) > ({})", places(table.key)));
    let sql = format!(
        "SELECT {} FROM {} {beyond} ORDER BY {key} LIMIT {}",
        quoted(table.columns),
        source(table),
        limit(rows)
    );
    let after = after.map_or(&[][..], |row| table.key_of(row));
    all(conn, &sql, params_from_iter(after), |row| {
        let cells = (0..table.columns.len()).map(|column| cell(table.name, row.get_ref(column)?)).collect();
        of_row(table.name, row, &(0..table.key).collect::<Vec<_>>(), cells)
    })
}

fn put(conn: &Connection, table: &'static Table, row: &[Cell]) -> Result<()> {
    if row.len() != table.columns.len() {
        return Err(corrupt(table.name, &format!("{} values for {} columns", row.len(), table.columns.len())));
    }
    if table.name == "remembered" {
        const SQL: &str = "INSERT OR IGNORE INTO remembered (memory, journal) \
                           SELECT row, ?3 FROM memories WHERE agent = ?1 AND id = ?2";
        return run(conn, SQL, params_from_iter(row)).map(|_| ());
    }
    if table.name == "memories" {
        memories::take_out(conn, &row[0], &row[1])?;
    }
    let sql = format!(
        "INSERT OR REPLACE INTO {} ({}) VALUES ({})",
        table.name,
        quoted(table.columns),
        places(table.columns.len())
    );
    run(conn, &sql, params_from_iter(row))?;
    if table.name == "memories" {
        memories::put_text(conn, conn.last_insert_rowid())?;
    }
    Ok(())
}

#[async_trait]
impl RowStore for SqliteStore {
    async fn rows_after(&self, table: &'static Table, after: Option<Row>, limit: usize) -> Result<Vec<Row>> {
        self.scan(move |conn| rows_after(conn, table, after.as_deref(), limit)).await
    }

    async fn put_rows(&self, table: &'static Table, rows: Vec<Row>) -> Result<()> {
        self.write(move |conn| rows.iter().try_for_each(|row| put(conn, table, row))).await?;
        // Those that were read and answered before are cleared away with the end of their invocations.
        self.inner.paid.store(true, std::sync::atomic::Ordering::Release);
        Ok(())
    }

    async fn row_count(&self, table: &'static Table) -> Result<u64> {
        self.scan(move |conn| {
            let sql = format!("SELECT count(*) FROM {}", source(table));
            Ok(first(conn, &sql, [], |row| Ok(row.get::<_, i64>(0)?))?.unwrap_or(0).cast_unsigned())
        })
        .await
    }

    async fn copying(&self) -> Result<Option<String>> {
        self.read(|conn| first(conn, "SELECT source FROM copying", [], |row| Ok(row.get(0)?)))
    }

    async fn set_copying(&self, source: Option<String>) -> Result<()> {
        self.write(move |conn| {
            run(conn, "DELETE FROM copying", [])?;
            if let Some(source) = &source {
                run(conn, "INSERT INTO copying (only, source) VALUES (1, ?1)", params![source])?;
            }
            Ok(())
        })
        .await
    }
}
