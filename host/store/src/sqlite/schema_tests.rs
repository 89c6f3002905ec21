//! Migrations: from the first schema to now, and with steps that no release has.

use super::*;
use crate::sqlite::open;

const MORE: &[&str] = &[
    STEPS[0],
    "ALTER TABLE moods ADD COLUMN cause TEXT; INSERT INTO moods VALUES ('b', 0, 0, 0, 0, 'x')",
    "DELETE FROM moods WHERE agent = 'b'; CREATE TABLE later (x INTEGER)",
];

fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn earlier_data_come_along() {
    let mut conn = open::memory().unwrap();
    let path = Path::new("test.db");
    migrate(&mut conn, path, &STEPS[..1]).unwrap();
    assert_eq!(number(&conn, "PRAGMA user_version"), 1);
    conn.execute("INSERT INTO moods VALUES ('a', 0.5, 0, 0, 7)", []).unwrap();
    conn.execute("UPDATE meta SET version_of_puppet = '0.0.1'", []).unwrap();
    migrate(&mut conn, path, MORE).unwrap();
    assert_eq!(number(&conn, "PRAGMA user_version"), 3);
    assert_eq!(number(&conn, "SELECT at FROM moods WHERE agent = 'a' AND cause IS NULL"), 7);
    assert_eq!(number(&conn, "SELECT count(*) FROM moods"), 1);
    let version: String = conn.query_row("SELECT version_of_puppet FROM meta", [], |row| row.get(0)).unwrap();
    assert_eq!(version, env!("CARGO_PKG_VERSION"), "the version that wrote it last");
    migrate(&mut conn, path, MORE).unwrap();
    assert!(matches!(migrate(&mut conn, path, &STEPS[..1]), Err(StoreError::TooNew { found: 3, known: 1, .. })));
}

#[test]
fn a_step_that_fails_leaves_the_file_as_it_was() {
    let mut conn = open::memory().unwrap();
    let path = Path::new("test.db");
    let broken = [MORE[0], MORE[1], "CREATE TABLE later (x); INSERT INTO nowhere VALUES (1)"];
    assert!(matches!(migrate(&mut conn, path, &broken), Err(StoreError::Open { .. })));
    assert_eq!(number(&conn, "PRAGMA user_version"), 2, "the steps before it stay");
    assert_eq!(number(&conn, "SELECT count(*) FROM sqlite_master WHERE name = 'later'"), 0);
    migrate(&mut conn, path, MORE).unwrap();
}

/// A file as the first release left it: whatever is changed later, this opens.
#[test]
fn schema_1_opens() {
    let mut conn = open::memory().unwrap();
    conn.execute_batch(include_str!("fixtures/schema_1.sql")).unwrap();
    migrate(&mut conn, Path::new("test.db"), STEPS).unwrap();
    assert_eq!(number(&conn, "PRAGMA user_version"), i64::from(SCHEMA_VERSION));
    assert_eq!(number(&conn, "SELECT count(*) FROM journal j JOIN events e ON e.seq = j.event"), 1);
    assert_eq!(number(&conn, "SELECT count(*) FROM journal WHERE seed IS NULL"), 1, "nobody wrote it down then");
    assert_eq!(number(&conn, "SELECT count(*) FROM memories_text WHERE memories_text MATCH 'owner:o61 AND zebra'"), 1);
}

/// Blobs of an earlier schema come along: nobody knows who wrote them, and they come back as they were.
#[test]
fn blobs_of_an_earlier_schema_have_no_writer() {
    use puppet_types::{AgentId, Digest, PackId, Timestamp};

    use crate::{StateBlob, sqlite::state};

    let mut conn = open::memory().unwrap();
    let path = Path::new("test.db");
    migrate(&mut conn, path, &STEPS[..4]).unwrap();
    conn.execute("INSERT INTO plugin_state VALUES ('a', 'pack', 3, x'00ff')", []).unwrap();
    migrate(&mut conn, path, STEPS).unwrap();
    let old =
        "SELECT count(*) FROM plugin_state WHERE version = 3 AND data = x'00ff' AND digest IS NULL AND NOT cleared";
    assert_eq!(number(&conn, old), 1);
    let (agent, plugin, digest) = (AgentId::new("a"), PackId::new("pack"), Digest::of(b"2"));
    let writer = state::Writer { agent: &agent, plugin: &plugin, digest: &digest, at: Timestamp::default() };
    state::put(&conn, &writer, &StateBlob { version: 4, data: Vec::new() }).unwrap();
    assert_eq!(number(&conn, old), 0);
    state::restore(&conn, &plugin, None, &digest, &Digest::of(b"1")).unwrap();
    assert_eq!((number(&conn, old), number(&conn, "SELECT count(*) FROM state_kept")), (1, 0));
}

/// What was in doubt under an earlier schema is the operator's; what was under way is asked about.
#[test]
fn doubts_of_an_earlier_schema_come_along() {
    let mut conn = open::memory().unwrap();
    let path = Path::new("test.db");
    migrate(&mut conn, path, &STEPS[..6]).unwrap();
    for state in ["sent", "in-doubt", "done"] {
        let sql = "INSERT INTO outbox (id, state, agent, account, invocation, n, not_before, hops, body, attempts) \
                   VALUES (?1, ?1, 'a', 'a', 'i', 0, 7, 0, '{}', 1)";
        conn.execute(sql, [state]).unwrap();
    }
    migrate(&mut conn, path, STEPS).unwrap();
    for (state, begun, undecidable) in [("sent", Some(7), 0), ("in-doubt", Some(7), 1), ("done", None, 0)] {
        let found: (Option<i64>, i64) = conn
            .query_row("SELECT begun, undecidable FROM outbox WHERE id = ?1", [state], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(found, (begun, undecidable), "{state}");
    }
}
