//! Slips of the pen that would leave something behind for good: a market that nobody knows, a purse that is there already, a
//! wallet on the network of the emulated chain.

use crate::support::run;

use super::{place, shown_for_localnet};

#[test]
fn a_market_that_the_candles_are_not_of_is_refused() {
    let place = place(60, &["SOL-USDC"]);
    let file = "bars/SOL-USDC.csv";
    std::fs::copy(place.path().join(file), place.path().join("candles.csv")).unwrap();
    for (data, market, words) in [
        (file, "JUP/USDC", &["error[bad-data]", "JUP/USDC is asked for, and by its name it is of SOL/USDC"][..]),
        (file, "FOO/BAR", &["error[bad-data]", "it is of SOL/USDC"]),
        ("candles.csv", "FOO/BAR", &["error[unknown-market]", "there is no market `FOO/BAR`", "SOL/USDC"]),
        ("candles.csv", "SOL/USDX", &["error[unknown-market]", "did you mean `SOL/USDC`"]),
        ("bars", "SOL/USDC", &["error[bad-data]", "a market is named, and it is a folder of several"]),
        ("store:", "FOO/BAR", &["error[bad-data]", "nothing is kept"]),
    ] {
        let told = run(place.path(), &["paper", "dca", "--data", data, "--market", market]).exits(2).stderr;
        assert!(words.iter().all(|word| told.contains(word)), "{data} {market}: {told}");
    }
    assert!(!place.path().join(".puppet/puppet.db").exists(), "nothing was traded");
    for (data, market) in [(file, "sol/usdc"), ("candles.csv", "SOL/USDC")] {
        let args = ["paper", "dca", "--data", data, "--market", market, "--name", market.split('/').next().unwrap()];
        assert_eq!(run(place.path(), &[&args[..], &["--json"]].concat()).exits(0).json()["markets"][0], "SOL/USDC");
    }
}

#[test]
fn candles_are_no_data_folder_to_trade_in() {
    let place = place(60, &["SOL-USDC"]);
    for data in ["bars/SOL-USDC.csv", "bars", "store:"] {
        let args = ["trade", "dca", "--wallet", "main", "--market", "SOL/USDC", "--data", data];
        let told = run(place.path(), &args).exits(2).stderr;
        let words = ["error[bad-value]", data, "its --data is the data folder", "`puppet paper --data`"];
        assert!(words.iter().all(|word| told.contains(word)), "{data}: {told}");
    }
    assert_eq!(std::fs::read_dir(place.path().join("bars")).unwrap().count(), 1, "nothing was made in it");
    // Whatever else is a folder may be one.
    let args = ["trade", "dca", "--wallet", "main", "--market", "SOL/USDC", "--data", "data"];
    assert!(run(place.path(), &args).exits(3).stderr.contains("error[no-rules]"));
}

#[test]
fn several_values_of_a_parameter_are_for_a_sweep() {
    let place = place(60, &["SOL-USDC"]);
    for values in ["fast=5,10", "fast=5..20:5"] {
        let told = run(place.path(), &["paper", "sma-cross", "--data", "bars", "--param", values]).exits(2).stderr;
        let remedy = format!("give one number, --param fast=5; `puppet backtest --sweep {values}` tries several");
        assert!(told.contains("error[bad-value]: --param: ") && told.contains(&remedy), "{told}");
    }
}

