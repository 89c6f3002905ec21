//! One invocation in the real sandbox, with nothing committed.

use std::path::Path;

use serde_json::Value;

use crate::support::{Running, list, run, simulate};

fn component() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities");
    let pack = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("pack.toml").is_file());
    pack.unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_pack_answers_a_command_and_commits_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let event = r#"{"kind": "command_post", "payload": {"topic": "rain"}}"#;
    let ran = run(folder.path(), &["invoke", &component(), "--event", event, "--json"]).exits(0).json();
    assert_eq!(ran["schema"], "puppet.invoke/1");
    assert_eq!((&ran["outcome"], &ran["breach"], &ran["committed"]), (&"ok".into(), &().into(), &false.into()));
    assert!(ran["fuel"].as_u64().unwrap() > 1_000 && ran["peak_memory_bytes"].as_u64().unwrap() > 60_000);
    assert!(list(&ran, "decisions").iter().any(|decision| decision["kind"] == "post"), "{ran}");
    assert!(ran["host_calls"]["llm"].as_u64().unwrap() >= 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no data folder");
    let again = run(folder.path(), &["invoke", &component(), "--event", event, "--json"]).exits(0).json();
    assert_eq!(ran, again, "the same event, the same seed, the same answer");
}

#[test]
fn recorded_answers_take_the_place_of_providers() {
    let folder = tempfile::tempdir().unwrap();
    let data = crate::weeks::week_folder().join("data");
    let data = data.to_str().unwrap();
    let page = run(folder.path(), &["journal", "--kind", "news", "--limit", "1", "--json", "--data", data]).json();
    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    let shown = run(folder.path(), &["journal", "show", &id, "--json", "--data", data]).exits(0);
    let answers = folder.path().join("answers.json");
    std::fs::write(&answers, &shown.stdout).unwrap();
    let event = shown.json()["event"].clone();
    let event = serde_json::json!({"kind": event["kind"], "payload": event["payload"]}).to_string();
    let args = ["invoke", &component(), "--event", &event, "--answers", answers.to_str().unwrap(), "--json"];
    let ran = run(folder.path(), &args);
    assert!([0, 1].contains(&ran.code), "{ran:?}");
    assert_eq!(ran.json()["schema"], "puppet.invoke/1");
}

/// What was decided, without what became of it.
fn decided(record: &Value) -> Vec<Value> {
    let bare = |decision: &Value| serde_json::json!({"kind": decision["kind"], "body": decision["body"]});
    list(record, "decisions").iter().map(bare).collect()
}

/// Runs a record again and answers what came of it, as a file that is a record itself.
fn again(folder: &Path, pack: &Path, record: &Value, extra: &[&str]) -> Value {
    let file = folder.join("record.json");
    std::fs::write(&file, record.to_string()).unwrap();
    let args = ["invoke", pack.to_str().unwrap(), "--answers", file.to_str().unwrap(), "--json"];
    run(folder, &[&args[..], extra].concat()).exits(0).json()
}

#[test]
fn records_of_a_simulated_day_are_asked_and_decided_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities");
    let out = folder.path().join("day");
    simulate(&out, &packs, &["--days", "1", "--seed", "7"]);
    let data = out.join("data");
    let journal = ["journal", "--outcome", "ok", "--limit", "1000", "--json", "--data", data.to_str().unwrap()];
    let page = run(folder.path(), &journal).exits(0).json();
    let mut other_seed = 0;
    for agent in ["corner-cafe", "dial-drifter", "night-gardener", "tide-trader"] {
        let of = |item: &&Value| item["agent"] == agent && !list(item, "decisions").is_empty();
        let items: Vec<&Value> = list(&page, "items").iter().filter(of).take(4).collect();
        assert!(items.len() == 4, "{agent} did something");
        for item in items {
            let id = item["id"].as_str().unwrap();
            let shown = ["journal", "show", id, "--json", "--data", data.to_str().unwrap()];
            let record = run(folder.path(), &shown).exits(0).json();
            let ran = again(folder.path(), &packs.join(agent), &record, &[]);
            assert_eq!(ran["reads"], record["reads"], "{id}");
            assert_eq!(decided(&ran), decided(&record), "{id}");
            assert_eq!((&ran["seed"], &ran["fuel"]), (&record["seed"], &record["fuel"]), "{id}");
            assert_eq!(again(folder.path(), &packs.join(agent), &ran, &[]), ran, "what invoke prints is a record too");
            let seeded = again(folder.path(), &packs.join(agent), &record, &["--seed", "9"]);
            other_seed += usize::from(decided(&seeded) != decided(&record) || seeded["fuel"] != record["fuel"]);
        }
    }
    assert!(other_seed > 0, "no plugin drew anything: this test shows nothing");
}

#[test]
fn a_record_of_a_live_host_is_decided_the_same_without_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("agents/cafe");
    std::fs::create_dir_all(&pack).unwrap();
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../personalities/corner-cafe");
    for file in ["pack.toml", "persona.toml"] {
        std::fs::copy(original.join(file), pack.join(file)).unwrap();
    }
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let send = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--wait", "--json"];
    let sent = run(folder.path(), &send).exits(0).json();
    let id = sent["invocations"][0].as_str().unwrap();
    let record = run(folder.path(), &["journal", "show", id, "--json"]).exits(0).json();
    host.stop();
    let secret = std::fs::read(data.join("host.secret")).unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    let ran = again(folder.path(), &pack, &record, &[]);
    assert!(!decided(&ran).is_empty() && decided(&ran) == decided(&record));
    assert_eq!(ran["reads"], record["reads"]);
    // The first eight bytes of a MAC say nothing about the key, and are not the key.
    let seed = u64::from_str_radix(record["seed"].as_str().unwrap(), 16).unwrap();
    assert!(secret.windows(8).all(|part| part != seed.to_be_bytes() && part != seed.to_le_bytes()));
}

#[test]
fn a_bare_component_requests_what_it_imports_and_a_pack_must_say_it() {
    let component = include_bytes!(env!("PUPPET_PLUGIN_STANDARD_PERSONALITY"));
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("stranger.wasm");
    std::fs::write(&bare, component).unwrap();
    let event = r#"{"kind": "command_post", "payload": {"topic": "rain"}}"#;
    let ran = run(folder.path(), &["invoke", bare.to_str().unwrap(), "--event", event, "--json"]).exits(0).json();
    assert_eq!(ran["outcome"], "ok", "{ran}");

    let pack = folder.path().join("pack");
    std::fs::create_dir(&pack).unwrap();
    std::fs::write(pack.join("plugin.wasm"), component).unwrap();
    std::fs::write(pack.join("pack.toml"), "id = \"p\"\nversion = \"0.1.0\"\ncomponent = \"plugin.wasm\"\n").unwrap();
    let refused = run(folder.path(), &["invoke", pack.to_str().unwrap(), "--event", event]).exits(2);
    assert!(refused.stderr.contains("imports `llm`, which its pack does not request"), "{refused:?}");
}
