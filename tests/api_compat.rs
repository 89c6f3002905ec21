//! The original's API on a real host: every route, every error, and what an agent does by them. The offline model writes, the
//! local timeline is posted to.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    client::{Client, Got, key},
    support::{self, Running, list, millis, original_agents, run},
};

const AGENT: &str = "harbour-watch";

struct Old {
    host: Running,
    folder: tempfile::TempDir,
    client: Client,
}

/// A host with one agent, and a client with a key of this role.
fn old(role: &str, toml: &str) -> Old {
    let folder = tempfile::tempdir().unwrap();
    if !toml.is_empty() {
        std::fs::write(folder.path().join("puppet.toml"), toml).unwrap();
    }
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    let data = folder.path().join(".puppet");
    let host = Running::start(folder.path(), &data, &[]);
    let made = ["api", "key", "create", "--name", "old client", "--role", role, "--json"];
    let made = run(folder.path(), &made).exits(0).json();
    let client = Client::of(&data, made["key"].as_str());
    Old { host, folder, client }
}

#[track_caller]
fn error(got: Got, status: u16, message: &str) {
    assert_eq!((got.status, &got.body), (status, &json!({ "error": message })));
}

/// Exactly these names, in any order.
#[track_caller]
fn names(value: &Value, wanted: &[&str]) {
    let mut there: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted = wanted.to_vec();
    there.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(there, wanted);
}

fn of(path: &str) -> String {
    format!("/api/agents/{AGENT}{path}")
}

#[test]
fn clients_of_the_original_find_every_route_as_it_was() {
    let Old { client, folder, .. } = &old("admin", "");
    let status = client.get("/api/status").body;
    names(&status, &["status", "agents", "uptime"]);
    assert_eq!((&status["status"], &status["agents"]), (&json!("online"), &json!(1)));
    assert!(status["uptime"].as_f64().unwrap() > 0.0);

    let agents = client.get("/api/agents").body;
    names(&agents[0], &["id", "name", "description", "lastPostTime", "mood"]);
    names(&agents[0]["mood"], &["valence", "arousal", "dominance"]);
    assert_eq!((&agents[0]["id"], &agents[0]["lastPostTime"]), (&json!(AGENT), &Value::Null));
    let agent = client.get(&of("")).body;
    let parts = ["personality", "styleGuide", "behavior", "currentMood", "lastPostTime", "goals"];
    names(&agent, &[&["id", "name", "description"][..], &parts].concat());
    assert!(agent["behavior"]["postFrequency"]["minHoursBetweenPosts"].is_number(), "{agent}");

    let memory = client.get(&of("/memory")).body;
    let lists = ["coreMemories", "recentEvents", "recentPosts", "relationships", "longTermMemories", "tweetHistory"];
    names(&memory, &[&["agentId", "lastUpdated"][..], &lists].concat());
    assert!(!list(&memory, "coreMemories").is_empty(), "they load");
    assert_eq!(client.get(&of("/relationships")).body, memory["relationships"]);

    let context = client.get(&of("/context")).body;
    names(&context, &["context", "hasCustomPrompt"]);
    assert!(context["context"].as_str().unwrap().len() > 100, "the prompt of the personality: {context}");
    let journal = run(folder.path(), &["journal", "--kind", "command_post", "--json"]).exits(0).json();
    assert!(list(&journal, "items").is_empty(), "a look leaves no trace");

    let made = client.post("/api/agents", &json!({ "id": "new-one" }));
    let told = json!({ "id": "new-one", "name": "new-one", "message": "Agent created successfully" });
    assert_eq!((made.status, made.body), (201, told));
    assert_eq!(client.get("/api/status").body["agents"], 2);
    let again = client.post("/api/agents", &json!({ "id": "new-one" }));
    assert_eq!((again.status, again.body["error"].is_string()), (409, true));
    assert!(!folder.path().join("config").exists(), "no file is written");
}

