//! One invocation in the real sandbox, with nothing committed.

use std::path::Path;

use crate::support::{list, run};

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
