//! `puppet backtest` and `puppet market`: a strategy over candles, as an operator tries one before it gets any money.

use std::path::Path;

use serde_json::Value;

use crate::support::{Ran, list, run};

/// A folder with candles that were made up.
fn place(bars: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bars = bars.to_string();
    run(folder.path(), &["market", "synth", "--out", "SOL-USDC.csv", "--bars", &bars, "--seed", "7"]).exits(0);
    folder
}

fn backtest(folder: &Path, args: &[&str]) -> Ran {
    run(folder, &[&["backtest", "sma-cross", "--data", "SOL-USDC.csv"], args].concat())
}

const PARAMS: [&str; 4] = ["--param", "fast=20", "--param", "slow=80"];

/// What is told of a sweep that is none.
const SWEEP: &str = "write a list, --sweep fast=5,10,20, or a range with a step, --sweep fast=5..20:5";

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no amount"))
}

#[test]
fn the_same_run_writes_the_same_report_and_money_adds_up() {
    let place = place(20_000);
    let one = backtest(place.path(), &[&PARAMS[..], &["--json", "--out", "one"]].concat()).exits(0);
    let two = backtest(place.path(), &[&PARAMS[..], &["--json", "--out", "two", "--threads", "1"]].concat()).exits(0);
    assert_eq!(one.stdout, two.stdout);
    let read = |file: &str| std::fs::read_to_string(place.path().join(file)).unwrap();
    assert_eq!(read("one/report.json"), one.stdout, "what is printed is what is written");
    assert_eq!(read("one/report.html"), read("two/report.html"));
    let report = one.json();
    let trades = list(&report, "trades");
    assert!(trades.len() > 20, "{} trades", trades.len());
    // What is there at the end is what it began with and what its trades made, beside what is still held.
    let made: i64 = trades.iter().map(|trade| trade["pnl"].as_i64().unwrap()).sum();
    let start: u64 = report["start_balance"]["amount"].as_str().unwrap().parse().unwrap();
    let filled = |side: &str| {
        list(&report, "orders").iter().filter(|order| order["side"] == side && order["status"] == "filled").count()
    };
    if filled("buy") == filled("sell") {
        assert_eq!(number(&report["end_equity"]), start.checked_add_signed(made).unwrap());
    }
    assert!(list(&report, "orders").iter().all(|order| order["status"] != "denied"), "{}", report["denials"]);
    assert_eq!(report["checks"]["lookahead"]["status"], "off");
    assert_eq!(report["data"][0]["bars"], 20_000);
}

#[test]
fn a_strategy_that_looks_at_closed_bars_only_is_clean_at_every_cut() {
    let place = place(3_000);
    let report = backtest(place.path(), &[&PARAMS[..], &["--check-lookahead", "--json"]].concat()).exits(0).json();
    let check = &report["checks"]["lookahead"];
    assert_eq!((&check["status"], &check["cuts"]), (&"clean".into(), &50.into()));
}

#[test]
fn a_sweep_runs_every_combination_and_reports_the_best() {
    let place = place(6_000);
    let args = ["--sweep", "fast=10,20", "--sweep", "slow=60..100:20", "--json"];
    let report = backtest(place.path(), &args).exits(0).json();
    let runs = list(&report, "runs");
    assert_eq!(runs.len(), 6);
    let gain = |metrics: &Value| metrics["sharpe"].as_f64().unwrap();
    let best = runs.iter().map(|run| gain(&run["metrics"])).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(gain(&report["metrics"]), best);
    let best = runs.iter().find(|run| gain(&run["metrics"]) == best).unwrap();
    assert_eq!(report["strategy"]["params"], best["params"]);
    assert!(runs.iter().all(|run| run["split"] == "train"));

    let args = ["--sweep", "fast=10,20", "--walk-forward", "3", "--monte-carlo", "200", "--json"];
    let report = backtest(place.path(), &[&["--param", "slow=60"], &args[..]].concat()).exits(0).json();
    assert_eq!(list(&report, "runs").len(), 2 * 3 * 2);
    assert_eq!(list(&report["walk_forward"], "windows").len(), 3);
    let laid: Vec<&Value> = list(&report, "monte_carlo").iter().map(|row| &row["laid"]).collect();
    assert_eq!(laid, ["shuffled", "redrawn"]);
}

