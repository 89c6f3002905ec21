//! What repeats in events and records, and stands once in a table of its own: names, plugin versions, characters. A
//! statement looks it up by itself; only where something is new, and so a column would be NULL, it is written down first.

use puppet_types::{Digest, PluginRef};
use rusqlite::{Connection, ErrorCode, ToSql, ffi, params};

use super::values;
use crate::Result;

/// Runs a statement that looks names up. Where one is not there, `write` writes it, and the statement runs again.
pub(super) fn run(
    conn: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    write: impl FnOnce() -> Result<()>,
) -> Result<usize> {
    match conn.prepare_cached(sql)?.execute(params) {
        Err(error) if is_missing(&error) => {
            write()?;
            values::run(conn, sql, params)
        }
        done => Ok(done?),
    }
}

fn is_missing(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => {
            error.code == ErrorCode::ConstraintViolation && error.extended_code == ffi::SQLITE_CONSTRAINT_NOTNULL
        }
        _ => false,
    }
}

/// Writes those names that are not there.
pub(super) fn add(conn: &Connection, names: &[&str]) -> Result<()> {
    const SQL: &str = "INSERT INTO names (name) VALUES (?1) ON CONFLICT DO NOTHING";
    names.iter().try_for_each(|name| values::run(conn, SQL, [name]).map(drop))
}

/// The same of a plugin version.
pub(super) fn add_version(conn: &Connection, plugin: &PluginRef) -> Result<()> {
    const SQL: &str =
        "INSERT INTO plugin_versions (plugin, version, digest) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    values::run(conn, SQL, params![plugin.id.as_str(), plugin.version, plugin.digest.as_bytes()]).map(drop)
}

/// The same of a persona and settings.
pub(super) fn add_character(conn: &Connection, persona: &Digest, settings: &Digest) -> Result<()> {
    const SQL: &str = "INSERT INTO characters (persona, settings) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    values::run(conn, SQL, params![persona.as_bytes(), settings.as_bytes()]).map(drop)
}
