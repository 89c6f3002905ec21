//! Who answers when a model does not, and what is looked at before it leaves, as an operator sets it.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{self, Running, list, run};

const LONG: Duration = Duration::from_secs(60);
const PRICE: &str = "price = { prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }\n";

fn home(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    std::fs::write(folder.path().join("puppet.toml"), settings).unwrap();
    folder
}

fn ask_for_a_post(folder: &Path) -> support::Ran {
    let payload = json!({"force": true, "topic": "tides"}).to_string();
    run(folder, &["event", "send", "command_post", "--payload", &payload, "--agent", "harbour-watch", "--wait"])
}

/// The answers of models to what was asked on command, as the journal has them.
fn answers(folder: &Path) -> Vec<Value> {
    let journal = run(folder, &["journal", "--kind", "command_post", "--json"]).exits(0).json();
    let reads = list(&journal, "items").iter().flat_map(|item| list(item, "reads"));
    reads.filter(|read| read["capability"] == "llm").cloned().collect()
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

#[test]
fn where_a_model_is_away_the_next_one_answers_and_the_journal_says_who() {
    let away = nobody();
    let far = format!("[llm.providers.far]\nbase_url = \"{away}\"\nmodel = \"m\"\nretries = 0\n{PRICE}");
    let alone = home(&format!("[llm]\ndefault = \"far\"\n{far}"));
    let host = Running::start(alone.path(), &alone.path().join(".puppet"), &[]);
    // It comes again until somebody answers: nobody waits for that here.
    run(alone.path(), &["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch"]);
    support::until(LONG, "nobody was asked", || !answers(alone.path()).is_empty());
    let asked = answers(alone.path());
    assert!(asked.iter().all(|read| read["status"] == "error"), "nobody else is asked: {asked:?}");
    host.stop();

    let chained = home(&format!(
        "[llm]\ndefault = \"far\"\nfallback = [\"offline\"]\n[llm.breaker]\nfailures = 1\nopen = \"1h\"\n{far}"
    ));
    let log = chained.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let host = Running::start_with(support::puppet(chained.path()), &chained.path().join(".puppet"), file);
    ask_for_a_post(chained.path()).exits(0);
    let asked = answers(chained.path());
    assert!(!asked.is_empty());
    for read in &asked {
        let answer = &read["answer"];
        assert_eq!(
            (&read["status"], &answer["provider"], &answer["model"]),
            (&"ok".into(), &"offline".into(), &"offline".into())
        );
        assert_eq!(read["cost"]["usd_micros"], 0, "nobody was asked who wants money: {read}");
        let tried = list(answer, "tried");
        assert_eq!((tried.len(), &tried[0]["provider"]), (1, &"far".into()), "{read}");
        assert_eq!(tried[0]["code"], "provider-unavailable", "{read}");
    }
    host.stop();
    let said = std::fs::read_to_string(&log).unwrap();
    let fails =
        said.lines().filter(|line| line.contains("the model provider `far` fails: provider-unavailable: `far`: "));
    assert_eq!(fails.count(), 1, "once, however often it fails: {said}");
    assert!(said.contains("see that it runs, and check `base_url`"), "{said}");
    let journal = run(chained.path(), &["journal", "--kind", "command_post", "--json"]).exits(0).json();
    let id = list(&journal, "items").iter().find(|item| item["outcome"] == "ok").unwrap()["id"].clone();
    let shown = run(chained.path(), &["journal", "show", id.as_str().unwrap()]).exits(0).stdout;
    assert!(shown.contains(r#""tried":[{"provider":"far","code":"provider-unavailable""#), "{shown}");
    run(chained.path(), &["replay", id.as_str().unwrap()]).exits(0);
}

/// Flags everything, in two words.
fn censor() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut bytes = vec![0; 64 << 10];
            let length = stream.read(&mut bytes).unwrap_or(0);
            let asked = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let found = json!({"flagged": true, "categories": {"hate": true, "violence": true, "sexual": false}});
            let (status, body) = match asked.starts_with("POST /v1/moderations ") {
                true => (200, json!({"id": "m", "model": "omni-moderation-latest", "results": [found]})),
                false => (404, json!({"error": {"message": "no such path"}})),
            };
            let body = body.to_string();
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
            let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
        }
    });
    url
}

#[test]
fn what_moderation_flags_does_not_leave() {
    let url = censor();
    let folder = home(&format!(
        "[llm]\nmoderation = \"censor\"\n[llm.providers.censor]\nbase_url = \"{url}\"\nmodel = \"m\"\n{PRICE}"
    ));
    let host = Running::start(folder.path(), &folder.path().join(".puppet"), &[]);
    ask_for_a_post(folder.path());
    let journal = || run(folder.path(), &["journal", "--kind", "command_post", "--json"]).exits(0).json();
    let effect = || {
        let journal = journal();
        let decisions = list(&journal, "items").iter().flat_map(|item| list(item, "decisions"));
        decisions.map(|decision| decision["effect"].clone()).find(|effect| effect.is_object())
    };
    support::until(LONG, "it has not ended", || effect().is_some_and(|effect| effect["state"] == "failed"));
    let failed = run(folder.path(), &["journal", "--kind", "post_failed", "--json"]).exits(0).json();
    assert!(failed.to_string().contains("moderation: hate, violence"), "the agent hears why: {failed}");
    host.stop();
}

#[test]
fn a_host_whose_moderation_has_no_key_does_not_start() {
    let folder = home(&format!(
        "[llm]\nmoderation = \"censor\"\n[llm.providers.censor]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n\
         key_env = \"NO_SUCH_KEY\"\n{PRICE}"
    ));
    let ran = run(folder.path(), &["run"]).exits(2);
    assert!(ran.stderr.contains("llm.moderation: `censor` cannot be used: NO_SUCH_KEY is not set"), "{}", ran.stderr);
}
