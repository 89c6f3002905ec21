//! A host on the real clock: commands reach it through its socket, and what was accepted survives it.

use puppet::{
    agents::NewAgent,
    control::{self, Request},
};
use puppet_packs::AgentSpec;
use puppet_store::{
    AgentRow, Change, CommitStore as _,
    sqlite::{Options, SqliteStore},
};
use puppet_types::Timestamp;
use serde_json::Value;

use crate::support::{self, Running, list, run};

fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json").to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", &file]).exits(0);
    folder
}

#[test]
fn events_are_sent_waited_for_and_journaled() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let ready: Value = serde_json::from_str(&std::fs::read_to_string(data.join("run.json")).unwrap()).unwrap();
    assert_eq!(ready["pid"], host.pid());
    let payload = r#"{"topic": "zeppelins", "headline": "Zeppelins over the bay"}"#;
    let args = ["event", "send", "news", "--payload", payload, "--agent", "harbour-watch", "--wait", "--json"];
    let sent = run(folder.path(), &args).exits(0).json();
    assert_eq!(sent["outcome"], "ok");
    assert!(!list(&sent, "invocations").is_empty() && sent["event_id"].is_string());
    let journal = run(folder.path(), &["journal", "--text", "zeppelins", "--json"]).exits(0).json();
    let held = list(&journal, "items").iter().flat_map(|item| list(item, "decisions")).any(|decision| {
        let body = decision["body"].to_string().to_lowercase();
        ["remember", "post"].contains(&decision["kind"].as_str().unwrap()) && body.contains("zeppelins")
    });
    assert!(held, "news leads to a post or a memory about it");
    let forced =
        ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
    run(folder.path(), &forced).exits(0);
    let soon = ["event", "send", "command_post", "--agent", "harbour-watch", "--wait", "--json"];
    let declined = run(folder.path(), &soon);
    assert_eq!(declined.json()["outcome"], "declined");
    assert_eq!(host.stop(), 0);
    assert!(!data.join("run.json").exists() && !data.join("control.sock").exists());
}

/// The one plugin's state and strikes.
fn standing(folder: &std::path::Path) -> (String, u64) {
    let plugins = run(folder, &["plugins", "--json"]).exits(0).json();
    let one = list(&plugins, "items").iter().find(|item| item["pack"] == "standard-personality").unwrap();
    (one["state"].as_str().unwrap().to_owned(), one["strikes"].as_u64().unwrap())
}

#[test]
fn strikes_outlive_the_host_and_the_operator_forgives_them() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    std::fs::create_dir(folder.path().join("strict")).unwrap();
    std::fs::write(folder.path().join("strict/puppet.toml"), "[invocation]\ndecisions = 1\n").unwrap();
    let strict = ["--config", "strict/puppet.toml"];
    let news = ["event", "send", "news", "--payload", "{\"topic\": \"rain\"}", "--agent", "harbour-watch", "--wait"];
    let release = ["plugins", "release", "standard-personality", "--json"];
    // Who is new decides more than one thing: that is behind it.
    let host = Running::start(folder.path(), &data, &[]);
    run(folder.path(), &news).exits(0);
    host.kill();
    let host = Running::start(folder.path(), &data, &strict);
    run(folder.path(), &news).exits(1);
    host.kill();
    assert_eq!(standing(folder.path()), ("backed-off".into(), 1), "the folder knows");
    let told = run(folder.path(), &["plugins"]).exits(0).stdout;
    assert!(
        told.contains("standard-personality 0.1.0: 1 strike, the last: ") && told.contains("it runs again at"),
        "{told}"
    );

    let host = Running::start(folder.path(), &data, &strict);
    assert_eq!(standing(folder.path()), ("backed-off".into(), 1), "a restart forgives nothing");
    let released = run(folder.path(), &release).exits(0).json();
    assert_eq!((&released["was"], &released["strikes"]), (&"backed-off".into(), &1.into()));
    assert_eq!(standing(folder.path()), ("live".into(), 0));
    run(folder.path(), &news).exits(1);
    host.kill();

    let released = run(folder.path(), &release).exits(0).json();
    assert_eq!(released["was"], "backed-off", "one more breach, and no host to ask");
    assert_eq!(standing(folder.path()), ("live".into(), 0));
    let unknown = run(folder.path(), &["plugins", "release", "standard-persona"]).exits(2);
    assert!(unknown.stderr.contains("standard-personality"), "{}", unknown.stderr);
}

