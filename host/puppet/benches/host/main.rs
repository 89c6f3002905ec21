//! What the host costs, as ratios that are each taken in one run: a sandboxed event against bare wasmtime, durable
//! events against a bare loop over the same SQLite, many agents against few, agents that do nothing, agents beside
//! hostile ones, metered plugins against unmetered ones, the start of a host, accounts on an emulated X that are listened for, a day of a thousand
//! agents, recorded invocations that are run again, plugins that are replaced while their agents live, the server beside bare
//! handlers, what looking at a host costs, and what an author waits for, with what each language costs.
//!
//! `cargo bench -- [--summary | --json] [--only PART] [--quick] [--idle N] [--pool JSON]`; parts: gate, authority,
//! threads, durable, journal, hostile, metering, idle, start, polled, heard, simulate, replay, swap, api, observed, authors. `--pool '{"slots": 64}'` tries other settings of
//! the sandbox's pool in the first five.
//! Rounds of the two sides alternate and the median counts, so that a busy machine troubles both. Nothing fails by
//! being slow.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]

mod api;
mod authority;
mod authors;
mod bare;
#[path = "../../../sandbox/tests/guest/mod.rs"]
mod component;
mod durable;
mod guest;
mod hostile;
mod idle;
mod journal;
mod languages;
mod listening;
mod metering;
mod ours;
mod replay;
mod sandbox;
mod simulate;
mod start;
mod swap;
mod table;
mod written;

use std::time::Duration;

/// As in the program, and counted.
#[global_allocator]
static MEMORY: authority::Counting = authority::Counting(mimalloc::MiMalloc);

/// How much is measured.
pub struct Effort {
    /// Of one round.
    pub length: Duration,
    /// Rounds of each side; odd, so that there is a median.
    pub rounds: usize,
    /// Durable events of one round.
    pub events: usize,
    /// Records in the folder that a host begins on.
    pub records: usize,
    /// Starts of a host.
    pub starts: usize,
    /// Idle agents.
    pub idle: usize,
    /// Accounts on X that are asked for.
    pub accounts: usize,
    /// For how long that is looked at.
    pub listened: Duration,
    /// Mentions that a stream tells.
    pub mentions: usize,
    /// Agents that are simulated for a day.
    pub simulated: u32,
    /// Versions that take another's place, one after the other.
    pub swaps: usize,
    /// The same under load.
    pub loaded_swaps: usize,
    /// Agents that hear something ten times a second meanwhile.
    pub agents: usize,
}

type Part = fn(&Effort) -> Vec<table::Row>;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == api::FLAG) {
        return api::serve(args[at + 1].as_ref());
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    // `cargo test --benches` only asks whether it runs.
    let effort = if has("--quick") || !has("--bench") {
        Effort {
            length: Duration::from_millis(20),
            rounds: 1,
            events: 1_000,
            records: 1_000,
            starts: 3,
            idle: 100,
            accounts: 20,
            listened: Duration::from_secs(8),
            mentions: 10,
            simulated: 4,
            swaps: 3,
            loaded_swaps: 2,
            agents: 10,
        }
    } else {
        Effort {
            length: Duration::from_secs(1),
            rounds: 5,
            events: 40_000,
            records: 1_000_000,
            starts: 20,
            idle: 10_000,
            accounts: 1_000,
            listened: Duration::from_secs(30),
            mentions: 300,
            simulated: 1_000,
            swaps: 60,
            loaded_swaps: 200,
            agents: 100,
        }
    };
    let idle = args.iter().position(|arg| arg == "--idle").and_then(|at| args.get(at + 1)?.parse().ok());
    let effort = Effort { idle: idle.unwrap_or(effort.idle), ..effort };
    let only = args.iter().position(|arg| arg == "--only").and_then(|at| args.get(at + 1));
    let mut table = table::Table::new(has("--json"));
    let parts: [(&str, Part); 19] = [
        ("gate", sandbox::gate),
        ("authority", authority::rows),
        ("threads", sandbox::threads),
        ("durable", durable::rows),
        ("journal", journal::rows),
        ("hostile", hostile::rows),
        ("metering", metering::rows),
        ("idle", idle::rows),
        ("start", start::rows),
        ("polled", listening::polled),
        ("heard", listening::heard),
        ("simulate", simulate::rows),
        ("replay", replay::rows),
        ("swap", swap::rows),
        ("swap", swap::loaded),
        ("api", api::rows),
        ("observed", api::observed),
        ("authors", authors::rows),
        ("authors", languages::rows),
    ];
    for (name, part) in parts {
        if only.is_none_or(|only| only == name) {
            part(&effort).into_iter().for_each(|row| table.add(row));
        }
    }
    table.finish();
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
