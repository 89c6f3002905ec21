//! `puppet import`: a whole deployment of the original engine moves, once, and nothing of it is lost or seen that is not
//! to be seen.

use std::{fs, path::Path, process::Stdio, time::Duration};

use puppet_store::{AgentStore as _, Change, CommitStore as _, Options, SqliteStore, StateBlob, StateStore as _};
use puppet_types::{AgentId, Digest, Mood, Timestamp};
use serde_json::{Value, json};

use crate::{
    migrate::deployment,
    support::{Ran, Running, list, original_agents, puppet, run, until},
};

/// A folder with the deployment in `old`.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    deployment(&folder.path().join("old"));
    folder
}

fn import(folder: &Path, flags: &[&str]) -> Ran {
    run(folder, &[&["import", "old"], flags].concat())
}

/// How many leaves a value has.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) if !map.is_empty() => map.values().map(leaves).sum(),
        Value::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Every leaf of every file is told of once.
fn assert_whole(folder: &Path, report: &Value) {
    const HEADS: [&str; 4] = ["carried", "ignored", "secrets_moved", "unknown"];
    for file in list(report, "files") {
        let named: usize = HEADS.iter().map(|head| list(file, head).len()).sum();
        assert_eq!(file["leaves"], named, "{file}");
        let path = folder.join("old").join(file["file"].as_str().unwrap());
        if path.extension().is_some_and(|ending| ending == "json") && file["holds"] != "tweets" {
            let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            assert_eq!(named, leaves(&value), "{}", path.display());
        }
    }
    let totals = &report["totals"];
    let sum: u64 = HEADS.iter().map(|head| totals[*head].as_u64().unwrap()).sum();
    assert_eq!(totals["leaves"], sum);
}

/// Nothing was written beside the deployment.
fn assert_untouched(folder: &Path) {
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["old"]);
}

