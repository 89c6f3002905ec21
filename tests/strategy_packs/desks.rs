//! A desk trades by a pack while other versions of it come: one that fails on what was recorded, one that is as good, one that
//! fails in the desk's hands; and the operator goes back.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use puppet_store::{TradeStore as _, sqlite::SqliteStore};
use puppet_trade::{DeskView, purse_view};

use super::*;
use crate::support::{ended, puppet, until};

const LONG: Duration = Duration::from_secs(120);
/// One SOL.
const UNIT: u64 = 1_000_000_000;

/// Buys one SOL with its first bar.
fn buyer() -> Vec<u8> {
    let body = "(i64.store (i32.const 728) (i64.const 1000000000))
      (if (result i32) (i32.eqz (global.get $bars))
        (then (global.set $bars (i32.const 1)) (call $one (i32.const 97)))
        (else (i32.const 16)))";
    Strategist { bodies: &[("on-candles", body)], more: BARS, ..Strategist::default() }.bytes()
}

/// Fails on every bar.
fn broken() -> Vec<u8> {
    Strategist { bodies: &[("on-candles", "unreachable")], ..Strategist::default() }.bytes()
}

/// Fails after more bars than it can be shown: there are a hundred between two saves.
fn late() -> Vec<u8> {
    let body = "(global.set $bars (i32.add (global.get $bars) (i32.const 1)))
      (if (i32.gt_u (global.get $bars) (i32.const 120)) (then unreachable)) (i32.const 16)";
    Strategist { bodies: &[("on-candles", body)], more: BARS, ..Strategist::default() }.bytes()
}

const BARS: &str = "(global $bars (mut i32) (i32.const 0))";

/// As the purse is stored; none before it is.
fn view(place: &Place) -> Option<DeskView> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SqliteStore::open_read_only(&place.path().join(".puppet")).ok()?;
    let purse = runtime.block_on(store.purse("paper/trend")).ok()??;
    purse_view(&purse).unwrap()
}

fn runs(place: &Place) -> String {
    view(place).unwrap().strategy.unwrap().version
}

fn held(view: &DeskView) -> u64 {
    view.portfolio.markets[0].position.quantity
}

/// Fifty bars a second.
fn trades(place: &Place) -> Child {
    let args = ["paper", "trend", "--data", "SOL-USDC.csv", "--speed", "3000"];
    let printed = fs::File::create(place.path().join("printed")).unwrap();
    puppet(place.path()).args(args).stdout(printed).stderr(Stdio::piped()).spawn().unwrap()
}

/// What the host that trades has printed so far.
fn printed(place: &Place) -> String {
    fs::read_to_string(place.path().join("printed")).unwrap()
}

