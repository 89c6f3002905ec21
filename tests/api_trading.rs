//! An operator trades for an agent over HTTP, on paper: to the unit, behind the same rules and halts as everybody, and once
//! for each request, also where the host was killed in between.

use std::{path::Path, time::Duration};

use puppet_store::{ApiStore as _, Options, SqliteStore};
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    client::{Client, Got},
    desks::configured::{configure, quotes, start},
    schemas::shapes::schemas,
    support::{fixtures, list, run, until},
};

const LONG: Duration = Duration::from_secs(120);
const TRADING: &str = "/api/v1/agents/orbit-desk/trading";
/// An operator may trade, in small.
const RULES: &str = "[trading.risk]\nenabled = true\nquote = \"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\"\n\
    allow_mints = [\"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\", \"So11111111111111111111111111111111111111112\"]\n\
    autonomous_only = false\nmax_order_notional = 20000000\nmax_hour_notional = 1000000000\nmax_day_notional = 1000000000\n\
    reserve_lamports = 0\n";
/// It is asked as often as a test looks.
const API: &str = "[api]\nrate_per_minute = 100000\nrate_per_minute_per_address = 100000\nburst = 10000\n";
const TRADE: &str = "/api/v1/agents/orbit-desk/trade";

/// A key of a role, bound to agents or not.
fn key(folder: &Path, role: &str, more: &[&str]) -> String {
    let args = [&["api", "key", "create", "--name", role, "--role", role, "--json"], more].concat();
    run(folder, &args).exits(0).json()["key"].as_str().unwrap().to_owned()
}

/// Holds an answer to its schema.
#[track_caller]
fn held(schema: &str, got: &Got, status: u16) -> Value {
    assert_eq!(got.status, status, "{}", got.body);
    let errors = schemas()[schema].errors(&got.body);
    assert!(errors.is_empty(), "{schema}: {errors:?}\n{:#}", got.body);
    got.body.clone()
}

fn trade(api: &Client, key: &str, side: &str, amount: &str) -> Got {
    let body = json!({ "market": "SOL/USDC", "side": side, "amount": amount, "reason": "it's tea time" });
    api.ask("POST", TRADE, &format!("Idempotency-Key: {key}\r\n"), Some(&body.to_string()))
}

/// What the books have of a token.
fn books(api: &Client, symbol: &str) -> u64 {
    let balance = held("wallet-balance", &api.get(&format!("{TRADING}/balance")), 200);
    let token = list(&list(&balance, "items")[0], "tokens").iter().find(|token| token["symbol"] == symbol).cloned();
    token.map_or(0, |token| token["books"].as_str().unwrap().parse().unwrap())
}

