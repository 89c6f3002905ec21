//! A process that is killed: what was answered is there, nothing is there by half.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use puppet_types::{AgentId, Digest, MemoryKind, Mood, PackId, ids::derive_u64};
use rusqlite::Connection;

use crate::{
    Change, Commit, CommitStore as _, EventStore as _, HostLock, Options, PurseEntry, SqliteStore, StateBlob,
    TradeStore as _, Vector,
    conformance::{at, commit, effect, event, memory, purse, purse_entries, spend, together},
};

const DIR: &str = "PUPPET_STORE_CRASH_DIR";
const FROM: &str = "PUPPET_STORE_CRASH_FROM";
/// Commits in flight.
const WIDE: u64 = 8;

/// Everything a commit can write, each row named by the number.
fn numbered(n: u64) -> Commit {
    let agent = AgentId::new("a");
    let valence = n as f64;
    let blob = StateBlob { version: 1, data: n.to_le_bytes().to_vec() };
    let memory = memory(&format!("m{n}"), MemoryKind::Core, &format!("word{n} zebra"), 0);
    let vector = Vector { model: "hashed".to_owned(), numbers: vec![0.5; 64] };
    let changes = vec![
        Change::Mood { agent: agent.clone(), mood: Mood { valence, ..Mood::default() }, at: at(0) },
        Change::PutState {
            agent: agent.clone(),
            plugin: PackId::new("pack"),
            digest: Digest::of(b"1"),
            blob,
            led_by: None,
            at: at(0),
        },
        Change::Remember { agent, memory, vector: Some(vector), cap: None },
        Change::Event(event(&format!("next{n}"), "a")),
        Change::Effect(effect(&format!("f{n}"), &format!("i{n}"), 0)),
    ];
    Commit { changes, spends: vec![spend("a", 0, 1, 0)], ..commit(&format!("i{n}"), event(&format!("e{n}"), "a")) }
}

#[tokio::test]
#[ignore = "runs in the process that is killed"]
async fn child() {
    let (Ok(dir), Ok(from)) = (std::env::var(DIR), std::env::var(FROM)) else {
        println!("skipped: the crash test starts this");
        return;
    };
    let _lock = HostLock::take(Path::new(&dir)).unwrap();
    let store = SqliteStore::open(Path::new(&dir), Options::default()).unwrap();
    let from = from.parse::<u64>().unwrap();
    for first in (from..).step_by(WIDE as usize) {
        let numbers: Vec<u64> = (first..first + WIDE).collect();
        store.accept(numbers.iter().map(|n| event(&format!("e{n}"), "a")).collect()).await.unwrap();
        let store = &store;
        let commits = numbers.into_iter().map(|n| async move {
            store.commit(numbered(n)).await.unwrap();
            println!("acked {n}");
        });
        together(commits.collect()).await;
        // The purse of this life: its log is as long as there are numbers.
        let (name, after) = (format!("main/{from}"), first - from);
        let rows = purse_entries(after + 1..=after + WIDE, PurseEntry::Step);
        assert!(store.write_purse(purse(&name, after + WIDE), after, rows).await.unwrap());
        println!("kept {}", after + WIDE);
    }
}

#[test]
fn a_killed_process_loses_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = BTreeSet::new();
    for round in 0..3 {
        let wanted = 20 + derive_u64(&["crash", &round.to_string()]) % 200;
        let from = round * 1_000_000;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "tests::crash::child", "--nocapture", "--test-threads=1"])
            .env(DIR, dir.path())
            .env(FROM, from.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let number = |line: std::io::Result<String>| -> Option<u64> {
            line.ok()?.split_once("acked ").and_then(|(_, n)| n.parse().ok())
        };
        let (before, mut kept) = (acked.len(), 0);
        while acked.len() - before < wanted as usize {
            let line = lines.next().expect("the child ended by itself").unwrap();
            kept = line.split_once("kept ").and_then(|(_, seq)| seq.parse().ok()).unwrap_or(kept);
            acked.extend(number(Ok(line)));
        }
        child.kill().unwrap();
        // What it still told before it died was answered as well; its last line may be torn.
        acked.extend(lines.filter_map(number).filter(|n| *n >= from && *n < from + 1_000_000));
        child.wait().unwrap();
        let _lock = HostLock::take(dir.path()).expect("a dead host holds nothing");
        let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
        store.close();
        check(&dir.path().join("puppet.db"), &acked);
        purse_is_whole(&dir.path().join("puppet.db"), &format!("main/{from}"), kept);
    }
}

/// A purse stands where its log ends, which is not before what was answered.
fn purse_is_whole(path: &Path, name: &str, kept: u64) {
    let conn = Connection::open(path).unwrap();
    let number = |sql: &str| conn.query_row(sql, [name], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned();
    let stands = number("SELECT coalesce(max(seq), 0) FROM purses WHERE name = ?1");
    assert!(kept > 0 && stands >= kept, "{name} stands at {stands}, {kept} was answered");
    assert!(stands.is_multiple_of(WIDE), "{name} stands at {stands}: half of a write");
    assert_eq!(number("SELECT count(*) FROM purse_log WHERE purse = ?1"), stands);
    assert_eq!(number("SELECT coalesce(max(seq), 0) FROM purse_log WHERE purse = ?1"), stands);
}

fn check(path: &Path, acked: &BTreeSet<u64>) {
    let conn = Connection::open(path).unwrap();
    let text = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    conn.execute_batch("INSERT INTO memories_text (memories_text) VALUES ('integrity-check')").unwrap();
    let rows = |sql: &str| -> BTreeSet<u64> {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(|id| id.unwrap().trim_start_matches(char::is_alphabetic).parse().unwrap()).collect()
    };
    let journaled = rows("SELECT id FROM journal");
    let lost: Vec<_> = acked.difference(&journaled).collect();
    assert!(lost.is_empty(), "answered, but not there: {lost:?}");
    for (what, sql) in [
        ("handled events", "SELECT id FROM events WHERE state = 'done'"),
        ("new events", "SELECT id FROM events WHERE id LIKE 'next%'"),
        ("effects", "SELECT id FROM outbox"),
        ("memories", "SELECT id FROM memories"),
        (
            "full text",
            "SELECT m.id FROM memories_text t JOIN memories m ON m.row = t.rowid WHERE memories_text MATCH 'zebra'",
        ),
    ] {
        assert_eq!(rows(sql), journaled, "{what} and journal differ");
    }
    let many = i64::try_from(journaled.len()).unwrap();
    assert_eq!(number("SELECT used FROM budgets"), many);
    let last = text("SELECT substr(id, 2) FROM journal ORDER BY seq DESC LIMIT 1");
    assert_eq!(number("SELECT CAST(valence AS INTEGER) FROM moods").to_string(), last, "the last commit's mood");
    let (waiting, handled) = (rows("SELECT id FROM events WHERE id LIKE 'e%' AND state = 'waiting'"), journaled);
    assert!(waiting.is_disjoint(&handled));
}
