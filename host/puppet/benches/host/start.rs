//! The start of a host: from the process to `ready_at` of `run.json`, as a supervisor sees it, with compiled plugins in the
//! cache; with the API and without. And what it holds then.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use puppet_types::Timestamp;

use crate::{
    Effort, idle, median,
    table::{Limit, Row},
};

/// Asked for, of the median.
const MOST_MS: f64 = 150.0;

/// With the API, and without.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    assert!(puppet(folder.path()).args(["init", "home"]).status().unwrap().success());
    let quiet = home.join("quiet.toml");
    std::fs::write(&quiet, "[api]\nenabled = false\n").unwrap();
    let mut rows = Vec::new();
    // The first one compiles, and takes the agent in.
    for (name, config) in [("compiled anew", None), ("API on", None), ("API off", Some(&quiet))] {
        let starts = if name == "compiled anew" { 1 } else { effort.starts };
        let started: Vec<(f64, u64)> = (0..starts).map(|_| start(&home, config)).collect();
        let (times, held) = started.into_iter().unzip::<_, _, Vec<f64>, Vec<u64>>();
        let is_bound = name == "API on";
        rows.push(Row {
            name: format!("start to ready, {name}, median of {starts}"),
            value: median(times),
            unit: "ms",
            peer: MOST_MS,
            against: "150 ms with cached components",
            limit: if is_bound { Limit::AtMost(1.0) } else { Limit::None },
        });
        if name != "compiled anew" {
            rows.push(Row {
                name: format!("resident at ready, {name}"),
                value: median(held.into_iter().map(|bytes| bytes as f64 / 1_048_576.0).collect()),
                unit: "MiB",
                peer: 1.0,
                against: "nothing: a report",
                limit: Limit::None,
            });
        }
    }
    rows
}

fn puppet(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
    command
        .current_dir(folder)
        .env("ENGINE_PORT", "0")
        .env("PUPPET_CACHE", folder.join(".cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// One start: milliseconds until it was ready, and bytes that it held then. It ends as whoever stops it wants.
fn start(home: &Path, config: Option<&PathBuf>) -> (f64, u64) {
    let (data, mut command) = (home.join(".puppet"), puppet(home));
    command.args(["run", "--quiet", "--data"]).arg(&data);
    if let Some(file) = config {
        command.arg("--config").arg(file);
    }
    let began = Timestamp::from_system();
    let mut child = command.spawn().unwrap();
    let ready = ready_at(&mut child, &data);
    let held = idle::resident(child.id());
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    (ready.millis_since(began) as f64, held)
}

pub fn ready_at(child: &mut Child, data: &Path) -> Timestamp {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let text = std::fs::read_to_string(data.join("run.json")).unwrap_or_default();
        if let Ok(run) = serde_json::from_str::<serde_json::Value>(&text) {
            return serde_json::from_value(run["ready_at"].clone()).unwrap();
        }
        assert!(Instant::now() < until && child.try_wait().unwrap().is_none(), "the host did not begin");
        std::thread::sleep(Duration::from_millis(2));
    }
}
