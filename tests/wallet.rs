//! Wallets through the program: keys are made, taken over and never shown; chain and books side by side; the operator's word
//! holds with a host and without; mainnet is nothing without a word.

pub mod kept;
pub mod node;
mod twins;
mod wrong;

use std::{fs, path::Path};

use puppet_solana::Network;
use serde_json::Value;

use crate::support::{Ran, Running, finish, list, puppet, run};
use node::{Chain, node};

/// The first test vector of RFC 8032, as other tools write it, and its address.
const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const ADDRESS: &str = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";

fn wallet(folder: &Path, args: &[&str]) -> Ran {
    run(folder, &[&["wallet"], args].concat())
}

fn told(folder: &Path, args: &[&str]) -> Value {
    wallet(folder, &[args, &["--json"]].concat()).exits(0).json()
}

/// The code of an error.
fn code(ran: &Ran) -> String {
    let line = ran.stderr.lines().rfind(|line| line.starts_with("{\"error\"")).unwrap_or_else(|| panic!("{ran:?}"));
    serde_json::from_str::<Value>(line).unwrap()["error"]["code"].as_str().unwrap().to_owned()
}

fn refused(folder: &Path, exit: i32, args: &[&str]) -> String {
    code(&wallet(folder, &[args, &["--json"]].concat()).exits(exit))
}

fn configured(folder: &Path, text: &str) {
    fs::write(folder.join("puppet.toml"), text).unwrap();
}

/// A configuration whose node is this one.
pub fn on(network: Network, url: &str) -> String {
    format!("[trading]\nnetwork = \"{network}\"\nrpc_url = \"{url}\"\n")
}

fn bytes() -> Vec<u8> {
    (0..SEED.len()).step_by(2).map(|at| u8::from_str_radix(&SEED[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn a_key_is_made_once_and_printed_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let copy = folder.join("copy.json");
    let made = wallet(folder, &["new", "main", "--file", copy.to_str().unwrap()]).exits(0);
    let address = made.stdout.trim().strip_prefix("main ").unwrap().to_owned();
    assert!((32..=44).contains(&address.len()), "{address}");
    assert!(made.stderr.contains("clear text") && made.stderr.contains("a copy of the key is in"), "{}", made.stderr);
    let secrets = fs::read_to_string(folder.join(".puppet/secrets.toml")).unwrap();
    let (_, key) = secrets.split_once("\"wallet/main\" = \"").unwrap_or_else(|| panic!("the key is kept"));
    let key = key.split('"').next().unwrap().to_owned();
    let bytes: Vec<u8> = serde_json::from_str(&fs::read_to_string(&copy).unwrap()).unwrap();
    assert_eq!(bytes.len(), 64);

    let again = wallet(folder, &["new", "main"]).exits(2);
    assert!(again.stderr.contains("wallet-exists") && again.stderr.contains("`wallet/main`"), "{}", again.stderr);
    assert_eq!(refused(folder, 2, &["new", "a/b"]), "bad-value");
    assert_eq!(refused(folder, 2, &["new", "other", "--file", copy.to_str().unwrap()]), "file-exists");
    assert_eq!(fs::read_to_string(folder.join(".puppet/secrets.toml")).unwrap(), secrets, "nothing is written over");
    // The copy is the same wallet.
    let taken = told(folder, &["new", "twin", "--import", "--file", copy.to_str().unwrap()]);
    assert_eq!((&taken["address"], &taken["secret"]), (&address.as_str().into(), &"wallet/twin".into()));

    let numbers = format!("{bytes:?}").replace(' ', "");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut said = made.stdout + &made.stderr + &again.stdout + &again.stderr + &taken.to_string();
    let others: [&[&str]; 5] = [
        &["wallet", "list"],
        &["wallet", "balance", "main"],
        &["config"],
        &["doctor"],
        &["wallet", "new", "main", "--json"],
    ];
    for args in others {
        let ran = run(folder, args);
        said += &(ran.stdout + &ran.stderr);
    }
    for secret in [key.as_str(), &numbers[1..40], &hex[..40]] {
        assert!(!said.contains(secret), "a key is shown");
    }
    assert!(said.contains(&address));
}

#[test]
fn keys_of_other_tools_are_taken_over_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let array = format!("{:?}", bytes());
    let forms = [
        ("hex", SEED.to_owned()),
        ("prefixed", format!("0x{SEED}\n")),
        ("array", array.clone()),
        ("list", array[1..array.len() - 1].to_owned()),
    ];
    for (name, text) in forms {
        let path = folder.join("key");
        fs::write(&path, text).unwrap();
        let mut command = puppet(folder);
        command.args(["wallet", "new", name, "--import", "--json"]).stdin(fs::File::open(&path).unwrap());
        let ran = finish(&mut command).exits(0);
        assert_eq!(ran.json()["address"], ADDRESS);
        assert!(!(ran.stdout + &ran.stderr).contains(&SEED[..32]));
    }
    for text in ["", "correct horse battery staple", "[1, 2]"] {
        fs::write(folder.join("bad"), text).unwrap();
        let ran = wallet(folder, &["new", "bad", "--import", "--file", "bad", "--json"]).exits(2);
        assert_eq!(code(&ran), "wallet-key");
        assert!(text.is_empty() || !ran.stderr.contains(text));
    }
    let listed = told(folder, &["list"]);
    let names: Vec<&str> = list(&listed, "items").iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["array", "hex", "list", "prefixed"]);
}

#[test]
fn with_a_key_of_the_store_secrets_are_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    configured(folder, "[credentials]\nstore = { env = \"STORE_KEY\" }\n[store]\nkey = \"store\"\n");
    let with_key = |args: &[&str]| finish(puppet(folder).args(args).env("STORE_KEY", "a passphrase of some length"));
    let made = with_key(&["wallet", "new", "main", "--json"]).exits(0);
    assert_eq!((&made.json()["encrypted"], made.stderr.contains("clear text")), (&true.into(), false));
    assert!(!String::from_utf8_lossy(&fs::read(folder.join(".puppet/secrets.toml")).unwrap()).contains("wallet/main"));
    assert_eq!(list(&with_key(&["wallet", "list", "--json"]).exits(0).json(), "items").len(), 1);
}