#[test]
fn rules_of_risk_hold_in_a_backtest_as_they_do_live() {
    let place = place(20_000);
    let usdc = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
    let sol = "So11111111111111111111111111111111111111112";
    let rules = |more: &str| {
        format!(
            "[trading.risk]\nenabled = true\nquote = \"{usdc}\"\nallow_mints = [\"{usdc}\", \"{sol}\"]\n\
             max_order_notional = 1000000000\nmax_day_notional = 100000000000\n{more}"
        )
    };
    let denied = |text: String| {
        std::fs::write(place.path().join("risk.toml"), text).unwrap();
        let report =
            backtest(place.path(), &[&PARAMS[..], &["--risk", "risk.toml", "--json"]].concat()).exits(0).json();
        let mut rules: Vec<String> =
            list(&report, "denials").iter().map(|denial| denial["rule"].as_str().unwrap().to_owned()).collect();
        rules.sort();
        rules.dedup();
        (rules, list(&report, "trades").len())
    };
    // All of the cash is more than an order may be.
    let (rules_that_held, trades) = denied(rules(""));
    assert_eq!((rules_that_held.as_slice(), trades), (&["max-order-notional".to_owned()][..], 0));
    let (rules_that_held, trades) = denied(rules("enabled = false\n").replace("enabled = true\n", ""));
    assert!(!rules_that_held.is_empty() && trades == 0, "{rules_that_held:?}");
    // A whole configuration is a file with rules, also of markets that are traded elsewhere.
    let elsewhere = "[trading.risk.quantity.\"JUP/USDC\"]\nmin = 5\n";
    let (of_whole, trades) =
        denied(format!("[host]\nlog_level = \"error\"\n[trading]\npoll_ms = 500\n{}", rules(elsewhere)));
    assert_eq!((of_whole.as_slice(), trades), (&["max-order-notional".to_owned()][..], 0));
    // A rule of the wrong name is no rule, and says so; so does a file without rules.
    for (text, words) in [
        (rules("max_order = 5\n"), &["error[bad-value]", "max_order", "risk.toml:7"][..]),
        (rules("[trading.risk.quantity.\"JUP/USDX\"]\nmin = 5\n"), &["the market `JUP/USDX`, which is not traded"]),
        ("[host]\nlog_level = \"error\"\n".to_owned(), &["error[risk-file]", "there is no `[trading.risk]` in it"]),
        ("[trading]\npoll_ms = 500\n".to_owned(), &["error[risk-file]", "there is no `[trading.risk]` in it"]),
    ] {
        std::fs::write(place.path().join("risk.toml"), text).unwrap();
        let trouble = backtest(place.path(), &["--risk", "risk.toml"]).exits(2).stderr;
        assert!(words.iter().all(|word| trouble.contains(word)), "{trouble}");
    }
}

#[test]
fn what_cannot_be_run_is_told_with_its_place_and_what_to_do() {
    let place = place(500);
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    write("BONK-USDC.csv", "time,open,high,low,close,volume\n2026-01-01T00:00:00Z,1,2,3,4,5\n");
    write("nothing.wasm", "");
    let of = |args: &[&str]| run(place.path(), &[&["backtest"], args].concat()).exits(2).stderr;
    for (args, words) in [
        (&["sma-crosss", "--data", "SOL-USDC.csv"][..], &["there is no strategy `sma-crosss`", "sma-cross"][..]),
        (&["nothing.wasm", "--data", "SOL-USDC.csv"], &["nothing.wasm"]),
        (&["sma-cross", "--data", "none.csv"], &["none.csv: there is no such file or folder"]),
        (&["sma-cross", "--data", "candles"], &["candles: there is no such file or folder"]),
        (&["sma-cross", "--data", "BONK-USDC.csv"], &["BONK-USDC.csv"]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--param", "quick=5"], &["quick", "`fast`, `slow`"]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--param", "fast=many"], &["fast=many"]),
        (
            &["sma-cross", "--data", "SOL-USDC.csv", "--param", "fast=5,10"],
            &["--param: `fast=5,10` is no parameter", "`puppet backtest --sweep fast=5,10` tries several"],
        ),
        (
            &["sma-cross", "--data", "SOL-USDC.csv", "--sweep", "fast=5..20:0"],
            &["--sweep: ", "a step is 1 or more", SWEEP],
        ),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--sweep", "fast=20..5"], &["a range goes up", SWEEP]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--sweep", "fast=5..20:x"], &["`x` is no whole number", SWEEP]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--balance", "1.2.3"], &["--balance", "1.2.3"]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--slippage", "wide"], &["--slippage", "fixed:10"]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--from", "soon"], &["--from", "2026-01-05"]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--tz", "Mars/Olympus"], &["--tz"]),
        (&["sma-cross", "--data", "SOL-USDC.csv", "--bar", "7"], &["--bar"]),
    ] {
        let trouble = of(args);
        assert!(words.iter().all(|word| trouble.contains(word)), "{args:?}: {trouble}");
    }
}

