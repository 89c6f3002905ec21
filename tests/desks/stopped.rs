//! Desks that end while their host goes on: what passes by itself brings them back, what does not waits for the operator, and
//! both are seen. And one that opens slowly: the host is reached meanwhile.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, mpsc},
};

use puppet_solana::Network;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use super::configured::{LONG, PARAMS, STEADY, USDC, buys, configure, log, quotes, start};
use crate::{
    hostile::bare::strategy::Strategist,
    schemas::shapes::schemas,
    support::{Running, ended, list, puppet, run, until},
    wallet,
};

/// How the desk of a purse stands: its state and why.
fn stands(folder: &Path, purse: &str) -> (String, String) {
    let told = run(folder, &["wallet", "list", "--json"]).exits(0).json();
    assert_eq!(schemas()["wallets"].errors(&told), Vec::<String>::new());
    let item = list(&told, "items").iter().find(|item| item["name"] == purse);
    let desk = item.map_or(Value::Null, |item| item["desk"].clone());
    (desk["state"].as_str().unwrap_or("none").to_owned(), desk["reason"].as_str().unwrap_or_default().to_owned())
}

/// What `doctor` says of desks.
fn doctor(folder: &Path) -> Value {
    let told = run(folder, &["doctor", "--json"]).json();
    list(&told, "checks").iter().find(|check| check["name"] == "desks").cloned().unwrap_or_default()
}

#[test]
fn a_desk_that_a_full_disk_ended_is_seen_and_comes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    configure(
        folder,
        &format!("[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{}\"\n{STEADY}{PARAMS}", quotes()),
    );
    let (read, write) = std::io::pipe().unwrap();
    let host = Running::start_with(puppet(folder), &folder.join(".puppet"), OwnedFd::from(write).into());
    let said = Arc::new(Mutex::new(Vec::new()));
    let reading = std::thread::spawn({
        let said: Arc<Mutex<Vec<String>>> = Arc::clone(&said);
        move || BufReader::new(read).lines().map_while(Result::ok).for_each(|line| said.lock().unwrap().push(line))
    });
    buys(folder);
    assert_eq!(stands(folder, "paper/steady"), ("running".to_owned(), String::new()));
    assert_eq!(doctor(folder)["status"], "ok");

    // No file of the host may be written, as on a disk without room.
    let room = |current| {
        let pid = Pid::from_raw(host.pid().cast_signed());
        prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    };
    room(Some(0));
    until(LONG, "it is not told", || {
        let (state, reason) = stands(folder, "paper/steady");
        state == "opening" && reason.contains("the store failed")
    });
    let told = doctor(folder);
    let detail = told["detail"].as_str().unwrap();
    assert!(told["status"] == "warn" && detail.contains("steady is opening: the store failed"), "{told}");
    room(None);
    buys(folder);
    assert_eq!(stands(folder, "paper/steady").0, "running");
    // Told once it has lasted, and so not each time that it ends at once.
    let count = |what: &str| said.lock().unwrap().iter().filter(|line| line.contains(what)).count();
    until(LONG, "it is not told that it is open", || count("desk steady: it is open now") == 1);
    assert!(count("it is tried again until it opens") > 0, "{:?}", said.lock().unwrap());
    assert_eq!(host.stop(), 0);
    reading.join().unwrap();
}

#[test]
fn a_desk_whose_purse_somebody_else_wrote_gives_way_and_goes_on_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let endpoint = quotes();
    configure(
        folder,
        &format!("[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{endpoint}\"\n{STEADY}{PARAMS}"),
    );
    let host = start(folder);
    buys(folder);
    let rows = rusqlite::Connection::open(folder.join(".puppet/puppet.db")).unwrap();
    rows.busy_timeout(LONG).unwrap();
    rows.execute("UPDATE purses SET seq = seq + 1 WHERE name = 'paper/steady'", []).unwrap();
    until(LONG, "it writes what another one writes", || {
        let (state, reason) = stands(folder, "paper/steady");
        state == "opening" && reason.contains("somebody else writes the purse `paper/steady`")
    });
    run(folder, &["wallet", "resume", "paper/steady"]).exits(0);
    buys(folder);
    assert!(log(folder).contains("desk steady: it is open now"), "{}", log(folder));
    assert_eq!(host.stop(), 0);
}

/// The pack of a strategy in a folder.
fn pack(folder: &Path, version: &str, component: &[u8]) {
    let path = folder.join("trend");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("trend.wasm"), component).unwrap();
    let text = format!("id = \"trend\"\nversion = \"{version}\"\ncomponent = \"trend.wasm\"\n");
    fs::write(path.join("pack.toml"), text).unwrap();
}

