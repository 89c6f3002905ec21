//! From nothing to real swaps on the emulated chain, through the program alone; killed in between.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use puppet_backtest::Event;
use serde_json::{Value, json};

use super::{events, seq, terminated};
use crate::support::{Ran, finish, list, puppet, until};

pub(super) const USDC: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
pub(super) const SOL: &str = "So11111111111111111111111111111111111111112";
const LONG: Duration = Duration::from_secs(180);

/// Chain and exchange, in a process of their own.
pub(super) struct Chain {
    child: Child,
    told: Value,
}

impl Chain {
    pub(super) fn start(folder: &Path) -> Self {
        let mut command = puppet(folder);
        command.args(["emulate", "--solana", "--jupiter", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut chain = Self { child: command.spawn().unwrap(), told: Value::Null };
        // It prints one object and goes on.
        let mut text = String::new();
        for line in BufReader::new(chain.child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            text.push_str(&line);
            if let Ok(told) = serde_json::from_str(&text) {
                chain.told = told;
                return chain;
            }
        }
        panic!("the chain does not start: {text}");
    }

    fn url(&self, of: &str) -> &str {
        self.told[of].as_str().unwrap()
    }

    /// Posts a command to it.
    pub(super) fn command(&self, path: &str, body: &Value) {
        let url = self.url("chain").strip_prefix("http://").unwrap();
        let (host, below) = url.split_once('/').unwrap();
        let (body, mut stream) = (body.to_string(), TcpStream::connect(host).unwrap());
        let length = body.len();
        let head = format!(
            "POST /{below}/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 2"), "{text}");
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The configuration that the page shows, with the addresses of this chain.
pub(super) fn configured(chain: &Chain) -> String {
    let shown = super::shown_for_localnet();
    let (solana, jupiter) = ("http://127.0.0.1:41235\"", "http://127.0.0.1:41235/swap/v2\"");
    assert!(shown.contains(solana) && shown.contains(jupiter), "{shown}");
    let quoted = |url: &str| format!("{url}\"");
    shown.replace(jupiter, &quoted(chain.url("jupiter"))).replace(solana, &quoted(chain.url("solana")))
}

/// The exchange wants a key, whatever it is.
pub(super) fn keyed(folder: &Path, args: &[&str]) -> Command {
    let mut command = puppet(folder);
    command.args(args).env("JUPITER_API_KEY", "any");
    command
}

pub(super) fn told(folder: &Path, args: &[&str]) -> Ran {
    finish(&mut keyed(folder, args)).exits(0)
}

fn fills(folder: &Path) -> usize {
    // A host that begins holds it for a moment.
    if seq(folder, "main") == 0 {
        return 0;
    }
    events(folder, "main").iter().filter(|event| matches!(event, Event::Filled { .. })).count()
}

/// What the chain and the books say of a token.
pub(super) fn both(balance: &Value, mint: &str) -> (Value, Value) {
    let tokens = list(&list(balance, "items")[0], "tokens");
    let token = tokens.iter().find(|token| token["mint"] == mint).unwrap_or_else(|| panic!("{balance}"));
    (token["chain"].clone(), token["books"].clone())
}

#[test]
fn emulated_money_is_traded_to_the_unit_also_over_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let chain = Chain::start(folder);
    std::fs::write(folder.join("puppet.toml"), configured(&chain)).unwrap();
    let made = told(folder, &["wallet", "new", "main", "--json"]).json();
    let address = made["address"].as_str().unwrap();
    told(folder, &["wallet", "airdrop", "main", "5"]);
    chain.command("chain", &json!({ "mint-to": { "owner": address, "mint": USDC, "amount": 500_000_000_u64 } }));

    // Five dollars a second.
    let trade = [
        "trade",
        "dca",
        "--wallet",
        "main",
        "--market",
        "SOL/USDC",
        "--bar",
        "1s",
        "--param",
        "every=1",
        "--param",
        "notional=500",
        "--json",
    ];
    let start = || keyed(folder, &trade).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for wanted in [1, 2, 3] {
        let mut child = start();
        until(LONG, "nothing is traded", || {
            if child.try_wait().unwrap().is_some() {
                panic!("it ended: {:?}", crate::support::ended(start(), LONG));
            }
            fills(folder) >= wanted
        });
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // A halt that is said to nobody holds for the next start: nothing is begun, and what was signed when the host died is
    // followed to its end.
    let before = fills(folder);
    told(folder, &["wallet", "halt", "main", "--reason", "lunch"]);
    let halted = [&trade[..], &["--for", "3s"]].concat();
    let summary = told(folder, &halted).json();
    assert_eq!((&summary["state"], &summary["since_start"]["fills"]), (&"halted".into(), &0.into()), "{summary}");
    let after = fills(folder);
    assert!((before..=before + 1).contains(&after), "{before} {after}");
    told(folder, &["wallet", "resume", "main"]);
    let child = start();
    until(LONG, "nothing is traded", || fills(folder) >= after + 2);
    let summary = terminated(child).exits(0).json();
    assert_eq!((&summary["mode"], &summary["network"]), (&"live".into(), &"localnet".into()));
    assert!(summary["since_start"]["swaps_done"].as_u64().unwrap() > 0, "{summary}");

    let balance = told(folder, &["wallet", "balance", "main", "--json"]).json();
    for mint in [USDC, SOL] {
        let (on_chain, in_books) = both(&balance, mint);
        assert_eq!(on_chain, in_books, "{mint}: {balance}");
    }
    let (usdc, _) = both(&balance, USDC);
    assert_ne!(usdc, json!("500000000"), "something was bought");

    // Nothing is bought while a halt stands.
    let before = fills(folder);
    std::fs::write(folder.join(".puppet/HALT"), "enough\n").unwrap();
    let halted = told(folder, &[&trade[..], &["--for", "4s"]].concat()).json();
    assert_eq!((&halted["state"], &halted["reason"]), (&"halted".into(), &"enough".into()));
    assert_eq!(fills(folder), before);
}