#[test]
fn candles_are_looked_at_before_anybody_trades_on_them() {
    let place = tempfile::tempdir().unwrap();
    let rows = "time,open,high,low,close,volume\n\
                2026-01-01T00:00:00Z,100,101,99,100,5\n\
                2026-01-01T00:01:00Z,100,101,99,100,5\n\
                2026-01-01T00:01:00Z,100,101,99,100,5\n\
                2026-01-01T00:02:00Z,100,90,99,100,5\n\
                2026-01-01T00:05:00Z,100,101,99,100,5\n\
                2026-01-01T00:04:00Z,100,101,99,100,5\n";
    std::fs::write(place.path().join("SOL-USDC.csv"), rows).unwrap();
    let told = run(place.path(), &["market", "check", "SOL-USDC.csv", "--json"]).exits(0).json();
    let item = &told["items"][0];
    let counts = ["bars", "gaps", "duplicates", "bad_rows"].map(|key| number(&item[key]));
    assert_eq!(counts, [4, 2, 1, 1], "{item}");
    let told = run(place.path(), &["market", "check", "SOL-USDC.csv"]).exits(0).stdout;
    assert!(told.contains("SOL/USDC: 4"), "{told}");
}

#[test]
fn longer_bars_are_told_as_what_is_run_over() {
    let place = tempfile::tempdir().unwrap();
    let synth = ["market", "synth", "--out", "SOL-USDC.csv", "--bars", "6000", "--missing-per-million", "20000"];
    run(place.path(), &synth).exits(0);
    let data = |args: &[&str]| backtest(place.path(), &[args, &["--json"]].concat()).exits(0).json()["data"][0].clone();
    let (minutes, hours) = (data(&[]), data(&["--bar", "1h"]));
    let counts = |data: &Value| ["bar_seconds", "bars", "gaps"].map(|key| number(&data[key]));
    let [seconds, bars, gaps] = counts(&minutes);
    assert!(seconds == 60 && bars + gaps == 6_000 && gaps > 50, "{minutes}");
    assert_eq!(counts(&hours), [3_600, 100, 0]);
}

#[test]
fn what_is_made_up_never_takes_the_place_of_what_is_there() {
    let place = place(10);
    let again = run(place.path(), &["market", "synth", "--out", "SOL-USDC.csv"]).exits(2).stderr;
    assert!(again.contains("is there already"), "{again}");
    let unknown = run(place.path(), &["market", "synth", "--out", "X-Y.csv"]).exits(2).stderr;
    assert!(unknown.contains("SOL-USDC"), "{unknown}");
}

#[test]
fn a_parameter_that_is_wrong_is_named_in_the_error() {
    let place = place(60);
    let field = |command: &str, param: &str| {
        let args = [command, "sma-cross", "--data", "SOL-USDC.csv", "--param", param, "--json"];
        let told = run(place.path(), &args).exits(2).stderr;
        let line = told.lines().rfind(|line| line.starts_with("{\"error\"")).unwrap().to_owned();
        serde_json::from_str::<Value>(&line).unwrap()["error"]["where"]["field"].clone()
    };
    for command in ["backtest", "paper"] {
        assert_eq!(field(command, "fast=0"), "--param fast");
        assert_eq!(field(command, "quick=5"), "--param quick");
        assert_eq!(field(command, "fast=x"), "--param");
    }
}

