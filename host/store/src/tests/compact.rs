//! What a record takes in the file, and what of it can be read without this program.

use puppet_types::ids;
use rusqlite::Connection;

use super::RELAXED;
use crate::{
    Commit, CommitStore as _, EventStore as _, RECORD_BYTES, SqliteStore,
    conformance::{commit, event},
};

const MANY: usize = 3_000;
/// The tables of events and records, with their indexes.
const OURS: &str = "name IN (SELECT name FROM sqlite_master WHERE tbl_name IN ('event_rows', 'journal_rows', 'names', \
                    'plugin_versions', 'characters'))";

/// Records of many agents, under ids as a host gives them.
fn record(n: usize) -> Commit {
    let derived = |prefix| ids::derive(prefix, &[&n.to_string()]);
    let mut event = event(&derived("evt"), &format!("agent-{}", n % 100));
    event.cause = Some(derived("cause").into());
    event.at = event.at.plus_millis(n as u64 * 1_000);
    let mut commit = commit(&derived("inv"), event);
    commit.invocation.fuel = 1_234_567;
    commit
}

#[tokio::test]
async fn a_record_takes_no_more_than_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    for group in (0..MANY).collect::<Vec<_>>().chunks(100) {
        let commits: Vec<_> = group.iter().map(|n| record(*n)).collect();
        store.accept(commits.iter().map(|commit| commit.invocation.event.clone()).collect()).await.unwrap();
        for commit in commits {
            store.commit(commit).await.unwrap();
        }
    }
    store.close();
    let db = Connection::open(dir.path().join("puppet.db")).unwrap();
    let sum = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned();
    let pages = sum(&format!("SELECT sum(pgsize) FROM dbstat WHERE {OURS}"));
    let texts = sum("SELECT sum(octet_length(e.payload) + octet_length(j.reads) + octet_length(j.decisions) \
                     + octet_length(j.log)) FROM journal j JOIN events e ON e.seq = j.event");
    let (each, text) = ((pages - texts) / MANY as u64, texts / MANY as u64);
    println!("{each} bytes per record and event beside {text} of texts");
    let mut parts = db.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8").unwrap();
    let parts = parts.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
    parts.map(Result::unwrap).for_each(|(name, bytes)| println!("  {name}: {}", bytes / MANY as i64));
    assert!((RECORD_BYTES * 8 / 10..=RECORD_BYTES).contains(&each), "{each} bytes, not about {RECORD_BYTES}");
}

#[tokio::test]
async fn records_are_told_in_words_without_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    let mut bare = commit("i2", event("e2", "b"));
    let record = &mut bare.invocation;
    (record.reads, record.decisions, record.log) = (Vec::new(), Vec::new(), Vec::new());
    record.host_calls.clear();
    record.timing = None;
    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    store.commit(bare).await.unwrap();
    store.close();
    let db = Connection::open(dir.path().join("puppet.db")).unwrap();
    let told = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let words = "j.agent || ' ' || e.kind || ' ' || e.source || ' ' || j.plugin || ' ' || j.version || ' ' || j.outcome \
                 || ' ' || coalesce(j.timing, 'none') || ' ' || j.host_calls || ' ' || substr(j.reads, 1, 6)";
    let of = |id| told(&format!("SELECT {words} FROM journal j JOIN events e ON e.seq = j.event WHERE j.id = '{id}'"));
    assert_eq!(
        of("i1"),
        r#"a mention local pack 1.2.3 ok {"sandbox":1,"reads":2,"commit":3} {"log":2,"memory":1} [{"n":"#
    );
    assert_eq!(of("i2"), "b mention local pack 1.2.3 ok none {} []");
    assert_eq!(told("SELECT CAST(journal_format AS TEXT) FROM meta"), "2");
    let once = "SELECT count(*) || ' ' || (SELECT count(*) FROM plugin_versions) || ' ' || \
                (SELECT count(*) FROM characters) FROM names";
    assert_eq!(told(once), "4 1 1", "what repeats is there once");
}
