//! A thousand agents live a day: the program itself, as its user starts it, on two workers.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Effort,
    table::{Limit, Row},
};

/// Time and memory.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let out = tempfile::tempdir().unwrap();
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/agents");
    let files = std::fs::read_dir(&agents).unwrap().count() as u32;
    let copies = (effort.simulated / files).max(1).to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
    command.args(["simulate", "--days", "1", "--seed", "42", "--workers", "2", "--copies", &copies, "--agents"]);
    command.arg(&agents).arg("--out").arg(out.path().join("out")).current_dir(out.path());
    let since = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut peak = 0_u64;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(peak_kib(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    let name = |what: &str| format!("simulate {} agents x 1 day, {what}", copies.parse::<u32>().unwrap() * files);
    vec![
        Row {
            name: name("time"),
            value: since.elapsed().as_secs_f64(),
            unit: "s",
            peer: 300.0,
            against: "five minutes",
            limit: Limit::AtMost(1.0),
        },
        Row {
            name: name("peak"),
            value: peak as f64 / 1024.0,
            unit: "MiB",
            peer: 1024.0,
            against: "one GiB",
            limit: Limit::AtMost(1.0),
        },
    ]
}

/// The most memory that the process has held, where the system tells.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
