//! Ways to a purse through the program (docs/trading/threats.md): each once with its control on, and the money stays, and once
//! with it off, and the money goes.

use std::{
    io::Write as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
    time::Duration,
};

use puppet::control::{self, Request};
use puppet_store::{TradeStore as _, sqlite::SqliteStore};
use puppet_trade::purse_view;
use puppet_types::{Event, Priority, trade::Mint};
use serde_json::Value;

use crate::{
    hostile::{
        bare::strategy::Strategist,
        guest::{End, Step},
    },
    reload::place::{self, Place, digest, guest},
    support::{Ran, Running, clean, finish, list, puppet, run, until},
};

const LONG: Duration = Duration::from_secs(120);
/// What a purse on paper begins with, in the smallest unit of USDC.
const CASH: u64 = 1_000_000_000;

/// Candles for some minutes of a desk on paper.
fn candles(folder: &Path) {
    std::fs::create_dir(folder.join("bars")).unwrap();
    run(folder, &["market", "synth", "--out", "bars/SOL-USDC.csv", "--bars", "6000", "--seed", "7"]).exits(0);
}

/// A host with a desk on paper, a minute of the record in a fifth of a second.
fn desk(folder: &Path, args: &[&str]) -> Running {
    let mut command = puppet(folder);
    command.arg("paper").args(args).args(["--data", "bars", "--speed", "300", "--balance", "1000"]);
    Running::of(command, &folder.join(".puppet"))
}

/// What the books of a purse have of a token; none where there are none yet.
fn booked(folder: &Path, purse: &str, mint: &str) -> Option<u64> {
    let balance = run(folder, &["wallet", "balance", purse, "--json"]);
    let balance: Value = serde_json::from_str(&balance.stdout).ok()?;
    let token = list(list(&balance, "items").first()?, "tokens").iter().find(|token| token["mint"] == mint)?;
    token["books"].as_str()?.parse().ok()
}

/// How many bars the desk of the host was handed.
fn bars(folder: &Path) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = SqliteStore::open_read_only(&folder.join(".puppet")).unwrap();
    let purses = runtime.block_on(store.purses()).unwrap();
    purses.iter().filter_map(|purse| purse_view(purse).unwrap()).map(|view| view.batches).sum()
}

#[track_caller]
fn some_bars_later(folder: &Path) {
    let before = bars(folder);
    until(LONG, "there are no bars", || bars(folder) > before + 10);
}

/// Somebody else on the machine runs the program on this data folder.
fn stranger(folder: &Path, args: &[&str]) -> Ran {
    const NOBODY: u32 = 65_534;
    // Where it was built nobody else may look.
    let program = folder.join("program");
    if !program.exists() {
        let built = env!("CARGO_BIN_EXE_puppet");
        std::fs::hard_link(built, &program).or_else(|_| std::fs::copy(built, &program).map(drop)).unwrap();
    }
    let mut command = clean(Command::new(&program), Path::new("/"));
    command.args(args).env("PUPPET_DATA", folder.join("home/.puppet")).env("HOME", "/").uid(NOBODY).gid(NOBODY);
    finish(&mut command)
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Money's commands come in by a socket that is its owner's alone, in a folder that is. Nobody else halts, resumes or says yes.
#[test]
fn threat_commands_of_another_user() {
    let folder = tempfile::tempdir().unwrap();
    let (outer, home) = (folder.path(), folder.path().join("home"));
    std::fs::create_dir(&home).unwrap();
    let data = home.join(".puppet");
    candles(&home);
    let host = desk(&home, &["dca", "--param", "every=5"]);
    until(LONG, "it does not trade", || booked(&home, "paper/dca", Mint::USDC).is_some_and(|cash| cash < CASH));
    run(&home, &["halt", "--reason", "a bad day"]).exits(0);
    some_bars_later(&home);
    let cash = || booked(&home, "paper/dca", Mint::USDC).unwrap();
    let kept = cash();

    let socket = data.join(control::SOCKET);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&socket)), (0o700, 0o600));
    if std::fs::metadata(&data).unwrap().uid() != 0 {
        let line = "skipped: the rest of threat_commands_of_another_user: only root can be somebody else";
        return writeln!(std::io::stderr(), "{line}").unwrap();
    }
    let words: [&[&str]; 5] = [
        &["resume"],
        &["wallet", "resume", "paper/dca"],
        &["wallet", "approve", "9f86d081"],
        &["wallet", "reject", "9f86d081"],
        &["halt"],
    ];
    let refused = || {
        for word in words {
            let ran = stranger(outer, word);
            assert!(ran.code != 0 && !ran.stderr.contains("not-waiting"), "{word:?}: {ran:?}");
        }
    };
    // All of it; then the folder is open to everybody, and the socket alone is not.
    allow(outer, 0o755);
    refused();
    allow(&home, 0o755);
    allow(&data, 0o755);
    refused();
    let of_socket = stranger(outer, &["resume", "--json"]).exits(4);
    assert!(of_socket.stderr.contains("host-lost") && of_socket.stderr.contains("denied"), "{of_socket:?}");
    some_bars_later(&home);
    assert_eq!(cash(), kept, "nothing is traded");

    // Without the control a stranger's word counts.
    allow(&socket, 0o666);
    let heard = stranger(outer, &["wallet", "approve", "9f86d081", "--json"]).exits(3);
    assert!(heard.stderr.contains("not-waiting"), "{heard:?}");
    stranger(outer, &["resume"]).exits(0);
    until(LONG, "it does not trade", || cash() < kept);
    assert_eq!(host.stop(), 0);
}

