//! `init`, `config`, `doctor`: what a newcomer touches first.

use puppet_store::{Change, CommitStore as _, Effect, EffectState, Options, SqliteStore};
use puppet_types::{Decision, Timestamp};

use crate::support::{finish, list, puppet, run};

#[test]
fn what_init_writes_can_be_run() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init", "home"]).exits(0);
    let home = folder.path().join("home");
    let again = run(folder.path(), &["init", "home"]).exits(2);
    assert!(again.stderr.contains("puppet.toml"));
    run(&home, &["run", "--for", "1s"]).exits(0);
    let agents = run(&home, &["agent", "list", "--json"]).exits(0).json();
    assert_eq!(agents["items"][0]["id"], "ember");
}

#[test]
fn config_shows_values_and_origins_and_masks_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = puppet(folder.path());
    command.args(["config", "--json"]).env("OPENAI_API_KEY", "sk-very-secret-value").env("OPENAI_MODEL", "my-model");
    let ran = finish(&mut command).exits(0);
    assert!(!ran.stdout.contains("sk-very-secret-value") && !ran.stderr.contains("sk-very-secret-value"));
    let shown = ran.json();
    let model = list(&shown, "items").iter().find(|item| item["key"] == "llm.providers.openai.model").unwrap();
    assert_eq!((&model["value"], &model["origin"]), (&"my-model".into(), &"env OPENAI_MODEL".into()));
}

#[test]
fn doctor_reads_the_grants() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init", "home"]).exits(0);
    let home = folder.path().join("home");
    let grants = |code: i32| {
        let checks = run(&home, &["doctor", "--json"]).exits(code).json();
        list(&checks, "checks").iter().find(|check| check["name"] == "grants").unwrap().clone()
    };
    assert_eq!(grants(0)["status"], "ok");
    let file = home.join("grants.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("packs.ember", "packs.embre")).unwrap();
    let slip = grants(0);
    assert_eq!(slip["status"], "warn");
    assert!(slip["detail"].as_str().unwrap().contains("did you mean `ember`?"), "{slip}");
    std::fs::write(&file, text.replace("ember.llm", "ember.lmm")).unwrap();
    let broken = grants(1);
    assert_eq!(broken["status"], "fail");
    assert!(broken["detail"].as_str().unwrap().contains("grants.toml:"), "{broken}");
    assert!(broken["remedy"].as_str().unwrap().contains("`llm`"), "{broken}");
}

#[test]
fn doctor_lists_every_limit() {
    let folder = tempfile::tempdir().unwrap();
    let limits = run(folder.path(), &["doctor", "--limits", "--json"]).exits(0).json();
    let names: Vec<&str> = list(&limits, "items").iter().map(|item| item["name"].as_str().unwrap()).collect();
    for name in ["fuel", "memory_bytes", "stack_bytes", "host_calls", "deadline_ms"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let checks = run(folder.path(), &["doctor", "--json"]).exits(0).json();
    assert!(list(&checks, "checks").iter().all(|check| check["status"] != "fail"), "{checks}");
}

#[test]
#[cfg(unix)]
fn doctor_warns_of_credentials_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".puppet/secrets.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "\"x/ada/api_key\" = \"abc\"\n").unwrap();
    for (mode, status) in [(0o644, "warn"), (0o600, "ok")] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let checks = run(folder.path(), &["doctor", "--json"]).exits(0).json();
        let check = list(&checks, "checks").iter().find(|check| check["name"] == "secrets").unwrap();
        assert_eq!(check["status"], status, "{check}");
    }
}

#[tokio::test]
async fn doctor_names_what_is_in_doubt_and_what_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".puppet");
    let outbox = || {
        let checks = run(folder.path(), &["doctor", "--json"]).exits(0).json();
        let check = list(&checks, "checks").iter().find(|check| check["name"] == "outbox").cloned();
        check.map(|check| (check["status"].as_str().unwrap().to_owned(), check["detail"].as_str().unwrap().to_owned()))
    };
    assert_eq!(outbox(), None, "there is no folder yet");
    let store = SqliteStore::open(&data, Options::default()).unwrap();
    let effect = |n: u32, state| {
        Change::Effect(Effect {
            id: format!("eff_{n}").into(),
            seq: 0,
            agent: "ann".into(),
            account: "ann_says".into(),
            invocation: "inv_7".into(),
            n,
            not_before: Timestamp::default(),
            hops: 0,
            body: Decision::Post { text: "hello".into(), images: Vec::new() },
            state,
            attempts: 1,
            provider_id: None,
            reason: None,
            expires: None,
            doubt: None,
            purse: None,
        })
    };
    store.apply(vec![effect(0, EffectState::Done), effect(1, EffectState::Waiting)]).await.unwrap();
    assert_eq!(outbox().unwrap().0, "ok");
    store.apply(vec![effect(2, EffectState::InDoubt)]).await.unwrap();
    let (status, detail) = outbox().unwrap();
    assert_eq!((status.as_str(), detail.as_str()), ("warn", "1 in doubt, the latest: eff_2 by @ann_says"));
    // What is named is what the commands take.
    run(folder.path(), &["outbox", "drop", "eff_2"]).exits(0);
    assert_eq!(outbox().unwrap().0, "ok", "the operator has spoken");
    store.apply(vec![effect(3, EffectState::Failed), effect(4, EffectState::Failed)]).await.unwrap();
    let (status, detail) = outbox().unwrap();
    let says = "2 failed for good, the latest: eff_4 by @ann_says, eff_3 by @ann_says";
    assert_eq!((status.as_str(), detail.as_str()), ("warn", says));
    store.apply(vec![effect(5, EffectState::InDoubt)]).await.unwrap();
    assert_eq!(outbox().unwrap().1, format!("1 in doubt, the latest: eff_5 by @ann_says; {says}"));
    store.close();
}
