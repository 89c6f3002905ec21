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
    state::put(&conn, &writer, &StateBlob { version: 4, data: Vec::new() }, None).unwrap();
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

/// A folder from before there was trading takes a purse, a swap and bars, and keeps what it had.
#[test]
fn trading_comes_to_an_earlier_schema() {
    use crate::{
        conformance::{purse, purse_entries, swap},
        sqlite::{purses, swaps},
    };

    let mut conn = open::memory().unwrap();
    let path = Path::new("test.db");
    migrate(&mut conn, path, &STEPS[..11]).unwrap();
    conn.execute("INSERT INTO moods VALUES ('a', 0.5, 0, 0, 7)", []).unwrap();
    migrate(&mut conn, path, STEPS).unwrap();
    assert_eq!(number(&conn, "SELECT at FROM moods WHERE agent = 'a'"), 7);
    for table in ["purses", "purse_log", "swaps", "swap_approvals", "candles"] {
        assert_eq!(number(&conn, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let log = purse_entries(1..=2, crate::PurseEntry::Step);
    assert!(purses::write(&conn, &purse("main", 2), 0, &log).unwrap());
    assert!(swaps::append(&conn, &swap("s1", 0, false)).unwrap());
    assert_eq!(swaps::open(&conn).unwrap(), ["s1"]);
    migrate(&mut conn, path, STEPS).unwrap();
    assert_eq!(purses::one(&conn, "main").unwrap(), Some(purse("main", 2)), "a step is made once");
}

const EVENT: &str = "seq, id, state, attempts, not_before, kind, source, agent, author, priority, at, payload, hops, cause, \
                     broadcast, reason, ended";
const RECORD: &str = "seq, id, at, agent, event, plugin, version, digest, persona, settings, outcome, code, message, \
                      retry_at, fuel, peak_memory, strikes, timing, host_calls, reads, decisions, log, seed, unreplayable";

fn rows(conn: &Connection, sql: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let mut statement = conn.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect()).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

fn told(conn: &Connection) -> [Vec<Vec<rusqlite::types::Value>>; 2] {
    [("events", EVENT), ("journal", RECORD)]
        .map(|(table, columns)| rows(conn, &format!("SELECT {columns} FROM {table}")))
}

/// Events and records of schema 5: with all columns and with none, of two versions, handled, dead and waiting.
const PLAIN: &str = r#"
    INSERT INTO events VALUES
        (3, 'e1', 'done', 2, 900, 'mention', 'local', 'a', 'ann', 2, 500, '{"text":"hi"}', 1, 'e0', 'all', NULL, 901),
        (4, 'e2', 'dead', 1, 600, 'timer', 'timer', 'b', NULL, 1, 600, '{}', 0, NULL, NULL, 'trap', 602),
        (9, 'e3', 'waiting', 0, 700, 'mention', 'timer', 'nobody', NULL, 0, 700, '{}', 0, NULL, NULL, NULL, NULL);
    INSERT INTO journal VALUES
        (5, 'i1', 501, 'a', 3, 'pack', '1.0.0', zeroblob(32), zeroblob(32), zeroblob(32), 'ok', NULL, NULL, NULL, -1,
            65536, 0, '{"sandbox":10,"reads":20,"commit":30}', '{"log":1}', '[{"n":0}]', '[{"n":1}]', '[{"n":2}]', -7,
            'redacted'),
        (8, 'i2', 601, 'b', 4, 'pack', '1.0.1', x'00ff', x'01', zeroblob(32), 'breach', 'trap', 'why', 5, 9, 8, 3,
            NULL, '{}', '[]', '[]', '[]', NULL, NULL);
"#;

#[test]
fn plain_events_and_records_come_along_as_they_are() {
    let mut conn = open::memory().unwrap();
    let path = Path::new("test.db");
    migrate(&mut conn, path, &STEPS[..5]).unwrap();
    conn.execute_batch(PLAIN).unwrap();
    let before = told(&conn);
    migrate(&mut conn, path, STEPS).unwrap();
    assert_eq!(told(&conn), before);
    assert_eq!(number(&conn, "SELECT count(*) FROM names"), 6, "each once, whatever it names");
    assert_eq!(number(&conn, "SELECT count(*) FROM journal_rows WHERE reads IS NULL AND host_calls IS NULL"), 1);
}

/// Rows that are written in words, as a copy writes them, are the same rows; also where they are written twice.
#[test]
fn rows_are_written_in_words() {
    let mut conn = open::memory().unwrap();
    migrate(&mut conn, Path::new("test.db"), &STEPS[..5]).unwrap();
    conn.execute_batch(PLAIN).unwrap();
    let before = told(&conn);
    let mut conn = open::memory().unwrap();
    migrate(&mut conn, Path::new("test.db"), STEPS).unwrap();
    for _ in 0..2 {
        for ((table, columns), rows) in [("events", EVENT), ("journal", RECORD)].into_iter().zip(&before) {
            let places = vec!["?"; columns.split(',').count()].join(", ");
            let sql = format!("INSERT OR REPLACE INTO {table} ({columns}) VALUES ({places})");
            for row in rows {
                conn.execute(&sql, rusqlite::params_from_iter(row)).unwrap();
            }
        }
        assert_eq!(told(&conn), before);
    }
}
