//! What an author waits for: from nothing to a pack that is built and tested, and from a change to the version that does it in
//! `puppet dev`. Dependencies are those that this machine has; nothing is asked of a registry.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use crate::{
    Effort, median,
    table::{Limit, Row},
};

/// Asked for: a pack in Rust, begun, built and tested.
const BEGUN_MS: f64 = 20_000.0;
/// Asked for: a change is there.
const CHANGED_MS: f64 = 3_000.0;
/// What is sent to every version.
const EVENT: &str = r#"{"kind": "mention", "payload": {"post": {"id": "7", "author": "ada", "text": "hello?", "at": "2026-01-05T00:00:00Z", "conversation": "7"}}}"#;

/// Both.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let kind = ["new", "begun", "--kind", "personality", "--lang", "rust"];
    assert!(puppet(folder.path()).args(kind).status().unwrap().success());
    let pack = folder.path().join("begun");
    assert!(puppet(&pack).arg("test").status().unwrap().success());
    let first = millis(begun);
    let again = Instant::now();
    assert!(puppet(&pack).arg("test").status().unwrap().success());
    let again = millis(again);
    let row = |name: &str, value: f64, peer: f64, against: &'static str, limit: Limit| Row {
        name: name.to_owned(),
        value,
        unit: "ms",
        peer,
        against,
        limit,
    };
    vec![
        row("new and test in Rust, nothing built before", first, BEGUN_MS, "20 s", Limit::AtMost(1.0)),
        row("test again, nothing changed", again, first, "the first time", Limit::None),
        row("dev: from a change to what it does", changes(&pack, effort.rounds), CHANGED_MS, "3 s", Limit::AtMost(1.0)),
    ]
}

/// The median of some changes.
fn changes(pack: &Path, rounds: usize) -> f64 {
    let mut command = puppet(pack);
    let mut dev = command.args(["dev", "--event", EVENT]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = lines(&mut dev);
    wait(&lines, "mention");
    let source = fs::read_to_string(pack.join("src/lib.rs")).unwrap();
    let times = (0..rounds).map(|round| {
        let mark = format!("change-{round}");
        let changed = source.replace("saved.visitors += 1;", &format!("log::info(\"{mark}\"); saved.visitors += 1;"));
        let begun = Instant::now();
        fs::write(pack.join("src/lib.rs"), changed).unwrap();
        wait(&lines, &mark);
        millis(begun)
    });
    let times = times.collect();
    let _ = Command::new("kill").args(["-INT", &dev.id().to_string()]).status();
    let _ = dev.wait();
    median(times)
}

fn lines(child: &mut Child) -> Receiver<String> {
    let (tell, told) = channel();
    let stdout = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    told
}

fn wait(lines: &Receiver<String>, what: &str) {
    while !lines.recv_timeout(Duration::from_secs(120)).expect("it is there in time").contains(what) {}
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// The program in a folder; it says nothing.
pub fn puppet(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
    command.current_dir(folder).env("CARGO_NET_OFFLINE", "true");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