fn swaps(api: &Client) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = held("wallet-history", &api.get(&format!("{TRADING}/transactions?limit=2{cursor}")), 200);
        assert!(list(&page, "items").len() <= 2);
        all.extend(list(&page, "items").iter().filter(|item| item["kind"] == "swap").cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[test]
fn an_operator_trades_for_an_agent_once_for_each_request_and_within_its_halts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for agent in ["orbit-desk", "harbour-watch"] {
        let file = fixtures().join(format!("agents/{agent}.json"));
        run(folder, &["agent", "import", file.to_str().unwrap()]).exits(0);
    }
    let desk = "[trading.desks.orbit]\nmarkets = [\"SOL/USDC\"]\nbar = \"1s\"\nagent = \"orbit-desk\"\n";
    configure(
        folder,
        &format!("{API}[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{}\"\n{RULES}{desk}", quotes()),
    );
    let (admin, viewer) = (key(folder, "admin", &[]), key(folder, "viewer", &[]));
    let bound = key(folder, "operator", &["--agent", "orbit-desk"]);
    let other = key(folder, "operator", &["--agent", "harbour-watch"]);
    let data = folder.join(".puppet");
    let client = |key: &String| Client::of(&data, Some(key));
    let trades = |api: &Client| {
        let stats = api.get(&format!("{TRADING}/stats"));
        let stats = held("trading-stats", &stats, 200);
        stats["desk"]["state"] == "running" && !stats["portfolio"]["markets"][0]["price"].is_null()
    };

    let host = start(folder);
    let api = client(&bound);
    until(LONG, "its desk does not open", || trades(&api));
    let (dollars, sol) = (books(&api, "USDC"), books(&api, "SOL"));
    let body = json!({ "market": "SOL/USDC", "side": "buy", "amount": "5000000" });
    assert_eq!(client(&viewer).post(TRADE, &body).status, 403);
    assert_eq!(client(&other).post(TRADE, &body).body["code"], "unknown-agent");
    let elsewhere = client(&admin).post("/api/v1/agents/harbour-watch/trade", &body);
    assert_eq!((elsewhere.status, &elsewhere.body["code"]), (409, &json!("no-desk")));
    let stats = client(&admin).get("/api/v1/agents/harbour-watch/trading/stats");
    assert_eq!(held("trading-stats", &stats, 200)["wallet"], Value::Null);
    let unknown = json!({ "market": "BONK/USDC", "side": "buy", "amount": "5000000" });
    let unknown = api.post(TRADE, &unknown);
    assert_eq!(
        (unknown.status, &unknown.body["code"], &unknown.body["field"]),
        (400, &json!("unknown-market"), &json!("market"))
    );

    // Exactly so much is given, and what came is what the books have more.
    let bought = held("agent-trade", &trade(&api, "one", "buy", "5000000"), 200);
    assert_eq!((&bought["outcome"], &bought["wallet"]), (&json!("done"), &json!("paper/orbit")), "{bought}");
    let result = &bought["result"];
    assert_eq!((&result["in_amount"], &result["origin"]), (&json!("5000000"), &json!("operator")));
    let came: u64 = result["out_amount"].as_str().unwrap().parse().unwrap();
    assert!(came > 0);
    assert_eq!((dollars - books(&api, "USDC"), books(&api, "SOL") - sol), (5_000_000, came));
    let look = format!("{TRADE}/{}", bought["id"].as_str().unwrap());
    assert_eq!(held("agent-trade", &api.get(&look), 200), bought);
    let none = api.get(&format!("{TRADE}/trd-none"));
    assert_eq!((none.status, &none.body["code"]), (404, &json!("unknown-trade")));
    let again = trade(&api, "one", "buy", "5000000");
    assert!(again.head.contains("idempotent-replayed: true") && again.body == bought, "{again:?}");

    let much = held("agent-trade", &trade(&api, "much", "buy", "20000001"), 200);
    assert_eq!((&much["outcome"], &much["result"]["code"]), (&json!("denied"), &json!("max-order-notional")), "{much}");

    // The host is killed, and the answer that it kept is lost as if it had been killed before it was.
    host.kill();
    let store = SqliteStore::open(&data, Options::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(store.forget_api_answers(Timestamp::from_millis(i64::MAX))).unwrap() > 0);
    drop(store);
    let host = start(folder);
    let api = client(&bound);
    until(LONG, "its desk does not open again", || trades(&api));
    let again = trade(&api, "one", "buy", "5000000");
    assert!(!again.head.contains("idempotent-replayed"), "{}", again.head);
    assert_eq!(held("agent-trade", &again, 200), bought, "it is the same swap");
    assert_eq!((swaps(&api).len(), books(&api, "SOL") - sol), (1, came));

    // Halts are its halts, too.
    let wallet = "/api/v1/trading/wallets/paper%2Forbit";
    let operator = client(&admin);
    held("wallet-word", &operator.post(&format!("{wallet}/halt"), &json!({ "reason": "lunch" })), 200);
    let denied = held("agent-trade", &trade(&api, "two", "buy", "5000000"), 200);
    assert_eq!((&denied["outcome"], &denied["result"]["code"]), (&json!("denied"), &json!("kill-switch")), "{denied}");
    let stats = held("trading-stats", &api.get(&format!("{TRADING}/stats")), 200);
    assert_eq!((&stats["state"], &stats["reason"]), (&json!("halted"), &json!("lunch")));
    held("wallet-word", &operator.post(&format!("{wallet}/resume"), &json!({})), 200);
    std::fs::write(data.join("HALT"), "enough\n").unwrap();
    assert_eq!(trade(&api, "three", "sell", "1000").body["outcome"], "denied");
    std::fs::remove_file(data.join("HALT")).unwrap();
    until(LONG, "it stays halted", || {
        held("trading-stats", &api.get(&format!("{TRADING}/stats")), 200)["desk"]["state"] == "running"
    });
    let sold = held("agent-trade", &trade(&api, "four", "sell", &came.to_string()), 200);
    assert_eq!((&sold["outcome"], &sold["result"]["in_symbol"]), (&json!("done"), &json!("SOL")), "{sold}");
    assert_eq!((books(&api, "SOL"), swaps(&api).len()), (sol, 2));

    // The agent hears of each, once; and the log knows what was asked, and what there was before and after.
    until(LONG, "the agent hears nothing", || {
        let told = run(folder, &["journal", "--kind", "swap_done", "--limit", "100", "--json"]).exits(0).json();
        list(&told, "items").len() == 2
    });
    let audit = operator.get("/api/v1/audit?agent=orbit-desk").body;
    let traded = list(&audit, "items").iter().find(|row| row["after"]["trade"]["id"] == sold["id"]).unwrap();
    assert_ne!(traded["before"]["balances"], traded["after"]["balances"]);
    assert_eq!(host.stop(), 0);
}
