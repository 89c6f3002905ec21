//! `puppet paper` over recorded candles: what a backtest decides, a desk decides too, and it does so after it was killed,
//! halted or asked for what cannot be.

pub mod configured;
#[cfg(feature = "emulate-chain")]
mod emulated;
#[cfg(feature = "emulate-chain")]
mod emulated_server;
mod jupiter;
mod second;
mod slips;
mod stopped;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use puppet_backtest::{Event, OrderStatus};
use puppet_store::{PurseEntry, TradeStore as _, sqlite::SqliteStore};
use serde_json::{Value, json};

use crate::support::{Ran, ended, list, puppet, run, until};

/// The configuration for a chain that stays, as its page shows it.
fn shown_for_localnet() -> &'static str {
    let page = include_str!("../docs/trading/trade.md");
    let mut blocks = page.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.find(|block| block.contains("network = \"localnet\"")).unwrap()
}

/// Candles of some markets that were made up, in a folder `bars`.
fn place(bars: u32, markets: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bars")).unwrap();
    for (seed, market) in (7..).zip(markets) {
        let (file, seed, bars) = (format!("bars/{market}.csv"), format!("{seed}"), bars.to_string());
        let synth = ["market", "synth", "--out", &file, "--bars", &bars, "--seed", &seed];
        run(folder.path(), &[&synth[..], &["--missing-per-million", "3000"]].concat()).exits(0);
    }
    folder
}

/// Strategies with parameters that trade often, and their markets.
const STRATEGIES: [(&str, &[&str], &[&str]); 5] = [
    ("sma-cross", &["fast=5", "slow=20"], &["SOL-USDC"]),
    (
        "impulse",
        &["min_hours=1", "probability=5000", "max_trades_per_day=10", "max_amount=5000"],
        &["SOL-USDC", "JUP-USDC"],
    ),
    ("dca", &["every=60", "dip_bps=50", "take_profit_bps=150"], &["SOL-USDC"]),
    ("grid", &["spacing_bps=20", "recentre_bps=50", "notional=10000"], &["SOL-USDC"]),
    ("momentum", &["look_back=60", "every=30", "exit_bps=-100"], &["SOL-USDC", "JUP-USDC", "BONK-USDC"]),
];

/// A command of a strategy over the folder's candles.
fn args<'a>(command: &'a str, strategy: &'a str, params: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec![command, strategy, "--data", "bars", "--balance", "1000", "--json"];
    params.iter().for_each(|param| args.extend(["--param", param]));
    args
}

/// What a purse's log tells, in order.
fn events(folder: &Path, purse: &str) -> Vec<Event> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open = || SqliteStore::open_read_only(&folder.join(".puppet"));
    // A host that begins holds it for a moment.
    until(Duration::from_secs(120), "the store cannot be read", || open().is_ok());
    let store = open().unwrap();
    let rows = runtime.block_on(store.purse_log(purse, &[PurseEntry::Event], 0, 1_000_000)).unwrap();
    rows.into_iter().filter_map(|row| serde_json::from_value(row.body).ok()).collect()
}

/// How far a purse's log is; 0 where there is none.
fn seq(folder: &Path, purse: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Ok(store) = SqliteStore::open_read_only(&folder.join(".puppet")) else { return 0 };
    runtime.block_on(store.purse(purse)).ok().flatten().map_or(0, |purse| purse.seq)
}

/// Orders as the report of a backtest has them, as far as both know them.
fn orders(events: &[Event]) -> Vec<Value> {
    let mut records = Vec::new();
    for event in events {
        match event {
            Event::Ordered(record) => records.push(record.clone()),
            Event::Ended { order, status, rule } => {
                let record = records.iter_mut().find(|record| record.id == *order).unwrap();
                (record.status, record.denied_by) = (*status, rule.clone());
            }
            _ => {}
        }
    }
    let row = |record: &puppet_backtest::OrderRecord| {
        json!({
            "id": record.id, "client_id": record.order.client_id, "at": record.at, "side": record.order.side,
            "kind": record.order.kind.name(), "quantity": record.order.quantity, "status": record.status.name(),
            "denied_by": record.denied_by,
        })
    };
    records.iter().map(row).collect()
}

