//! What is written: the same bytes for the same run, as the schema says, and by hand for a small run.

use serde_json::Value;

use super::made;
use crate::{
    Difference, Laid, LookAhead, Split, SweepRun, Window,
    metrics::Metrics,
    report::{self, ForwardRow, LaidRow, Report, RunRow, sweep::ranked},
};

/// Kept beside this file; `PUPPET_TEST_WRITE_GOLDEN=1` writes what is made instead of comparing it.
fn golden(name: &str, made: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/tests").join(name);
    if std::env::var_os("PUPPET_TEST_WRITE_GOLDEN").is_some() {
        std::fs::write(file, made).unwrap();
    } else {
        assert_eq!(std::fs::read_to_string(file).unwrap(), made, "{name}");
    }
}

/// A report with everything in it that one can have.
pub(super) fn whole() -> (Report, crate::Outcome) {
    let mut outcome = made::small();
    let difference = Difference { cut_at: made::at(1), at: made::at(0), with_all: Some("buy".into()), with_cut: None };
    outcome.look_ahead = Some(LookAhead { cuts: 50, differences: vec![difference] });
    outcome.breaches.push(crate::BreachRecord { at: made::at(5), breach: "trap".into(), detail: "unreachable".into() });
    outcome.stopped = Some("the strategy failed 3 times".into());
    let mut report = Report::of(&outcome, 0.04);
    let runs = swept(&report.metrics);
    report.runs = Some(RunRow::list(&runs));
    report.walk_forward = ForwardRow::of(&runs);
    let laid = |laid| crate::monte_carlo(outcome.start_balance, &outcome.trades, 20, 7, laid).unwrap();
    let laid = [Laid::Shuffled, Laid::Redrawn].map(|how| LaidRow::of(&laid(how), outcome.start_balance));
    report.monte_carlo = Some(laid.into());
    (report, outcome)
}

/// Two folds of two combinations: in the first the second was better where parameters are chosen, in the second the first.
fn swept(metrics: &Metrics) -> Vec<SweepRun<Metrics>> {
    let mut runs = Vec::new();
    for (fast, sharpes) in [(10, [1.0, 4.0]), (20, [2.0, 3.0])] {
        for (fold, sharpe) in (0..).zip(sharpes) {
            for split in [Split::Train, Split::Test] {
                let mut result = metrics.clone();
                result.sharpe = crate::metrics::Figure::of(Some(sharpe));
                let from = made::at(if split == Split::Train { 0 } else { 1_000 } + i64::from(fold) * 1_000);
                let window = Window { fold, split: Some(split), from, to: from.plus_millis(999) };
                runs.push(SweepRun { parameters: vec![("fast".to_owned(), fast)], window, result });
            }
        }
    }
    runs
}

#[test]
fn a_walk_forward_takes_what_was_best_where_it_was_chosen() {
    let metrics = Report::of(&made::small(), 0.0).metrics;
    let mut runs = swept(&metrics);
    let forward = ForwardRow::of(&runs).unwrap();
    let found: Vec<_> = forward.windows.iter().map(|fold| (fold.fold, fold.params.0[0].1, fold.test_from)).collect();
    assert_eq!(found, [(0, 20, made::at(1_000)), (1, 10, made::at(2_000))]);
    // 1.01874 twice; the same where it was chosen and after.
    assert_eq!(forward.total_return.get(), Some(0.037_831));
    assert_eq!((forward.win_rate.get(), forward.efficiency.get()), (Some(1.0), Some(1.0)));
    let rows = RunRow::list(&runs);
    let order: Vec<_> = ranked(&rows).iter().map(|row| (row.fold, row.split, row.metrics.sharpe.get())).collect();
    let (train, test) = (Split::Train, Split::Test);
    let of = |fold, split, sharpe: f64| (fold, split, Some(sharpe));
    assert_eq!(
        order[..5],
        [of(0, train, 2.0), of(0, train, 1.0), of(0, test, 2.0), of(0, test, 1.0), of(1, train, 4.0)]
    );
    runs.iter_mut().for_each(|run| run.window.split = None);
    assert_eq!(ForwardRow::of(&runs), None, "nothing was kept back");
    assert!(RunRow::list(&runs).iter().all(|row| row.split == Split::Train));
}

#[test]
fn a_small_run_is_written_as_by_hand() {
    let outcome = made::small();
    let report = Report::of(&outcome, 0.0);
    golden("small.json", &report.json().unwrap());
    golden("small.txt", &report::text(&report, &outcome));
}