#[test]
fn wallets_of_the_original_are_known_by_its_variables_and_by_what_was_imported() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let listed = |shared: &str| {
        let mut command = puppet(folder);
        command.args(["wallet", "list", "--json"]).env("SOLANA_PRIVATE_KEY", shared);
        finish(command.env("SOLANA_PRIVATE_KEY_NEWS_BOT", SEED)).exits(0)
    };
    fs::create_dir(folder.join(".puppet")).unwrap();
    let secrets = folder.join(".puppet/secrets.toml");
    fs::write(&secrets, format!("\"solana/ember/private_key\" = \"{SEED}\"\n")).unwrap();
    let ran = listed(SEED);
    let value = ran.json();
    let rows: Vec<(&str, &str, &str)> = list(&value, "items")
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap();
            (text("name"), text("address"), text("key"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("ember", ADDRESS, "secret solana/ember/private_key"),
            ("news-bot", ADDRESS, "env SOLANA_PRIVATE_KEY_NEWS_BOT"),
            ("shared", ADDRESS, "env SOLANA_PRIVATE_KEY"),
        ]
    );
    assert!(!(ran.stdout + &ran.stderr).contains(SEED));
    let bad = listed("no key at all").json();
    let shared = list(&bad, "items").iter().find(|item| item["name"] == "shared").unwrap();
    assert!(
        shared["address"].is_null() && shared["problem"].as_str().unwrap().contains("SOLANA_PRIVATE_KEY"),
        "{shared}"
    );
    assert!(!bad.to_string().contains("no key at all"));
}

