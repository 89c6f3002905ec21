//! Our figures beside those of an independent library: empyrical, over tests/peers/metrics/peer.py. Skips with a line
//! where there is no such Python; `.ci/run` makes one and says that it must be there.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use puppet_types::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::{Activity, Annualisation, Curve, Metrics};

/// Where this is set, no Python with the library is a failure.
const REQUIRED: &str = "PUPPET_TEST_PEERS_REQUIRED";

/// Relative above 1, absolute below: floats are summed in another order there.
const TOLERANCE: f64 = 2e-6;

#[derive(Serialize)]
struct Case {
    #[serde(skip)]
    bar_seconds: u64,
    equity: Vec<u64>,
    periods_per_year: f64,
    risk_free: f64,
}

#[derive(Deserialize)]
struct Figures {
    total_return: Option<f64>,
    cagr: Option<f64>,
    volatility: Option<f64>,
    sharpe: Option<f64>,
    sortino: Option<f64>,
    calmar: Option<f64>,
    omega: Option<f64>,
    max_drawdown: Option<f64>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One that has the library.
fn python() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let known = [target.join("tools/metrics/bin/python"), PathBuf::from("python3")];
    let has = |python: &PathBuf| {
        let imports = Command::new(python).args(["-c", "import empyrical"]).stderr(Stdio::null()).status();
        imports.is_ok_and(|status| status.success())
    };
    known.into_iter().find(has)
}

/// A walk in hundredths of a percent: so much up or down, with a drift.
fn walk(seed: u64, bars: usize, wide: u64, drift: i64) -> Vec<u64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut equity = 1_000_000_000_u64;
    let step = |_| {
        let factor = 1_000_000 + i64::try_from(random.next_u64() % (2 * wide)).unwrap() - i64::try_from(wide).unwrap();
        let factor = u64::try_from((factor + drift).max(0)).unwrap();
        equity = u64::try_from(u128::from(equity) * u128::from(factor) / 1_000_000).unwrap();
        equity
    };
    std::iter::once(1_000_000_000).chain((1..bars).map(step)).collect()
}

fn cases() -> Vec<Case> {
    let case = |bar_seconds: u64, risk_free, equity| {
        let per = Annualisation::of_bars(bar_seconds, risk_free);
        Case { bar_seconds, equity, periods_per_year: per.periods_per_year, risk_free }
    };
    let mut cases = Vec::new();
    for seed in 0..40 {
        let (bar, wide) = [(86_400, 30_000), (3_600, 8_000), (60, 900), (604_800, 90_000)][seed as usize % 4];
        let risk_free = [0.0, 0.04, 0.12][seed as usize % 3];
        let drift = [0, 40, -40, 400, -2_000][seed as usize % 5] * i64::try_from(wide).unwrap() / 30_000;
        let bars = [400, 3, 2_000, 50, 20_000][seed as usize / 8];
        cases.push(case(bar, risk_free, walk(seed, bars, wide, drift)));
    }
    for edge in [
        vec![100; 30],
        (100..200).collect(),
        (100..200).rev().collect(),
        vec![100, 50, 0, 0],
        vec![100, 101],
        vec![100, 90, 100, 90, 100],
    ] {
        cases.push(case(86_400, 0.0, edge));
    }
    cases
}

fn ours(case: &Case) -> Metrics {
    let at = |n: usize| Timestamp::from_millis(i64::try_from(n as u64 * case.bar_seconds * 1_000).unwrap());
    let times: Vec<Timestamp> = (0..case.equity.len()).map(at).collect();
    let values: Vec<f64> = case.equity.iter().map(|value| *value as f64).collect();
    let curve = Curve { times: &times, values: &values };
    Metrics::of(curve, &[], Activity::default(), curve, Annualisation::of_bars(case.bar_seconds, case.risk_free))
}

#[test]
fn figures_are_those_of_an_independent_library() {
    let Some(python) = python() else {
        assert!(std::env::var_os(REQUIRED).is_none(), "no Python has empyrical");
        let line = "skipped: figures_are_those_of_an_independent_library: no Python has empyrical (docs/testing.md)";
        return writeln!(std::io::stderr(), "{line}").unwrap();
    };
    let cases = cases();
    let mut peer = Command::new(python);
    peer.arg(root().join("tests/peers/metrics/peer.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut peer = peer.spawn().unwrap();
    let mut asked = peer.stdin.take().unwrap();
    asked.write_all(&serde_json::to_vec(&cases).unwrap()).unwrap();
    drop(asked);
    let answer = peer.wait_with_output().unwrap();
    assert!(answer.status.success());
    let theirs: Vec<Figures> = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(theirs.len(), cases.len());
    let (mut compared, mut wrong) = (0, Vec::new());
    for (n, (case, theirs)) in cases.iter().zip(&theirs).enumerate() {
        let ours = ours(case);
        for (name, ours, theirs) in [
            ("total_return", ours.total_return, theirs.total_return),
            ("cagr", ours.cagr, theirs.cagr),
            ("volatility", ours.volatility, theirs.volatility),
            ("sharpe", ours.sharpe, theirs.sharpe),
            ("sortino", ours.sortino, theirs.sortino),
            ("calmar", ours.calmar, theirs.calmar),
            ("omega", ours.omega, theirs.omega),
            ("max_drawdown", ours.max_drawdown, theirs.max_drawdown),
        ] {
            // What is too large to say anything is none here.
            let theirs = theirs.filter(|value| value.abs() < 9e15);
            match (ours.get(), theirs) {
                (Some(ours), Some(theirs)) if (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0) => {
                    compared += 1
                }
                (None, None) => {}
                (ours, theirs) => wrong.push(format!("{name} of case {n}: {ours:?} here, {theirs:?} there")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 250, "only {compared} figures were compared");
}
