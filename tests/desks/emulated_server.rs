//! An operator trades for an agent over HTTP with a real wallet, on the emulated chain: a person says yes, the host is killed,
//! and the agent gets another wallet.

use std::{path::Path, time::Duration};

use puppet_store::{ApiStore as _, Options, SqliteStore};
use puppet_types::Timestamp;
use serde_json::{Value, json};

use super::emulated::{Chain, SOL, USDC, both, configured, keyed, told};
use crate::{
    client::{Client, Got, key},
    support::{Running, fixtures, list, until},
};

const LONG: Duration = Duration::from_secs(180);
const AGENT: &str = "/api/v1/agents/orbit-desk";
/// An operator may trade.
const MORE: &str =
    "autonomous_only = false\n[api]\nrate_per_minute = 100000\nrate_per_minute_per_address = 100000\nburst = 10000\n";
/// And is asked from three dollars on.
const ASKED: &str = "[trading]\napprove_above = { \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\" = 3000000 }\n";

fn wallet(folder: &Path, chain: &Chain, name: &str) {
    let made = told(folder, &["wallet", "new", name, "--json"]).json();
    let owner = made["address"].as_str().unwrap();
    told(folder, &["wallet", "airdrop", name, "5"]);
    chain.command("chain", &json!({ "mint-to": { "owner": owner, "mint": USDC, "amount": 500_000_000_u64 } }));
}

fn started(folder: &Path, chain: &Chain, wallet: &str, key: &str) -> (Running, Client) {
    let desk = format!(
        "[trading.desks.orbit]\nwallet = \"{wallet}\"\nmarkets = [\"SOL/USDC\"]\nbar = \"1s\"\nagent = \"orbit-desk\"\n"
    );
    let shown = configured(chain).replacen("[trading]\n", ASKED, 1);
    std::fs::write(folder.join("puppet.toml"), format!("{shown}{MORE}{desk}")).unwrap();
    let data = folder.join(".puppet");
    let mut command = keyed(folder, &["run", "--data"]);
    command.arg(&data);
    let host = Running::of(command, &data);
    let api = Client::of(&data, Some(key));
    until(LONG, "its desk does not open", || {
        let stats = api.read(&format!("{AGENT}/trading/stats"));
        stats["desk"]["state"] == "running" && !stats["portfolio"]["markets"][0]["price"].is_null()
    });
    (host, api)
}

fn trade(api: &Client, key: &str, amount: u64) -> Got {
    let body = json!({ "market": "SOL/USDC", "side": "buy", "amount": amount.to_string(), "reason": "it's tea time", "wait_ms": 60_000 });
    api.ask("POST", &format!("{AGENT}/trade"), &format!("Idempotency-Key: {key}\r\n"), Some(&body.to_string()))
}

/// What the wallet has of a token, which chain and books agree about.
fn has(api: &Client, mint: &str) -> u64 {
    let mut seen = Value::Null;
    until(LONG, "chain and books differ", || {
        let (on_chain, in_books) = both(&api.read(&format!("{AGENT}/trading/balance")), mint);
        seen = on_chain;
        seen == in_books
    });
    seen.as_str().unwrap().parse().unwrap()
}

#[test]
fn emulated_money_is_traded_over_http_once_with_a_yes_and_over_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let chain = Chain::start(folder);
    std::fs::write(folder.join("puppet.toml"), configured(&chain)).unwrap();
    let file = fixtures().join("agents/orbit-desk.json");
    told(folder, &["agent", "import", file.to_str().unwrap()]);
    wallet(folder, &chain, "main");
    let key = key(folder, &["--role", "operator"]);
    let (host, api) = started(folder, &chain, "main", &key);
    let (dollars, sol) = (has(&api, USDC), has(&api, SOL));
    assert_eq!(dollars, 500_000_000);

    // What nobody is asked about.
    let small = trade(&api, "small", 2_000_000).is(200);
    assert_eq!((&small["outcome"], &small["kind"]), (&json!("done"), &json!("live")), "{small}");
    assert!(small["result"]["signature"].is_string(), "{small}");
    assert_eq!(has(&api, USDC), dollars - 2_000_000);
    let bought = has(&api, SOL);
    assert!(bought > sol, "{sol} {bought}");

    // What waits for a person's yes: nothing is given before that.
    let large = trade(&api, "large", 5_000_000).is(202);
    assert_eq!(large["outcome"], "waiting", "{large}");
    let (id, hash) = (large["id"].as_str().unwrap(), large["approval"]["hash"].as_str().unwrap());
    let look = format!("{AGENT}/trade/{id}");
    assert_eq!(api.read(&look)["outcome"], "waiting");
    assert_eq!(has(&api, USDC), dollars - 2_000_000);
    let waiting = api.read("/api/v1/trading/approvals");
    assert!(list(&waiting, "items").iter().any(|asked| asked["hash"] == hash), "{waiting}");
    api.post(&format!("/api/v1/trading/approvals/{hash}"), &json!({ "verdict": "approve" })).is(200);
    until(LONG, "it does not end", || api.read(&look)["outcome"] == "done");
    assert_eq!(has(&api, USDC), dollars - 7_000_000);
    let bought = has(&api, SOL);

    // The host is killed, and the answers that it kept are lost: the same request is the same swap.
    host.kill();
    let data = folder.join(".puppet");
    let forget = || {
        let store = SqliteStore::open(&data, Options::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert!(runtime.block_on(store.forget_api_answers(Timestamp::from_millis(i64::MAX))).unwrap() > 0);
    };
    forget();
    let (host, api) = started(folder, &chain, "main", &key);
    let again = trade(&api, "large", 5_000_000).is(200);
    assert_eq!((&again["outcome"], again["id"].as_str()), (&json!("done"), Some(id)), "{again}");
    assert_eq!((has(&api, USDC), has(&api, SOL)), (dollars - 7_000_000, bought));
    assert_eq!(host.stop(), 0);

    // With another wallet it would be a second one.
    forget();
    wallet(folder, &chain, "second");
    let (host, api) = started(folder, &chain, "second", &key);
    assert_eq!(trade(&api, "large", 5_000_000).is(409)["code"], "trade-elsewhere");
    assert_eq!(has(&api, USDC), 500_000_000);
    assert_eq!(host.stop(), 0);
}
