//! Two names of wallets with one key: one purse's worth of money, said and refused by name.

use std::fs;

use crate::support::{list, run};

use super::{code, configured, told, wallet};

const RISK: &str = "[trading.risk]\nenabled = true\nquote = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n";

fn desk(name: &str, wallet: &str) -> String {
    format!("[trading.desks.{name}]\nwallet = \"{wallet}\"\nstrategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\n")
}

#[test]
fn two_names_with_one_key_are_one_wallet_and_two_desks_on_them_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    wallet(folder, &["new", "main", "--file", "copy.json"]).exits(0);
    wallet(folder, &["new", "twin", "--import", "--file", "copy.json"]).exits(0);
    wallet(folder, &["new", "other"]).exits(0);
    let listed = told(folder, &["list"]);
    let problem = |name: &str| {
        let item = list(&listed, "items").iter().find(|item| item["name"] == name).unwrap();
        item["problem"].as_str().unwrap_or_default().to_owned()
    };
    assert!(problem("main").contains("`twin` has the same key"), "{listed}");
    assert!(problem("twin").contains("`main` has the same key"), "{listed}");
    assert_eq!(problem("other"), "");

    // Nobody listens there.
    let network = "[trading]\nnetwork = \"localnet\"\nrpc_url = \"http://127.0.0.1:1\"\n".to_owned();
    configured(folder, &format!("{network}{RISK}{}{}", desk("a", "main"), desk("b", "twin")));
    let refused = run(folder, &["run", "--json"]).exits(2);
    assert_eq!(code(&refused), "same-wallet");
    assert!(refused.stderr.contains("`main` and `twin`"), "{}", refused.stderr);
    // The same of one of the configuration and that of the command line.
    configured(folder, &format!("{network}{RISK}{}", desk("a", "main")));
    let trade = |wallet: &str| {
        run(folder, &["trade", "dca", "--wallet", wallet, "--market", "SOL/USDC", "--name", "b", "--json"])
    };
    let refused = trade("twin").exits(2);
    assert_eq!(code(&refused), "same-wallet");
    assert!(refused.stderr.contains("`main` and `twin`"), "{}", refused.stderr);
    assert_eq!(code(&trade("other").exits(4)), "no-chain");
    let secrets = fs::read_to_string(folder.join(".puppet/secrets.toml")).unwrap();
    assert!(secrets.contains("wallet/twin"), "nothing is taken away");
}
