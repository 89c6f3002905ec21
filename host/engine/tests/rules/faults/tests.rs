//! Some hundred seeds of every run of the tests; seeds by number (`PUPPET_FAULT_SEED=1234`); and the checker itself.

use std::collections::BTreeSet;

use super::{
    life::{Ended, live},
    mutation::Mutation,
    run,
    world::{STEPS, Side},
};

/// Seeds of every run of the tests.
const SEEDS: u64 = 300;

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// What a person needs of a seed that failed.
fn told(ended: &Ended) -> String {
    let seed = ended.seed;
    let lines: Vec<String> = ended.violations.iter().map(|violation| format!("seed {seed}: {violation}")).collect();
    format!("{}\nagain: PUPPET_FAULT_SEED={seed} cargo test -p puppet-engine --test rules faults", lines.join("\n"))
}

#[test]
fn what_must_hold_holds_whatever_fails() {
    if let Ok(seed) = std::env::var("PUPPET_FAULT_SEED") {
        let ended = live(seed.parse().expect("PUPPET_FAULT_SEED is a number"), None);
        println!("{}", ended.trace.join("\n"));
        assert!(ended.violations.is_empty(), "{}", told(&ended));
        return;
    }
    let campaign = run((1, SEEDS), threads(), None, |_| false, |_| ());
    for (what, times) in &campaign.coverage {
        println!("{times:7} {what}");
    }
    let told: Vec<String> = campaign.failed.iter().map(told).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    let met: BTreeSet<&str> = campaign.coverage.keys().map(String::as_str).collect();
    for doubt in ["publish LostAnswer", "publish LostRequest", "reconcile Fine", "reconcile Forbidden"] {
        assert!(met.contains(doubt), "no seed meets `{doubt}`");
    }
    for step in STEPS {
        for side in [Side::Before, Side::After] {
            let crash = format!("crash {side:?} {step}");
            assert!(met.contains(crash.as_str()), "no seed meets `{crash}`");
        }
        assert!(met.contains(format!("{step} fails").as_str()), "no seed meets a store that fails at {step}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [1, 7, 42, 1234] {
        let (one, two) = (live(seed, None), live(seed, None));
        let differs = one.trace.iter().zip(&two.trace).position(|(one, two)| one != two);
        assert_eq!(differs, None, "seed {seed}: `{:?}`", differs.map(|at| (&one.trace[at], &two.trace[at])));
        assert_eq!(one.digest, two.digest, "seed {seed}");
    }
    assert_ne!(live(1, None).digest, live(2, None).digest);
}

#[test]
fn every_lie_of_the_store_is_found_out() {
    let mut unseen = Vec::new();
    for (mutation, rule) in Mutation::ALL {
        let breaks = |ended: &Ended| ended.violations.iter().any(|violation| violation.rule == rule);
        let campaign = run((1, SEEDS), threads(), Some(mutation), breaks, |_| ());
        match campaign.failed.iter().find(|ended| breaks(ended)) {
            Some(ended) => println!("{mutation:?}: seed {}: {}", ended.seed, ended.violations[0]),
            None => unseen.push((mutation, rule)),
        }
    }
    assert!(unseen.is_empty(), "not found in {SEEDS} seeds: {unseen:?}");
}
