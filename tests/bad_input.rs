//! Bad input gets one clear line with the thing and the remedy, the exit code of the schema, and leaves nothing behind.

use std::path::Path;

use serde_json::Value;

use crate::support::{self, Ran, run};

/// Every refusal names a code and a remedy, in JSON as well.
fn refused(folder: &Path, args: &[&str], code: i32, parts: &[&str]) {
    let ran = run(folder, args).exits(code);
    let first = ran.stderr.lines().find(|line| line.starts_with("error[")).unwrap_or_else(|| panic!("{ran:?}"));
    for part in parts {
        assert!(ran.stderr.contains(part), "`{part}` is missing in: {}", ran.stderr);
    }
    assert!(!first.contains("panicked"), "{first}");
    assert_eq!(ran.stdout, "", "nothing on stdout");
    let json: Ran = run(folder, &[args, &["--json"]].concat()).exits(code);
    let line = json.stderr.lines().find(|line| line.starts_with("{\"error\"")).unwrap_or_else(|| panic!("{json:?}"));
    let error: Value = serde_json::from_str(line).unwrap();
    for key in ["code", "message", "where", "remedy"] {
        assert!(error["error"].get(key).is_some(), "{key}: {line}");
    }
}

#[test]
fn agent_files_name_file_field_and_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("cut.json", "{\"id\": \"x\", \"personality\": {");
    refused(folder.path(), &["agent", "import", "cut.json"], 2, &["cut.json:1"]);
    write("noid.json", "{\"name\": \"x\"}");
    refused(folder.path(), &["agent", "import", "noid.json"], 2, &["noid.json", "id"]);
    write("path.json", "{\"id\": \"../../etc/x\"}");
    refused(folder.path(), &["agent", "import", "path.json"], 2, &["path.json", "id", "letters"]);
    write("type.json", "{\"id\": \"x\", \"behavior\": {\"post_frequency\": {\"min_hours_between_posts\": \"two\"}}}");
    refused(folder.path(), &["agent", "import", "type.json"], 2, &["type.json", "min_hours_between_posts", "number"]);
    refused(folder.path(), &["agent", "import", "nowhere.json"], 2, &["nowhere.json"]);
    assert!(!folder.path().join(".puppet/puppet.db").exists(), "nothing half-written");
}

#[test]
fn a_configuration_with_a_typo_suggests_the_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("puppet.toml"), "[host]\ntimezon = \"UTC\"\n").unwrap();
    refused(folder.path(), &["config"], 2, &["puppet.toml:2", "timezon", "timezone"]);
    std::fs::write(folder.path().join("puppet.toml"), "[sandbox.limits]\nfuell = 3\n").unwrap();
    refused(folder.path(), &["config"], 2, &["puppet.toml", "fuel"]);
    std::fs::write(folder.path().join("puppet.toml"), "[sandbox.limits]\nfuel = 0\n").unwrap();
    refused(folder.path(), &["config"], 2, &["fuel", "between"]);
}

#[test]
fn components_are_refused_by_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let event = ["--event", "{\"kind\": \"x\"}"];
    let files: [(&str, Vec<u8>, &str); 6] = [
        ("empty.wasm", Vec::new(), "truncated at byte 0"),
        ("worldless.wasm", b"\0asm\x0d\0\x01\0".to_vec(), "of no world"),
        ("text.wasm", b"hello".to_vec(), "not WebAssembly"),
        ("module.wasm", b"\0asm\x01\0\0\0".to_vec(), "core module"),
        ("native.wasm", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec(), "native code"),
        ("cut.wasm", b"\0asm\x0d\0\x01\0\x01".to_vec(), "truncated"),
    ];
    let count = files.len();
    for (name, bytes, what) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        refused(folder.path(), &["invoke", name, event[0], event[1]], 2, &[name, what]);
    }
    refused(folder.path(), &["invoke", "nowhere.wasm", event[0], event[1]], 2, &["nowhere.wasm"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), count, "nothing is written");
}

#[test]
fn a_character_is_no_event_generator() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("agents/ember");
    std::fs::create_dir_all(&pack).unwrap();
    std::fs::write(pack.join("persona.toml"), "goals = [\"glow\"]\n").unwrap();
    std::fs::write(pack.join("ember.wasm"), include_bytes!(env!("PUPPET_PLUGIN_NEWS"))).unwrap();
    let head = "id = \"ember\"\nversion = \"0.1.0\"\npersona = \"persona.toml\"\n";
    let write = |line: &str| std::fs::write(pack.join("pack.toml"), format!("{head}{line}\n")).unwrap();
    let event = "{\"kind\": \"command_post\"}";
    let invoke = ["invoke", "agents/ember", "--event", event];
    let simulate = ["simulate", "--agents", "agents", "--days", "1", "--out", "out"];
    let demo = ["demo", "--plain", "--for", "1s", "--packs", "agents"];
    let run = ["run", "--for", "1s", "--data", "data"];
    write("plugin = \"news\"");
    let words = ["pack.toml", "plugin: `news`", "event-generator", "standard-personality"];
    for args in [&invoke[..], &simulate, &demo] {
        refused(folder.path(), args, 2, &words);
    }
    // It keeps nobody else from living.
    let ran = support::run(folder.path(), &run).exits(0);
    assert!(words.iter().all(|word| ran.stderr.contains(word)), "{}", ran.stderr);
    write("component = \"ember.wasm\"\n[requests.schedule]\n[requests.events]\nkinds = [\"news\"]");
    refused(folder.path(), &invoke, 2, &["pack.toml", "component: `ember.wasm`", "event-generator", "persona"]);
    assert!(!folder.path().join("out").exists(), "nothing half-written");
    // The same component is what it says it is where nobody takes it for a character.
    assert_eq!(support::run(folder.path(), &["invoke", "agents/ember/ember.wasm", "--event", event]).code, 0);
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    refused(folder.path(), &["journal", "--data", "file"], 4, &["file"]);
    refused(folder.path(), &["journal", "--data", "nowhere"], 4, &["nowhere"]);
    std::fs::create_dir(folder.path().join("bad")).unwrap();
    std::fs::write(folder.path().join("bad/puppet.db"), "this is no database at all, not even a little").unwrap();
    refused(folder.path(), &["journal", "--data", "bad"], 4, &["puppet.db", "not a puppet database"]);
}

