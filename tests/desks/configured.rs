//! Desks of `[trading.desks]` under `puppet run`: fed with prices of now, told to a character, halted in every way, killed; and
//! what cannot be meant ends the start.

use std::{
    collections::BTreeSet,
    net::{TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use puppet_store::{PurseEntry, TradeStore as _, sqlite::SqliteStore};
use puppet_trade::{DeskView, SwapResult, purse_view};
use puppet_types::ids;
use serde_json::Value;

use super::jupiter;
use crate::support::{Running, fixtures, list, puppet, run, until};

pub const USDC: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
pub const SOL: &str = "So11111111111111111111111111111111111111112";
pub const LONG: Duration = Duration::from_secs(120);

/// An exchange that quotes, and whose prices rise by a cent with each question.
pub fn quotes() -> String {
    let at = jupiter::serve(|stream, asked| {
        let Some(head) = jupiter::head(&stream) else { return };
        jupiter::answer(stream, &jupiter::quote(&head, 150_000_000 + asked * 10_000));
    });
    format!("{at}/swap")
}

/// Buys for five dollars with every bar of a second.
pub const STEADY: &str = "[trading.desks.steady]\nstrategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\nbar = \"1s\"\n";
pub const PARAMS: &str = "[trading.desks.steady.params]\nevery = 1\nnotional = 500\n";

pub fn configure(folder: &Path, text: &str) {
    std::fs::write(folder.join("puppet.toml"), text).unwrap();
}

pub fn start(folder: &Path) -> Running {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    Running::start_with(puppet(folder), &folder.join(".puppet"), log)
}

pub fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

fn store(folder: &Path) -> Option<(SqliteStore, tokio::runtime::Runtime)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Some((SqliteStore::open_read_only(&folder.join(".puppet")).ok()?, runtime))
}

pub fn view(folder: &Path) -> Option<DeskView> {
    let (store, runtime) = store(folder)?;
    let purse = runtime.block_on(store.purse("paper/steady")).ok()??;
    purse_view(&purse).unwrap()
}

/// Swaps of the purse, as its log has them.
fn swaps(folder: &Path) -> Vec<SwapResult> {
    let Some((store, runtime)) = store(folder) else { return Vec::new() };
    let rows = runtime.block_on(store.purse_log("paper/steady", &[PurseEntry::Event], 0, 1_000_000)).unwrap();
    let swaps = rows.into_iter().filter(|row| row.body["event"] == "swap");
    swaps.map(|row| serde_json::from_value(row.body["result"].clone()).unwrap()).collect()
}

/// Waits until something more was bought.
pub fn buys(folder: &Path) {
    let before = swaps(folder).len();
    until(LONG, "it buys nothing", || swaps(folder).len() > before);
}

/// Waits until bars were answered with nothing but a no, and says why that was.
fn stands(folder: &Path, reason: &str) {
    let halted = |view: &DeskView| view.state.as_ref().is_some_and(|state| state.reason == reason);
    until(LONG, "it is not halted", || view(folder).is_some_and(|view| halted(&view)));
    let bars = |more| {
        let batches = view(folder).unwrap().batches;
        until(LONG, "no bars come", || view(folder).is_some_and(|view| view.batches >= batches + more));
    };
    // On paper what waited is still filled.
    bars(2);
    let bought = swaps(folder).len();
    bars(2);
    assert_eq!(swaps(folder).len(), bought);
}

#[test]
fn a_desk_of_the_configuration_trades_for_a_character_is_halted_in_every_way_and_keeps_exact_books() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let agent = fixtures().join("agents/orbit-desk.json");
    run(folder, &["agent", "import", agent.to_str().unwrap()]).exits(0);
    let endpoint = quotes();
    let trading = format!("[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{endpoint}\"\n");
    configure(folder, &format!("{trading}{STEADY}agent = \"orbit-desk\"\n{PARAMS}"));
    let host = start(folder);
    buys(folder);
    // The character hears of it, once for each.
    let heard = || {
        let told = run(folder, &["journal", "--kind", "swap_done", "--limit", "10000", "--json"]).exits(0).json();
        list(&told, "items").clone()
    };
    until(LONG, "nobody is told", || !heard().is_empty());
    assert_eq!(heard()[0]["agent"], "orbit-desk");

    let word = ["wallet", "halt", "paper/steady", "--reason", "lunch", "--json"];
    assert_eq!(run(folder, &word).exits(0).json()["items"][0]["heard"], true);
    stands(folder, "lunch");
    run(folder, &["wallet", "resume", "paper/steady"]).exits(0);
    buys(folder);

    std::fs::write(folder.join(".puppet/HALT"), "enough\n").unwrap();
    stands(folder, "enough");
    std::fs::remove_file(folder.join(".puppet/HALT")).unwrap();
    buys(folder);

    host.kill();
    let before = view(folder).unwrap();
    let host = start(folder);
    buys(folder);
    assert_eq!(host.stop(), 0);
    let (swaps, after) = (swaps(folder), view(folder).unwrap());
    assert!(after.batches > before.batches);
    let mut swapped: Vec<_> = swaps.iter().map(|swap| swap.id.clone()).collect();
    swapped.sort();
    swapped.dedup();
    assert_eq!(swapped.len(), swaps.len(), "each is there once");
    let has = |mint: &str| {
        let balance = after.portfolio.balances.iter().find(|balance| balance.mint.as_str() == mint);
        balance.map_or(0, |balance| balance.amount)
    };
    let (gave, took) = swaps.iter().fold((0, 0), |(gave, took), swap| (gave + swap.in_amount, took + swap.out_amount));
    assert_eq!((has(USDC), has(SOL)), (1_000_000_000 - gave, took));
    let heard = heard();
    let event_of = |id: &String| ids::derive("evt", &["swap", id.as_str()]);
    let (told, known): (BTreeSet<_>, BTreeSet<_>) = (
        heard.iter().map(|heard| heard["event"]["id"].as_str().unwrap().to_owned()).collect(),
        swapped.iter().map(event_of).collect(),
    );
    assert_eq!(told.len(), heard.len(), "no swap is told twice");
    assert!(told.is_subset(&known), "nothing is told that was not swapped");
}