fn picked(rows: &[Value], keys: &[&str]) -> Vec<Value> {
    let pick = |row: &Value| keys.iter().map(|key| ((*key).to_owned(), row[*key].clone())).collect();
    rows.iter().map(|row| Value::Object(pick(row))).collect()
}

#[test]
fn a_paper_desk_decides_as_a_backtest_of_the_same_candles() {
    for (strategy, params, markets) in STRATEGIES {
        let place = place(2_500, markets);
        let report = run(place.path(), &args("backtest", strategy, params)).exits(0).json();
        let summary = run(place.path(), &args("paper", strategy, params)).exits(0).json();
        let events = events(place.path(), &format!("paper/{strategy}"));
        let keys = ["id", "client_id", "at", "side", "kind", "quantity", "status", "denied_by"];
        assert_eq!(orders(&events), picked(list(&report, "orders"), &keys), "{strategy}");
        let told = |event: &Event| match event {
            Event::Denied { order, denial } => {
                Some(json!({ "at": denial.at, "order": order, "rule": denial.rule, "detail": denial.detail }))
            }
            _ => None,
        };
        let denials: Vec<Value> = events.iter().filter_map(told).collect();
        assert_eq!(&denials, list(&report, "denials"), "{strategy}");
        // Fills: all that they came to.
        assert_eq!(summary["portfolio"]["equity"], report["end_equity"].to_string(), "{strategy}");
        assert_eq!(summary["since_start"]["orders"], list(&report, "orders").len(), "{strategy}");
        let fills = summary["since_start"]["fills"].as_u64().unwrap();
        assert!(fills > 2, "{strategy}: {summary}");
        assert_eq!((&summary["ended"], &summary["state"]), (&"data".into(), &"active".into()), "{strategy}");
    }
}

