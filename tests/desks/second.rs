//! A second source of prices beside the first, both of them a server on this machine: it agrees, is far off, talks nonsense,
//! says nothing. Orders are admitted while it agrees, and at no other time.

use std::{
    net::TcpStream,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::jupiter;
use crate::support::{puppet, run, until};

const KEY: &str = "canary-second-key";
const LONG: Duration = Duration::from_secs(120);

/// What the second source answers; none: nothing at all.
type Said = Arc<Mutex<Option<String>>>;

/// Both sources: quotes of SOL at 150 dollars as Jupiter gives them, and whatever is said.
struct Sources {
    at: String,
    said: Said,
    /// The head of each question to the second one.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Sources {
    fn start() -> Self {
        let (said, asked) = (Said::default(), Arc::new(Mutex::new(Vec::new())));
        let (of_thread, heard) = (Arc::clone(&said), Arc::clone(&asked));
        let at = jupiter::serve(move |stream, _| answer(stream, &of_thread, &heard));
        Self { at, said, asked }
    }

    fn says(&self, text: Option<&str>) {
        *self.said.lock().unwrap() = text.map(str::to_owned);
    }
}

fn answer(stream: TcpStream, said: &Said, heard: &Mutex<Vec<String>>) {
    let Some(head) = jupiter::head(&stream) else { return };
    if head.starts_with("GET /swap/v2/order?") {
        return jupiter::answer(stream, &jupiter::quote(&head, 150_000_000));
    }
    heard.lock().unwrap().push(head);
    let said = said.lock().unwrap().clone();
    match said {
        Some(text) => jupiter::answer(stream, &text),
        None => jupiter::say_nothing(stream),
    }
}

#[test]
fn the_wait_for_history_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::start();
    let config = format!("[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{}/swap/v2\"\n", sources.at);
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    let (stdout, stderr) = (folder.path().join("stdout"), folder.path().join("stderr"));
    let mut command = puppet(folder.path());
    command.stdout(std::fs::File::create(&stdout).unwrap()).stderr(std::fs::File::create(&stderr).unwrap());
    let args = ["paper", "sma-cross", "--market", "SOL/USDC", "--bar", "1s", "--json"];
    let mut child = command.args(args).spawn().unwrap();
    until(LONG, "nothing is told", || read(&stderr).contains("sma-cross: waits for history: 0 of "));
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    let summary: serde_json::Value = serde_json::from_str(&read(&stdout)).unwrap();
    assert!(summary["history_left"].as_u64().unwrap() > 0, "{summary}");
}

#[test]
fn a_token_is_traded_while_a_list_has_it() {
    let bonk = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
    let listed = format!(
        "{{\"data\":{{\"tokens\":[{{\"address\":\"{bonk}\",\"symbol\":\"BONK\",\"decimals\":5,\"price\":1}}]}}}}"
    );
    for (list, word) in [(listed.as_str(), "filled"), ("{\"data\":{\"tokens\":[]}}", "denied by `not-trending`")] {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::start();
        sources.says(Some(list));
        let (at, rules) = (&sources.at, rules("always_tradable = []\nconsider_trending = true\n"));
        let rules =
            rules.replace("So11111111111111111111111111111111111111112", bonk).replace("max_deviation_bps = 100\n", "");
        let config = format!(
            "[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{at}/swap/v2\"\n\
             [trading.trending]\nurl = \"{at}/list\"\nkey_env = \"LIST_KEY\"\n{rules}"
        );
        std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
        let stdout = folder.path().join("stdout");
        let mut command = puppet(folder.path());
        command.env("LIST_KEY", KEY).stdout(std::fs::File::create(&stdout).unwrap());
        command.stderr(std::fs::File::create(folder.path().join("stderr")).unwrap());
        let args = ["paper", "dca", "--market", "BONK/USDC", "--bar", "1s", "--latency-ms", "0"];
        let mut child = command.args(args).args(["--param", "every=1", "--param", "notional=100"]).spawn().unwrap();
        until(LONG, &format!("no `{word}`"), || read(&stdout).contains(word));
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(child.wait().unwrap().success());
        let asked = sources.asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "a list is kept: {asked:?}");
        assert!(asked[0].starts_with("GET /list ") && asked[0].contains(&format!("x-api-key: {KEY}\r\n")));
        assert!(asked[0].contains("x-chain: solana\r\n"), "{asked:?}");
        assert_eq!(read(&stdout).contains("filled"), word == "filled", "{}", read(&stdout));
    }
}

