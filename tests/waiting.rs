//! `event send --wait`: whoever waits is told how it ended, or why nobody can say; the wait never hangs.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::support::{self, Ran, Running, ended, finish, puppet, run};

/// Far more than any of these waits takes; whoever is still there then hangs.
const LIMIT: Duration = Duration::from_secs(90);

/// An event that nobody handles before the test is over.
const LATE: [&str; 8] = ["event", "send", "news", "--agent", "harbour-watch", "--delay", "1h", "--wait"];

fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    folder
}

/// Commands that wait for events which the host has accepted already.
fn waiting(folder: &Path, commands: i64) -> Vec<Child> {
    let start = |_| {
        let mut command = puppet(folder);
        command.args(LATE).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = (0..commands).map(start).collect();
    let db = rusqlite::Connection::open(folder.join(".puppet/puppet.db")).unwrap();
    let accepted = || db.query_row("SELECT count(*) FROM events WHERE kind = 'news'", [], |row| row.get::<_, i64>(0));
    support::until(LIMIT, "the event is not accepted", || accepted().unwrap() == commands);
    children
}

/// Exit code 4, one error with this code and a remedy.
fn is_told(ran: Ran, code: &str) -> Ran {
    let ran = ran.exits(4);
    let error: Value = serde_json::from_str(ran.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], code, "{ran:?}");
    assert!(!error["error"]["remedy"].as_str().unwrap().is_empty(), "{ran:?}");
    ran
}

fn signal(host: &Running, name: &str) {
    assert!(Command::new("kill").args([name, &host.pid().to_string()]).status().unwrap().success());
}

#[test]
fn a_wait_ends_when_its_time_is_over() {
    let folder = imported();
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    let mut command = puppet(folder.path());
    command.args(LATE).args(["--within", "1s", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = is_told(ended(command.spawn().unwrap(), LIMIT), "still-waiting");
    assert_eq!(ran.json()["outcome"], "waiting");
    assert!(ran.json()["event_id"].is_string(), "it is accepted and can be looked for");
    let useless = finish(puppet(folder.path()).args(["event", "send", "news", "--within", "1s"])).exits(2);
    assert!(useless.stderr.contains("--wait"), "{useless:?}");
    assert_eq!(host.stop(), 0);
}

#[test]
fn a_wait_ends_when_the_host_stops() {
    let folder = imported();
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    // Several: a host that left without a word to one of them would not always do so to the first.
    let children = waiting(folder.path(), 12);
    assert_eq!(host.stop(), 0);
    for child in children {
        let ran = is_told(ended(child, LIMIT), "still-waiting");
        assert_eq!(ran.json()["outcome"], "waiting");
    }
}

#[test]
fn a_wait_ends_when_the_host_dies() {
    let folder = imported();
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    let children = waiting(folder.path(), 1);
    host.kill();
    for child in children {
        is_told(ended(child, LIMIT), "host-lost");
    }
}

#[test]
fn a_wait_ends_where_the_host_does_not_answer() {
    let folder = imported();
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    signal(&host, "-STOP");
    let mut command = puppet(folder.path());
    command.args(LATE).args(["--within", "1s", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let spawned = command.spawn().unwrap();
    let mut halt = puppet(folder.path());
    let halt = halt.args(["halt", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    is_told(ended(spawned, LIMIT), "host-lost");
    let halt = is_told(ended(halt, LIMIT), "host-lost").stderr;
    assert!(halt.contains("may be done already, or be done yet") && halt.contains("`puppet doctor`"), "{halt}");
    signal(&host, "-CONT");
    let halted = || run(folder.path(), &["doctor"]).stdout.contains("halted");
    support::until(LIMIT, "it is not carried out", halted);
    assert_eq!(host.stop(), 0);
}
