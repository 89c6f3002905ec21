//! A host that is told to stop ends in time, whatever hangs; and what was missed is made up for at the next start.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use puppet_store::{Change, CommitStore as _, EventStore as _, Options, SqliteStore, Timer};
use puppet_types::{TimerRule, Timestamp};

use super::{imported, value};
use crate::support::{Running, run, until};

const PATIENCE: Duration = Duration::from_secs(60);

/// A provider that hears everybody and never says a word.
fn silent() -> (String, Arc<Mutex<Vec<TcpStream>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            kept.lock().unwrap().push(socket);
        }
    });
    (url, heard)
}

fn configure(folder: &Path, url: &str, stop_timeout_ms: u64) {
    let text = format!(
        "[host]\nstop_timeout_ms = {stop_timeout_ms}\n[llm]\ndefault = \"home\"\n[llm.providers.home]\n\
         base_url = \"{url}\"\nmodel = \"m\"\ntimeout_ms = 600000\n\
         price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n[invocation]\ndeadline_ms = 600000\n"
    );
    std::fs::write(folder.join("puppet.toml"), text).unwrap();
}

fn terminate(host: &Running) {
    let told = std::process::Command::new("kill").args(["-TERM", &host.pid().to_string()]).status().unwrap();
    assert!(told.success());
}

/// Starts a host whose provider hangs, and waits until it does.
fn hanging(folder: &Path, stop_timeout_ms: u64) -> Running {
    let (url, heard) = silent();
    configure(folder, &url, stop_timeout_ms);
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    run(folder, &["event", "send", "command_post", "--payload", "{\"force\": true}"]).exits(0);
    until(PATIENCE, "the provider is not asked", || !heard.lock().unwrap().is_empty());
    host
}

#[test]
fn a_provider_that_hangs_does_not_keep_a_host_from_stopping() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = hanging(folder.path(), 300);
    let told = Instant::now();
    terminate(&host);
    assert_eq!(host.waits(), 0);
    assert!(told.elapsed() < PATIENCE, "{:?}", told.elapsed());
    assert!(!data.join("run.json").exists() && !data.join("control.sock").exists());
    let waiting =
        || value::<u32>(&data, "SELECT count(*) FROM events WHERE kind = 'command_post' AND state = 'waiting'");
    assert_eq!(waiting(), 1, "it changed nothing");
    assert_eq!(value::<u32>(&data, "SELECT count(*) FROM outbox"), 0);
    run(folder.path(), &["verify"]).exits(0);
    std::fs::remove_file(folder.path().join("puppet.toml")).unwrap();
    let host = Running::start(folder.path(), &data, &[]);
    until(PATIENCE, "the event is not handled after the next start", || waiting() == 0);
    until(PATIENCE, "what it leads to does not leave", || {
        value::<u32>(&data, "SELECT count(*) FROM outbox WHERE state = 'done'") == 1
    });
    assert_eq!(host.stop(), 0);
    run(folder.path(), &["verify"]).exits(0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = imported();
    let mut host = hanging(folder.path(), 600_000);
    terminate(&host);
    // It has stopped to take anything up, and waits for what is under way.
    let told = Instant::now();
    while host.is_there() {
        assert!(told.elapsed() < PATIENCE, "two signals, and it goes on");
        terminate(&host);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(host.waits(), 0);
}

#[tokio::test]
async fn timers_that_were_missed_fire_once_after_the_next_start() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    assert_eq!(host.stop(), 0);
    let store = SqliteStore::open(&data, Options::default()).unwrap();
    let hours_ago = Timestamp::from_millis(Timestamp::from_system().as_millis() - 5 * 3_600_000);
    let timer = |name: &str, rule| Timer {
        agent: "harbour-watch".into(),
        plugin: "standard-personality".into(),
        name: name.to_owned(),
        rule,
        next: hours_ago,
        payload: serde_json::json!({}),
        led_by: None,
    };
    let every = TimerRule::Every { interval_ms: 3_600_000 };
    store
        .apply(vec![Change::SetTimer(timer("hourly", every)), Change::SetTimer(timer("once", TimerRule::Once))])
        .await
        .unwrap();
    assert!(store.waiting().await.unwrap().is_empty());
    store.close();
    let fired = |name: &str| {
        let of = format!(
            "SELECT count(*) FROM events WHERE kind = 'timer' AND state <> 'waiting' AND payload LIKE '%\"{name}\"%'"
        );
        value::<u32>(&data, &of)
    };
    for _ in 0..2 {
        let host = Running::start(folder.path(), &data, &[]);
        until(PATIENCE, "what was missed does not fire", || fired("hourly") > 0 && fired("once") > 0);
        assert_eq!(host.stop(), 0);
    }
    assert_eq!((fired("hourly"), fired("once")), (1, 1), "late, and once for all that was missed");
    let next: i64 = value(&data, "SELECT next FROM timers WHERE name = 'hourly'");
    assert!(next > Timestamp::from_system().as_millis());
    assert_eq!(value::<u32>(&data, "SELECT count(*) FROM timers WHERE name = 'once'"), 0);
}
