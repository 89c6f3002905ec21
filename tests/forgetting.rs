//! Words that are not kept, and words that are taken out of the journal: through a host, in a folder without one, and
//! what a record is worth afterwards.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use crate::support::{self, Ran, Running, list, run, until};

/// A host that does not get this far has lost it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Nobody else says it.
const WORD: &str = "Quaggafoal";

/// A folder with one agent.
pub fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    folder
}

/// Sends an event with a payload; the id of the invocation that handled it.
pub fn handled(folder: &Path, kind: &str, payload: &Value) -> String {
    let payload = payload.to_string();
    let args = ["event", "send", kind, "--payload", &payload, "--agent", "harbour-watch", "--wait", "--json"];
    let sent = run(folder, &args).exits(0).json();
    list(&sent, "invocations")[0].as_str().unwrap().to_owned()
}

fn show(folder: &Path, id: &str) -> Value {
    run(folder, &["journal", "show", id, "--json"]).exits(0).json()
}

fn holding(folder: &Path, text: &str) -> usize {
    list(&run(folder, &["journal", "--text", text, "--json"]).exits(0).json(), "items").len()
}

fn forget(folder: &Path, args: &[&str]) -> Ran {
    run(folder, &[&["journal", "forget", "--json"], args].concat())
}

fn ids(told: &Value, key: &str) -> Vec<String> {
    let id = |item: &Value| item["id"].as_str().or(item.as_str()).unwrap().to_owned();
    list(told, key).iter().map(id).collect()
}

/// Every file of a data folder without a host in one piece, written anew: what is left is in some row.
fn files(folder: &Path) -> String {
    let db = rusqlite::Connection::open(folder.join(".puppet/puppet.db")).unwrap();
    db.execute_batch("VACUUM").unwrap();
    db.close().unwrap();
    let files = std::fs::read_dir(folder.join(".puppet")).unwrap().map(|entry| entry.unwrap().path());
    let bytes: Vec<u8> = files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect();
    String::from_utf8_lossy(&bytes).to_lowercase()
}

#[test]
fn what_is_redacted_is_nowhere_in_the_journal_and_the_record_says_so() {
    let folder = imported();
    let folder = folder.path();
    let paths = ["event.payload.note", "reads.llm.complete", "decisions.shift_mood.body.cause"];
    let config = |paths: &[&str]| {
        std::fs::write(folder.join("puppet.toml"), format!("[journal]\nredact = {paths:?}\n")).unwrap();
    };
    config(&paths);
    let wrong = run(folder, &["config"]).exits(2).stderr;
    assert!(wrong.contains("puppet.toml:2: journal.redact: `reads.llm.complete`: it ends too early"), "{wrong}");
    config(&["event.payload.note", "reads.llm.complete.request.messages.content", "reads.llm.complete.answer.text"]);
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    let id = handled(folder, "command_post", &json!({"topic": "rain", "force": true, "note": WORD}));
    let record = show(folder, &id);
    assert_eq!(record["event"]["payload"]["note"], "[redacted]");
    let asked = list(&record, "reads").iter().find(|read| read["operation"] == "complete").unwrap();
    assert_eq!(asked["answer"]["text"], "[redacted]");
    assert_eq!(asked["request"]["messages"][0]["content"], "[redacted]");
    assert!(asked["answer"]["usage"].is_object() && asked["cost"]["tokens"].as_u64().unwrap() > 0, "{asked}");
    let post = list(&record, "decisions").iter().find(|decision| decision["kind"] == "post").unwrap();
    assert!(post["body"]["text"].as_str().unwrap().len() > 10, "what was written is posted: {post}");
    let why = record["unreplayable"].as_str().unwrap();
    assert!(why.starts_with("redacted: event.payload.note, reads.llm"), "{why}");
    assert_eq!(holding(folder, WORD), 0);

    std::fs::write(folder.join("record.json"), record.to_string()).unwrap();
    let again = run(folder, &["invoke", "any.wasm", "--answers", "record.json", "--json"]).exits(3).stderr;
    assert!(
        again.contains("\"unreplayable\"") && again.contains(&id) && again.contains("event.payload.note"),
        "{again}"
    );
    let told = run(folder, &["journal", "show", &id]).exits(0).stdout;
    assert!(told.contains("cannot be run again: redacted: event.payload.note"), "{told}");
    assert_eq!(host.stop(), 0);
    assert!(!files(folder).contains(&WORD.to_lowercase()), "it is in no row");
}