#[test]
fn made_up_candles_are_csv_and_a_name_that_says_otherwise_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["SOL-USDC.parquet", "SOL-USDC.txt", "SOL-USDC"] {
        let told = run(folder.path(), &["market", "synth", "--out", name]).exits(2).stderr;
        assert!(told.contains("--out") && told.contains("`.csv`"), "{told}");
        assert!(!folder.path().join(name).exists());
    }
}

#[test]
fn bad_rows_beyond_the_bound_refuse_a_file_and_the_bound_is_a_flag() {
    let place = place(400);
    let file = place.path().join("SOL-USDC.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let bad =
        |(place, line): (usize, &str)| if place % 3 == 1 { "nonsense,1,1,1,1,1".to_owned() } else { line.to_owned() };
    let lines: Vec<String> = text.lines().enumerate().map(bad).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let check = |flags: &[&str]| run(place.path(), &[&["market", "check", "SOL-USDC.csv"], flags].concat());
    let told = check(&[]).exits(2).stderr;
    assert!(told.contains("--max-bad-rows"), "{told}");
    check(&["--max-bad-rows", "200"]).exits(0);
    check(&["--max-bad-rows", "10"]).exits(2);
    backtest(place.path(), &[]).exits(2);
    backtest(place.path(), &["--max-bad-rows", "200", "--param", "slow=40"]).exits(0);
    let paper = ["paper", "dca", "--data", "SOL-USDC.csv", "--json"];
    run(place.path(), &paper).exits(2);
    run(place.path(), &[&paper[..], &["--max-bad-rows", "200"]].concat()).exits(0);
}

#[test]
fn bars_that_are_all_history_are_told_in_words() {
    let place = place(60);
    let args = ["--out", "report"];
    let ran = backtest(place.path(), &args).exits(0);
    let why = "Nothing was traded: there are 60 bars, and the strategy takes 500 as history before it trades.";
    let page = std::fs::read_to_string(place.path().join("report/report.html")).unwrap();
    for told in [&ran.stdout, &page] {
        assert!(told.contains(why) && !told.contains("Sharpe"), "{told}");
    }
    let ran = backtest(place.path(), &["--json"]).exits(0);
    assert!(ran.stderr.contains(why) && ran.json()["metrics"]["sharpe"].is_null(), "{}", ran.stderr);
}

#[test]
fn rules_that_deny_whatever_comes_say_so_at_the_start() {
    let place = place(300);
    let told = |rules: &str, args: &[&str]| {
        std::fs::write(place.path().join("risk.toml"), format!("[trading.risk]\n{rules}")).unwrap();
        let args = [&["--param", "fast=5", "--param", "slow=20", "--risk", "risk.toml"], args].concat();
        backtest(place.path(), &args).exits(0).stderr
    };
    let (usdc, sol) = ("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "So11111111111111111111111111111111111111112");
    let whole = format!(
        "enabled = true\nquote = \"{usdc}\"\nallow_mints = [\"{usdc}\", \"{sol}\"]\nmax_order_notional = 10000000000\n\
         max_day_notional = 100000000000\n"
    );
    assert!(!told(&whole, &[]).contains("denied"));
    let without = |line: &str| {
        whole.lines().filter(|other| !other.starts_with(line)).fold(String::new(), |all, line| all + line + "\n")
    };
    for (rules, words) in [
        (without("enabled"), "every order is denied by `disabled`: `enabled` is not true"),
        (without("allow_mints"), "every order is denied by `mint-not-allowed`: `allow_mints` is empty"),
        (without("max_day"), "every entry is denied by `max-hour-notional`: `max_day_notional` is not set"),
        (
            format!("{whole}always_tradable = []\nconsider_trending = true\n"),
            "every entry in SOL/USDC is denied by `not-trending`: SOL is not in `always_tradable`, and recorded candles",
        ),
    ] {
        let told = told(&rules, &["--json"]);
        assert!(told.contains(&format!("by these rules of risk {words}")), "{told}");
    }
}