#[test]
fn a_second_host_is_refused_and_reads_still_work() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let second = run(folder.path(), &["run", "--for", "1s"]).exits(4);
    assert!(second.stderr.contains(&host.pid().to_string()), "{}", second.stderr);
    for args in [&["journal"][..], &["agent", "list"], &["agent", "show", "harbour-watch"], &["budgets"], &["plugins"]]
    {
        run(folder.path(), args).exits(0);
    }
    let unknown = run(folder.path(), &["event", "send", "news", "--agent", "harbor-watch"]).exits(2);
    assert!(unknown.stderr.contains("harbour-watch"), "{}", unknown.stderr);
}

#[test]
fn a_host_prints_a_line_per_effect_unless_it_is_quiet() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let post = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--wait", "--json"];
    for (args, prints) in [(&[][..], true), (&["--quiet"], false), (&["--json"], false)] {
        let host = Running::start(folder.path(), &data, args);
        let sent = run(folder.path(), &post).exits(0).json();
        assert_eq!(sent["ended"][0]["decisions"][0]["state"], "done", "{sent}");
        let text = sent["ended"][0]["decisions"][0]["text"].as_str().unwrap().trim_end_matches('…').to_owned();
        let printed = host.printed();
        let posts = printed.lines().filter(|line| line.contains(&format!(" harbour-watch post {text}"))).count();
        assert_eq!((posts, printed.is_empty()), (usize::from(prints), !prints), "{args:?}: {printed}");
    }
}

