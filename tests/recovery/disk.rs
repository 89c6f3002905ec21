//! A disk that is full: the host accepts nothing, says so once, loses nothing, and goes on by itself when there is room.
//! A file that is damaged: what is wrong and what to do about it, and no panic.

use std::{
    io::{BufRead as _, BufReader},
    os::fd::OwnedFd,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::{imported, sql, value};
use crate::support::{Ran, Running, finish, list, puppet, run, until};

const PATIENCE: Duration = Duration::from_secs(120);

/// A host whose log is read while it runs.
fn host(folder: &Path) -> (Running, Arc<Mutex<Vec<String>>>) {
    let (read, write) = std::io::pipe().unwrap();
    let host = Running::start_with(puppet(folder), &folder.join(".puppet"), OwnedFd::from(write).into());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(read).lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    (host, lines)
}

/// From now on no file of the process may be written, as on a disk without room; or all may again.
fn full(host: &Running, is_full: bool) {
    let pid = Pid::from_raw(host.pid().cast_signed());
    let most = Rlimit { current: is_full.then_some(0), maximum: None };
    prlimit(pid, Resource::Fsize, most).unwrap();
}

fn send(folder: &Path, n: u32, more: &[&str]) -> Ran {
    let payload = format!("{{\"topic\": \"storm {n}\"}}");
    run(folder, &[&["event", "send", "news", "--payload", &payload][..], more].concat())
}

fn said(lines: &Mutex<Vec<String>>, what: &str) -> usize {
    lines.lock().unwrap().iter().filter(|line| line.contains(what)).count()
}

/// What `doctor` says of the data folder.
fn data_folder(doctor: Ran) -> String {
    let told = doctor.json();
    let checks = list(&told, "checks").iter();
    let of_folder: Vec<String> =
        checks.filter(|check| check["name"] == "data folder").map(|check| check["detail"].to_string()).collect();
    of_folder.concat()
}

/// Nobody holds the folder, and no file may be written, as on a disk without room.
#[test]
fn without_a_host_a_full_disk_is_named_as_well() {
    let folder = imported();
    let full = |args: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -f 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_puppet")]);
        finish(command.args(args).current_dir(folder.path()))
    };
    for args in [&["run", "--for", "1s"][..], &["journal", "prune"], &["halt"], &["event", "send", "news"]] {
        let ran = full(args).exits(4);
        assert!(
            ran.stderr.contains("error[store-full]: the disk of the data folder is full"),
            "{args:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains("then say it again: this was not done"), "{args:?}: {}", ran.stderr);
    }
    assert!(data_folder(full(&["doctor", "--json"]).exits(1)).contains("the disk of the data folder is full"));
    assert!(data_folder(run(folder.path(), &["doctor", "--json"]).exits(0)).contains("can be read and written"));
    run(folder.path(), &["verify"]).exits(0);
}

#[test]
fn a_full_disk_is_told_once_and_nothing_that_was_accepted_is_lost() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let (host, lines) = host(folder.path());
    send(folder.path(), 0, &["--wait"]).exits(0);
    // Some of these wait still when the disk is full.
    let mut accepted = Vec::new();
    for n in 1..6 {
        let sent = send(folder.path(), n, &["--json"]).exits(0).json();
        accepted.push(sent["event_id"].as_str().unwrap().to_owned());
    }
    // This one waits for its time, which comes while there is no room.
    let later = send(folder.path(), 9, &["--delay", "2s", "--json"]).exits(0).json();
    accepted.push(later["event_id"].as_str().unwrap().to_owned());
    full(&host, true);
    until(PATIENCE, "it is not told", || said(&lines, "the disk of the data folder is full") == 1);
    for n in 10..20 {
        let refused = send(folder.path(), n, &[]).exits(4);
        assert!(
            refused.stderr.contains("error[store-full]: the disk of the data folder is full"),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.contains("make room on the disk"), "{}", refused.stderr);
        assert!(refused.stderr.contains("then say it again: this was not done"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("by itself"), "{}", refused.stderr);
    }
    assert!(said(&lines, "nothing is lost, and it goes on by itself") == 1, "{lines:?}");
    assert!(data_folder(run(folder.path(), &["doctor", "--json"]).exits(1)).contains("its last write failed"));
    let halt = run(folder.path(), &["halt"]).exits(4);
    assert!(halt.stderr.contains("error[store-full]"), "{}", halt.stderr);
    // What only reads still works.
    run(folder.path(), &["journal"]).exits(0);
    let waiting = || value::<u32>(&data, "SELECT count(*) FROM events WHERE state = 'waiting'");
    assert!(waiting() > 0);
    full(&host, false);
    // By itself.
    until(PATIENCE, "what was accepted is not handled", || waiting() == 0);
    let sent = send(folder.path(), 30, &["--wait", "--json"]).exits(0).json();
    assert!(data_folder(run(folder.path(), &["doctor", "--json"]).exits(0)).contains("a host runs here"));
    accepted.push(sent["event_id"].as_str().unwrap().to_owned());
    assert_eq!(said(&lines, "the disk of the data folder is full"), 1, "{lines:?}");
    assert_eq!(said(&lines, "takes writes again"), 1, "{lines:?}");
    assert_eq!(host.stop(), 0);
    for id in accepted {
        let handled = format!("SELECT count(*) FROM journal j JOIN events e ON e.seq = j.event WHERE e.id = '{id}'");
        assert_eq!(value::<u32>(&data, &handled), 1, "{id}");
    }
    assert_eq!(
        value::<u32>(&data, "SELECT count(*) FROM events WHERE payload LIKE '%storm 1_\"%'"),
        0,
        "nothing was half accepted"
    );
    run(folder.path(), &["verify"]).exits(0);
}

#[test]
fn a_host_that_is_told_to_stop_while_the_disk_is_full_stops() {
    let folder = imported();
    let (host, _lines) = host(folder.path());
    send(folder.path(), 0, &["--wait"]).exits(0);
    full(&host, true);
    send(folder.path(), 1, &[]).exits(4);
    assert_eq!(host.stop(), 0);
    run(folder.path(), &["verify"]).exits(0);
}

#[test]
fn a_damaged_database_is_named_with_what_to_do() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    sql(&data, "PRAGMA wal_checkpoint(TRUNCATE)");
    let file = std::fs::File::options().write(true).open(data.join("puppet.db")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xa5; 3_996], 100).unwrap();
    for args in [&["run", "--for", "1s"][..], &["journal"], &["backup", "b.tar"]] {
        let ran = run(folder.path(), args).exits(4);
        assert!(ran.stderr.contains("error[store-corrupt]: the database is damaged"), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("`puppet restore`"), "{args:?}: {}", ran.stderr);
    }
}

/// A row that holds bytes that nobody wrote, in a file that SQLite still opens.
#[test]
fn a_damaged_row_is_named_with_what_to_do() {
    let folder = imported();
    sql(&folder.path().join(".puppet"), "UPDATE agents SET body = cast(x'ff6162' AS text)");
    let ran = run(folder.path(), &["run", "--for", "1s"]).exits(4);
    assert!(
        ran.stderr.contains("error[store-corrupt]: the database is damaged (a row of agents with id "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("`puppet restore`"), "{}", ran.stderr);
}
