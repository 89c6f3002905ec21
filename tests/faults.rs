//! A host that is killed at any moment: every event that it had accepted is handled once by the next, or is dead for
//! a reason that can be read.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use puppet_types::ids::derive_u64;
use serde_json::{Value, json};

use crate::support::{self, Running, run};

const AGENTS: [&str; 3] = ["harbour-watch", "orbit-desk", "sourdough-sage"];
/// Who speak to the host at the same time.
const SENDERS: usize = 4;
/// A host that does not get through its mail in this time has lost it.
const PATIENCE: Duration = Duration::from_secs(120);

fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for agent in AGENTS {
        let file = support::fixtures().join(format!("agents/{agent}.json"));
        run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    }
    folder
}

/// One event, spoken as the program speaks it. Whether the host said that it has it.
fn send(socket: &Path, id: &str, agent: &str, hops: u32) -> bool {
    let event = json!({
        "id": id, "kind": "news", "source": "cli", "agent": agent, "priority": "normal", "at": now(), "hops": hops,
        "payload": { "topic": "storm", "headline": format!("storm {id}") },
    });
    let request = json!({ "op": "send", "events": [event], "wait_ms": null });
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    if writeln!(stream, "{request}").is_err() {
        return false;
    }
    let mut answer = String::new();
    let heard = BufReader::new(stream).read_line(&mut answer).unwrap_or(0);
    // The host may die in the middle of a word.
    heard > 0 && serde_json::from_str::<Value>(&answer).is_ok_and(|answer| answer["done"]["outcome"] == "accepted")
}

fn now() -> Value {
    serde_json::to_value(puppet_types::Timestamp::from_system()).unwrap()
}

/// Sends from several sides until the host has answered so often, kills it, and keeps what was answered.
fn killed_after(wanted: usize, round: usize, data: &Path, host: Running, accepted: &mut BTreeSet<String>) {
    let socket = data.join("control.sock");
    let (answered, all, host) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Some(host)));
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (answered, all, host, socket) = (&answered, &all, &host, &socket);
            scope.spawn(move || {
                for n in 0.. {
                    let id = format!("evt_{round}_{sender}_{n}");
                    // Now and then one that is too far down a chain: it can only be given up.
                    let hops = if n % 7 == 6 { 9 } else { 0 };
                    if !send(socket, &id, AGENTS[(sender + n) % AGENTS.len()], hops) {
                        break;
                    }
                    all.lock().unwrap().push(id);
                    if answered.fetch_add(1, SeqCst) + 1 == wanted {
                        // The others are in the middle of theirs.
                        host.lock().unwrap().take().unwrap().kill();
                        break;
                    }
                }
            });
        }
    });
    accepted.extend(all.into_inner().unwrap());
    assert!(answered.load(SeqCst) >= wanted);
}

/// What became of an event: state, reason, how often it was ended, and its rows in the journal.
fn fate(db: &rusqlite::Connection, id: &str) -> Option<(String, Option<String>, u32, u32)> {
    const SQL: &str = "SELECT state, reason, attempts, (SELECT count(*) FROM journal j WHERE j.event = e.seq) \
                       FROM events e WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    db.query_row(SQL, [id], row).ok()
}

fn look(data: &Path) -> rusqlite::Connection {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(data.join("puppet.db"), flags).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    db
}

#[test]
fn every_accepted_event_has_one_end_however_often_the_host_is_killed() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let mut accepted = BTreeSet::new();
    for round in 0..4 {
        let host = Running::start(folder.path(), &data, &[]);
        let wanted = 3 + derive_u64(&["kill", &round.to_string()]) % 60;
        killed_after(wanted as usize, round, &data, host, &mut accepted);
    }
    let host = Running::start(folder.path(), &data, &[]);
    let db = look(&data);
    let until = Instant::now() + PATIENCE;
    let mut open: Vec<&String> = accepted.iter().collect();
    while !open.is_empty() {
        open.retain(|id| fate(&db, id).is_none_or(|(state, ..)| state == "waiting"));
        assert!(Instant::now() < until, "{} of {} have no end: {open:?}", open.len(), accepted.len());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(host.stop(), 0);
    let mut given_up = 0;
    for id in &accepted {
        let (state, reason, attempts, invocations) = fate(&db, id).unwrap();
        match state.as_str() {
            "done" => assert_eq!((attempts, invocations), (1, 1), "{id}: one commit, one invocation"),
            "dead" => {
                given_up += 1;
                assert_eq!(reason.as_deref(), Some("loop"), "{id}");
                assert_eq!(invocations, 0, "{id} was not run");
            }
            other => panic!("{id} is {other}"),
        }
    }
    assert!(given_up > 0 && given_up < accepted.len(), "{given_up} of {}", accepted.len());
    // Their effects left once each, and the file is whole.
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("SELECT count(*) - count(DISTINCT invocation || '/' || n) FROM outbox"), 0);
    assert_eq!(
        number("SELECT count(*) FROM posts p WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = p.effect)"),
        0
    );
    assert_eq!(db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}