#[test]
fn desks_that_cannot_be_meant_end_the_start_whatever_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let desk = |name: &str, strategy: &str, market: &str, more: &str| {
        format!("[trading.desks.{name}]\nstrategy = \"{strategy}\"\nmarkets = [\"{market}\"]\n{more}")
    };
    let market = desk("a", "sma-cross", "SOL/USDX", "");
    let strategy = desk("b", "sma-crosss", "SOL/USDC", "");
    let range = desk("c", "sma-cross", "SOL/USDC", "[trading.desks.c.params]\nfast = 900\n");
    let parameter = desk("d", "sma-cross", "SOL/USDC", "[trading.desks.d.params]\nquick = 5\n");
    let few = desk("e", "momentum", "SOL/USDC", "");
    let agent = desk("f", "sma-cross", "SOL/USDC", "agent = \"nobody\"\n");
    let fee = format!("[trading.paper]\nfee_bps = 9000\n{}", desk("g", "sma-cross", "SOL/USDC", ""));
    let wallet = desk("h", "sma-cross", "SOL/USDC", "wallet = \"nowhere\"\n");
    let rules = format!("[trading.risk]\nenabled = true\nquote = \"{USDC}\"\nallow_mints = [\"{USDC}\", \"{SOL}\"]\n");
    let wallet = format!("{agent}{wallet}{rules}");
    let refused = desk("i", "sma-cross", "SOL/USDC", "[trading.desks.i.params]\nfast = 40\nslow = 10\n");
    let good = desk("good", "sma-cross", "SOL/USDC", "");
    for (wrong, words) in [
        (&market, &["trading.desks.a", "did you mean `SOL/USDC`"][..]),
        (&strategy, &["trading.desks.b", "there is no strategy `sma-crosss`"]),
        (&range, &["trading.desks.c", "fast", "900"]),
        (&parameter, &["trading.desks.d", "quick"]),
        (&few, &["trading.desks.e", "markets at once"]),
        (&refused, &["trading.desks.i.params: the strategy does not begin: failed: `fast` is 40 and `slow` 10"]),
        (&agent, &["trading.desks.f.agent", "there is no agent `nobody`"]),
        (&fee, &["trading.desks.g", "max_fee_bps"]),
        (&wallet, &["trading.desks.h.wallet", "nowhere", "trading.desks.f.agent"]),
        (
            &[market.as_str(), &strategy, &range].concat(),
            &["trading.desks.a", "SOL/USDX", "trading.desks.b", "sma-crosss", "trading.desks.c", "900"],
        ),
    ] {
        // One that could trade does not either.
        configure(folder, &format!("{good}{wrong}"));
        let ran = run(folder, &["run", "--for", "1s"]).exits(2);
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{wrong}: {}", ran.stderr);
        assert_eq!(ran.stderr.matches("error[").count(), 1, "{wrong}: {}", ran.stderr);
        assert!(ran.stderr.matches("`fast` is 40").count() < 2, "it is told once: {}", ran.stderr);
        assert!(!folder.join(".puppet/run.json").exists() && view(folder).is_none(), "{wrong}");
    }
}