#[test]
fn a_report_is_what_its_schema_says() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/backtest.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(jsonschema::meta::validate(&schema).is_ok());
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let empty = {
        let mut outcome = made::small();
        (outcome.equity, outcome.markets) = Default::default();
        (outcome.orders, outcome.fills, outcome.trades, outcome.denials) = Default::default();
        Report::of(&outcome, 0.0)
    };
    for report in [empty, Report::of(&made::small(), 0.0), Report::of(&made::walk(300, 60, 3), 0.1), whole().0] {
        let text = report.json().unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(text.starts_with("{\n  \"schema\": \"puppet.backtest/1\",\n  \"strategy\"") && text.ends_with("}\n"));
        let mut lost = value;
        lost.as_object_mut().unwrap().remove("monthly");
        assert!(!validator.is_valid(&lost), "a field is missing");
    }
}

#[test]
fn fields_come_in_the_order_of_the_schema() {
    let (report, _) = whole();
    let text = report.json().unwrap();
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  \"").and_then(|rest| rest.split_once('"')).map(|(name, _)| name))
        .collect();
    assert_eq!(
        names,
        [
            "schema",
            "strategy",
            "seed",
            "data",
            "models",
            "start_balance",
            "end_equity",
            "annualisation",
            "metrics",
            "equity",
            "orders",
            "trades",
            "denials",
            "monthly",
            "checks",
            "fuel",
            "breaches",
            "stopped",
            "runs",
            "walk_forward",
            "monte_carlo",
        ]
    );
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let write = || {
        let (report, outcome) = whole();
        [report.json().unwrap(), report::text(&report, &outcome), report::html(&report, &outcome)]
    };
    assert_eq!(write(), write());
}

#[test]
fn figures_can_be_computed_again_from_the_rows() {
    let outcome = made::walk(2_000, 3_600, 1);
    let report = Report::of(&outcome, 0.0);
    let value: Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    let rows: Vec<f64> =
        value["equity"].as_array().unwrap().iter().map(|row| row["equity"].as_f64().unwrap()).collect();
    let returns: Vec<f64> = rows.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let spread = returns.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (returns.len() - 1) as f64;
    let sharpe = mean / spread.sqrt() * value["annualisation"]["periods_per_year"].as_f64().unwrap().sqrt();
    assert!((sharpe - value["metrics"]["sharpe"].as_f64().unwrap()).abs() < 2e-6);
    let deepest =
        value["equity"].as_array().unwrap().iter().map(|row| row["drawdown"].as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!(deepest, value["metrics"]["max_drawdown"].as_f64().unwrap());
    let end = value["end_equity"].as_f64().unwrap();
    let start: f64 = value["start_balance"]["amount"].as_str().unwrap().parse().unwrap();
    assert!((end / start - 1.0 - value["metrics"]["total_return"].as_f64().unwrap()).abs() < 1e-6);
    let months: f64 =
        value["monthly"].as_array().unwrap().iter().map(|month| 1.0 + month["return"].as_f64().unwrap()).product();
    assert!((months * start - end).abs() / end < 1e-4);
}

#[test]
fn what_many_runs_came_to_is_in_the_text_and_on_the_page() {
    let (report, outcome) = whole();
    let (text, page) = (report::text(&report, &outcome), report::html(&report, &outcome));
    for word in ["Walk forward", "train", "fast=10", "LOOK-AHEAD", "ended before its data"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    for word in [
        "<h2>Sweep</h2>",
        "<h2>Walk forward</h2>",
        "Monte Carlo: the same trades again",
        "Under 5 % is what one in twenty of them did not exceed.",
        "a year at this pace; of a run of days or weeks it says little",
        "<th scope=\"col\">Won, USDC</th>",
        "Look-ahead",
        "ended before its data",
        "trap",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 120 && line.trim_end() == line), "{text}");
}

#[test]
fn a_run_of_nothing_but_history_says_so_instead_of_showing_figures() {
    let mut outcome = made::small();
    outcome.warm_up = 2;
    let shown = |outcome: &crate::Outcome| {
        let report = Report::of(outcome, 0.0);
        (report::text(&report, outcome), report::html(&report, outcome))
    };
    let (text, page) = shown(&outcome);
    for told in [&text, &page] {
        assert!(told.contains("the first 2 bars; it trades from 2026-01-29 00:00 on"), "{told}");
        assert!(told.contains("Sharpe") && !told.contains("Nothing was traded"), "{told}");
    }
    (outcome.warm_up, outcome.batches) = (1_440, 500);
    (outcome.equity, outcome.fills, outcome.trades) = Default::default();
    let (text, page) = shown(&outcome);
    for told in [&text, &page] {
        let why = "Nothing was traded: there are 500 bars, and the strategy takes 1,440 as history before it trades.";
        assert!(told.contains(why), "{told}");
        assert!(!told.contains("Sharpe") && !told.contains(" on</dd>"), "{told}");
    }
    // One that stopped has a reason of its own.
    outcome.stopped = Some("it failed".to_owned());
    assert_eq!(report::untraded(&outcome), None);
}
