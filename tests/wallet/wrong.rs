//! What no waiting mends is bad input, and nobody asks for it again: a node of another network, a token that is not there or
//! has other decimals.

use puppet_solana::{Network, programs};

use super::{code, configured, node, on, wallet};
use crate::support::run;

const TRADE: [&str; 7] = ["trade", "dca", "--wallet", "main", "--market", "SOL/USDC", "--json"];
const RISK: &str = "[trading.risk]\nenabled = true\nquote = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n";
const DESK: &str = "[trading.desks.a]\nwallet = \"main\"\nstrategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\n";

#[test]
fn a_fault_that_stays_ends_a_desk_and_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    wallet(folder, &["new", "main"]).exits(0);
    let usdc = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".parse().unwrap();
    let devnet = node::Chain::of(Network::Devnet);
    let elsewhere = node::Chain::of(Network::MainnetBeta);
    let gone = node::Chain { tokens: Vec::new(), ..devnet.clone() };
    let other = node::Chain { tokens: vec![(usdc, programs::TOKEN, 8, 0)], ..devnet };
    for (chain, told, words) in [
        (elsewhere, "bad-value", "another network"),
        (gone, "no-such-token", "there is no token EPj"),
        (other, "token-decimals", "has 8 decimals, and is believed to have 6"),
    ] {
        let (url, asked) = node::node(chain);
        configured(folder, &format!("{}{RISK}", on(Network::Devnet, &url)));
        let ran = run(folder, &TRADE).exits(2);
        assert_eq!(code(&ran), told);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        // As `wallet` says it.
        if told == "bad-value" {
            assert!(ran.stderr.contains("trading.network"), "{}", ran.stderr);
        }
        // A desk of the configuration gives up at once.
        configured(folder, &format!("{}{RISK}{DESK}", on(Network::Devnet, &url)));
        asked.lock().unwrap().asked.clear();
        let ran = run(folder, &["run", "--for", "3s"]).exits(0);
        assert!(ran.stderr.contains("or the next start") && ran.stderr.contains(words), "{ran:?}");
        let hellos = asked.lock().unwrap().asked.iter().filter(|method| *method == "getGenesisHash").count();
        assert_eq!(hellos, 1, "it is asked once");
    }
}