/// What the character is told by nobody but itself.
fn begins(id: &str) -> Event {
    let event = place::event(id, "guest", Priority::Normal);
    Event { kind: "agent_started".to_owned(), source: "host".to_owned(), ..event }
}

/// A version of the pack `guest` of these steps, that asks for these capabilities.
fn version(place: &Place, version: &str, steps: &[Step], asks: &str) -> Vec<u8> {
    let bytes = guest(steps, End::Ok, version);
    let text = format!(
        "id = \"guest\"\nversion = \"{version}\"\ncomponent = \"guest.wasm\"\npersona = \"persona.toml\"\n{asks}"
    );
    place.write(&format!("{version}/pack.toml"), text.as_bytes());
    place.write(&format!("{version}/persona.toml"), b"goals = [\"be a guest\"]\n");
    place.write(&format!("{version}/guest.wasm"), &bytes);
    bytes
}

/// A version that newly asks for the wallet does not live before the operator has said yes to it.
#[test]
fn threat_an_update_that_newly_asks_for_the_wallet() {
    let place = Place::new(&[Step::GetState], End::Ok, 0);
    let folder = place.path();
    // A version that burns far more than the one before it is not taken, whatever it asks for.
    let first = version(&place, "1.0.0", &[Step::GetState, Step::Burn(500)], "[requests.state]\n");
    let swaps = [Step::EndAtKind("swap_done"), Step::EndAtKind("swap_failed"), Step::Swap(50_000_000)];
    let second = version(&place, "1.1.0", &swaps, "[requests.wallet]\n");
    let brings = |command: &str, version: &str| run(folder, &[command, version, "--allow-unsigned", "--json"]);
    let approve = |bytes: &[u8]| {
        run(folder, &["grants", "approve", "guest", "--yes", "--digest", &digest(bytes)]).exits(0);
    };
    brings("install", "1.0.0").exits(3);
    approve(&first);

    // The desk's own strategy orders nothing.
    place.write("idle/idle.wasm", &Strategist::default().bytes());
    let idle = "id = \"idle\"\nversion = \"1.0.0\"\ncomponent = \"idle.wasm\"\nkinds = [\"trading-strategy\"]\n";
    place.write("idle/pack.toml", idle.as_bytes());
    candles(folder);
    let host = desk(folder, &["idle", "--agent", "guest"]);
    let serves = |bytes: &[u8]| {
        until(LONG, "it does not serve", || {
            let hosted = place.ask(&Request::Plugins);
            assert_ne!(hosted["swaps"]["guest"]["state"], "refused", "{}", hosted["swaps"]["guest"]);
            let mut versions = hosted["versions"].as_array().unwrap().iter();
            versions.any(|one| one["pack"] == "guest" && one["serves"] == true && one["digest"] == digest(bytes))
        });
    };
    serves(&first);
    some_bars_later(folder);
    let purse = || (booked(folder, "paper/idle", Mint::USDC), booked(folder, "paper/idle", Mint::SOL).unwrap_or(0));
    let plays = |id: &str| {
        place.ask(&Request::Send { events: vec![begins(id)], wait_ms: Some(60_000) });
        let played = place.journal().into_iter().find(|item| item["event"]["id"] == id).unwrap();
        played["plugin"]["digest"].as_str().unwrap().to_owned()
    };

    let waits = brings("upgrade", "1.1.0").exits(3).json();
    assert_eq!((&waits["status"], &waits["reasons"][0]["code"]), (&"waiting".into(), &"asks-for-more".into()));
    assert!(waits["diff"]["widened"].to_string().contains("wallet"), "{waits}");
    assert_eq!(plays("before"), digest(&first), "what lives goes on");
    some_bars_later(folder);
    assert_eq!(purse(), (Some(CASH), 0));
    let none = run(folder, &["outbox", "list", "--json"]).exits(0).json();
    assert!(list(&none, "items").is_empty(), "{none}");

    approve(&second);
    serves(&second);
    assert_eq!(plays("after"), digest(&second));
    until(LONG, "it does not swap", || purse().1 > 0);
    assert_eq!(purse().0, Some(CASH - 50_000_000));
    assert_eq!(host.stop(), 0);
}