#[test]
fn the_operator_has_words_forgotten_with_a_host_and_without() {
    let folder = imported();
    let folder = folder.path();
    let data = folder.join(".puppet");
    let host = Running::start(folder, &data, &[]);
    let first = handled(folder, "news", &json!({"topic": "rain", "note": format!("{WORD} \"one\"")}));
    let second = handled(folder, "news", &json!({"topic": "rain", "note": WORD}));
    let other = handled(folder, "news", &json!({"topic": "rain", "note": "something else"}));
    let before = show(folder, &other);

    // Asked for nothing, or by nobody, nothing happens.
    for (args, exit) in [
        (&[][..], 2),
        (&[first.as_str(), "--text", WORD, "--yes"], 2),
        (&["--agent", "harbour-watch", "--text", WORD, "--yes"], 2),
        (&["--text", "", "--yes"], 2),
        (&[first.as_str(), "--before", "1s", "--yes"], 2),
        (&["--agent", "harbor-watch", "--yes"], 2),
        (&["inv_none", first.as_str(), "--yes"], 2),
        (&["--text", WORD], 3),
    ] {
        let ran = forget(folder, args).exits(exit);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
    run(folder, &["journal", "--agent", "harbour-watch", "forget", "--text", WORD, "--yes"]).exits(2);
    assert_eq!(holding(folder, WORD), 2);

    let told = forget(folder, &["--text", "quaggafoal \"ONE\"", "--yes"]).exits(0).json();
    assert_eq!((ids(&told, "forgotten"), &told["log_emptied"]), (vec![first.clone()], &true.into()));
    let record = show(folder, &first);
    assert_eq!(record["event"]["payload"], json!({}));
    assert!(record["unreplayable"].as_str().unwrap().starts_with("forgotten by the operator at 20"), "{record}");
    assert!(record["fuel"].as_u64().unwrap() > 0 && record["outcome"] == "ok");
    let read = &list(&record, "reads")[0];
    assert_eq!((&read["request"], &read["answer"]), (&"[forgotten]".into(), &"[forgotten]".into()));

    // One that waits is refused by name, and the rest is forgotten all the same.
    let payload = json!({"note": WORD}).to_string();
    let late = ["event", "send", "news", "--payload", &payload, "--agent", "harbour-watch", "--delay", "1h", "--json"];
    let late = run(folder, &late).exits(0).json()["event_id"].as_str().unwrap().to_owned();
    let ran = forget(folder, &["--text", WORD, "--yes"]).exits(3);
    let mine = |id: &String| id.starts_with(&late) || late.starts_with(id.as_str());
    assert_eq!(ids(&ran.json(), "forgotten"), [second.as_str()]);
    assert!(ids(&ran.json(), "refused").iter().all(mine) && ran.stderr.contains("not-ended"), "{ran:?} {late}");
    assert_eq!(holding(folder, WORD), 0);
    assert_eq!(show(folder, &other), before, "what nobody named is as it was");
    assert_eq!(host.stop(), 0);

    // Without a host; and one that is told stays told.
    let told = forget(folder, &[&other, "--yes"]).exits(0).json();
    assert_eq!(ids(&told, "forgotten"), [other.as_str()]);
    std::fs::write(folder.join("record.json"), show(folder, &other).to_string()).unwrap();
    let again = run(folder, &["invoke", "any.wasm", "--answers", "record.json"]).exits(3).stderr;
    assert!(again.contains(&format!("{other} cannot be run again: forgotten by the operator")), "{again}");
    let none = forget(folder, &["--agent", "generator:news", "--before", "300d", "--yes"]).exits(0).json();
    assert_eq!(ids(&none, "forgotten"), [""; 0]);
    let all = forget(folder, &["--agent", "harbour-watch", "--before", "2099-01-01T00:00:00Z", "--yes"]);
    let all = ids(&all.exits(3).json(), "forgotten");
    assert!([&first, &second, &other].iter().all(|id| all.contains(id)), "{all:?}");
    assert!(!files(folder).contains("something else"), "it is in no row");
}

#[test]
fn an_effect_that_has_to_leave_keeps_its_words_until_it_is_out() {
    let folder = imported();
    let folder = folder.path();
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    run(folder, &["halt"]).exits(0);
    let id = handled(folder, "command_post", &json!({"topic": "rain", "force": true}));
    let text = |record: &Value| {
        let post = list(record, "decisions").iter().find(|decision| decision["kind"] == "post").unwrap();
        post["body"]["text"].as_str().unwrap().to_owned()
    };
    let record = show(folder, &id);
    let ran = forget(folder, &[&id, "--yes"]).exits(3);
    assert_eq!(ids(&ran.json(), "refused"), [id.as_str()]);
    assert!(ran.stderr.contains("its effect eff_") && ran.stderr.contains(" is waiting"), "{}", ran.stderr);
    assert_eq!(show(folder, &id), record);
    run(folder, &["resume"]).exits(0);
    until(PATIENCE, "it leaves, and then it is forgotten", || forget(folder, &[&id, "--yes"]).code == 0);
    assert_eq!(text(&show(folder, &id)), "[forgotten]");
    assert!(host.printed().contains(text(&record).lines().next().unwrap()), "it left as it was decided");
}
