//! Values in columns: enums by name, JSON as text, unsigned numbers as the same 64 bits, vectors as bytes.

use puppet_types::{Digest, Timestamp, trade::Origin};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row, types::ValueRef};
use serde::{Deserialize, Serialize, de::IntoDeserializer as _};

use crate::{DiskFault, Result, StoreError};

/// The name that serde gives a variant without fields.
pub(super) fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The variant of that name.
pub(super) fn by_name<'a, T: Deserialize<'a>>(table: &'static str, name: &'a str) -> Result<T> {
    let deserializer: serde::de::value::StrDeserializer<'a, serde::de::value::Error> = name.into_deserializer();
    T::deserialize(deserializer).map_err(|error| corrupt(table, &error))
}

/// JSON text.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

/// A value from JSON text.
pub(super) fn from_json<'a, T: Deserialize<'a>>(table: &'static str, text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(table, &error))
}

/// SQLite's integers are signed: the same bits.
pub(super) fn signed(value: u64) -> i64 {
    value.cast_signed()
}

/// And back.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

/// A limit of rows.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Milliseconds.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// What was behind something. What it does not know it does not tell: then nobody is trusted.
pub(super) fn origin(row: &Row<'_>, column: usize) -> Result<Option<Origin>> {
    Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?.and_then(Origin::parse))
}

/// Thirty-two bytes.
pub(super) fn digest(table: &'static str, row: &Row<'_>, column: usize) -> Result<Digest> {
    row.get::<_, [u8; 32]>(column).map(Digest::from_bytes).map_err(|error| corrupt(table, &error))
}

/// 32-bit little-endian floats.
pub(super) fn number_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// And back.
pub(super) fn numbers(table: &'static str, bytes: &[u8]) -> Result<Vec<f32>> {
    if !bytes.len().is_multiple_of(4) {
        return Err(corrupt(table, &"a vector of broken length"));
    }
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

pub(super) fn corrupt(table: &'static str, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table, reason: reason.to_string() }
}

/// What was read of a row; where it does not read back, with the table and the key that it is found by.
pub(super) fn of_row<T>(table: &'static str, row: &Row<'_>, key: &[usize], read: Result<T>) -> Result<T> {
    let place = || key.iter().map(|column| key_part(row, *column)).collect::<Vec<_>>().join(", ");
    read.map_err(|error| match error {
        StoreError::Corrupt { table: of, reason } if of == table => {
            StoreError::Corrupt { table, reason: format!("{}: {reason}", place()) }
        }
        StoreError::Disk { fault: DiskFault::Corrupt, reason } if !reason.starts_with(ROW) => {
            StoreError::Disk { fault: DiskFault::Corrupt, reason: format!("{ROW}{table} with {}: {reason}", place()) }
        }
        error => error,
    })
}

/// How a row is named that holds what nobody wrote.
const ROW: &str = "a row of ";

fn key_part(row: &Row<'_>, column: usize) -> String {
    let name = row.as_ref().column_name(column).unwrap_or("?").to_owned();
    match row.get_ref(column) {
        Ok(ValueRef::Integer(value)) => format!("{name} {value}"),
        Ok(ValueRef::Text(bytes)) => format!("{name} {}", String::from_utf8_lossy(bytes)),
        _ => format!("{name} ?"),
    }
}

/// All rows of a statement.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    rows(&mut statement, params, read)
}

fn rows<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = statement.query(params)?;
    let mut out = Vec::new();
    while let Some(row) = found.next()? {
        out.push(read(row)?);
    }
    Ok(out)
}

/// The first row, if there is one.
pub(super) fn first<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    statement.query_row(params, |row| Ok(read(row))).optional()?.transpose()
}

/// Runs a statement; how many rows it changed.
pub(super) fn run(conn: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(conn.prepare_cached(sql)?.execute(params)?)
}