fn rules(more: &str) -> String {
    let (usdc, sol) = ("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "So11111111111111111111111111111111111111112");
    format!(
        "[trading.risk]\nenabled = true\nquote = \"{usdc}\"\nallow_mints = [\"{usdc}\", \"{sol}\"]\n\
         max_order_notional = 25000000\nmax_day_notional = 900000000\nmax_daily_trades = 1000\n\
         max_quote_age_seconds = 2\nmax_deviation_bps = 100\n{more}"
    )
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn orders_are_admitted_while_a_second_source_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::start();
    let (at, rules) = (&sources.at, rules(""));
    let config = format!(
        "[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{at}/swap/v2\"\n\
         [trading.second_prices.\"SOL/USDC\"]\nurl = \"{at}/second?symbol=SOLUSDC\"\npointer = \"/data/0/price\"\n\
         key_env = \"SECOND_KEY\"\nkey_header = \"x-second\"\ntimeout_ms = 300\n{rules}"
    );
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    let (stdout, stderr) = (folder.path().join("stdout"), folder.path().join("stderr"));
    sources.says(Some("{\"data\":[{\"price\":\"150.9\"}]}"));
    let mut command = puppet(folder.path());
    command.env("SECOND_KEY", KEY).stdout(std::fs::File::create(&stdout).unwrap());
    command.stderr(std::fs::File::create(&stderr).unwrap());
    let args = ["paper", "dca", "--market", "SOL/USDC", "--bar", "1s", "--latency-ms", "0"];
    let mut child = command.args(args).args(["--param", "every=1", "--param", "notional=100"]).spawn().unwrap();
    let counted = |path: &Path, what: &str| read(path).matches(what).count();
    let more = |path: &Path, what: &str, why: &str| {
        let before = counted(path, what);
        until(LONG, &format!("{why}: no `{what}`"), || counted(path, what) > before);
    };
    more(&stdout, "filled", "it agrees");
    assert_eq!(counted(&stdout, "denied"), 0, "{}", read(&stdout));

    sources.says(Some("{\"data\":[{\"price\":152.1}]}"));
    more(&stdout, "denied by `price-deviation`", "it is far off");

    sources.says(Some("<html>"));
    more(&stderr, "no second price of SOL/USDC: its answer is not understood: it is no JSON", "it talks nonsense");
    more(&stdout, "denied by `no-second-price`", "it talks nonsense");

    sources.says(Some("{\"data\":[{\"price\":150}]}"));
    more(&stderr, "SOL/USDC has a second price again", "it agrees again");
    more(&stdout, "filled", "it agrees again");

    sources.says(None);
    more(&stderr, "no second price of SOL/USDC: no answer of 127.0.0.1:", "it is silent");
    more(&stdout, "denied by `no-second-price`", "it is silent");
    // Told once each time, however often it is asked.
    assert_eq!(counted(&stderr, "no second price of SOL/USDC"), 2, "{}", read(&stderr));

    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    let asked = sources.asked.lock().unwrap();
    assert!(asked.iter().all(|head| head.starts_with("GET /second?symbol=SOLUSDC ")), "{asked:?}");
    assert!(asked.iter().all(|head| head.contains(&format!("x-second: {KEY}\r\n"))));
    assert!(!read(&stdout).contains(KEY) && !read(&stderr).contains(KEY));
}

#[test]
fn two_prices_are_compared_only_where_there_are_two() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["market", "synth", "--out", "SOL-USDC.csv", "--bars", "50"]).exits(0);
    std::fs::write(folder.path().join("risk.toml"), rules("")).unwrap();
    let with = |args: &[&str]| run(folder.path(), &[args, &["--risk", "risk.toml"]].concat()).exits(2).stderr;
    for command in ["backtest", "paper"] {
        let told = with(&[command, "dca", "--data", "SOL-USDC.csv"]);
        assert!(
            told.contains("error[no-second-price]") && told.contains("recorded candles are of one source"),
            "{told}"
        );
    }
    for args in [&["paper", "dca"][..], &["trade", "dca", "--wallet", "main"]] {
        let told = with(&[args, &["--market", "SOL/USDC"]].concat());
        assert!(told.contains("error[no-second-price]"), "{told}");
        assert!(told.contains("[trading.second_prices.\"SOL/USDC\"]"), "{told}");
    }
}