fn started(folder: &Path, args: &[&str]) -> Child {
    let mut command: Command = puppet(folder);
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_desk_that_is_killed_again_and_again_ends_as_one_that_was_not() {
    let params = ["spacing_bps=20", "recentre_bps=50", "notional=10000"];
    let (whole, killed) = (place(1_500, &["SOL-USDC"]), place(1_500, &["SOL-USDC"]));
    let args = args("paper", "grid", &params);
    let summary = run(whole.path(), &args).exits(0).json();
    let purse = "paper/grid";
    let last = seq(whole.path(), purse);
    // Moments that follow from a seed, by how far it is and not by a clock.
    let mut moment = 0x9e37_79b9_7f4a_7c15_u64;
    for part in 0..6 {
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = last * part / 8 + (moment >> 33) % (last / 8);
        let mut child = started(killed.path(), &args);
        until(Duration::from_secs(300), "it does not get on", || {
            seq(killed.path(), purse) > at || child.try_wait().unwrap().is_some()
        });
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = run(killed.path(), &args).exits(0).json();
    assert_eq!(ended["portfolio"], summary["portfolio"]);
    assert_eq!((&ended["last_bars"], &ended["open_orders"]), (&summary["last_bars"], &summary["open_orders"]));
    assert_eq!(events(killed.path(), purse), events(whole.path(), purse));
    // Once more there is nothing left to do, which is said.
    let again = run(killed.path(), &args).exits(0);
    assert!(again.stderr.contains("traded before") && again.stderr.contains("--name"), "{}", again.stderr);
    assert_eq!(again.json()["portfolio"], summary["portfolio"]);
}

const CROSS: [&str; 2] = ["fast=5", "slow=20"];

#[test]
fn the_file_halts_a_desk_and_resume_lets_it_go_on() {
    let place = place(1_500, &["SOL-USDC"]);
    std::fs::create_dir(place.path().join(".puppet")).unwrap();
    let halt = place.path().join(".puppet/HALT");
    std::fs::write(&halt, "rates are odd\nsince noon\n").unwrap();
    let middle = "2026-01-01T12:00:00Z";
    let first = [&args("paper", "sma-cross", &CROSS)[..], &["--to", middle]].concat();
    let summary = run(place.path(), &first).exits(0).json();
    assert_eq!((&summary["state"], &summary["reason"]), (&"halted".into(), &"rates are odd".into()));
    let counts = &summary["since_start"];
    assert!(counts["denials"].as_u64().unwrap() > 0 && counts["fills"] == 0, "{summary}");
    let listed = || {
        let listed = run(place.path(), &["wallet", "list", "--json"]).exits(0).json();
        (listed["halted"].clone(), listed["items"][0]["state"].clone())
    };
    assert_eq!(listed(), ("rates are odd".into(), "halted".into()));
    std::fs::remove_file(&halt).unwrap();
    assert_eq!(listed(), (Value::Null, "active".into()), "the books are of before, and it goes on at the next start");
    let summary = run(place.path(), &args("paper", "sma-cross", &CROSS)).exits(0).json();
    assert_eq!(summary["state"], "active");
    assert!(summary["since_start"]["fills"].as_u64().unwrap() > 0, "{summary}");
    let halted = events(place.path(), "paper/sma-cross");
    let denied = |event: &Event| matches!(event, Event::Denied { denial, .. } if denial.rule == "kill-switch");
    assert!(halted.iter().any(denied), "{halted:?}");
}

/// Asks it to stop, and waits.
fn terminated(child: Child) -> Ran {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    ended(child, Duration::from_secs(120))
}

#[test]
fn a_word_of_the_operator_reaches_a_desk_that_trades() {
    let place = place(1_500, &["SOL-USDC"]);
    // A minute of the record in a tenth of a second.
    let slow = [&args("paper", "sma-cross", &CROSS)[..], &["--speed", "600"]].concat();
    let child = started(place.path(), &slow);
    let is_there = || seq(place.path(), "paper/sma-cross") > 5;
    until(Duration::from_secs(120), "it does not trade", is_there);
    let word = ["wallet", "halt", "paper/sma-cross", "--reason", "lunch", "--json"];
    let told = run(place.path(), &word).exits(0).json();
    assert_eq!((&told["items"][0]["heard"], &told["items"][0]["state"]), (&true.into(), &"halted".into()));
    let ran = terminated(child).exits(0);
    let summary = ran.json();
    assert_eq!((&summary["state"], &summary["reason"]), (&"halted".into(), &"lunch".into()));
    assert_eq!(summary["ended"], "stopped");
    // It is said to the next start as well, until it is resumed.
    let rest = [&args("paper", "sma-cross", &CROSS)[..]].concat();
    let summary = run(place.path(), &rest).exits(0).json();
    assert_eq!((&summary["state"], &summary["since_start"]["fills"]), (&"halted".into(), &0.into()));
}

#[test]
fn what_cannot_be_traded_is_told_and_nothing_is_traded() {
    let place = place(300, &["SOL-USDC"]);
    let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    write("rules.toml", "[trading.risk]\nmax_order = 5\n");
    write(
        "other.toml",
        "[[market]]\nid = \"SOL/USDC\"\nbase = { mint = \"x\", symbol = \"SOL\", decimals = 9 }\n\
         quote = { mint = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\", symbol = \"USDC\", decimals = 6 }\n\
         price_decimals = 6\nmin_quantity = 1\n",
    );
    let recorded = |more: &[&'static str]| [&["paper", "sma-cross", "--data", "bars"], more].concat();
    for (args, code, words) in [
        (vec!["paper", "sma-crosss", "--data", "bars"], 2, &["there is no strategy `sma-crosss`", "sma-cross"][..]),
        (recorded(&["--param", "quick=5"]), 2, &["quick"]),
        (recorded(&["--param", "fast=900"]), 2, &["fast", "900"]),
        (recorded(&["--param", "fast=many"]), 2, &["fast=many"]),
        (recorded(&["--balance", "1.2.3"]), 2, &["1.2.3"]),
        (recorded(&["--risk", "rules.toml"]), 2, &["max_order", "rules.toml"]),
        (recorded(&["--markets", "other.toml"]), 2, &["base.mint", "other.toml"]),
        (recorded(&["--name", "a/b"]), 2, &["--name"]),
        (recorded(&["--agent", "nobody"]), 2, &["nobody"]),
        (vec!["paper", "sma-cross", "--data", "nothing"], 2, &["nothing"]),
        (vec!["paper", "sma-cross", "--data", "store:"], 2, &["kept"]),
        (vec!["paper", "sma-cross"], 2, &["no market is named", "--market SOL/USDC"]),
        (vec!["paper", "sma-cross", "--market", "SOL/USDX"], 2, &["SOL/USDX", "did you mean `SOL/USDC`"]),
        (vec!["paper", "momentum", "--data", "bars"], 2, &["markets"]),
        (vec!["trade", "sma-cross", "--wallet", "main", "--market", "SOL/USDC"], 3, &["no rules of risk"]),
    ] {
        let ran = run(place.path(), &args).exits(code);
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{args:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{args:?}: {}", ran.stdout);
    }
    let store = place.path().join(".puppet/puppet.db");
    if store.exists() {
        assert_eq!(seq(place.path(), "paper/sma-cross"), 0, "nothing was traded");
    }
}

#[test]
fn candles_that_are_kept_are_listed_and_run_over() {
    let place = place(1_000, &["SOL-USDC"]);
    let none = run(place.path(), &["market", "list", "--json"]).exits(0).json();
    assert!(list(&none, "items").is_empty());
    kept(place.path(), &place.path().join("bars"));
    let listed = run(place.path(), &["market", "list", "--json"]).exits(0).json();
    let item = &listed["items"][0];
    assert_eq!((&item["market"], &item["bar_seconds"]), (&"SOL/USDC".into(), &60.into()));
    let of_file = run(place.path(), &args("backtest", "sma-cross", &CROSS)).exits(0).json();
    let mut args = args("backtest", "sma-cross", &CROSS);
    args[3] = "store:";
    let of_store = run(place.path(), &args).exits(0).json();
    assert_eq!((&of_store["orders"], &of_store["trades"]), (&of_file["orders"], &of_file["trades"]));
    assert_eq!((&of_store["data"][0]["bars"], &of_store["data"][0]["sha256"]), (&item["bars"], &Value::Null));
    args[3] = "store:JUP/USDC";
    let trouble = run(place.path(), &args).exits(2).stderr;
    assert!(trouble.contains("JUP/USDC") && trouble.contains("it has SOL/USDC of 60 s"), "{trouble}");
    args[0] = "paper";
    args[3] = "store:SOL/USDC";
    let summary = run(place.path(), &args).exits(0).json();
    assert_eq!(summary["since_start"]["orders"], list(&of_file, "orders").len());
}

/// Puts candles into the store of a folder, as a desk on prices of now does.
pub fn kept(folder: &Path, candles: &Path) {
    use puppet_market::{Markets, ReadOptions};
    use puppet_store::sqlite::Options;

    let data: PathBuf = folder.join(".puppet");
    let read = puppet_market::read(candles, &ReadOptions::default(), &Markets::built_in()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&data, Options::default()).unwrap();
        for set in &read {
            store.put_candles(&set.market.id, 60, set.candles.bars()).await.unwrap();
        }
    });
}

#[test]
fn what_happens_is_a_line_each() {
    let place = place(600, &["SOL-USDC"]);
    let mut args = args("paper", "sma-cross", &CROSS);
    args.retain(|arg| *arg != "--json");
    let told = run(place.path(), &args).exits(0).stdout;
    for words in [" sma-cross order 1: buy ", "filled", ", fee -", "paper/sma-cross: ", "worth "] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let events = events(place.path(), "paper/sma-cross");
    let open = |event: &&Event| matches!(event, Event::Ordered(record) if record.status != OrderStatus::Denied);
    let lines = told.lines().filter(|line| line.contains(": buy ") || line.contains(": sell ")).count();
    assert_eq!(lines, events.iter().filter(open).count());
    args.push("--quiet");
    args.extend(["--name", "other"]);
    let told = run(place.path(), &args).exits(0).stdout;
    assert!(told.starts_with("paper/other: "), "the summary alone: {told}");
}
