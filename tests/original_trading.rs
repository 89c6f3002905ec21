//! The trading settings of the original engine hold in the program: after an import, as a file of rules, and in the
//! configuration. What its flags forbid is denied.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use puppet_types::trade::Mint;
use serde_json::{Value, json};

use crate::support::{self, list, original_agents, run};

fn original() -> Value {
    let file = support::fixtures().join("trading/coin-gull.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A folder with the agent file, changed at these places, and with candles of a market in SOL.
fn place(changes: &[(&str, Value)]) -> tempfile::TempDir {
    let (folder, mut file) = (tempfile::tempdir().unwrap(), original());
    for (path, value) in changes {
        let (table, key) = path.rsplit_once('/').unwrap();
        file.pointer_mut(table).unwrap()[key] = value.clone();
    }
    fs::write(folder.path().join("old.json"), file.to_string()).unwrap();
    run(folder.path(), &["market", "synth", "--out", "USDC-SOL.csv", "--bars", "4000", "--seed", "7"]).exits(0);
    folder
}

/// The file that the import left, as a table.
fn kept(folder: &Path) -> toml::Table {
    fs::read_to_string(folder.join(".puppet/trading/coin-gull.toml")).unwrap().parse().unwrap()
}

/// `--param` for each of these, and for those of the desk that they do not name.
fn params(desk: &toml::Table, other: &[(&str, i64)]) -> Vec<String> {
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    for (name, value) in desk["params"].as_table().unwrap() {
        all.insert(name.clone(), value.as_integer().unwrap());
    }
    all.extend(other.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    all.into_iter().flat_map(|(name, value)| ["--param".to_owned(), format!("{name}={value}")]).collect()
}

/// The report of a backtest of `impulse` by these rules.
fn backtest(folder: &Path, risk: &str, params: &[String]) -> Value {
    let args = ["backtest", "impulse", "--data", "USDC-SOL.csv", "--risk", risk, "--balance", "10", "--json"];
    let params: Vec<&str> = params.iter().map(String::as_str).collect();
    run(folder, &[&args[..], &params].concat()).exits(0).json()
}

/// Rules that denied, and how many orders were filled.
fn denied(report: &Value) -> (BTreeSet<&str>, usize) {
    let rules = list(report, "denials").iter().map(|denial| denial["rule"].as_str().unwrap()).collect();
    (rules, list(report, "orders").iter().filter(|order| order["status"] == "filled").count())
}

#[test]
fn an_import_leaves_rules_and_a_desk_that_trade_as_the_file_said() {
    let place = place(&[]);
    let dry = run(place.path(), &["agent", "import", "old.json", "--dry-run"]).exits(0);
    assert!(dry.stdout.contains("trading is on") && dry.stdout.contains("would be in"), "{dry:?}");
    assert!(!place.path().join(".puppet/trading").exists());
    let told = run(place.path(), &["agent", "import", "old.json", "--json"]).exits(0).json();
    let trading = &told["trading"];
    assert_eq!((&trading["enabled"], &trading["markets"]), (&json!(true), &json!(["USDC/SOL"])));
    assert_eq!(trading["without_market"], json!(["mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So"]));
    let mapped: BTreeMap<&str, &str> = list(trading, "mapped")
        .iter()
        .map(|place| (place["field"].as_str().unwrap(), place["to"].as_str().unwrap()))
        .collect();
    assert_eq!(mapped["trading_behavior.trading_frequency.max_hours_between_trades"], "impulse.max_hours");
    let file = kept(place.path());
    let (desk, risk) = (&file["trading"]["desks"]["coin-gull"], &file["trading"]["risk"]);
    assert_eq!((desk["strategy"].as_str(), desk["agent"].as_str()), (Some("impulse"), Some("coin-gull")));
    assert!(desk.get("wallet").is_none(), "nothing is traded with money before somebody says so");
    for (name, value) in [
        ("max_order_notional", 70_000_000),
        ("max_day_notional", 210_000_000),
        ("max_daily_trades", 3),
        ("min_gap_seconds", 3_600),
        ("tell_trades_bps", 8_000),
    ] {
        assert_eq!(risk[name].as_integer(), Some(value), "{name}");
    }
    // As it is, it is a configuration.
    run(place.path(), &["config", "--config", ".puppet/trading/coin-gull.toml"]).exits(0);
    // Its parameters are those that impulse has, and keep to the rules: three trades a day, none of them denied.
    let desk = desk.as_table().unwrap();
    let rules = ".puppet/trading/coin-gull.toml";
    let report = backtest(place.path(), rules, &params(desk, &[]));
    let (rules_that_denied, filled) = denied(&report);
    assert!(filled >= 6 && rules_that_denied.is_empty(), "{filled} {rules_that_denied:?}");
    // Chance alone would trade nothing; the longest pause does.
    let due = backtest(place.path(), rules, &params(desk, &[("probability", 0)]));
    assert!(denied(&due).1 >= 6);
    assert_eq!(denied(&backtest(place.path(), rules, &params(desk, &[("probability", 0), ("max_hours", 0)]))).1, 0);
    // A strategy that wants more than the file allowed is denied.
    let greedy = [("max_amount", 1_000), ("min_hours", 0), ("max_trades_per_day", 100), ("probability", 10_000)];
    let report = backtest(place.path(), rules, &params(desk, &greedy));
    assert_eq!(denied(&report), (BTreeSet::from(["max-order-notional"]), 0));
    let often = [("min_hours", 0), ("max_trades_per_day", 100), ("probability", 10_000), ("max_amount", 1)];
    let often = backtest(place.path(), rules, &params(desk, &often));
    assert_eq!(denied(&often).0, BTreeSet::from(["min-gap", "daily-trades"]));
    // The agent file itself says the same.
    assert_eq!(backtest(place.path(), "old.json", &params(desk, &greedy))["denials"], report["denials"]);
}

#[test]
fn what_a_flag_forbids_is_denied() {
    const BLACK: &str = "/behavior/trading_behavior/allowed_tokens/blacklist";
    for (path, value, rule) in [
        ("/solana_integration/trading_enabled", json!(false), "disabled"),
        ("/agent_kit_integration/enabled", json!(false), "disabled"),
        ("/agent_kit_integration/methods/allowed", json!(["getTokenInfo"]), "disabled"),
        (BLACK, json!([Mint::USDC]), "mint-denied"),
        ("/behavior/trading_behavior/allowed_tokens/always_tradable", json!([Mint::SOL]), "mint-not-allowed"),
        ("/agent_kit_integration/autonomy_rules/max_daily_trades", json!(0), "max-hour-notional"),
    ] {
        let place = place(&[(path, value)]);
        run(place.path(), &["agent", "import", "old.json"]).exits(0);
        let eager = ["probability=10000", "min_hours=0", "max_amount=1"]
            .map(|param| ["--param".to_owned(), param.to_owned()])
            .concat();
        let report = backtest(place.path(), ".puppet/trading/coin-gull.toml", &eager);
        assert_eq!(denied(&report), (BTreeSet::from([rule]), 0), "{path}");
    }
}

#[test]
fn the_configuration_names_an_agent_file_and_paper_keeps_to_it() {
    let place = place(&[("/solana_integration/trading_enabled", json!(false))]);
    fs::write(place.path().join("puppet.toml"), "[trading]\nrisk = \"old.json\"\n").unwrap();
    let config = run(place.path(), &["config"]).exits(0).stdout;
    let line = config.lines().find(|line| line.contains("trading.risk.max_daily_trades")).unwrap();
    assert!(line.contains('3') && line.contains("puppet.toml:2"), "{line}");
    let paper = |folder: &Path, name: &str| {
        let args = ["--balance", "10", "--param", "probability=10000", "--param", "max_amount=1", "--json"];
        let told = run(folder, &[&["paper", "impulse", "--data", "USDC-SOL.csv", "--name", name], &args[..]].concat());
        let told = told.exits(0).json();
        ["orders", "denials", "fills"].map(|count| told["since_start"][count].as_u64().unwrap())
    };
    let [orders, denials, fills] = paper(place.path(), "off");
    assert!(orders > 50 && orders == denials && fills == 0, "{orders} {denials} {fills}");
    fs::write(place.path().join("old.json"), original().to_string()).unwrap();
    let [_, _, fills] = paper(place.path(), "on");
    assert!(fills >= 3, "{fills}");
    // A setting that nobody knows is no rule, and is told.
    let mut file = original();
    file["agent_kit_integration"]["autonomy_rules"]["max_weekly_trades"] = json!(1);
    fs::write(place.path().join("old.json"), file.to_string()).unwrap();
    let refused = run(place.path(), &["config"]).exits(2);
    assert!(refused.stderr.contains("unknown-key") && refused.stderr.contains("max_weekly_trades"), "{refused:?}");
    // An agent file that says nothing about trading holds no rules.
    fs::write(place.path().join("old.json"), "{\"id\": \"a\", \"name\": \"A\"}").unwrap();
    let refused = run(place.path(), &["config"]).exits(2);
    assert!(refused.stderr.contains("risk-file"), "{refused:?}");
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_traded_by_it() {
    let place = place(&[("/behavior/trading_behavior/allowed_tokens/blacklist", json!(["BONK"]))]);
    let told = run(place.path(), &["agent", "import", "old.json"]).exits(0);
    assert!(told.stdout.contains("nothing is traded") && told.stdout.contains("BONK"), "{told:?}");
    assert!(!place.path().join(".puppet/trading").exists());
    let args = ["backtest", "impulse", "--data", "USDC-SOL.csv", "--risk", "old.json"];
    assert!(run(place.path(), &args).exits(2).stderr.contains("BONK"));
}

/// The agent files of the original engine, where they lie beside the project.
#[test]
fn agents_of_the_original_keep_their_limits() {
    let Some(folder) = original_agents() else { return };
    for name in ["test-agent-trading-only", "test-grok-agent"] {
        let place = place(&[]);
        let file = folder.join(format!("{name}.json"));
        let told = run(place.path(), &["agent", "import", file.to_str().unwrap(), "--json"]).exits(0).json();
        assert_eq!(told["trading"]["enabled"], true);
        assert!(list(&told["trading"], "unknown").is_empty(), "{told}");
        let id = told["agent_id"].as_str().unwrap();
        let rules = format!(".puppet/trading/{id}.toml");
        let file: toml::Table = fs::read_to_string(place.path().join(&rules)).unwrap().parse().unwrap();
        let desk = file["trading"]["desks"][id].as_table().unwrap().clone();
        let report = backtest(place.path(), &rules, &params(&desk, &[("max_amount", 1_000), ("probability", 10_000)]));
        assert!(denied(&report).0.contains("max-order-notional"), "{}", report["denials"]);
    }
}
