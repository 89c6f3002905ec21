//! As many seeds of faults, and as many kills, as one likes: what `cargo test` does with a few hundred and a few
//! (docs/testing.md). Progress goes to stderr; what failed is listed, and is exit code 1.
//!
//! ```text
//! cargo run --release -p puppet --example faults -- --seeds 100000 --kills 500 --from 1
//! ```
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test by hand")]

#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../engine/tests/rules/contract.rs"]
mod contract;
#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../engine/tests/rules/faults/mod.rs"]
mod faults;
#[allow(dead_code, reason = "shared with the tests of the engine")]
#[path = "../../engine/tests/rules/guest.rs"]
mod guest;
#[allow(unused_imports, reason = "shared with the tests of the program")]
#[path = "../../../tests/faults/kills/mod.rs"]
mod kills;

use std::{
    ffi::OsString,
    path::Path,
    process::{Command, ExitCode},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use clap::Parser;

use kills::{Kills, Summary};

/// Kills of one data folder, before it is looked at.
const KILLS_OF_A_FOLDER: u64 = 50;
/// Words on how far it is come no more often.
const EVERY: Duration = Duration::from_secs(5);
/// Before the arguments of the program itself, which this one is too: what is killed is never an older build.
const PROGRAM: &str = "puppet";

/// Lives seeds of faults, and kills hosts.
#[derive(Debug, Parser)]
struct Wanted {
    /// Seeds to live.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// Hosts to kill.
    #[arg(long, default_value_t = 0)]
    kills: u64,
    /// The first seed, of both.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Seeds that are lived side by side; as many as there are cores where it is not said.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == PROGRAM) {
        return match puppet::cli::Cli::try_parse_from(arguments) {
            Ok(cli) => puppet::run(cli),
            Err(error) => puppet::usage(&error, false),
        };
    }
    let wanted = Wanted::parse();
    let failed = seeds(&wanted) + kills(&wanted);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lives them. Answers how many failed.
fn seeds(wanted: &Wanted) -> u64 {
    if wanted.seeds == 0 {
        return 0;
    }
    let threads = wanted.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let (begun, lived, failed) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
    let said = Mutex::new(Instant::now());
    let campaign = faults::run(
        (wanted.from, wanted.seeds),
        threads,
        None,
        |_| false,
        |ended| {
            let lived = lived.fetch_add(1, SeqCst) + 1;
            let failed = failed.fetch_add(u64::from(!ended.violations.is_empty()), SeqCst);
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.elapsed() > EVERY {
                eprintln!("{lived} of {} seeds, {failed} failed", wanted.seeds);
                *said = Instant::now();
            }
        },
    );
    for (what, times) in &campaign.coverage {
        println!("{times:>9} {what}");
    }
    for ended in &campaign.failed {
        for violation in &ended.violations {
            println!("seed {}: {violation}", ended.seed);
        }
        println!("again: PUPPET_FAULT_SEED={} cargo test -p puppet-engine --test rules faults", ended.seed);
    }
    let failed = campaign.failed.len() as u64;
    println!("{} seeds from {} in {:.0?}: {failed} failed", campaign.lived, wanted.from, begun.elapsed());
    failed
}

/// Kills them, some to a folder. Answers in how many folders something is wrong.
fn kills(wanted: &Wanted) -> u64 {
    if wanted.kills == 0 {
        return 0;
    }
    let (begun, mut sum, mut failed) = (Instant::now(), Summary::default(), 0);
    for (seed, done) in (wanted.from..).zip((0..wanted.kills).step_by(KILLS_OF_A_FOLDER as usize)) {
        match folder(seed, KILLS_OF_A_FOLDER.min(wanted.kills - done)) {
            Ok(summary) => {
                sum.kills += summary.kills;
                sum.accepted += summary.accepted;
                sum.given_up += summary.given_up;
                sum.effects += summary.effects;
                sum.posts += summary.posts;
                eprintln!("{} of {} kills", sum.kills, wanted.kills);
            }
            Err(error) => {
                failed += 1;
                println!("kills of seed {seed}: {error}");
                println!(
                    "again: cargo run -p puppet --example faults -- --seeds 0 --kills {KILLS_OF_A_FOLDER} --from {seed}"
                );
            }
        }
    }
    let Summary { kills, accepted, given_up, effects, posts } = sum;
    println!(
        "{kills} kills from seed {} in {:.0?}: {accepted} events accepted, {given_up} of them given up, {effects} effects, \
         {posts} posts on the emulated network: nothing lost, nothing twice; {failed} folders failed",
        wanted.from,
        begun.elapsed()
    );
    failed
}

fn folder(seed: u64, times: u64) -> Result<Summary, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = move |folder: &Path| {
        let mut command = Command::new(&this);
        command.arg(PROGRAM).current_dir(folder).env_clear();
        // No credential of whoever runs this is any of theirs.
        for name in ["PATH", "HOME", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        // Native code of the plugins is compiled once for all folders.
        command.env("PUPPET_CACHE", this.with_file_name("native"));
        command
    };
    let agents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/agents");
    // One folder in three posts to itself.
    let mut kills = match seed % 3 {
        0 => Kills::new(&program, &agents, seed)?,
        _ => Kills::on_a_network(&program, &agents, seed)?,
    };
    for _ in 0..times {
        kills.kill()?;
    }
    kills.end()
}
