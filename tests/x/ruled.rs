//! What rules and policy do to one account on the emulated X, and where its operator finds it.

use serde_json::{Value, json};

use super::{Emulating, LIMIT, folder, heard, says};
use crate::support::{Running, list, run, until};

/// Lets the agent answer a post, and answers the effect once it has ended.
fn answered(folder: &std::path::Path, id: &str) -> Value {
    let before = list(&run(folder, &["outbox", "list", "--json"]).exits(0).json(), "items").len();
    let payload = json!({ "tweet_id": id, "content": "what do you see?" }).to_string();
    let args = ["event", "send", "command_reply", "--payload", &payload, "--agent", "harbour-watch", "--wait"];
    run(folder, &args).exits(0);
    let mut last = Value::Null;
    until(LIMIT, "the answer does not end", || {
        let outbox = run(folder, &["outbox", "list", "--json"]).exits(0).json();
        last = list(&outbox, "items").first().cloned().unwrap_or_default();
        list(&outbox, "items").len() > before && !["waiting", "sent"].contains(&last["state"].as_str().unwrap())
    });
    last
}

#[test]
fn the_operator_finds_what_was_refused_and_what_was_not_heard() {
    let here = tempfile::tempdir().unwrap();
    let emulating = Emulating::start(here.path(), &[]);
    let folder = folder(&emulating, "harbour_watch");
    let folder = folder.path();
    let config = std::fs::read_to_string(folder.join("puppet.toml")).unwrap();
    // The account hears somebody whom the others do not, and the other way round.
    let policy = "[tweet.x.mentions]\nby = \"poll\"\nevery = \"1s\"\n[tweet.policy]\ndeny = [\"ann\"]\n\
                  [tweet.x.accounts.harbour_watch.policy]\ndeny = [\"eve\"]\n";
    std::fs::write(folder.join("puppet.toml"), config + policy).unwrap();
    let asked = |what: &str| emulating.report()["counts"][what].as_u64().unwrap_or(0);
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    until(LIMIT, "nobody listens", || asked("mentions") > 0);
    let by_eve = says(&emulating, "eve", "@harbour_watch buy this");
    let by_ann = says(&emulating, "ann", "@harbour_watch what do you see?");
    until(LIMIT, "it is not heard", || heard(folder) == [by_ann.as_str()]);
    let detail = |name: &str| {
        let doctor = run(folder, &["doctor", "--json"]).json();
        let check = list(&doctor, "checks").iter().find(|check| check["name"] == name).cloned().unwrap();
        (check["detail"].as_str().unwrap().to_owned(), check["remedy"].as_str().unwrap().to_owned())
    };
    let (told, _) = detail("mentions");
    assert!(
        told.contains("since the start of the host 1 post was not heard, by the policy: @harbour_watch 1"),
        "{told}"
    );

    // An answer to whom it may not answer, and one that nobody asked for.
    let unasked = says(&emulating, "cora", "nobody was asked");
    for (id, code) in [(by_eve, "author-not-heard"), (unasked.clone(), "reply-not-summoned")] {
        let effect = answered(folder, &id);
        assert_eq!(effect["state"], "failed", "{effect}");
        assert!(effect["reason"].as_str().unwrap().contains(&format!("{code}: ")), "{effect}");
        let shown = run(folder, &["outbox", "show", effect["id"].as_str().unwrap()]).exits(0).stdout;
        assert!(shown.contains("what helps: a retry comes to the same"), "{shown}");
    }
    let (told, remedy) = detail("outbox");
    assert!(told.contains("2 refused by a rule of X or by the policy"), "{told}");
    assert!(remedy.contains("a retry does not"), "{remedy}");

    // The same in a dry run: nothing is asked of X for it.
    run(folder, &["grants", "set", "standard-personality", "--mode", "dry-run"]).exits(0);
    let effect = answered(folder, &unasked);
    assert_eq!(effect["state"], "dry-run", "{effect}");
    assert!(effect["reason"].as_str().unwrap().starts_with("not known whether it would be refused: "), "{effect}");
    let listed = run(folder, &["outbox", "list", "--json"]).exits(0).json();
    assert_eq!(listed["dry_run"], json!({ "effects": 1, "would_be_refused": {}, "not_known": 1 }));
    let told = run(folder, &["outbox", "list"]).exits(0);
    assert!(
        told.stderr.contains("of 1 effect of a dry run 0 would be refused, and of 1 that is not known"),
        "{told:?}"
    );
    assert_eq!(host.stop(), 0);
}