fn ids(folder: &Path) -> Vec<String> {
    let agents = run(folder, &["agent", "list", "--json"]).exits(0).json();
    list(&agents, "items").iter().map(|agent| agent["id"].as_str().unwrap().to_owned()).collect()
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Gives an agent a mood, and its plugin a state.
fn lived(folder: &Path, agent: &str) {
    let (agent, at) = (AgentId::new(agent), Timestamp::from_millis(1));
    let (plugin, digest) = ("standard-personality".into(), Digest::of(b"a component"));
    let blob = StateBlob { version: 1, data: vec![7] };
    let mood = Change::Mood { agent: agent.clone(), mood: Mood { valence: 0.4, ..Mood::default() }, at };
    let state = Change::PutState { agent, plugin, digest, blob, led_by: None, at };
    let store = SqliteStore::open(&folder.join(".puppet"), Options::default()).unwrap();
    now(store.apply(vec![mood, state])).unwrap();
    store.close();
}

/// Whether the plugin of an agent has a state.
fn keeps_something(folder: &Path, agent: &str) -> bool {
    let store = SqliteStore::open_read_only(&folder.join(".puppet")).unwrap();
    now(store.state(&agent.into(), &"standard-personality".into())).unwrap().is_some()
}

/// Agents of a report with what became of them.
fn standing(report: &Value) -> Vec<(&str, &str)> {
    list(report, "agents")
        .iter()
        .map(|agent| (agent["id"].as_str().unwrap(), agent["status"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_dry_run_names_every_field_and_writes_nothing() {
    let folder = place();
    let report = import(folder.path(), &["--dry-run", "--json"]).exits(0).json();
    assert_whole(folder.path(), &report);
    assert_eq!((&report["dry_run"], &report["totals"]["leaves"]), (&json!(true), &json!(188)));
    assert_untouched(folder.path());
    let done = import(folder.path(), &["--json"]).exits(0).json();
    assert_eq!((&done["files"], &done["totals"]), (&report["files"], &report["totals"]), "it said what it would do");
}

#[test]
fn an_import_that_was_cut_short_goes_on_and_twice_is_once() {
    let folder = place();
    let (old, later) = (folder.path().join("old"), folder.path().join("later"));
    // As far as the first agent.
    fs::rename(&old, &later).unwrap();
    for part in
        ["config/agents/tide-clerk.json", "data/memories/tide-clerk.json", "dump/puppet-engine/agent-events.bson"]
    {
        let path = old.join(part);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(later.join(part), path).unwrap();
    }
    assert_eq!(standing(&import(folder.path(), &["--json"]).exits(0).json()), [("tide-clerk", "new")]);
    fs::remove_dir_all(&old).unwrap();
    fs::rename(&later, &old).unwrap();
    let report = import(folder.path(), &["--json"]).exits(0).json();
    assert_eq!(standing(&report), [("mill-owl", "new"), ("tide-clerk", "same")]);
    let rows = || {
        let said = |args: &[&str]| run(folder.path(), args).exits(0).stdout;
        [
            said(&["agent", "show", "mill-owl", "--json"]),
            said(&["agent", "show", "tide-clerk", "--json"]),
            said(&["event", "history", "--json"]),
        ]
    };
    let (before, settings) = (rows(), fs::read(folder.path().join("puppet.toml")).unwrap());
    let report = import(folder.path(), &["--json"]).exits(0).json();
    assert_eq!(standing(&report), [("mill-owl", "same"), ("tide-clerk", "same")]);
    assert_eq!((rows(), fs::read(folder.path().join("puppet.toml")).unwrap()), (before, settings));
}

#[test]
fn an_import_that_is_killed_is_taken_up_wherever_it_was() {
    const AGENTS: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    for part in ["config/agents", "data/memories"] {
        fs::create_dir_all(folder.path().join("old").join(part)).unwrap();
    }
    for n in 0..AGENTS {
        let put = |part: &str, value: Value| {
            fs::write(folder.path().join(format!("old/{part}/agent-{n}.json")), value.to_string()).unwrap();
        };
        put("config/agents", json!({"id": format!("agent-{n}"), "name": "x", "personality": {"traits": ["quick"]}}));
        let core: Vec<String> = (0..40).map(|m| format!("Memory {m} of agent {n}.")).collect();
        put("data/memories", json!({"coreMemories": core}));
    }
    let mut child = puppet(folder.path()).args(["import", "old"]).stdout(Stdio::null()).spawn().unwrap();
    let here = || SqliteStore::open_read_only(&folder.path().join(".puppet")).and_then(|store| now(store.agents()));
    until(Duration::from_secs(120), "nobody comes", || {
        child.try_wait().unwrap().is_some() || here().is_ok_and(|agents| !agents.is_empty())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    // Whoever came came whole.
    let before = here().unwrap();
    for agent in &before {
        let shown = run(folder.path(), &["agent", "show", agent.id.as_str(), "--json"]).exits(0).json();
        assert_eq!(shown["memory"]["core"], 40, "{}", agent.id);
    }
    let report = import(folder.path(), &["--json"]).exits(0).json();
    let same = list(&report, "agents").iter().filter(|agent| agent["status"] == "same").count();
    assert_eq!((same, here().unwrap().len()), (before.len(), AGENTS));
}

#[test]
fn what_the_original_got_wrong_is_put_right() {
    let folder = place();
    import(folder.path(), &[]).exits(0);
    let shown = run(folder.path(), &["agent", "show", "tide-clerk", "--json"]).exits(0).json();
    assert_eq!(shown["memory"]["core"], 1, "core memories load");
    assert_eq!(shown["persona"]["behavior"]["interaction_patterns"]["reply_probability"].as_f64(), Some(0.0));
    let bond = &shown["relationships"][0];
    assert_eq!((bond["familiarity"].as_f64(), bond["sentiment"].as_f64()), (Some(0.0), Some(0.45)), "{bond}");
    assert_eq!(bond["notes"], json!(["The night of the surge"]));
}

#[test]
fn an_agent_that_lives_here_is_named_and_replaced_only_when_that_is_said() {
    let folder = place();
    let other = json!({"id": "mill-owl", "name": "Another", "personality": {"traits": ["loud"]},
        "initial_memory": {"core_memories": ["a", "b", "c"], "relationships": {"zed": {"trust": 0.1}}}});
    fs::write(folder.path().join("other.json"), other.to_string()).unwrap();
    run(folder.path(), &["agent", "import", "other.json"]).exits(0);
    lived(folder.path(), "mill-owl");
    assert!(keeps_something(folder.path(), "mill-owl"));
    for flags in [&[][..], &["--dry-run"]] {
        let refused = import(folder.path(), flags).exits(2);
        assert!(refused.stderr.contains("error[agent-exists]") && refused.stderr.contains("`mill-owl`"), "{refused:?}");
        assert_eq!(refused.stdout, "", "nothing would be imported");
        assert_eq!(ids(folder.path()), ["mill-owl"]);
        assert!(!folder.path().join("puppet.toml").exists() && !folder.path().join(".puppet/secrets.toml").exists());
    }
    let report = import(folder.path(), &["--replace", "--json"]).exits(0).json();
    assert_eq!(standing(&report), [("mill-owl", "replaced"), ("tide-clerk", "new")]);
    let shown = run(folder.path(), &["agent", "show", "mill-owl", "--json"]).exits(0).json();
    assert_eq!((&shown["name"], &shown["memory"]["core"]), (&json!("Mill Owl"), &json!(1)));
    assert_eq!((&shown["mood"]["valence"], list(&shown, "relationships").len()), (&json!(0.0), 1), "{shown}");
    assert!(!keeps_something(folder.path(), "mill-owl"));
    assert_eq!(standing(&import(folder.path(), &["--replace", "--json"]).exits(0).json())[0], ("mill-owl", "same"));
}

/// A pipe that nobody writes to, where a file was.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_half_imported() {
    type Damage = fn(&Path);
    let table: &[(Damage, &str)] = &[
        (
            |old| {
                let path = old.join("dump/puppet-engine/agent-events.bson");
                let bytes = fs::read(&path).unwrap();
                fs::write(path, &bytes[..bytes.len() - 7]).unwrap();
            },
            "agent-events.bson: is damaged: document 5 at byte",
        ),
        (
            |old| fs::write(old.join("data/memories/tide-clerk.json"), "{\"coreMemories\": [").unwrap(),
            "tide-clerk.json:1: is not JSON",
        ),
        (
            |old| fs::write(old.join("config/agents/x.json"), r#"{"id": "../../x", "name": "x"}"#).unwrap(),
            "config/agents/x.json: id: expected 1 to 64 letters",
        ),
        (
            |old| fs::write(old.join("data/memories/ghost.json"), "{}").unwrap(),
            "ghost.json: agentId: there is no agent `ghost`",
        ),
        (
            |old| fs::write(old.join("data/processed_tweets.json"), "{\"ids\": 3}").unwrap(),
            "processed_tweets.json: expected a list of ids of tweets, found an object",
        ),
        (|old| fs::write(old.join(".env"), "A=1\nhalf a line\n").unwrap(), ".env:2: is no `NAME=value`"),
        (|old| pipe(&old.join(".env")), ".env: cannot be read: it is no plain file"),
        (|old| pipe(&old.join("config/agents/mill-owl.json")), "mill-owl.json: cannot be read: it is no plain file"),
        (
            |old| fs::write(old.join(".env"), "A=1\nNOTE=\nabc123SecretTailOfAKey9876==\n").unwrap(),
            ".env:3: is no `NAME=value`",
        ),
        (|old| fs::write(old.join(".env"), format!("{}=1\n", "A".repeat(65))).unwrap(), ".env:1: is no `NAME=value`"),
        (
            |old| fs::write(old.join(".env"), "NEWS_EVENT_INTERVAL=often\n").unwrap(),
            ".env: NEWS_EVENT_INTERVAL: is no value of",
        ),
        (
            |old| {
                let file = fs::File::create(old.join("data/memories/mill-owl.json")).unwrap();
                file.set_len((64 << 20) + 1).unwrap();
            },
            "mill-owl.json: cannot be read: it holds more than 67108864 bytes",
        ),
    ];
    for (damage, expected) in table {
        let folder = place();
        damage(&folder.path().join("old"));
        let refused = import(folder.path(), &[]).exits(2);
        assert!(refused.stderr.contains("error[bad-deployment]") && refused.stderr.contains(expected), "{refused:?}");
        let dry = import(folder.path(), &["--dry-run", "--json"]).exits(2);
        assert!(![refused.stderr, dry.stdout].concat().contains("SecretTail"), "{expected}");
        assert_untouched(folder.path());
    }
}

#[test]
fn a_variable_goes_to_the_secrets_or_the_settings_and_is_never_printed() {
    let folder = place();
    let env = "OPENAI_API_KEY=value-one\nOPENAI_MODEL=gpt-4o\nMONGODB_URI=mongodb://me:value-two@host/puppet-engine\n\
               BIRDEYE_API_KEY=value-$HOME\n\
               SOLANA_PRIVATE_KEY_TIDE_CLERK=value-three\nTWITTER_PASSWORD_tide-clerk=value-four\nMY_API_TOKEN=value-five\n\
               ENGINE_LOG_LEVEL=debug\nGROK_MODEL=grok-1\nEMPTY=\n";
    fs::write(folder.path().join("old/.env"), env).unwrap();
    fs::write(folder.path().join("puppet.toml"), "[host]\nlog_level = \"error\" # mine\n").unwrap();
    let ran = [import(folder.path(), &["--dry-run"]), import(folder.path(), &["--json"]), import(folder.path(), &[])];
    for ran in &ran {
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!ran.stdout.contains("value-") && !ran.stderr.contains("value-"), "{ran:?}");
    }
    let report = ran[1].json();
    let file = list(&report, "files").iter().find(|file| file["holds"] == "env").unwrap();
    let secrets = [
        "BIRDEYE_API_KEY",
        "MONGODB_URI",
        "MY_API_TOKEN",
        "OPENAI_API_KEY",
        "SOLANA_PRIVATE_KEY_TIDE_CLERK",
        "TWITTER_PASSWORD_tide-clerk",
    ];
    assert_eq!(file["secrets_moved"], json!(secrets));
    assert_eq!(file["carried"], json!([{"field": "OPENAI_MODEL", "to": "puppet.toml: llm.providers.openai.model"}]));
    let ignored =
        |field: &str| list(file, "ignored").iter().find(|item| item["field"] == field).unwrap()["reason"].clone();
    assert_eq!(ignored("GROK_MODEL"), "its key is not set: there is no such provider");
    assert_eq!(ignored("ENGINE_LOG_LEVEL"), "`host.log_level` has another value in puppet.toml, which stays");
    let written = fs::read_to_string(folder.path().join("puppet.toml")).unwrap();
    assert!(written.contains("log_level = \"error\" # mine") && written.contains("default = \"openai\""), "{written}");
    let kept = fs::read_to_string(folder.path().join(".puppet/secrets.toml")).unwrap();
    assert!(kept.contains("\"value-$HOME\""), "a credential is as it stands there");
    let places =
        ["env/mongodb_uri", "env/my_api_token", "llm/openai", "solana/tide-clerk/private_key", "x/tide-clerk/password"];
    for place in places {
        assert!(kept.contains(place), "{place}");
    }
}

#[test]
fn what_is_here_with_another_value_stays_and_is_named_until_it_is_replaced() {
    let folder = place();
    let env = |value: &str| fs::write(folder.path().join("old/.env"), format!("OPENAI_API_KEY={value}\n")).unwrap();
    let kept = || fs::read_to_string(folder.path().join(".puppet/secrets.toml")).unwrap();
    env("value-one");
    import(folder.path(), &[]).exits(0);
    env("value-two");
    let report = import(folder.path(), &["--json"]).exits(0).json();
    assert_eq!(
        report["kept"],
        json!([{"name": "llm/openai", "reason": "another value is in the secrets, which stays"}])
    );
    assert!(kept().contains("value-one") && !kept().contains("value-two"));
    assert_eq!(import(folder.path(), &["--replace", "--json"]).exits(0).json()["kept"], json!([]));
    assert!(kept().contains("value-two") && !kept().contains("value-one"));
}

#[test]
fn a_dump_may_lie_elsewhere_and_files_that_nobody_reads_are_named() {
    let folder = place();
    fs::rename(folder.path().join("old/dump"), folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("elsewhere/puppet-engine/sessions.bson"), "x").unwrap();
    fs::write(folder.path().join("old/data/notes.txt"), "x").unwrap();
    let totals = |flags: &[&str]| import(folder.path(), flags).exits(0).json();
    let without = totals(&["--dry-run", "--json"]);
    assert_eq!((&without["totals"]["files"], &without["unread"]), (&json!(5), &json!(["data/notes.txt"])));
    let report = totals(&["--dump", "elsewhere", "--json"]);
    assert_eq!((&report["totals"]["files"], &report["totals"]["leaves"]), (&json!(9), &json!(188)));
    assert_eq!(report["unread"], json!(["data/notes.txt", "elsewhere/puppet-engine/sessions.bson"]));
    let nothing = import(folder.path(), &["--dump", "old/data"]).exits(2);
    assert!(nothing.stderr.contains("there is no collection of the original in it"), "{nothing:?}");
}

#[test]
fn a_history_is_told_of_one_agent_and_no_longer_than_asked() {
    let folder = place();
    import(folder.path(), &[]).exits(0);
    let history = |flags: &[&str]| {
        let told = run(folder.path(), &[&["event", "history", "--json"], flags].concat()).exits(0).json();
        list(&told, "items").iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(history(&["--agent", "tide-clerk", "--limit", "3"])[1..], ["event-4", "event-2"]);
    assert_eq!(
        (history(&["--agent", "mill-owl"]).len(), history(&["--limit", "2"]).len(), history(&[]).len()),
        (1, 2, 6)
    );
    let unknown = run(folder.path(), &["event", "history", "--agent", "tide-clark"]).exits(2);
    assert!(unknown.stderr.contains("did you mean `tide-clerk`?"), "{}", unknown.stderr);
}

/// As whoever takes mentions in from another network hands one over.
fn mention(folder: &Path, post: &str) -> Ran {
    let post = json!({"post": {"id": post, "author": "ann", "text": "hello", "at": "2025-11-05T00:00:00.000Z"}});
    run(folder, &["event", "send", "mention", "--agent", "mill-owl", "--payload", &post.to_string()])
}

#[test]
fn a_mention_that_the_original_saw_to_is_not_taken_in_again() {
    let folder = place();
    import(folder.path(), &[]).exits(0);
    let (seen, new) = ("1985500000000000102", "1985500000000000999");
    assert!(mention(folder.path(), seen).exits(3).stderr.contains("error[already-seen]"));
    mention(folder.path(), new).exits(0);
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    assert!(mention(folder.path(), seen).exits(3).stderr.contains("error[already-seen]"));
    mention(folder.path(), new).exits(0);
    assert!(import(folder.path(), &[]).exits(4).stderr.contains("data-locked"), "no host may run meanwhile");
    assert_eq!(host.stop(), 0);
}

#[test]
fn events_of_the_original_are_handled_again_in_the_order_of_the_contract() {
    let folder = place();
    fs::remove_file(folder.path().join("old/.env")).unwrap();
    for new in [5, 0] {
        let told = import(folder.path(), &["--replay-events", "--json"]).exits(0).json();
        assert_eq!((&told["replayed"], &told["replayed_new"]), (&json!(5), &json!(new)));
    }
    let told = import(folder.path(), &["--replay-events"]).exits(0).stdout;
    assert!(told.contains("0 of 5 events sent once more: the others were sent before"), "{told}");
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    let replayed = || {
        let journal = run(folder.path(), &["journal", "--agent", "tide-clerk", "--json"]).exits(0).json();
        let events = list(&journal, "items").iter().rev().map(|item| item["event"].clone());
        let original = events.filter(|event| event["source"] == "original");
        original.map(|event| [event["kind"].clone(), event["priority"].clone()]).collect::<Vec<_>>()
    };
    until(Duration::from_secs(120), "they are not handled", || replayed().len() >= 4);
    assert_eq!(host.stop(), 0);
    let expected = [["news", "critical"], ["mood_shift", "normal"], ["interaction_prompt", "normal"], ["news", "low"]];
    assert_eq!(replayed(), expected.map(|pair| pair.map(Value::from)));
    let history = run(folder.path(), &["event", "history", "--agent", "tide-clerk", "--json"]).exits(0).json();
    let original = list(&history, "items").iter().filter(|event| event["source"] == "original");
    assert_eq!(original.count(), 9, "five of before, and four that were handled again: {history}");
}

#[test]
fn the_original_agents_move_as_a_deployment() {
    let Some(agents) = original_agents() else { return };
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("old/config/agents");
    fs::create_dir_all(&to).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(agents).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        count += 1;
    }
    let report = import(folder.path(), &["--json"]).exits(0).json();
    assert_whole(folder.path(), &report);
    assert_eq!((list(&report, "agents").len(), ids(folder.path()).len()), (count, count));
}
