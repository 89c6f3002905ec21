//! The agents' side of the API of a host: an agent is made, spoken to, looked at, stopped, started and taken away.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    approvals::{held, hold, imported},
    client::{Client, key},
    support::{self, Running, list, until},
};

/// A host that does not get this far has lost it.
const PATIENCE: Duration = Duration::from_secs(120);

fn original(name: &str) -> String {
    std::fs::read_to_string(support::fixtures().join("agents").join(name)).unwrap()
}

#[test]
fn an_agent_is_made_spoken_to_looked_at_stopped_started_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let admin = key(folder, &["--role", "admin"]);
    let viewer = key(folder, &["--role", "viewer"]);
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    let (api, looks) = (Client::v1(&folder.join(".puppet"), &admin), Client::v1(&folder.join(".puppet"), &viewer));

    // It is made from a file of the original engine, as it is.
    let file = original("harbour-watch.json");
    let made = api.ask("POST", "/agents", "", Some(&file));
    assert_eq!(made.header("location"), Some("/api/v1/agents/harbour-watch"));
    let made = made.is(201);
    assert_eq!(made["agent_id"], "harbour-watch");
    assert!(!list(&made["import"], "carried").is_empty());
    assert_eq!(api.ask("POST", "/agents", "", Some(&file)).is(409)["code"], "agent-exists");
    assert_eq!(looks.post("/agents", &json!({ "id": "x" })).is(403)["code"], "role");
    let agents = looks.read("/agents");
    let row = &list(&agents, "items")[0];
    assert_eq!((&row["id"], &row["paused"]), (&json!("harbour-watch"), &Value::Null));
    assert_eq!(looks.read("/agents/harbour-watch")["handle"], "harbour_watch");

    // Somebody speaks to it, and it answers.
    let said =
        json!({ "by": "ada", "text": "it's foggy: what do you see?", "to": ["harbour-watch"], "wait_ms": 60000 });
    let sent = api.post("/timeline", &said).is(200);
    assert_eq!(sent["outcome"], "ok", "{sent}");
    let invocation = sent["invocations"][0].as_str().unwrap().to_owned();
    let mut reply = Value::Null;
    until(PATIENCE, "it answers", || {
        let timeline = looks.read("/timeline");
        reply = list(&timeline, "items").iter().find(|post| post["kind"] == "reply").cloned().unwrap_or_default();
        !reply.is_null()
    });
    assert_eq!(reply["author"]["agent"], "harbour-watch");
    let thread = looks.read(&format!("/timeline/{}", reply["id"].as_str().unwrap()));
    assert_eq!((&list(&thread, "items")[0]["author"]["handle"], list(&thread, "items").len()), (&json!("ada"), 2));
    let record = looks.read(&format!("/journal/{invocation}"));
    assert_eq!((&record["agent"], &record["event"]["kind"]), (&json!("harbour-watch"), &json!("mention")));
    let effect =
        list(&record, "decisions").iter().find(|decision| decision["kind"] == "reply").unwrap()["effect"].clone();
    let effect = looks.read(&format!("/outbox/{}", effect["id"].as_str().unwrap()));
    assert_eq!((&effect["state"], &effect["provider_id"]), (&json!("done"), &reply["id"]));
    assert!(!list(&looks.read("/journal?agent=harbour-watch&kind=mention"), "items").is_empty());
    let remembered = looks.read("/agents/harbour-watch/memory/search?text=foggy");
    assert!(
        list(&remembered, "items").iter().any(|hit| hit["content"].as_str().unwrap().contains("foggy")),
        "{remembered}"
    );
    assert!(!list(&looks.read("/agents/harbour-watch/relationships"), "items").is_empty());
    let posts = looks.read("/agents/harbour-watch/posts");
    assert!(list(&posts, "items").iter().any(|post| post["id"] == reply["id"]));

    // A post that is wished twice with one key is made once.
    let wish = json!({ "topic": "lanterns", "force": true, "wait_ms": 60000 }).to_string();
    let keyed = || api.ask("POST", "/agents/harbour-watch/post", "Idempotency-Key: once\r\n", Some(&wish));
    let (first, again) = (keyed(), keyed());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let first = first.is(200);
    let made = list(&list(&first, "ended")[0], "decisions").iter().find(|decision| decision["kind"] == "post").cloned();
    let id = made.as_ref().and_then(|made| made["provider_id"].as_str()).unwrap_or_else(|| panic!("{first}"));
    looks.read(&format!("/timeline/{id}"));
    assert_eq!(first, again.is(200));
    assert_eq!(list(&looks.read("/journal?kind=command_post"), "items").len(), 1);
    until(PATIENCE, "its list tells of the post", || looks.read("/agents")["items"][0]["last_post_at"].is_string());

    // What it feels is moved, and the change stands in its history.
    let before = looks.read("/agents/harbour-watch/mood");
    let moved = api.post("/agents/harbour-watch/mood", &json!({ "arousal": 0.25 })).is(200);
    let arousal = |mood: &Value| mood["mood"]["arousal"].as_f64().unwrap();
    assert!((arousal(&moved) - (arousal(&before) + 0.25).min(1.0)).abs() < 1e-6, "{before} {moved}");
    let history = looks.read("/agents/harbour-watch/mood/history");
    let last = list(&history, "items").last().unwrap();
    assert_eq!((&last["arousal"], &last["cause"]["kind"]), (&moved["mood"]["arousal"], &json!("host_mood")));

    let row = api.read("/audit?agent=harbour-watch&limit=1")["items"][0].clone();
    assert_eq!((&row["what"], &row["after"]), (&json!("agent.mood"), &moved["mood"]));
    assert!((row["before"]["arousal"].as_f64().unwrap() - arousal(&before)).abs() < 1e-6, "{row} {before}");

    // It is paused: what comes waits until it is resumed.
    let paused = api.post("/agents/harbour-watch/pause", &json!({ "reason": "it's late" })).is(200);
    assert_eq!((&paused["paused"]["reason"], &paused["paused"]["by"]), (&json!("it's late"), &json!("test")));
    let row = api.read("/audit?agent=harbour-watch&limit=1")["items"][0].clone();
    assert_eq!(
        (&row["what"], &row["before"], &row["after"]["paused"]["reason"]),
        (&json!("agent.pause"), &json!({ "paused": null }), &json!("it's late"))
    );
    let news = json!({ "kind": "news", "payload": { "topic": "storm" }, "to": ["harbour-watch"], "wait_ms": 300 });
    let waits = api.post("/events", &news);
    assert!(waits.header("location").is_some());
    assert_eq!(waits.is(202)["outcome"], "waiting");
    assert_eq!(list(&looks.read("/events/waiting"), "items")[0]["event"]["kind"], "news");
    assert_eq!(looks.read("/status")["agents"], json!({ "total": 1, "paused": 1 }));
    assert_eq!(api.post("/agents/harbour-watch/resume", &json!({})).is(200)["paused"], Value::Null);
    until(PATIENCE, "what waited is handled", || {
        !list(&looks.read("/journal?kind=news&text=storm"), "items").is_empty()
    });
    let started = list(&looks.read("/journal?kind=agent_started"), "items").len();
    api.post("/agents/harbour-watch/restart", &json!({})).is(200);
    until(PATIENCE, "it starts anew", || list(&looks.read("/journal?kind=agent_started"), "items").len() > started);

    // Its settings change; then it is no more.
    let patch = |body: &Value| api.ask("PATCH", "/agents/harbour-watch", "", Some(&body.to_string()));
    assert_eq!(patch(&json!({ "settings": { "shade": "blue" } })).is(200)["settings"]["shade"], "blue");
    assert!(patch(&json!({ "settings": { "shade": null } })).is(200)["settings"].get("shade").is_none());
    assert_eq!(looks.delete("/agents/harbour-watch").is(403)["code"], "role");
    assert_eq!(api.delete("/agents/harbour-watch").status, 204);
    assert_eq!(api.ask("GET", "/agents/harbour-watch", "", None).is(404)["code"], "unknown-agent");
    assert_eq!(list(&looks.read("/agents"), "items").len(), 0);
    assert!(!list(&looks.read("/journal"), "items").is_empty(), "what it did stays");
    assert_eq!(host.stop(), 0);
}

