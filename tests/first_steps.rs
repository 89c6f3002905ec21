//! A folder of `init` before the first host: reading commands tell what is true, or what to do first.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{self, Running, list, run};

/// What `puppet init` writes.
fn home() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init", "home"]).exits(0);
    let home = folder.path().join("home");
    (folder, home)
}

fn item<'a>(list: &'a [Value], key: &str, value: &str) -> &'a Value {
    list.iter().find(|item| item[key] == value).unwrap_or_else(|| panic!("no {key} `{value}` in {list:?}"))
}

#[test]
fn before_the_first_run_what_the_configuration_has_is_shown() {
    let (_folder, home) = home();
    let agents = run(&home, &["agent", "list", "--json"]).exits(0).json();
    assert_eq!(item(list(&agents, "items"), "id", "ember")["llm_in_use"], "offline");
    let budgets = run(&home, &["budgets", "--json"]).exits(0).json();
    let tokens = item(list(&budgets, "items"), "amount", "tokens");
    // Cut by grants.toml, as the host will have it.
    assert_eq!((&tokens["agent"], &tokens["limit"]), (&"ember".into(), &200_000.into()), "{tokens}");
    let plugins = run(&home, &["plugins", "--json"]).exits(0).json();
    assert_eq!(item(list(&plugins, "items"), "pack", "standard-personality")["agents"], serde_json::json!(["ember"]));
    assert!(!home.join(".puppet").exists(), "reading makes nothing");
}

#[test]
fn before_the_first_run_there_is_nothing_to_tell_and_the_remedy_says_what_to_do() {
    let (folder, home) = home();
    let nothing = [&["journal"][..], &["journal", "dead"], &["agent", "show", "ember"], &["event", "send", "news"]];
    for args in nothing {
        let ran = run(&home, args).exits(4);
        assert!(ran.stderr.contains("nothing has lived in this data folder yet"), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("`puppet run`") && ran.stderr.contains("`puppet agent import"), "{}", ran.stderr);
    }
    // Where not even the configuration has an agent, an empty list would hide a slip of the folder.
    for args in [["agent", "list"].as_slice(), &["budgets"]] {
        assert!(run(folder.path(), args).exits(4).stderr.contains("`puppet run`"));
    }
}

#[test]
fn a_journal_knows_whom_it_can_hold() {
    let (_folder, home) = home();
    run(&home, &["run", "--for", "1s"]).exits(0);
    let unknown = run(&home, &["journal", "--agent", "embre"]).exits(2);
    assert!(unknown.stderr.contains("did you mean `ember`?"), "{}", unknown.stderr);
    let unknown = run(&home, &["journal", "-f", "--agent", "generator:newz"]).exits(2);
    assert!(unknown.stderr.contains("did you mean `generator:news`?"), "{}", unknown.stderr);
    let unknown = run(&home, &["api", "key", "create", "--name", "k", "--role", "viewer", "--agent", "embre"]).exits(2);
    assert!(unknown.stderr.contains("did you mean `ember`?"), "{}", unknown.stderr);
    run(&home, &["api", "key", "create", "--name", "k", "--role", "viewer", "--agent", "ember"]).exits(0);
    run(&home, &["journal", "--agent", "ember"]).exits(0);
    run(&home, &["journal", "--agent", "generator:news"]).exits(0);
    let printed = run(&home, &["journal", "--agent", "ember"]).exits(0).stdout;
    let at = printed.split_whitespace().next().unwrap();
    assert!(run(&home, &["journal", "--agent", "ember", "--since", at]).exits(0).stdout.contains(at), "{printed}");
    run(&home, &["journal", "--since", at.split('T').next().unwrap()]).exits(0);
    let both = run(&home, &["journal", "-f", "--before", "3"]).exits(2);
    assert!(both.stderr.contains("--follow") && both.stderr.contains("--before"), "{}", both.stderr);
}

#[test]
fn agent_list_tells_who_really_writes() {
    let (_folder, home) = home();
    let pack = home.join("agents/ember/pack.toml");
    let text = std::fs::read_to_string(&pack).unwrap() + "\n[agent]\nllm = \"grok\"\n";
    std::fs::write(&pack, text).unwrap();
    let before = run(&home, &["agent", "list"]).exits(0);
    assert!(before.stdout.contains("offline (instead of grok, which cannot be used)"), "{}", before.stdout);
    // A host that has the key says so, whatever the environment of the one who asks.
    let key = ".env";
    std::fs::write(home.join(key), "GROK_API_KEY=none\n").unwrap();
    std::fs::write(home.join("puppet.toml"), "[llm.providers.grok]\nbase_url = \"http://127.0.0.1:9\"\n").unwrap();
    let data = home.join(".puppet");
    let host = Running::start(&home, &data, &[]);
    std::fs::remove_file(home.join(key)).unwrap();
    let during = run(&home, &["agent", "list", "--json"]).exits(0).json();
    let ember = item(list(&during, "items"), "id", "ember");
    assert_eq!((&ember["llm"], &ember["llm_in_use"]), (&"grok".into(), &"grok".into()));
    assert_eq!(host.stop(), 0);
    let after = run(&home, &["agent", "list", "--json"]).exits(0).json();
    let ember = item(list(&after, "items"), "id", "ember");
    assert_eq!((&ember["llm"], &ember["llm_in_use"]), (&"grok".into(), &"offline".into()));
}

#[test]
fn one_agent_is_one_agent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("agents")).unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    std::fs::copy(file, folder.path().join("agents/harbour-watch.json")).unwrap();
    let out = folder.path().join("out");
    support::simulate(&out, &folder.path().join("agents"), &["--days", "1"]);
    let timeline = std::fs::read_to_string(out.join("timeline.md")).unwrap();
    assert!(timeline.starts_with("# 1 day from 2026-01-05\n\n1 agent, seed 42."), "{timeline}");
    let living = run(folder.path(), &["run", "--for", "1s"]).exits(0);
    assert!(living.stderr.contains("1 agent lives in"), "{}", living.stderr);
}