#[test]
fn posts_are_waited_for_and_not_too_soon() {
    let Old { client, folder, host } = old("operator", "");
    let posted = client.post(&of("/post"), &json!({ "topic": "fog", "force": true }));
    assert_eq!(posted.status, 200, "{posted:?}");
    names(&posted.body, &["content", "agentId", "tweetId"]);
    let (content, tweet) = (posted.body["content"].as_str().unwrap(), posted.body["tweetId"].as_str().unwrap());
    assert!(!content.is_empty() && posted.body["agentId"] == AGENT);
    let last = client.get(&of("")).body["lastPostTime"].clone();
    assert!(last.is_string(), "{last}");

    let soon = client.post(&of("/post"), &json!({}));
    assert_eq!((soon.status, soon.body), (429, json!({ "error": "Too soon since last post", "lastPostTime": last })));

    // It was asked for and taken: the agent declined.
    let made = ["api", "key", "create", "--name", "auditor", "--role", "admin", "--json"];
    let made = run(folder.path(), &made).exits(0).json();
    let auditor = Client::of(&folder.path().join(".puppet"), made["key"].as_str());
    support::until(std::time::Duration::from_secs(120), "it is not noted", || {
        let log = auditor.get("/api/v1/audit").body;
        log["items"].as_array().unwrap().iter().any(|row| row["what"] == "agent.post" && row["status"] == 429)
    });

    let thread = client.post(&of("/post"), &json!({ "threadLength": 2, "force": true }));
    assert_eq!(thread.status, 200, "{thread:?}");
    assert!(!thread.body["tweetId"].as_str().unwrap().contains(','), "the first of them");

    let reply = client.post(&of("/reply"), &json!({ "tweetId": tweet, "content": "Is it really foggy?" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    names(&reply.body, &["content", "agentId", "tweetId"]);

    // Where nothing leaves, nobody waits for it.
    run(folder.path(), &["halt"]).exits(0);
    let since = std::time::Instant::now();
    let held = client.post(&of("/post"), &json!({ "force": true }));
    assert_eq!((held.status, &held.body["tweetId"]), (200, &Value::Null), "{held:?}");
    assert!(held.body["content"].is_string() && since.elapsed().as_secs() < 10);
    run(folder.path(), &["resume"]).exits(0);

    run(folder.path(), &["agent", "pause", AGENT]).exits(0);
    error(client.post(&of("/post"), &json!({ "force": true })), 503, "agent harbour-watch is paused");
    assert_eq!(host.stop(), 0);
}

#[test]
fn moods_memories_and_events_are_kept() {
    let Old { client, folder, .. } = &old("operator", "");
    let moved = client.post(&of("/mood"), &json!({ "valenceShift": 0.5, "dominanceShift": 5e-1 })).body;
    assert_eq!(moved, json!({ "agent": AGENT, "mood": { "valence": 0.5, "arousal": 0.0, "dominance": 1.0 } }));
    let again = client.post(&of("/mood"), &json!({ "valenceShift": 0.75, "arousalShift": -1 })).body;
    assert_eq!(again["mood"], json!({ "valence": 1.0, "arousal": 0.0, "dominance": 1.0 }), "added, then clamped");
    assert_eq!(client.get(&of("")).body["currentMood"], again["mood"]);
    let journal = run(folder.path(), &["journal", "--kind", "host_mood", "--json"]).exits(0).json();
    assert_eq!(list(&journal, "items").len(), 2);

    let kept = client.post(&of("/memories"), &json!({ "content": "Ada's boat is the Heron." }));
    assert_eq!((kept.status, &kept.body["type"], &kept.body["importance"]), (201, &json!("general"), &json!(0.5)));
    let memory = client.get(&of("/memory")).body;
    assert!(list(&memory, "longTermMemories").contains(&kept.body));

    // What is read there is what an import reads.
    let original = folder.path().join("original/data/memories");
    std::fs::create_dir_all(&original).unwrap();
    let config = folder.path().join("original/config/agents");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::copy(support::fixtures().join("agents/harbour-watch.json"), config.join("harbour-watch.json")).unwrap();
    std::fs::write(original.join("harbour-watch.json"), memory.to_string()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let from = folder.path().join("original");
    let report = run(other.path(), &["import", from.to_str().unwrap(), "--json"]).exits(0).json();
    assert_eq!((&report["problems"], &report["totals"]["unknown"]), (&json!([]), &json!(0)), "{report}");
    let data = other.path().join(".puppet");
    let _host = Running::start(other.path(), &data, &[]);
    let made = ["api", "key", "create", "--name", "k", "--role", "viewer", "--json"];
    let key = run(other.path(), &made).exits(0).json();
    let there = Client::of(&data, key["key"].as_str()).get(&of("/memory")).body;
    let texts = |memory: &Value, name: &str| -> Vec<String> {
        let mut texts: Vec<_> = list(memory, name)
            .iter()
            .map(|item| format!("{} {} {}", item["content"], item["type"], item["importance"]))
            .collect();
        texts.sort();
        texts
    };
    for name in ["coreMemories", "recentEvents", "recentPosts", "longTermMemories", "tweetHistory"] {
        assert_eq!(texts(&memory, name), texts(&there, name), "{name}");
    }
    let bonds = |memory: &Value| {
        let bonds = memory["relationships"].as_object().unwrap();
        let of = |(target, bond): (&String, &Value)| format!("{target} {} {}", bond["sentiment"], bond["familiarity"]);
        bonds.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(bonds(&memory), bonds(&there));
}

#[test]
fn events_are_handled_and_listed() {
    let Old { client, .. } = &old("operator", "");
    let sent = client.post("/api/events", &json!({ "type": "party", "data": { "where": "the pier" } }));
    assert_eq!(sent.status, 200, "{sent:?}");
    names(&sent.body, &["scheduled", "event"]);
    names(&sent.body["event"], &["id", "type", "timestamp"]);
    let later = client.post(
        "/api/events",
        &json!({ "type": "news", "data": { "headline": "Fog" }, "targetAgentIds": [AGENT], "priority": "high", "delay": 3_600_000 }),
    );
    assert_eq!((&later.body["scheduled"], &later.body["event"]["type"]), (&json!(true), &json!("news")));
    let event = &later.body["event"];
    assert_eq!(millis(&event["executeAfter"]) - millis(&event["timestamp"]), 3_600_000);
    let mut events = Value::Null;
    support::until(std::time::Duration::from_secs(120), "the event is not handled", || {
        events = client.get("/api/events").body;
        events.as_array().unwrap().iter().any(|event| event["id"] == sent.body["event"]["id"])
    });
    let [party] = &events.as_array().unwrap()[..] else { panic!("the host's own are left out: {events}") };
    names(party, &["id", "type", "data", "timestamp", "processedAt", "targetAgentIds"]);
    assert_eq!((&party["type"], &party["data"]), (&json!("party"), &json!({ "where": "the pier" })));
    assert_eq!(party["targetAgentIds"], json!([AGENT]));
    error(
        client.post("/api/events", &json!({ "type": "timer", "data": {} })),
        400,
        "`timer` is made by the host alone",
    );
}

#[test]
fn everything_that_is_wrong_has_the_originals_words() {
    let Old { client, folder, .. } = &old("operator", "");
    for path in ["", "/memory", "/context", "/relationships"] {
        error(client.get(&format!("/api/agents/nobody{path}")), 404, "Agent not found: nobody");
        for bad in ["..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b"] {
            let got = client.get(&format!("/api/agents/{bad}{path}"));
            assert_eq!((got.status, got.body["error"].is_string()), (400, true), "{bad}");
        }
    }
    for path in ["post", "reply", "mood", "memories"] {
        let body = json!({ "tweetId": "1", "content": "x" });
        error(client.post(&format!("/api/agents/nobody/{path}"), &body), 404, "Agent not found: nobody");
    }
    error(client.post(&of("/reply"), &json!({ "content": "x" })), 400, "tweetId is required");
    error(client.post(&of("/memories"), &json!({})), 400, "Memory content is required");
    error(client.post("/api/events", &json!({ "type": "news" })), 400, "Event type and data are required");
    let unknown = json!({ "type": "news", "data": {}, "targetAgentIds": ["nobody"] });
    error(client.post("/api/events", &unknown), 404, "Agent not found: nobody");
    let broken = client.ask("POST", "/api/events", "", Some("{\"type\":"));
    assert_eq!((broken.status, broken.body["error"].is_string()), (400, true));

    let data = folder.path().join(".puppet");
    let stranger = Client::of(&data, None);
    for path in ["/api/status", "/api/agents", &of(""), "/api/events"] {
        let got = stranger.get(path);
        assert_eq!(got.status, 401, "{path}");
        names(&got.body, &["error"]);
    }
    assert_eq!(stranger.post(&of("/post"), &json!({})).status, 401);
    assert_eq!(client.post("/api/agents", &json!({ "id": "x" })).status, 403, "only an admin makes agents");
    let admin = run(folder.path(), &["api", "key", "create", "--name", "a", "--role", "admin", "--json"]);
    let admin = Client::of(&data, admin.exits(0).json()["key"].as_str());
    error(admin.post("/api/agents", &json!({ "name": "x" })), 400, "Valid agent configuration is required");
    for bad in ["../../config", "a/b", "..", ""] {
        let got = admin.post("/api/agents", &json!({ "id": bad }));
        assert_eq!((got.status, got.body["error"].is_string()), (400, true), "{bad}");
    }
    let journal = run(folder.path(), &["journal", "--kind", "command_post", "--json"]).exits(0).json();
    assert!(list(&journal, "items").is_empty(), "nothing of it was taken");
}

#[test]
fn an_open_host_asks_old_clients_for_no_key_and_no_others() {
    let Old { folder, .. } = &old("viewer", "[api]\nlegacy_open = true\n");
    let data = folder.path().join(".puppet");
    let anybody = Client::of(&data, None);
    let status = anybody.ask("GET", "/api/status", "Origin: http://old.example\r\n", None);
    assert_eq!(status.status, 200);
    assert!(status.head.contains("access-control-allow-origin: *"), "{}", status.head);
    assert_eq!(anybody.post(&of("/mood"), &json!({ "valenceShift": 0.25 })).body["mood"]["valence"], 0.25);
    // All of them, and nothing else: what is wrong with a request is what it asks for.
    let none = json!({});
    for (method, path, body, status) in [
        ("GET", "/api/status".to_owned(), None, 200),
        ("GET", "/api/agents".to_owned(), None, 200),
        ("POST", "/api/agents".to_owned(), Some(&none), 400),
        ("GET", of(""), None, 200),
        ("GET", of("/memory"), None, 200),
        ("GET", of("/context"), None, 200),
        ("GET", of("/relationships"), None, 200),
        ("POST", of("/post"), Some(&none), 200),
        ("POST", of("/reply"), Some(&none), 400),
        ("POST", of("/mood"), Some(&none), 200),
        ("POST", of("/memories"), Some(&none), 400),
        ("GET", "/api/events".to_owned(), None, 200),
        ("POST", "/api/events".to_owned(), Some(&none), 400),
        ("GET", "/api/v1/version".to_owned(), None, 401),
        ("GET", "/api/v1/audit".to_owned(), None, 401),
        ("POST", "/api/v1/halt".to_owned(), Some(&none), 401),
        ("POST", "/api/v1/keys".to_owned(), Some(&none), 401),
        ("GET", "/metrics".to_owned(), None, 401),
    ] {
        let got = anybody.ask(method, &path, "", body.map(Value::to_string).as_deref());
        assert_eq!(got.status, status, "{method} {path}: {got:?}");
    }
    // What a stranger changes stands in the log, with where they are.
    let auditor = Client::v1(&data, &key(folder.path(), &["--role", "admin"]));
    let log = auditor.read("/audit");
    let rows = list(&log, "items");
    assert!(rows.iter().any(|row| row["what"] == "agent.mood" && row["principal"] == "legacy:127.0.0.1"), "{log}");
    assert!(rows.iter().any(|row| row["what"] == "agent.post" && row["principal"] == "legacy:127.0.0.1"), "{log}");
}

#[test]
fn agents_of_the_original_can_be_made_by_its_clients() {
    let Some(agents) = original_agents() else { return };
    let Old { client, .. } = &old("admin", "");
    let mut made = 1;
    for entry in std::fs::read_dir(agents).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let id = file["id"].as_str().unwrap();
        let got = client.post("/api/agents", &file);
        assert_eq!((got.status, &got.body["id"]), (201, &file["id"]), "{}: {got:?}", Path::display(&path));
        let shown = client.get(&format!("/api/agents/{id}")).body;
        let traits = file["personality"].get("traits").cloned().unwrap_or_else(|| json!([]));
        assert_eq!((&shown["name"], &shown["personality"]["traits"]), (&file["name"], &traits));
        made += 1;
    }
    assert_eq!(client.get("/api/status").body["agents"], made);
}
