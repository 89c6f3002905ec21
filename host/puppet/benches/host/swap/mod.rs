//! A version of a plugin in the place of another while the host runs: the built program, its watcher, its folder.
//! What is waited for is what its operator waits for: from the file in its place to the first event that the new
//! version has handled, the shadow replay of twenty recorded invocations included.

mod load;
mod village;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use puppet::swaps::compile;
use puppet_engine::swap::SwapRules;
use puppet_sandbox::{Sandbox, SandboxConfig};
use puppet_types::Digest;

use crate::{
    Effort, median,
    table::{Limit, Row},
};
use village::{Village, event, handled, version};

/// Versions that come in turn: their native code is in the cache from the first time on.
const VERSIONS: usize = 6;
/// Recorded invocations that are run again on each version.
const RECORDED: usize = 20;
/// After such a pause the watcher takes a change for one by itself, and not for one of many.
const PAUSE: Duration = Duration::from_millis(120);

/// Of one version after the other.
pub fn rows(effort: &Effort) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut rows = runtime.block_on(served(effort.swaps));
    rows.push(cold(effort.rounds.min(3)));
    rows
}

/// Of versions that come while there is much to do.
pub fn loaded(effort: &Effort) -> Vec<Row> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(load::rows(effort))
}

/// Value at a share of them.
fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// From the file to the first event, and the switch alone.
async fn served(swaps: usize) -> Vec<Row> {
    let village = Village::with(1).await;
    // Every version once: from now on the cache is warm.
    for n in 1..=VERSIONS {
        let bytes = version(n % VERSIONS);
        village.put(&bytes);
        village.serves(&bytes).await;
    }
    let (mut waited, mut switched) = (Vec::new(), Vec::new());
    for swap in 1..=swaps {
        for n in 0..RECORDED {
            let id = format!("before_{swap}_{n}");
            handled(&village.data(), vec![event(&id, "bench.tick", &village.agents[0])]).await;
        }
        tokio::time::sleep(PAUSE).await;
        let bytes = version(swap % VERSIONS);
        waited.push(first_event(&village, &bytes, swap).await);
        let told = village.told().await;
        assert!(told["swap"]["shadow"]["replayed"].as_u64() >= Some(RECORDED as u64), "{told}");
        switched.push(told["swap"]["switch_us"].as_f64().unwrap() / 1e3);
    }
    let row = |name: &str, value, peer, against, limit| Row {
        name: name.to_owned(),
        value,
        unit: "ms",
        peer,
        against,
        limit,
    };
    vec![
        row("swap, file to first event, p50", at(&mut waited, 0.5), 50.0, "50 ms", Limit::AtMost(1.0)),
        row("swap, file to first event, p99", at(&mut waited, 0.99), at(&mut waited, 0.5), "p50", Limit::None),
        row("swap, the switch itself, the longest", at(&mut switched, 1.0), 1.0, "1 ms", Limit::AtMost(1.0)),
    ]
}

/// Milliseconds from the file in its place to the answer of the first event that this version has handled.
async fn first_event(village: &Village, bytes: &[u8], swap: usize) -> f64 {
    let (digest, rows) = (Digest::of(bytes), village.rows());
    let since = village.put(bytes);
    for n in 0.. {
        let id = format!("tick_{swap}_{n}");
        handled(&village.data(), vec![event(&id, "bench.tick", &village.agents[0])]).await;
        let waited = since.elapsed();
        if rows.handled_by(&id) == digest.as_bytes() {
            return waited.as_secs_f64() * 1e3;
        }
        assert!(waited < Duration::from_secs(60), "version {swap} serves nobody");
    }
    unreachable!()
}

/// Compiling a version that nobody has compiled yet, in a process of its own and within this one.
fn cold(rounds: usize) -> Row {
    let folder = tempfile::tempdir().unwrap();
    let config = SandboxConfig { cache_dir: Some(folder.path().join("native")), ..SandboxConfig::default() };
    let (sandbox, within) = (Sandbox::new(config.clone()).unwrap(), Sandbox::new(SandboxConfig::default()).unwrap());
    let program = Path::new(env!("CARGO_BIN_EXE_puppet"));
    let file = folder.path().join("plugin.wasm");
    let (mut apart, mut inside) = (Vec::new(), Vec::new());
    for n in 0..rounds {
        let bytes = version(1_000 + n);
        let of_100_kib = |since: Instant| since.elapsed().as_secs_f64() * 1e3 / (bytes.len() as f64 / 102_400.0);
        std::fs::write(&file, &bytes).unwrap();
        let since = Instant::now();
        drop(compile::apart(&sandbox, (program, &config), (&file, &bytes), &SwapRules::default()).unwrap());
        apart.push(of_100_kib(since));
        let since = Instant::now();
        drop(within.compile(&bytes).unwrap());
        inside.push(of_100_kib(since));
    }
    Row {
        name: "swap, cold compile apart, per 100 KiB".to_owned(),
        value: median(apart),
        unit: "ms",
        peer: median(inside),
        against: "compiling within the process",
        limit: Limit::None,
    }
}