#[test]
fn a_strategy_that_failed_too_often_is_stopped_until_it_is_told_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pack(folder, "1.0.0", &Strategist { bodies: &[("on-candles", "unreachable")], ..Strategist::default() }.bytes());
    run(folder, &["install", "trend", "--allow-unsigned"]).exits(0);
    let desk = "[trading.desks.bad]\nstrategy = \"trend\"\nmarkets = [\"SOL/USDC\"]\nbar = \"1s\"\n";
    configure(folder, &format!("[trading]\npoll_ms = 200\n[trading.jupiter]\nendpoint = \"{}\"\n{desk}", quotes()));
    let host = start(folder);
    let is_stopped = || stands(folder, "paper/bad").0 == "stopped";
    until(LONG, "it goes on", is_stopped);
    let (_, reason) = stands(folder, "paper/bad");
    assert!(reason.contains("trap"), "{reason}");
    let told = run(folder, &["wallet", "list"]).exits(0).stdout;
    assert!(told.contains("stopped"), "{told}");
    let told = doctor(folder);
    assert_eq!(told["status"], "fail", "{told}");
    assert!(told["detail"].as_str().unwrap().contains("bad is stopped: "), "{told}");
    assert!(told["remedy"].as_str().unwrap().contains("`puppet wallet resume paper/bad`"), "{told}");
    let lines = || log(folder).lines().filter(|line| line.contains("bad: ") && line.contains("trap")).count();
    assert_eq!(lines(), 1, "{}", log(folder));

    // Told to go on it does, and fails again.
    let word = run(folder, &["wallet", "resume", "paper/bad", "--json"]).exits(0).json();
    assert_eq!(word["items"][0]["heard"], false, "it is not open yet");
    until(LONG, "it is not opened again", || lines() == 2);
    until(LONG, "it goes on", is_stopped);

    // A version that does better takes nothing up by itself, and goes on when the desk does.
    pack(folder, "1.1.0", &Strategist::default().bytes());
    run(folder, &["upgrade", "trend", "--allow-unsigned"]).exits(0);
    let is_new = || {
        let packs = run(folder, &["packs", "--json"]).exits(0).json();
        list(&packs, "items").iter().any(|item| item["version"] == "1.1.0" && item["state"] == "current")
    };
    until(LONG, "the version is not taken up", is_new);
    assert!(is_stopped());
    run(folder, &["wallet", "resume", "paper/bad"]).exits(0);
    until(LONG, "it does not run", || stands(folder, "paper/bad").0 == "running");
    run(folder, &["wallet", "halt", "paper/bad", "--reason", "lunch"]).exits(0);
    assert_eq!(stands(folder, "paper/bad"), ("halted".to_owned(), "lunch".to_owned()));
    assert_eq!(host.stop(), 0);
    assert_eq!(stands(folder, "paper/bad").0, "none", "no host runs");
}

/// Whether a way is open.
type Gate = Arc<(Mutex<bool>, Condvar)>;

/// A way to a server that nothing passes before it is opened, and who tells that somebody wants to.
fn held(to: &str) -> (String, Gate, mpsc::Receiver<()>) {
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), to.trim_start_matches("http://").to_owned());
    let (at, gate) = (format!("http://{}", listener.local_addr().unwrap()), Gate::default());
    let (tell, wanted) = mpsc::channel();
    let of_server = Arc::clone(&gate);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Nobody may listen any more.
            let _ = tell.send(());
            let (gate, to) = (Arc::clone(&of_server), to.clone());
            std::thread::spawn(move || {
                drop(gate.1.wait_while(gate.0.lock().unwrap(), |is_open| !*is_open).unwrap());
                let server = TcpStream::connect(to).unwrap();
                let (mut back, mut asker) = (server.try_clone().unwrap(), stream.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut back, &mut asker));
                let (mut stream, mut server) = (stream, server);
                let _ = std::io::copy(&mut stream, &mut server);
            });
        }
    });
    (at, gate, wanted)
}

#[test]
fn a_host_whose_desk_opens_slowly_is_reached_and_a_halt_holds_once_it_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (node, _) = wallet::node::node(wallet::node::Chain::of(Network::Devnet));
    let (at, gate, wanted) = held(&node);
    configure(folder, &wallet::on(Network::Devnet, &at));
    fs::write(folder.join("risk.toml"), format!("[trading.risk]\nenabled = true\nquote = \"{USDC}\"\n")).unwrap();
    run(folder, &["wallet", "new", "main"]).exits(0);
    let args = ["trade", "sma-cross", "--wallet", "main", "--market", "SOL/USDC", "--risk", "risk.toml", "--json"];
    let host = puppet(folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wanted.recv_timeout(LONG).unwrap();

    assert_eq!(stands(folder, "main"), ("opening".to_owned(), String::new()));
    let word = run(folder, &["wallet", "halt", "main", "--reason", "lunch", "--json"]).exits(0).json();
    assert_eq!((&word["items"][0]["heard"], &word["items"][0]["state"]), (&true.into(), &"halted".into()));
    run(folder, &["halt"]).exits(0);
    run(folder, &["resume"]).exits(0);
    assert_eq!(stands(folder, "main").0, "opening");

    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    until(LONG, "it is not open", || stands(folder, "main") == ("halted".to_owned(), "lunch".to_owned()));
    Command::new("kill").args(["-TERM", &host.id().to_string()]).status().unwrap();
    let summary = ended(host, LONG).exits(0).json();
    assert_eq!((&summary["state"], &summary["reason"]), (&"halted".into(), &"lunch".into()));
}

#[test]
fn a_host_is_told_to_stop_while_its_desk_opens() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (at, _gate, wanted) = held("http://127.0.0.1:1");
    configure(folder, &wallet::on(Network::Devnet, &at));
    fs::write(folder.join("risk.toml"), format!("[trading.risk]\nenabled = true\nquote = \"{USDC}\"\n")).unwrap();
    run(folder, &["wallet", "new", "main"]).exits(0);
    let args = ["trade", "sma-cross", "--wallet", "main", "--market", "SOL/USDC", "--risk", "risk.toml"];
    let host = puppet(folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wanted.recv_timeout(LONG).unwrap();
    Command::new("kill").args(["-TERM", &host.id().to_string()]).status().unwrap();
    ended(host, LONG).exits(0);
    assert!(!folder.join(".puppet/control.sock").exists());
}