#[test]
fn what_rules_deny_is_told_of_each_desk_at_the_start() {
    let place = place(60, &["SOL-USDC"]);
    let rules = "[trading.risk]\nenabled = true\nquote = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n";
    let config = format!("{rules}[trading.desks.trend]\nstrategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\n");
    std::fs::write(place.path().join("puppet.toml"), config).unwrap();
    let closed = "by these rules of risk every order is denied by `mint-not-allowed`: `allow_mints` is empty";
    // Of the command line, and of the configuration; the prices of now are not waited for.
    let told = run(place.path(), &["paper", "dca", "--data", "bars", "--for", "1ms"]).exits(0).stderr;
    for desk in ["dca", "trend"] {
        assert!(told.contains(&format!("{desk}: {closed}")), "{told}");
    }
    let args = ["trade", "dca", "--wallet", "main", "--market", "SOL/USDC"];
    assert!(run(place.path(), &args).exits(2).stderr.contains(&format!("dca: {closed}")));
    let told = run(place.path(), &["run", "--for", "1ms"]).exits(0).stderr;
    assert!(told.contains(&format!("trend: {closed}")) && !told.contains("dca: "), "{told}");
}

#[test]
fn another_parameter_of_a_purse_that_is_there_is_told_to_begin_afresh() {
    let place = place(60, &["SOL-USDC"]);
    let with = |every: &str| run(place.path(), &["paper", "dca", "--data", "bars", "--param", every]).exits(0).stderr;
    assert!(!with("every=600").contains("begins afresh"));
    assert!(!with("every=600").contains("begins afresh"));
    let told = with("every=700");
    let words = "dca: its strategy begins afresh and remembers nothing (every 600 before, 700 now)";
    assert!(told.contains(words), "{told}");
}

#[test]
fn the_configuration_of_the_page_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let shown = shown_for_localnet().replace(":41235", ":1");
    std::fs::write(folder.path().join("puppet.toml"), shown).unwrap();
    run(folder.path(), &["wallet", "new", "main"]).exits(0);
    // Nobody is at the address: everything that comes before is in order.
    let ran = run(folder.path(), &["wallet", "airdrop", "main", "5"]).exits(4);
    let told = &ran.stderr;
    assert!(
        told.contains("error[no-chain]") && told.contains("the RPC endpoint at 127.0.0.1:1 cannot be reached"),
        "{told}"
    );
}

#[test]
fn another_balance_of_a_purse_that_is_there_is_told_to_do_nothing() {
    let place = place(60, &["SOL-USDC"]);
    let with = |balance: &str| {
        let args = ["paper", "dca", "--data", "bars", "--param", "every=600", "--json", "--balance", balance];
        let ran = run(place.path(), &args).exits(0);
        (ran.json()["portfolio"]["balances"][0]["amount"].clone(), ran.stderr)
    };
    let (began, told) = with("500");
    assert!(!told.contains("another balance"), "{told}");
    let (same, told) = with("500");
    assert!(!told.contains("another balance"), "{told}");
    let (other, told) = with("700");
    assert!(told.contains("dca: its purse is there already and began with another balance"), "{told}");
    assert_eq!((&same, &other), (&began, &began));
}

#[test]
fn a_wallet_gets_on_localnet_only_where_no_other_network_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "[trading.risk]\nenabled = true\nquote = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n";
    let told = |network: &str, code: i32| {
        let config = format!("{network}{rules}[host]\nlog_level = \"error\"\n");
        std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
        let args = ["trade", "dca", "--wallet", "main", "--market", "SOL/USDC", "--emulate", "solana,jupiter"];
        run(folder.path(), &args).exits(code).stderr
    };
    for network in ["mainnet-beta", "devnet", "testnet"] {
        let told = told(&format!("[trading]\nnetwork = \"{network}\"\n"), 2);
        assert!(told.contains("error[bad-value]") && told.contains("puppet.toml:2: trading.network"), "{told}");
        assert!(
            told.contains(&format!("`{network}` is configured: the purse of `main` would be of localnet")),
            "{told}"
        );
    }
    // What comes after it: there is no such wallet, or no emulated chain in this program.
    let word = "main: the emulated chain is `localnet`, and the wallet's purse is of it from now on";
    assert!(told("", 2).contains(word));
    let said = told("[trading]\nnetwork = \"localnet\"\n", 2);
    assert!(!said.contains(word) && !said.contains("bad-value"), "{said}");
}
