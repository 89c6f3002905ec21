//! `event send`: what is said to a running host, how it is handled, and what the sender is told of it.

use std::path::Path;

use serde_json::Value;

use crate::support::{self, Ran, Running, list, millis, run};

/// A host with one agent.
fn host() -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    (folder, host)
}

fn mention(folder: &Path, payload: &str, more: &[&str]) -> Ran {
    run(folder, &[&["event", "send", "mention", "--payload", payload][..], more].concat())
}

/// The newest mention in the journal.
fn heard(folder: &Path) -> Value {
    let journal = run(folder, &["journal", "--kind", "mention", "--json"]).exits(0).json();
    list(&journal, "items")[0]["event"].clone()
}

#[test]
fn who_waits_is_told_why_and_what_came_of_it() {
    let (folder, _host) = host();
    let force = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--wait"];
    let posted = run(folder.path(), &force).exits(0);
    assert!(posted.stdout.contains("harbour-watch ok"), "{}", posted.stdout);
    assert!(posted.stdout.contains("    post (done): "), "{}", posted.stdout);
    let soon = ["event", "send", "command_post", "--wait"];
    let declined = run(folder.path(), &[&soon[..], &["--json"]].concat()).exits(0).json();
    let ended = &list(&declined, "ended")[0];
    assert_eq!((&ended["agent"], &ended["outcome"]), (&"harbour-watch".into(), &"declined".into()));
    let (code, message) = (ended["code"].as_str().unwrap(), ended["message"].as_str().unwrap());
    let told = run(folder.path(), &soon).exits(0).stdout;
    let begins = message.split(|c: char| c.is_ascii_digit()).next().unwrap();
    assert!(told.contains(&format!("harbour-watch declined {code}: {begins}")), "{told}");
    assert_eq!(told.contains("; again at "), ended["retry_at"].is_string(), "{told}");
}

#[test]
fn a_mention_takes_priority_and_delay() {
    let (folder, _host) = host();
    let hello = "{\"text\": \"hello\", \"author\": \"@ada\"}";
    mention(folder.path(), hello, &["--wait"]).exits(0);
    assert_eq!(heard(folder.path())["priority"], "high");
    mention(folder.path(), hello, &["--wait", "--priority", "low", "--delay", "300ms"]).exits(0);
    let event = heard(folder.path());
    assert_eq!((&event["priority"], &event["payload"]["post"]["author"]), (&"low".into(), &"ada".into()));
    let waited = millis(&event["at"]) - millis(&event["payload"]["post"]["at"]);
    assert!((300..10_000).contains(&waited), "{waited} ms");
}

#[test]
fn a_mention_can_answer_a_post() {
    let (folder, _host) = host();
    let force = ["event", "send", "command_post", "--payload", "{\"force\": true}", "--wait", "--json"];
    let posted = run(folder.path(), &force).exits(0).json();
    let id = list(&posted, "invocations")[0].as_str().unwrap();
    let shown = run(folder.path(), &["journal", "show", id, "--json"]).exits(0).json();
    let post = list(&shown, "decisions").iter().find(|decision| decision["kind"] == "post").unwrap();
    let post = post["effect"]["provider_id"].as_str().unwrap();
    let answer = format!("{{\"text\": \"is it so?\", \"in_reply_to\": \"{post}\"}}");
    mention(folder.path(), &answer, &["--wait"]).exits(0);
    let heard = heard(folder.path());
    assert_eq!(heard["payload"]["post"]["in_reply_to"], *post);
    assert_eq!(heard["payload"]["post"]["text"], "is it so?", "who wrote the post needs no name");
    let own = format!("{{\"text\": \"so I said\", \"author\": \"harbour_watch\", \"in_reply_to\": \"{post}\"}}");
    let own = mention(folder.path(), &own, &[]).exits(2);
    assert!(own.stderr.contains("would speak to itself"), "{}", own.stderr);
    let nowhere = mention(folder.path(), "{\"text\": \"hm\", \"in_reply_to\": \"12\"}", &[]).exits(2);
    assert!(nowhere.stderr.contains("there is no post `12`"), "{}", nowhere.stderr);
}

#[test]
fn a_mention_that_cannot_be_shown_is_refused() {
    let (folder, _host) = host();
    let long = "x".repeat(300);
    let long = format!("{{\"text\": \"{long}\"}}");
    let cases = [
        ("{\"text\": \"  \"}", "text: the text is blank"),
        ("{\"text\": \"a\\u0007b\"}", "control character"),
        (long.as_str(), "280"),
        ("{\"text\": \"hi\", \"author\": \"\"}", "author: `` is no account"),
        ("{\"text\": \"hi\", \"author\": \"a b\"}", "1 to 15 letters"),
        ("{\"text\": \"hi\", \"author\": \"a\\u001b[2J\"}", "1 to 15 letters"),
        ("{\"text\": \"hi\", \"author\": \"a_name_of_sixteen\"}", "1 to 15 letters"),
        ("{\"text\": \"hi\", \"autor\": \"ada\"}", "did you mean `author`?"),
        ("{\"text\": 7}", "expected a text"),
        ("{}", "nothing is said"),
    ];
    for (payload, told) in cases {
        let ran = mention(folder.path(), payload, &[]).exits(2);
        assert!(ran.stderr.contains(told) && !ran.stderr.contains('\u{1b}'), "{payload}: {}", ran.stderr);
    }
}
