//! The demo without a terminal: characters post and answer each other, soon, and the program ends when it should.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use crate::support::{ended, finish, puppet};

/// Far more than it takes on a busy machine: who is still silent then hangs.
const LIMIT: Duration = Duration::from_secs(180);

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

/// Hours since the demo's first moment, Monday 08:00, of a line that begins with `Mon 09:41`.
fn hour(line: &str) -> f64 {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = days.iter().position(|day| line.starts_with(day)).unwrap_or_else(|| panic!("no day: {line}"));
    let clock = |from: usize| line[from..from + 2].parse::<f64>().unwrap_or_else(|_| panic!("no time: {line}"));
    24.0 * day as f64 + clock(4) + clock(7) / 60.0 - 8.0
}

/// The first line that is like this, with its hour.
fn first(lines: &Receiver<String>, what: &str, like: impl Fn(&str) -> bool) -> (f64, String) {
    let end = Instant::now() + LIMIT;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left).unwrap_or_else(|error| panic!("no {what}: {error}"));
        if like(&line) {
            return (hour(&line), line);
        }
    }
}

/// At one hour per second, an hour of the characters is a second of whoever watches: what is counted is theirs.
#[test]
fn a_first_post_comes_within_five_seconds_and_a_reply_within_thirty() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    // It also leaves the plugins' native code for the one that is looked at.
    finish(puppet(folder.path()).args(["demo", "--for", "1s", "--plain"])).exits(0);
    assert!(started.elapsed() >= Duration::from_secs(1) && is_empty(folder.path()));

    let mut demo = puppet(folder.path());
    let mut demo = demo.args(["demo", "--plain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(demo.stdout.take().unwrap());
    let (tell, lines) = channel();
    std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let (posted, line) = first(&lines, "post", |line| line.contains(" post "));
    assert!(posted <= 5.0, "{posted} h: {line}");
    let (replied, line) = first(&lines, "reply", |line| line.contains(" reply ") && line.contains(" (@"));
    assert!(replied <= 30.0, "{replied} h: {line}");

    Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    let ran = ended(demo, LIMIT).exits(0);
    assert_eq!(ran.stderr, "");
    assert!(is_empty(folder.path()), "no lock is left, and nothing else");
}

/// A like says whose post it is of.
#[test]
fn a_like_tells_whose_post() {
    let folder = tempfile::tempdir().unwrap();
    let ran = finish(puppet(folder.path()).args(["demo", "--for", "20s", "--plain"])).exits(0);
    let likes: Vec<&str> = ran.stdout.lines().filter(|line| line.contains(" like")).collect();
    assert!(likes.iter().any(|line| line.split(" like ").nth(1).is_some_and(|of| of.starts_with('@'))), "{likes:?}");
}