#[test]
fn a_silent_chain_holds_up_neither_agents_nor_other_desks_and_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["wallet", "new", "main"]).exits(0);
    // It takes every connection, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "[trading]\npoll_ms = 200\nnetwork = \"localnet\"\nrpc_url = \"http://{}\"\n\
         [trading.jupiter]\nendpoint = \"{}\"\n{STEADY}{PARAMS}\
         [trading.desks.quiet]\nwallet = \"main\"\nstrategy = \"dca\"\nmarkets = [\"SOL/USDC\"]\n\
         [trading.risk]\nenabled = true\nquote = \"{USDC}\"\nallow_mints = [\"{USDC}\", \"{SOL}\"]\n\
         max_order_notional = 20000000\nmax_hour_notional = 1000000000\nmax_day_notional = 1000000000\nreserve_lamports = 0\n",
        silent.local_addr().unwrap(),
        quotes(),
    );
    configure(folder, &config);
    let (tell, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut held: Vec<TcpStream> = Vec::new();
        for stream in silent.incoming().map_while(Result::ok) {
            held.push(stream);
            if tell.send(held.len()).is_err() {
                break;
            }
        }
    });
    let host = start(folder);
    assert!(!log(folder).contains("desk quiet"), "it was waited for: {}", log(folder));
    // What is to trade is told at the start, whether it opens or not.
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        format!("steady: dca@{version} trades SOL/USDC on paper (paper/steady)"),
        format!("quiet: dca@{version} trades SOL/USDC with the wallet main on localnet"),
    ] {
        assert_eq!(log(folder).matches(&line).count(), 1, "{line}: {}", log(folder));
    }
    buys(folder);
    asked.recv_timeout(LONG).unwrap();
    until(LONG, "nothing is told of it", || log(folder).contains("desk quiet: "));
    // What it waits for is told once, and it is asked again.
    asked.recv_timeout(LONG).unwrap();
    let told = log(folder);
    assert!(told.contains("it is tried again until it opens"), "{told}");
    assert_eq!(told.matches("desk quiet: ").count(), 1, "{told}");
    buys(folder);
    let desks: Value = run(folder, &["wallet", "list", "--json"]).exits(0).json();
    assert!(list(&desks, "items").iter().any(|item| item["name"] == "paper/steady"), "{desks}");
    assert_eq!(host.stop(), 0);
}