#[tokio::test]
async fn chain_and_books_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (url, chain) = node(Chain::of(Network::Devnet));
    configured(folder, &on(Network::Devnet, &url));
    wallet(folder, &["new", "main"]).exits(0);
    kept::purse(&folder.join(".puppet"), "main", false).await;
    kept::purse(&folder.join(".puppet"), "paper/trend", true).await;

    let got = told(folder, &["airdrop", "main", "0.5"]);
    assert_eq!((&got["lamports"], &got["network"]), (&500_000_000.into(), &"devnet".into()));
    let all = told(folder, &["balance"]);
    let [main, paper] = list(&all, "items").as_slice() else { panic!("{all}") };
    let token = |purse: &Value, mint: &str| {
        let tokens = list(purse, "tokens");
        tokens.iter().find(|token| token["mint"].as_str().unwrap().starts_with(mint)).unwrap().clone()
    };
    let sol = token(main, "So111");
    assert_eq!(
        (&sol["chain"], &sol["books"], &sol["difference"]),
        (&"2000000000".into(), &"550000000".into(), &"1450000000".into())
    );
    let usdc = token(main, "EPj");
    assert_eq!(
        (&usdc["symbol"], &usdc["chain"], &usdc["books"]),
        (&"USDC".into(), &"12500000".into(), &"12477500".into())
    );
    // Nobody of ours has named this one: it is its mint, with the decimals of its own account.
    let other = token(main, "2b1k");
    assert_eq!(
        (&other["symbol"], &other["decimals"], &other["program"]),
        (&Value::Null, &2.into(), &"token-2022".into())
    );
    assert!(other["books"].is_null());
    assert_eq!((&paper["kind"], &paper["chain"], &paper["address"]), (&"paper".into(), &false.into(), &Value::Null));
    assert_eq!(token(paper, "EPj")["books"], "12477500");
    let text = wallet(folder, &["balance", "main"]).exits(0).stdout;
    assert!(
        text.contains("USDC") && text.contains("12.4775") && text.contains("+0.0225") && text.contains("2b1kV6Dk…"),
        "{text}"
    );
    assert!(chain.lock().unwrap().asked.iter().any(|method| method == "getGenesisHash"));

    // The node goes: what the books say is told all the same.
    configured(folder, &on(Network::Devnet, "http://127.0.0.1:9"));
    let down = wallet(folder, &["balance", "main", "--json"]).exits(4);
    assert_eq!(code(&down), "no-chain");
    let main = &list(&down.json(), "items")[0].clone();
    assert_eq!((&main["chain"], &main["books"]), (&false.into(), &true.into()));
    assert_eq!(token(main, "EPj")["books"], "12477500");
    assert_eq!(refused(folder, 4, &["airdrop", "main", "1"]), "no-chain");
    assert_eq!(refused(folder, 2, &["airdrop", "main", "1e3"]), "bad-value");
    assert_eq!(refused(folder, 2, &["balance", "mian"]), "unknown-wallet");
}

#[test]
fn a_node_of_another_network_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (url, chain) = node(Chain::of(Network::MainnetBeta));
    wallet(folder, &["new", "main"]).exits(0);
    for network in [Network::Devnet, Network::Localnet] {
        configured(folder, &on(network, &url));
        let told = wallet(folder, &["airdrop", "main", "1"]).exits(2).stderr;
        assert!(told.contains("trading.network") && told.contains("another network"), "{told}");
    }
    assert!(chain.lock().unwrap().asked.iter().all(|method| method == "getGenesisHash"));
}

