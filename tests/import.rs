//! Agent files of the original engine become agents: every leaf is carried or reported, and no credential is shown.

use std::path::Path;

use serde_json::Value;

use crate::support::{self, list, original_agents, run};

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) if !map.is_empty() => map.values().map(leaves).sum(),
        Value::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

fn check(file: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["agent", "import", file.to_str().unwrap(), "--json"]).exits(0);
    let report = ran.json();
    let original: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let parts = ["carried", "ignored", "secrets_moved", "unknown"].map(|part| list(&report, part).len());
    assert_eq!(parts.iter().sum::<usize>(), leaves(&original), "{}: {parts:?}", file.display());
    assert_eq!(report["agent_id"], original["id"]);
    let id = report["agent_id"].as_str().unwrap();
    let shown = run(folder.path(), &["agent", "show", id, "--json"]).exits(0);
    for secret in secrets(&original) {
        assert!(!ran.stdout.contains(&secret) && !ran.stderr.contains(&secret) && !shown.stdout.contains(&secret));
        assert!(std::fs::read_to_string(folder.path().join(".puppet/secrets.toml")).unwrap().contains(&secret));
    }
    assert_eq!(run(folder.path(), &["agent", "list", "--json"]).exits(0).json()["items"][0]["id"], original["id"]);
}

/// Values that must never be seen. Empty ones and obvious blanks are not secret.
fn secrets(file: &Value) -> Vec<String> {
    let values = file["twitter_credentials"].as_object().into_iter().flat_map(|map| map.values());
    values.filter_map(Value::as_str).filter(|text| text.len() > 8).map(str::to_owned).collect()
}

#[test]
fn every_leaf_is_carried_or_reported() {
    let mut folders = vec![support::fixtures().join("agents")];
    folders.extend(original_agents());
    for folder in folders {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ext| ext == "json") {
                check(&path);
            }
        }
    }
}

#[test]
fn a_zero_stays_a_zero_and_secrets_are_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| support::fixtures().join("agents").join(name).to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", &file("zero-hour.json")]).exits(0);
    run(folder.path(), &["agent", "import", &file("orbit-desk.json")]).exits(0);
    let shown = run(folder.path(), &["agent", "show", "zero-hour", "--json"]).exits(0).json();
    let patterns = &shown["persona"]["behavior"]["interaction_patterns"];
    assert_eq!(patterns["reply_probability"].as_f64(), Some(0.0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path().join(".puppet/secrets.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn importing_twice_is_refused_and_a_dry_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json").to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", "--dry-run", &file]).exits(0);
    assert!(!folder.path().join(".puppet/puppet.db").exists());
    run(folder.path(), &["agent", "import", &file]).exits(0);
    let again = run(folder.path(), &["agent", "import", &file]).exits(2);
    assert!(again.stderr.contains("harbour-watch"), "{}", again.stderr);
    let dry = run(folder.path(), &["agent", "import", "--dry-run", &file]).exits(2);
    assert_eq!(dry.stderr, again.stderr, "it says what a real import would say");
}

#[test]
fn what_has_an_id_and_nothing_of_an_agent_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record.json");
    let record =
        r#"{"schema": "puppet.invocation/1", "id": "inv_1", "at": "x", "event": {"id": "evt_1"}, "reads": []}"#;
    std::fs::write(&file, record).unwrap();
    let refused = run(folder.path(), &["agent", "import", "--dry-run", file.to_str().unwrap()]).exits(2);
    assert!(refused.stderr.contains("record.json") && refused.stderr.contains("no agent file"), "{}", refused.stderr);
}

#[test]
fn an_agent_is_not_made_where_its_credentials_cannot_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    std::fs::write(&file, r#"{"id": "ada", "twitter_credentials": {"apiKey": "first-secret-value"}}"#).unwrap();
    let secrets = folder.path().join(".puppet/secrets.toml");
    std::fs::create_dir_all(&secrets).unwrap();
    let import = ["agent", "import", file.to_str().unwrap()];
    run(folder.path(), &import).exits(4);
    std::fs::remove_dir(&secrets).unwrap();
    run(folder.path(), &import).exits(0);
    assert!(std::fs::read_to_string(&secrets).unwrap().contains("first-secret-value"));
    std::fs::write(&file, r#"{"id": "ada", "twitter_credentials": {"apiKey": "other-secret-value"}}"#).unwrap();
    run(folder.path(), &import).exits(2);
    assert!(std::fs::read_to_string(&secrets).unwrap().contains("first-secret-value"));
}

/// Characters of elizaOS: told of leaf by leaf, without their credentials, and they post as any agent does.
#[test]
fn characters_of_eliza_become_agents_that_post() {
    let files = support::fixtures().join("eliza");
    let folder = tempfile::tempdir().unwrap();
    for (name, id, account) in
        [("lantern-keeper", "wick-keeper", "wick_keeper"), ("tide-clerk", "tide-clerk", "tide_clerk")]
    {
        let file = files.join(format!("{name}.json"));
        let ran = run(folder.path(), &["agent", "import", file.to_str().unwrap(), "--json"]).exits(0);
        let report = ran.json();
        let character: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let told: usize = ["carried", "ignored", "unknown"].iter().map(|part| list(&report, part).len()).sum();
        assert_eq!((told, list(&report, "secrets_moved").len()), (leaves(&character), 0));
        assert_eq!(report["agent_id"], id);
        let shown = run(folder.path(), &["agent", "show", id, "--json"]).exits(0);
        assert_eq!(shown.json()["handle"], account);
        for said in [&ran.stdout, &ran.stderr, &shown.stdout] {
            assert!(!said.contains("eliza-secret"), "{said}");
        }
    }
    let secrets = std::fs::read_to_string(folder.path().join(".puppet/secrets.toml")).unwrap_or_default();
    assert!(!secrets.contains("eliza-secret"), "a credential of another program is not kept");
    let out = folder.path().join("out");
    support::simulate(&out, &files, &["--days", "2", "--generators", "none"]);
    let report = support::report(&out);
    let agents = list(&report, "agents");
    assert_eq!(agents.len(), 2);
    for agent in agents {
        let posts = list(agent, "posts");
        assert!(!posts.is_empty(), "{} says nothing", agent["id"]);
        assert!(posts.iter().all(|post| !post["text"].as_str().unwrap().is_empty()));
    }
}
