//! Recorded invocations once more. Alone: a call that is answered from its record against the same call when it was
//! answered by providers, both through sandbox and gate, neither with a commit. As the operator runs it: `puppet replay`
//! of a day against the `puppet simulate` that made that day, both with all that they read and write.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use puppet_engine::replay;
use puppet_types::Invocation;
use serde_json::Value;

use crate::{
    Effort, median,
    sandbox::{Sides, runtime},
    table::{Limit, Row},
};

/// Calls that are made, and then run again.
const CALLS: usize = 1_000;

/// Alone, and by the program.
pub fn rows(effort: &Effort) -> Vec<Row> {
    vec![alone(effort), by_the_program(effort)]
}

fn alone(effort: &Effort) -> Row {
    let sides = Sides::new();
    let (mut live, mut again) = (Vec::new(), Vec::new());
    runtime(1).block_on(async {
        for _ in 0..effort.rounds {
            let until = Instant::now() + effort.length;
            let (mut one, mut other) = (Vec::new(), Vec::new());
            while one.is_empty() || Instant::now() < until {
                let (rate, records) = called(&sides).await;
                one.push(rate);
                other.push(replayed(&sides, &records).await);
            }
            live.push(median(one));
            again.push(median(other));
        }
    });
    Row {
        name: "replay of an invocation".to_owned(),
        value: median(again),
        unit: "replays/s",
        peer: median(live),
        against: "the same invocations when they were live",
        limit: Limit::AtLeast(1.0),
    }
}

/// Calls per second, and what is recorded of them.
async fn called(sides: &Sides) -> (f64, Vec<Invocation>) {
    let mut records = Vec::with_capacity(CALLS);
    let since = Instant::now();
    for _ in 0..CALLS {
        records.push(sides.ours(0).await);
    }
    (CALLS as f64 / since.elapsed().as_secs_f64(), records)
}

/// Replays per second; each must come out the same.
async fn replayed(sides: &Sides, records: &[Invocation]) -> f64 {
    let since = Instant::now();
    for recorded in records {
        let replayed = replay(&sides.host, recorded).await.unwrap().unwrap();
        assert_eq!(replayed.divergence, None);
    }
    records.len() as f64 / since.elapsed().as_secs_f64()
}

fn by_the_program(effort: &Effort) -> Row {
    let out = tempfile::tempdir().unwrap();
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/agents");
    let files = std::fs::read_dir(&agents).unwrap().count() as u32;
    let copies = (effort.simulated / 10 / files).max(1).to_string();
    let agents = agents.to_str().unwrap();
    let since = Instant::now();
    let day = ["simulate", "--days", "1", "--seed", "42", "--copies", &copies, "--agents", agents, "--out", "out"];
    run(out.path(), &day);
    let lived = since.elapsed().as_secs_f64();
    let since = Instant::now();
    let told = run(out.path(), &["replay", "--since", "2026-01-01T00:00:00Z", "--data", "out/data", "--json"]);
    let took = since.elapsed().as_secs_f64();
    let told: Value = serde_json::from_slice(&told).unwrap();
    let count = told["same"].as_f64().unwrap();
    assert!(count > 0.0 && told["unreplayable"] == 0, "the whole day is run again");
    Row {
        name: format!("puppet replay of a day of {} agents", copies.parse::<u32>().unwrap() * files),
        value: count / took,
        unit: "records/s",
        peer: count / lived,
        against: "puppet simulate, which made that day",
        limit: Limit::AtLeast(1.0),
    }
}

/// What the program prints.
fn run(folder: &Path, args: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
    let ran = command.args(args).current_dir(folder).stderr(Stdio::inherit()).output().unwrap();
    assert!(ran.status.success(), "{}", ran.status);
    ran.stdout
}