#[test]
fn mainnet_is_not_touched_before_somebody_said_that_it_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (url, chain) = node(Chain::of(Network::MainnetBeta));
    configured(folder, &on(Network::MainnetBeta, &url));
    wallet(folder, &["new", "main"]).exits(0);
    wallet(folder, &["new", "spare"]).exits(0);
    let acknowledged = || {
        let listed = told(folder, &["list"]);
        list(&listed, "items").iter().map(|item| item["acknowledged"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(refused(folder, 3, &["balance", "main"]), "not-acknowledged");
    assert_eq!(refused(folder, 2, &["airdrop", "main", "1"]), "no-airdrop");
    assert!(chain.lock().unwrap().asked.is_empty());
    assert_eq!(acknowledged(), [Value::from(false), Value::from(false)]);
    wallet(folder, &["balance", "--i-understand"]).exits(2);
    let balance = told(folder, &["balance", "main", "--i-understand"]);
    assert_eq!(balance["items"][0]["chain"], true);
    // Kept: once, for this wallet, for this network.
    assert_eq!(told(folder, &["balance", "main"])["items"][0]["chain"], true);
    assert_eq!(acknowledged(), [Value::from(true), Value::from(false)]);
    assert_eq!(refused(folder, 3, &["balance", "spare"]), "not-acknowledged");
}

#[tokio::test]
async fn a_halt_is_kept_and_a_resume_lifts_a_drawdown_without_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    wallet(folder, &["new", "main"]).exits(0);
    kept::purse(&folder.join(".puppet"), "paper/trend", true).await;
    let state = |name: &str| {
        let listed = told(folder, &["list"]);
        let item = list(&listed, "items").iter().find(|item| item["name"] == name).unwrap().clone();
        (item["state"].as_str().unwrap().to_owned(), item["reason"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(state("main").0, "active");
    let (mode, why) = state("paper/trend");
    assert!(mode == "reducing" && why.contains("bps below the highest"), "{mode} {why}");

    let halted = told(folder, &["halt", "main", "--reason", "rates are odd"]);
    let item = &halted["items"][0];
    assert_eq!(
        (&item["state"], &item["reason"], &item["heard"]),
        (&"halted".into(), &"rates are odd".into(), &false.into())
    );
    // The first reason stays.
    told(folder, &["halt", "--all", "--reason", "lunch"]);
    assert_eq!(state("main"), ("halted".to_owned(), "rates are odd".to_owned()));
    assert_eq!(state("paper/trend"), ("halted".to_owned(), "lunch".to_owned()));
    let doctor = run(folder, &["doctor"]).stdout;
    assert!(doctor.contains("halted: main"), "{doctor}");

    let resumed = told(folder, &["resume", "--all"]);
    assert_eq!(list(&resumed, "items").len(), 2);
    assert_eq!((state("main").0.as_str(), state("paper/trend").0.as_str()), ("active", "active"));
    let said = told(folder, &["history", "main"]);
    let said: Vec<&str> = list(&said, "items").iter().map(|item| item["what"].as_str().unwrap()).collect();
    assert_eq!(
        said,
        ["the operator let it go on", "the operator halted it (lunch)", "the operator halted it (rates are odd)"]
    );
    assert_eq!(refused(folder, 2, &["halt", "paper/trent"]), "unknown-wallet");
    assert_eq!(refused(folder, 2, &["halt", "main", "--reason", " "]), "bad-value");
    wallet(folder, &["halt"]).exits(2);

    // The switches above it are told.
    fs::write(folder.join(".puppet/HALT"), "the fuse is out\n").unwrap();
    assert_eq!(told(folder, &["list"])["halted"], "the fuse is out");
    let doctor = run(folder, &["doctor"]).stdout;
    assert!(doctor.contains("nothing is traded: the fuse is out"), "{doctor}");
    assert!(wallet(folder, &["resume", "main"]).exits(0).stderr.contains("the fuse is out"));
    fs::remove_file(folder.join(".puppet/HALT")).unwrap();
    run(folder, &["halt", "--reason", "all of it"]).exits(0);
    assert_eq!(told(folder, &["list"])["halted"], "all of it");
}

#[test]
fn a_running_host_takes_the_word() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    wallet(folder, &["new", "main"]).exits(0);
    let host = Running::start(folder, &data, &[]);
    let halted = told(folder, &["halt", "main"]);
    assert_eq!((&halted["items"][0]["state"], &halted["items"][0]["heard"]), (&"halted".into(), &false.into()));
    assert_eq!(refused(folder, 3, &["approve", kept::HASH]), "not-waiting");
    assert_eq!(host.stop(), 0);
    assert_eq!(told(folder, &["list"])["items"][0]["state"], "halted", "it holds over the end of the host");
}

#[tokio::test]
async fn what_happened_is_told_with_its_rule_and_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kept::purse(&folder.join(".puppet"), "paper/trend", false).await;
    let history = told(folder, &["history", "paper/trend"]);
    let items = list(&history, "items");
    let kinds: Vec<&str> = items.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 6, "an order that was denied is told once");
    for kind in ["order", "fill", "swap", "denial", "word"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert_eq!((kinds[0], &items[0]["rule"]), ("denial", &"max-order".into()));
    let why = items[0]["what"].as_str().unwrap();
    assert!(why.starts_with("order 2: ") && why.contains(" was denied: 7.5 USDC is more than 5"), "{why}");
    let swap = items.iter().find(|item| item["kind"] == "swap").unwrap();
    assert_eq!((&swap["signature"], &swap["fee_lamports"]), (&"5igsig".into(), &5_000.into()));
    assert_eq!(swap["what"], "7.5 USDC for 0.05 SOL: it crossed");
    let begun = ["the wallet has 19.5 USDC, and the books had 20 USDC", "a desk begins on devnet: sma-cross trades"];
    assert_eq!([&items[4]["what"], &items[5]["what"]], begun);
    let text = wallet(folder, &["history", "paper/trend", "--last", "3"]).exits(0).stdout;
    assert_eq!(text.lines().count(), 4);
    assert!(text.contains("7.5 USDC is more than 5") && text.contains("max-order"), "{text}");
    let none = told(folder, &["history", "paper/trend", "--since", "2026-01-06"]);
    assert!(list(&none, "items").is_empty());
}

#[tokio::test]
async fn a_yes_is_to_one_message_and_shows_what_it_is_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join(".puppet");
    let address = told(folder, &["new", "main"])["address"].as_str().unwrap().to_owned();
    let other = kept::HASH.replace('9', "8");
    kept::asks(&data, kept::HASH, &address, 600).await;
    kept::asks(&data, &other, &address, -1).await;
    let text = wallet(folder, &["approvals"]).exits(0).stdout;
    for part in [
        kept::HASH,
        "main (",
        "25 USDC (EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v)",
        "about 0.166 SOL",
        "0.164 SOL",
        "at most 0.000009 SOL",
        "Jupiter, 2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo (not known here)",
        "main/9",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let states = |args: &[&str]| {
        let listed = told(folder, &[&["approvals"], args].concat());
        let mut states: Vec<(String, String)> = list(&listed, "items")
            .iter()
            .map(|item| (item["hash"].as_str().unwrap()[..1].to_owned(), item["state"].as_str().unwrap().to_owned()))
            .collect();
        states.sort();
        states
    };
    let is = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(hash, state)| (hash.to_string(), state.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(states(&[]), is(&[("9", "waiting")]));
    assert_eq!(states(&["--all"]), is(&[("8", "expired"), ("9", "waiting")]));
    let late = wallet(folder, &["approve", &other, "--json"]).exits(3);
    assert_eq!((code(&late).as_str(), late.stderr.contains("cannot land any more")), ("not-waiting", true), "{late:?}");
    assert_eq!(refused(folder, 3, &["approve", &kept::HASH[..32]]), "not-waiting");
    let approved = told(folder, &["approve", kept::HASH]);
    assert_eq!((&approved["state"], &approved["name"]), (&"approved".into(), &"main".into()));
    assert_eq!(states(&[]), is(&[("9", "approved")]));
    assert_eq!(told(folder, &["reject", kept::HASH])["state"], "rejected");
    assert_eq!(states(&["--all"]), is(&[("8", "expired")]));

    // A swap that was given up wants no answer, though its time is not over.
    let given_up = kept::HASH.replace('9', "7");
    kept::asks(&data, &given_up, &address, 600).await;
    kept::gives_up(&data, &given_up).await;
    assert_eq!(states(&[]), is(&[]));
    assert_eq!(states(&["--all"]), is(&[("7", "ended"), ("8", "expired")]));
    let doctor = run(folder, &["doctor", "--json"]).json();
    let swaps = list(&doctor, "checks").iter().find(|check| check["name"] == "swaps").unwrap();
    assert_eq!((&swaps["status"], &swaps["detail"]), (&"ok".into(), &"none waits for approval".into()));
    for word in ["approve", "reject"] {
        let ended = wallet(folder, &[word, &given_up, "--json"]).exits(3);
        assert_eq!(code(&ended), "not-waiting");
        assert!(ended.stderr.contains("the host stopped before it was signed"), "{}", ended.stderr);
    }
    let text = wallet(folder, &["approvals", "--all"]).exits(0).stdout;
    assert!(text.contains("the host stopped before it was signed"), "{text}");
}

#[test]
fn a_key_file_of_the_configuration_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let array = format!("{:?}", [&bytes()[..], &[0; 0]].concat());
    for (file, text) in [("hex.key", SEED.to_owned()), ("array.json", array)] {
        fs::write(folder.join(file), text).unwrap();
        configured(folder, &format!("[trading.wallets.kept]\nkey_file = \"{file}\"\n"));
        set_mode(&folder.join(file), 0o600);
        let listed = told(folder, &["list"]);
        let item = &list(&listed, "items")[0];
        assert_eq!((item["name"].as_str(), item["address"].as_str()), (Some("kept"), Some(ADDRESS)), "{listed}");
        assert_eq!(item["problem"], Value::Null);
        // Others may read it.
        set_mode(&folder.join(file), 0o640);
        let listed = told(folder, &["list"]);
        let problem = list(&listed, "items")[0]["problem"].as_str().unwrap().to_owned();
        assert!(problem.contains("can be read by others"), "{problem}");
        let balance = wallet(folder, &["balance", "kept", "--json"]).exits(4);
        assert_eq!(code(&balance), "credential");
        assert!(!format!("{listed}{balance:?}").contains(SEED));
    }
    fs::remove_file(folder.join("array.json")).unwrap();
    assert_eq!(code(&wallet(folder, &["balance", "kept", "--json"]).exits(4)), "credential");
    // One place, and it is no key.
    let twice = "[trading.wallets.kept]\nkey_file = \"hex.key\"\nkey_env = \"K\"\n";
    configured(folder, twice);
    let told = run(folder, &["config"]).exits(2).stderr;
    assert!(told.contains("the key is named twice"), "{told}");
}

fn set_mode(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}