/// Waits until a version has come so far, and answers why.
fn comes_to(place: &Place, version: &str, state: &str) -> String {
    let of_it = || {
        let packs = place.run(&["packs", "--json"]).exits(0).json();
        let mut items = list(&packs, "items").iter().filter(|item| item["pack"] == "trend");
        items.find(|item| item["version"] == version && item["state"] == state).cloned()
    };
    let end = Instant::now() + LONG;
    loop {
        if let Some(item) = of_it() {
            return item["reason"].as_str().unwrap_or_default().to_owned();
        }
        assert!(Instant::now() < end, "{version} never is {state}: {:?}\n{}", place.packs(), printed(place));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The desk has taken more bars than then.
fn goes_on(place: &Place) {
    let before = view(place).unwrap().batches;
    until(LONG, "the desk stands still", || view(place).is_some_and(|view| view.batches > before));
}

#[test]
fn versions_come_and_go_on_a_desk_that_trades_and_what_it_holds_stays() {
    let place = Place::new();
    fs::remove_file(place.path().join("SOL-USDC.csv")).unwrap();
    place.run(&["market", "synth", "--out", "SOL-USDC.csv", "--bars", "20000", "--seed", "7"]).exits(0);
    fs::write(place.path().join("puppet.toml"), "[swap]\nwatch_invocations = 150\n").unwrap();
    let archives = [("1.0.0", buyer()), ("1.1.0", broken()), ("1.2.0", second()), ("1.3.0", late())]
        .map(|(version, component)| place.version(version, &component));
    let brings = |command: &str, number: usize| place.brings(command, &archives[number].0);
    brings("install", 0).exits(0);
    let mut desk = trades(&place);
    until(LONG, "it buys nothing", || view(&place).is_some_and(|view| held(&view) == UNIT));

    // One that fails on what the desk was told is not let in.
    let told = brings("upgrade", 1).exits(3).json();
    assert_eq!((&told["status"], &told["state"]), (&"refused".into(), &"refused".into()), "{told}");
    let reason = told["reasons"][0]["message"].as_str().unwrap();
    assert!(reason.contains("on the desk trend") && reason.contains("trap"), "{reason}");
    assert_eq!(told["reasons"][0]["code"], "version-refused");
    assert_eq!(place.packs()[..2], said(&[("1.0.0", "current"), ("1.1.0", "refused")]));
    assert_eq!(runs(&place), "1.0.0");
    goes_on(&place);

    // One that is as good trades from the next bar on, and has shown enough after some.
    let before = view(&place).unwrap();
    let told = brings("upgrade", 2).exits(0).json();
    assert_eq!((&told["status"], &told["state"]), (&"installed".into(), &"watched".into()), "{told}");
    assert_eq!(runs(&place), "1.2.0", "it is there when it is told");
    comes_to(&place, "1.2.0", "current");
    let after = view(&place).unwrap();
    assert_eq!((runs(&place).as_str(), held(&after)), ("1.2.0", UNIT));
    assert!(after.batches >= before.batches + 150, "it went on counting: {} {}", before.batches, after.batches);
    assert_eq!(after.portfolio.balances, before.portfolio.balances);
    let refused = place.run(&["remove", "trend"]).exits(3).stderr;
    assert!(refused.contains("pack-in-use") && refused.contains("the purse paper/trend"), "{refused}");

    // One that fails on a bar has decided nothing about it: the desk is back with the one before.
    brings("upgrade", 3).exits(0);
    let reason = comes_to(&place, "1.3.0", "rolled-back");
    assert!(reason.contains("on the desk trend: 1 fault") && reason.contains("trap"), "{reason}");
    comes_to(&place, "1.2.0", "current");
    let after = view(&place).unwrap();
    assert_eq!((runs(&place).as_str(), held(&after), after.faults), ("1.2.0", UNIT, 0));
    goes_on(&place);

    // What the operator goes back to trades at once.
    place.run(&["rollback", "trend", "1.0.0"]).exits(0);
    assert_eq!(runs(&place), "1.0.0", "it is done when it is told");
    goes_on(&place);

    // Killed, and begun again by the same name.
    desk.kill().unwrap();
    desk.wait().unwrap();
    let printed = printed(&place);
    for line in ["trend 1.1.0 refused: on the desk trend", "trend 1.2.0 shadow: ", "trend 1.2.0 live: on trend"] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(printed.contains("trend 1.3.0 rolled-back: on the desk trend"), "{printed}");
    let before = view(&place).unwrap();
    let desk = trades(&place);
    until(LONG, "it does not go on", || view(&place).is_some_and(|view| view.batches > before.batches + 5));
    let id = desk.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    ended(desk, LONG).exits(0);
    let summary = self::printed(&place);
    assert!(summary.contains("holds 1 SOL"), "{summary}");
    let after = view(&place).unwrap();
    assert_eq!((runs(&place).as_str(), &after.portfolio.balances), ("1.0.0", &before.portfolio.balances));
    let words = place.run(&["wallet", "history", "paper/trend"]).exits(0).stdout;
    assert!(words.contains("trend 1.2.0 trades in place of 1.0.0"), "{words}");
}

/// Wants bars of an hour.
fn hourly() -> Vec<u8> {
    let body = "(i32.store (i32.const 532) (i32.const 3600)) (i32.const 512)";
    Strategist { bodies: &[("describe", body)], ..Strategist::default() }.bytes()
}

#[test]
fn what_a_desk_cannot_go_back_to_is_told_and_the_pack_is_of_the_version_that_trades() {
    let place = Place::new();
    fs::remove_file(place.path().join("SOL-USDC.csv")).unwrap();
    place.run(&["market", "synth", "--out", "SOL-USDC.csv", "--bars", "20000", "--seed", "7"]).exits(0);
    for (command, version, component) in [("install", "1.0.0", hourly()), ("upgrade", "1.2.0", second())] {
        let (archive, _) = place.version(version, &component);
        place.brings(command, &archive).exits(0);
    }
    let desk = trades(&place);
    until(LONG, "it does not trade", || view(&place).is_some_and(|view| view.batches > 5));
    // Once more it is the same, whatever was told before.
    for _ in 0..2 {
        let refused = place.run(&["rollback", "trend", "1.0.0", "--json"]).exits(3);
        let error: Value = serde_json::from_str(refused.stderr.trim()).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert_eq!(error["error"]["code"], "version-refused", "{error}");
        assert!(message.contains("`trend` 1.0.0: on the desk trend: ") && message.contains("bars"), "{message}");
        assert!(refused.stdout.is_empty(), "{}", refused.stdout);
        assert_eq!(place.packs(), said(&[("1.0.0", "rolled-back"), ("1.2.0", "current")]));
        assert_eq!((runs(&place).as_str(), place.runs().0.as_str()), ("1.2.0", "1.2.0"));
        goes_on(&place);
    }
    let id = desk.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    ended(desk, LONG).exits(0);
}

#[test]
fn a_version_that_came_while_no_host_ran_goes_on_from_the_save_of_the_one_before() {
    let place = Place::new();
    let (one, _) = place.version("1.0.0", &buyer());
    let (two, _) = place.version("1.2.0", &second());
    place.brings("install", &one).exits(0);
    let paper = ["paper", "trend", "--data", "SOL-USDC.csv", "--to", "2026-01-01T01:00:00Z"];
    place.run(&paper).exits(0);
    let before = view(&place).unwrap();
    assert_eq!(held(&before), UNIT);
    place.brings("upgrade", &two).exits(0);
    place.run(&paper[..4]).exits(0);
    let after = view(&place).unwrap();
    assert_eq!((runs(&place).as_str(), held(&after)), ("1.2.0", UNIT));
    assert!(after.batches > before.batches, "it went on counting: {} {}", before.batches, after.batches);
}