#[tokio::test]
async fn what_waits_is_approved_as_it_was_seen_and_a_bound_key_says_nothing_of_others() {
    let folder = imported();
    let (folder, data) = (folder.path(), folder.path().join(".puppet"));
    let operator = key(folder, &["--role", "operator"]);
    let bound = key(folder, &["--role", "operator", "--agent", "harbour-watch"]);
    hold(&data, &[held("eff_a", "first", 3_600_000), held("eff_b", "second", 3_600_000)]).await;
    let host = Running::start(folder, &data, &[]);
    let (api, bound) = (Client::v1(&folder.join(".puppet"), &operator), Client::v1(&folder.join(".puppet"), &bound));

    let waiting = api.read("/approvals");
    let digest = |n: usize| list(&waiting, "items")[n]["digest"].clone();
    let say = |client: &Client, id: &str, body: Value| client.post(&format!("/approvals/{id}"), &body);
    assert_eq!(
        say(&api, "eff_a", json!({ "verdict": "approve", "digest": digest(1) })).is(409)["code"],
        "digest-differs"
    );
    let approved = say(&api, "eff_a", json!({ "verdict": "approve", "digest": digest(0) })).is(200);
    assert_eq!(approved["items"][0]["state"], "waiting");
    assert_eq!(say(&api, "eff_a", json!({ "verdict": "approve", "digest": digest(0) })).is(409)["code"], "not-waiting");
    until(PATIENCE, "what was approved leaves", || api.read("/outbox/eff_a")["state"] == "done");
    assert_eq!(list(&api.read("/agents/harbour-watch/posts"), "items")[0]["text"], "first");
    let rejected = say(&bound, "eff_b", json!({ "verdict": "reject", "reason": "it's late" })).is(200);
    assert_eq!(rejected["items"][0]["state"], "rejected");
    assert_eq!(api.post("/outbox/eff_b/drop", &json!({})).is(409)["code"], "not-open");
    assert_eq!(api.post("/outbox/eff_none/retry", &json!({})).is(404)["code"], "unknown-effect");
    assert_eq!(bound.post("/halt", &json!({})).is(403)["code"], "scoped-key");
    assert_eq!(api.post("/halt", &json!({ "reason": "it's Sunday" })).is(200)["halted"], true);
    assert_eq!(api.read("/status")["halt"]["reason"], "it's Sunday");
    assert_eq!(api.post("/resume", &json!({})).is(200)["halted"], false);
    assert_eq!(list(&bound.read("/agents"), "items").len(), 1);
    assert!(!list(&api.read("/budgets"), "items").is_empty() && !list(&bound.read("/budgets"), "items").is_empty());
    assert_eq!(host.stop(), 0);
}

#[test]
fn an_agent_of_the_folder_stays_and_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("agents")).unwrap();
    std::fs::write(folder.join("agents/orbit-desk.json"), original("orbit-desk.json")).unwrap();
    std::fs::write(folder.join("puppet.toml"), "").unwrap();
    let admin = key(folder, &["--role", "admin"]);
    let host = Running::start(folder, &folder.join(".puppet"), &[]);
    let api = Client::v1(&folder.join(".puppet"), &admin);
    let refused = api.delete("/agents/orbit-desk").is(409);
    assert_eq!(refused["code"], "agent-stays");
    assert!(refused["detail"].as_str().unwrap().contains("agents"), "{refused}");
    assert_eq!(list(&api.read("/agents"), "items").len(), 1);
    std::fs::remove_file(folder.join("agents/orbit-desk.json")).unwrap();
    assert_eq!(api.delete("/agents/orbit-desk").status, 204);
    assert_eq!(host.stop(), 0);
}