#[test]
fn a_host_outlives_whoever_reads_what_it_prints() {
    let folder = imported();
    let mut command = support::puppet(folder.path());
    let mut child = command.args(["run"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let post = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--wait"];
    while run(folder.path(), &post).code == 4 {
        assert!(child.try_wait().unwrap().is_none(), "the host ended");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    run(folder.path(), &post).exits(0);
    assert!(child.try_wait().unwrap().is_none(), "the host ended with its reader");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[cfg(unix)]
fn the_socket_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = imported();
    let data = folder.path().join(".puppet");
    let _host = Running::start(folder.path(), &data, &[]);
    let mode = std::fs::metadata(data.join("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
#[cfg(unix)]
fn who_connects_and_says_nothing_keeps_nobody_out() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let silent: Vec<_> =
        (0..100).map(|_| std::os::unix::net::UnixStream::connect(data.join("control.sock")).unwrap()).collect();
    run(folder.path(), &["event", "send", "news", "--payload", "{\"topic\": \"calm\"}", "--wait"]).exits(0);
    drop(silent);
    assert_eq!(host.stop(), 0);
}

/// Files that a process holds open.
#[cfg(target_os = "linux")]
fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[test]
#[cfg(target_os = "linux")]
fn who_waits_keeps_nobody_out_and_is_forgotten_when_it_is_gone() {
    use std::io::Write as _;
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let before = open_files(host.pid());
    let waiting: Vec<_> = (0..100)
        .map(|n| {
            let event = serde_json::json!({ "id": format!("late_{n}"), "kind": "news", "source": "cli",
                "agent": "harbour-watch", "at": "2199-01-01T00:00:00.000Z", "payload": {} });
            let request = serde_json::json!({ "op": "send", "events": [event], "wait_ms": 172_800_000 });
            let mut socket = std::os::unix::net::UnixStream::connect(data.join("control.sock")).unwrap();
            writeln!(socket, "{request}").unwrap();
            socket
        })
        .collect();
    run(folder.path(), &["event", "send", "news", "--payload", "{\"topic\": \"calm\"}", "--wait"]).exits(0);
    drop(waiting);
    let limit = std::time::Duration::from_secs(60);
    support::until(limit, "the host lets go of who is gone", || open_files(host.pid()) <= before + 10);
    assert_eq!(host.stop(), 0);
}

fn newcomer(id: &str, handle: &str) -> Request {
    let mut spec = AgentSpec::blank(id, &"standard-personality".into());
    spec.handle = handle.to_owned();
    Request::AddAgent { agent: Box::new(NewAgent { spec }) }
}

#[tokio::test]
async fn of_those_who_would_be_made_with_one_account_at_once_one_is() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..16 {
        let (data, request) = (data.clone(), newcomer(&format!("ann-{n}"), "ann"));
        asked.spawn(async move { control::ask_at(&data, &request).await.is_ok() });
    }
    assert_eq!(asked.join_all().await.into_iter().filter(|made| *made).count(), 1);
    let agents = control::ask_at(&data, &Request::Agents).await.unwrap().unwrap();
    assert_eq!(agents.as_array().unwrap().len(), 2, "{agents}");
    assert_eq!(host.stop(), 0);
}

#[tokio::test]
async fn an_agent_that_could_not_be_stored_is_not_there() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let db = rusqlite::Connection::open(data.join("puppet.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    db.execute_batch("CREATE TRIGGER full BEFORE INSERT ON agents BEGIN SELECT RAISE(FAIL, 'full'); END").unwrap();
    assert!(control::ask_at(&data, &newcomer("ann", "ann")).await.is_err());
    let agents = control::ask_at(&data, &Request::Agents).await.unwrap().unwrap();
    assert_eq!(agents, serde_json::json!(["harbour-watch"]));
    db.execute_batch("DROP TRIGGER full").unwrap();
    assert!(control::ask_at(&data, &newcomer("ann", "ann")).await.is_ok());
    assert_eq!(host.stop(), 0);
}

#[tokio::test]
async fn an_agent_that_cannot_be_read_stops_nobody_else() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let doctor = || {
        let checks = run(folder.path(), &["doctor", "--json"]).json();
        let check = list(&checks, "checks").iter().find(|check| check["name"] == "agents").cloned().unwrap();
        (check["status"].as_str().unwrap().to_owned(), check["detail"].as_str().unwrap().to_owned())
    };
    assert_eq!(doctor().0, "ok");
    let store = SqliteStore::open(&data, Options::default()).unwrap();
    let row =
        AgentRow { id: "broken".into(), body: serde_json::json!({ "id": "broken" }), created: Timestamp::default() };
    store.apply(vec![Change::Agent(row)]).await.unwrap();
    store.close();
    let budgets = ["budgets", "--json"];
    let of_one = |budgets: Value| list(&budgets, "items").iter().any(|line| line["agent"] == "harbour-watch");
    assert!(of_one(run(folder.path(), &budgets).exits(0).json()), "no host runs");
    let host = Running::start(folder.path(), &data, &[]);
    run(folder.path(), &["event", "send", "news", "--agent", "harbour-watch", "--wait"]).exits(0);
    assert!(of_one(run(folder.path(), &budgets).exits(0).json()));
    let (status, detail) = doctor();
    assert!(status == "fail" && detail.contains("agent `broken` does not read back"), "{status}: {detail}");
    assert_eq!(host.stop(), 0);
}

#[test]
fn an_accepted_event_survives_the_death_of_its_host() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let mut sent = Vec::new();
    for round in 0..3 {
        let host = Running::start(folder.path(), &data, &[]);
        for n in 0..5 {
            let payload = format!("{{\"topic\": \"storm\", \"headline\": \"storm {round} {n}\"}}");
            let args = ["event", "send", "news", "--payload", &payload, "--agent", "harbour-watch", "--json"];
            let answer = run(folder.path(), &args).exits(0).json();
            sent.push(answer["event_id"].as_str().unwrap().to_owned());
        }
        host.kill();
    }
    let host = Running::start(folder.path(), &data, &[]);
    // An event after the others in the same mailbox: once it is handled, so are they.
    let last = [
        "event",
        "send",
        "news",
        "--payload",
        "{\"topic\": \"calm\"}",
        "--agent",
        "harbour-watch",
        "--priority",
        "low",
        "--wait",
    ];
    run(folder.path(), &last).exits(0);
    let journal = run(folder.path(), &["journal", "--kind", "news", "--limit", "1000", "--json"]).exits(0).json();
    let handled: Vec<&str> = list(&journal, "items").iter().map(|item| item["event"]["id"].as_str().unwrap()).collect();
    for id in &sent {
        assert_eq!(handled.iter().filter(|other| *other == id).count(), 1, "{id}");
    }
    assert_eq!(host.stop(), 0);
}

#[test]
fn who_is_spoken_to_sees_what_was_said() {
    let folder = imported();
    let data = folder.path().join(".puppet");
    let _host = Running::start(folder.path(), &data, &[]);
    let payload = r#"{"author": "ada", "text": "are the ferries late?"}"#;
    let args = ["event", "send", "mention", "--agent", "harbour-watch", "--payload", payload, "--wait", "--json"];
    assert_eq!(run(folder.path(), &args).exits(0).json()["outcome"], "ok");
    let journal = run(folder.path(), &["journal", "--kind", "mention", "--json"]).exits(0).json();
    let items = list(&journal, "items");
    let read = list(&items[0], "reads").iter().find(|read| read["operation"] == "thread-of").unwrap();
    assert_eq!(read["status"], "ok", "{read}");
    assert!(read["answer"].to_string().contains("are the ferries late?"), "{read}");
    assert!(list(&items[0], "decisions").iter().any(|decision| decision["kind"] == "reply"));
}