#[test]
fn simulate_says_what_is_wrong_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let simulate = |extra: &[&'static str]| [&["simulate", "--out", "out"][..], extra].concat();
    refused(folder.path(), &simulate(&["--agents", "empty"]), 2, &["empty", "no agent"]);
    refused(folder.path(), &simulate(&["--agents", "nowhere"]), 2, &["nowhere"]);
    let agents = support::fixtures().join("agents");
    let agents: &'static str = Box::leak(agents.to_str().unwrap().to_owned().into_boxed_str());
    refused(folder.path(), &simulate(&["--agents", agents, "--tz", "Mars/Base"]), 2, &["Mars/Base"]);
    refused(folder.path(), &simulate(&["--agents", agents, "--start", "soon"]), 2, &["soon"]);
    refused(folder.path(), &simulate(&["--agents", agents, "--generators", "newz"]), 2, &["newz", "news"]);
    assert!(!folder.path().join("out").exists(), "nothing half-written");
}

#[test]
fn usage_is_exit_code_two() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["simulat"][..], &["journal", "--limit", "none"], &["demo", "--for", "soon"]] {
        assert_eq!(run(folder.path(), args).code, 2);
    }
    assert_eq!(run(folder.path(), &["--version"]).code, 0);
}

#[test]
fn a_simulation_replaces_what_a_simulation_left_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let agents = support::fixtures().join("agents");
    let args = ["simulate", "--agents", agents.to_str().unwrap(), "--days", "1", "--generators", "none", "--out", "."];
    let file = agents.join("zero-hour.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap(), "--data", "data"]).exits(0);
    refused(folder.path(), &args, 2, &["data", "--out"]);
    let listed = run(folder.path(), &["agent", "list", "--data", "data"]).exits(0);
    assert!(listed.stdout.contains("zero-hour"), "{listed:?}");
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    run(folder.path(), &args).exits(0);
    run(folder.path(), &args).exits(0);
}

#[test]
fn packs_that_cannot_live_here_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("agents/ember");
    std::fs::create_dir_all(&pack).unwrap();
    std::fs::write(pack.join("ember.wasm"), "").unwrap();
    std::fs::write(pack.join("persona.toml"), "goals = [\"glow\"]\n").unwrap();
    let args = ["simulate", "--agents", "agents", "--days", "1", "--out", "out"];
    let head = "id = \"ember\"\nversion = \"0.1.0\"\npersona = \"persona.toml\"\n";
    let write = |line: &str| std::fs::write(pack.join("pack.toml"), format!("{head}{line}\n")).unwrap();
    write("component = \"ember.wasm\"");
    refused(folder.path(), &args, 2, &["ember.wasm", "truncated at byte 0", "build it anew"]);
    write("plugin = \"standard-personalty\"");
    refused(folder.path(), &args, 2, &["pack.toml", "standard-personalty", "did you mean `standard-personality`"]);
    write("plugin = \"standard-personality\"\n[settings]\nthread_probabilty = 0.5");
    refused(folder.path(), &args, 2, &["pack.toml:6", "thread_probabilty", "did you mean `thread_probability`"]);
    let invoke = ["invoke", "agents/ember", "--event", "{\"kind\": \"command_post\"}"];
    refused(folder.path(), &invoke, 2, &["pack.toml:6", "did you mean `thread_probability`"]);
    write("plugin = \"standard-personality\"\n[settings]\ntries = \"three\"");
    refused(folder.path(), &args, 2, &["pack.toml:6", "settings.tries", "expected a whole number from 0"]);
    write("plugin = \"standard-personality\"");
    std::fs::write(folder.path().join("grants.toml"), "[packs.embre.tweet]\namounts = { \"posts/day\" = 2 }\n")
        .unwrap();
    let ran = run(folder.path(), &[&args[..], &["--grants", "grants.toml"]].concat()).exits(0);
    assert!(ran.stderr.contains("`embre`") && ran.stderr.contains("`ember`"), "{}", ran.stderr);
}

#[test]
fn two_agents_do_not_share_an_account() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["the-longest-lamp-of-all", "the-longest-lamp-of-one"] {
        std::fs::write(folder.path().join(format!("{id}.json")), format!("{{\"id\": \"{id}\", \"name\": \"L\"}}"))
            .unwrap();
    }
    run(folder.path(), &["agent", "import", "the-longest-lamp-of-all.json"]).exits(0);
    refused(
        folder.path(),
        &["agent", "import", "the-longest-lamp-of-one.json"],
        2,
        &["the_longest_lam", "the-longest-lamp-of-all"],
    );
}
