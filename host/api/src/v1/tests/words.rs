//! What is said to agents and of them.

use puppet_store::{JournalStore as _, MemoryStore as _};
use serde_json::{Value, json};

use super::rows::village;
use crate::{auth::Role, operations::Told, testing::Scene};

fn sent(outcome: &str) -> Told {
    Told::new(json!({
        "schema": "puppet.event/1", "event_id": "evt-1", "outcome": outcome, "invocations": [], "ended": [],
        "given_up": [],
    }))
}

async fn say(scene: &Scene, path: &str, body: Value) -> crate::testing::Got {
    scene.post(Role::Operator, path, body).await
}

#[tokio::test]
async fn what_is_wished_becomes_an_event_and_who_waits_is_told_its_end() {
    let scene = village().await;
    scene.stub.will("send", Ok(sent("accepted")));
    let body = json!({ "topic": "it's tea", "thread_length": 2 });
    let got = say(&scene, "/api/v1/agents/ann/post", body).await;
    got.is("event-send", 202);
    assert_eq!(got.header("location"), Some("/api/v1/journal?agent=ann&kind=command_post"));
    scene.stub.will("send", Ok(sent("ok")));
    let body = json!({ "post_id": "7", "wait_ms": 120000 });
    let got = say(&scene, "/api/v1/agents/ann/reply", body).await;
    got.is("event-send", 200);
    assert_eq!(got.header("location"), None);
    let body =
        json!({ "kind": "news", "payload": { "topic": "rain" }, "to": ["bob"], "priority": "high", "delay_ms": 5 });
    say(&scene, "/api/v1/events", body).await.is("event-send", 200);
    let keyed = scene.request("POST", "/api/v1/events").role(Role::Operator).header("idempotency-key", "k");
    keyed.json(&json!({ "kind": "news" })).send().await.is("event-send", 200);
    let wishes: Vec<Value> = scene.stub.asked().into_iter().map(|(_, wish)| wish).collect();
    assert_eq!(wishes[0]["payload"], json!({ "topic": "it's tea", "thread_length": 2, "force": false }));
    assert_eq!(
        (&wishes[0]["kind"], &wishes[0]["to"], &wishes[0]["source"]),
        (&json!("command_post"), &json!(["ann"]), &json!("api"))
    );
    assert_eq!((&wishes[1]["payload"]["tweet_id"], &wishes[1]["wait_ms"]), (&json!("7"), &json!(120000)));
    assert_eq!(
        (&wishes[2]["to"], &wishes[2]["delay_ms"], &wishes[2]["key"]),
        (&json!(["bob"]), &json!(5), &Value::Null)
    );
    assert!(wishes[3]["key"].as_str().unwrap().ends_with(" k"));
}

#[tokio::test]
async fn what_cannot_be_wished_is_refused_by_name_and_asks_for_nothing() {
    let scene = village().await;
    for (path, body, code, field) in [
        ("/api/v1/agents/ann/post", json!({ "thread_length": 0 }), "bad-value", "thread_length"),
        ("/api/v1/agents/ann/post", json!({ "wait_ms": 120001 }), "bad-value", "wait_ms"),
        ("/api/v1/agents/ann/post", json!({ "more": 1 }), "bad-body", "more"),
        ("/api/v1/agents/ann/post", json!({ "topic": "x".repeat(10_001) }), "bad-value", "topic"),
        ("/api/v1/agents/ann/reply", json!({}), "bad-body", "post_id"),
        ("/api/v1/agents/ann/reply", json!({ "post_id": "../7" }), "bad-value", "post_id"),
        ("/api/v1/events", json!({ "kind": "news", "priority": "urgent" }), "bad-value", "priority"),
        ("/api/v1/events", json!({ "kind": "news", "to": ["a/b"] }), "bad-id", "to"),
        ("/api/v1/events", json!({ "kind": "news", "delay_ms": 31536000001_u64 }), "bad-value", "delay_ms"),
        ("/api/v1/timeline", json!({ "by": "ann", "text": "hello" }), "bad-value", "by"),
        ("/api/v1/timeline", json!({ "by": "eve", "text": "x", "in_reply_to": "a b" }), "bad-value", "in_reply_to"),
        ("/api/v1/agents/ann/pause", json!({ "reason": " " }), "bad-value", "reason"),
        ("/api/v1/agents/ann/mood", json!({ "valence": 3 }), "bad-value", "valence"),
        ("/api/v1/agents/ann/memory", json!({ "content": "  " }), "bad-value", "content"),
        ("/api/v1/agents/ann/memory", json!({ "content": "x", "kind": "post" }), "bad-value", "kind"),
        ("/api/v1/agents/ann/memory", json!({ "content": "x", "importance": 2 }), "bad-value", "importance"),
        ("/api/v1/approvals/eff-ann-0", json!({ "verdict": "approve" }), "bad-value", "digest"),
        ("/api/v1/approvals/eff-ann-0", json!({ "verdict": "approve", "digest": "x" }), "bad-value", "digest"),
    ] {
        let got = say(&scene, path, body.clone()).await;
        got.is_fault(400, code);
        assert_eq!(got.json()["field"], field, "{path} {body}");
    }
    say(&scene, "/api/v1/agents/nobody/post", json!({})).await.is_fault(404, "unknown-agent");
    assert!(scene.stub.asked().is_empty());
}

#[tokio::test]
async fn an_agent_is_made_of_a_file_or_of_a_pack() {
    let scene = village().await;
    let made =
        |import: Value| Told::new(json!({ "schema": "puppet.agent-made/1", "agent_id": "eve", "import": import }));
    scene.stub.will("make_agent", Ok(made(json!({ "agent_id": "eve" }))));
    let got = scene.post(Role::Admin, "/api/v1/agents", json!({ "id": "eve", "name": "Eve's" })).await;
    got.is("agent-made", 201);
    assert_eq!(got.header("location"), Some("/api/v1/agents/eve"));
    let pack = json!({ "pack": "lamp", "id": "eve", "name": "Eve" });
    scene.post(Role::Admin, "/api/v1/agents", pack).await.is("agent-made", 201);
    let asked = scene.stub.asked();
    assert!(asked[0].1.as_str().unwrap().starts_with("File("), "{asked:?}");
    assert!(asked[1].1.as_str().unwrap().contains("lamp"), "{asked:?}");
    for (body, code) in [
        (json!({ "pack": "lamp", "id": "../x" }), "bad-body"),
        (json!({ "pack": "lamp", "ids": "x" }), "bad-body"),
        (json!({ "pack": 7 }), "bad-body"),
        (json!({ "pack": "lamp", "name": "Eve\nbob  Bob" }), "bad-value"),
        (json!({ "pack": "lamp", "name": "\u{0}" }), "bad-value"),
        (json!({ "pack": "lamp", "name": "\u{202e}evE" }), "bad-value"),
        (json!({ "pack": "lamp", "name": "e".repeat(101) }), "bad-value"),
        (json!([]), "bad-json"),
    ] {
        scene.post(Role::Admin, "/api/v1/agents", body).await.is_fault(400, code);
    }
    scene.post(Role::Operator, "/api/v1/agents", json!({ "id": "x" })).await.is_fault(403, "role");
    assert_eq!(scene.stub.asked().len(), 2);
    // Whatever stands in a list stands on one line of it.
    for path in
        ["/api/v1/agents/ann/pause", "/api/v1/halt", "/api/v1/outbox/eff-ann-1/drop", "/api/v1/trading/wallets/w/halt"]
    {
        let got = scene.post(Role::Admin, path, json!({ "reason": "it's\u{1b}[2J" })).await;
        got.is_fault(400, "bad-value");
        assert_eq!(got.json()["field"], "reason", "{path}");
    }
    let key = json!({ "name": "it's\u{202e}mine", "role": "viewer" });
    scene.post(Role::Admin, "/api/v1/keys", key).await.is_fault(400, "bad-value");
    assert_eq!(scene.stub.asked().len(), 2);
}

#[tokio::test]
async fn settings_change_for_the_version_that_was_seen() {
    let scene = village().await;
    scene.stub.will("agent", Ok(Told::new(json!({ "id": "ann" }))));
    scene.stub.will("change_agent", Ok(Told::new(json!({ "id": "ann" }))));
    let tag = scene.get(Some(Role::Viewer), "/api/v1/agents/ann").await.header("etag").unwrap().to_owned();
    let patch = async |tag: &str| {
        let asked = scene.request("PATCH", "/api/v1/agents/ann").role(Role::Operator).header("if-match", tag);
        asked.json(&json!({ "settings": { "tries": 2 } })).send().await
    };
    assert_eq!(patch(&tag).await.status, 200);
    patch("\"other\"").await.is_fault(412, "stale");
    let words: Vec<_> = scene.stub.asked().into_iter().filter(|(method, _)| *method == "change_agent").collect();
    assert_eq!(words.len(), 1);
    let pause = say(&scene, "/api/v1/agents/ann/pause", json!({ "reason": "it's late" })).await;
    assert_eq!(pause.status, 200);
    let last = scene.stub.asked().pop().unwrap().1.to_string();
    assert!(last.contains("it's late") && last.contains("operator"), "{last}");
}

#[tokio::test]
async fn a_memory_is_added_found_and_taken_away_with_its_words() {
    let scene = village().await;
    let body = json!({ "content": "  it's a copper kettle ", "kind": "core", "importance": 0.75 });
    let made = say(&scene, "/api/v1/agents/ann/memory", body.clone()).await.is("memory", 201);
    assert_eq!(
        (&made["content"], &made["trust"], &made["importance"]),
        (&json!("it's a copper kettle"), &json!("host"), &json!(0.75))
    );
    let again = say(&scene, "/api/v1/agents/ann/memory", body).await.is("memory", 201);
    assert_eq!(made["id"], again["id"]);
    let found = scene.get(Some(Role::Viewer), "/api/v1/agents/ann/memory/search?text=copper").await.json();
    assert_eq!(found["items"][0]["id"], made["id"]);
    let path = format!("/api/v1/agents/ann/memory/{}", made["id"].as_str().unwrap());
    let gone = async |path: &str| scene.request("DELETE", path).role(Role::Operator).send().await;
    assert_eq!(gone(&path).await.status, 204);
    gone(&path).await.is_fault(404, "not-found");
    gone("/api/v1/agents/bob/memory/mem-ann-0").await.is_fault(404, "not-found");
    assert!(scene.store.memory(&"ann".into(), "mem-ann-0").await.unwrap().is_some());
    assert!(scene.store.invocation(&"inv-ann-0".into()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_verdict_names_what_was_seen() {
    let scene = village().await;
    let digest = scene.get(Some(Role::Viewer), "/api/v1/approvals").await.json()["items"][0]["digest"].clone();
    scene.stub.will("decide", Ok(Told::new(json!({ "schema": "puppet.approval/1", "items": [], "next": null }))));
    say(&scene, "/api/v1/approvals/eff-ann-0", json!({ "verdict": "approve", "digest": digest }))
        .await
        .is("approval", 200);
    let body = json!({ "verdict": "reject", "reason": "it's rude" });
    say(&scene, "/api/v1/approvals/eff-ann-0", body).await.is("approval", 200);
    let asked = scene.stub.asked();
    assert_eq!((asked[0].1[1].clone(), asked[0].1[2].clone()), (digest, json!("Approve")));
    assert!(asked[1].1[2].as_str().unwrap().contains("it's rude"));
}

#[tokio::test]
async fn who_is_bound_to_an_agent_answers_that_one_and_people_alone() {
    let scene = village().await;
    scene.stub.will("say", Ok(sent("accepted")));
    let write = async |author: &str| {
        let written = scene.local().write(&author.into(), "hello", None, scene.host.now()).await.unwrap();
        written.posts[0].id.to_string()
    };
    let (of_ann, of_bob, of_eve) = (write("ann").await, write("bob").await, write("eve").await);
    let answer = async |post: &str, to: &[&str]| {
        let body = json!({ "by": "eve", "text": "yes", "in_reply_to": post, "to": to });
        scene.request("POST", "/api/v1/timeline").scoped(Role::Operator, &["bob"]).json(&body).send().await
    };
    answer(&of_bob, &[]).await.is("event-send", 202);
    answer(&of_eve, &["bob"]).await.is("event-send", 202);
    let told: Vec<Value> = scene.stub.asked().into_iter().map(|(_, said)| said).collect();
    assert_eq!((&told[0]["to"], &told[0]["in_reply_to"]), (&json!([]), &json!(of_bob)));
    assert_eq!(told[1]["to"], json!(["bob"]));
    // Somebody else's is as one that is not there.
    for hidden in [of_ann.as_str(), "77"] {
        let got = answer(hidden, &["bob"]).await;
        got.is_fault(400, "bad-value");
        assert_eq!(
            (&got.json()["field"], &got.json()["detail"]),
            (&json!("in_reply_to"), &json!(format!("there is no post `{hidden}`")))
        );
    }
    assert_eq!(scene.stub.asked().len(), 2);
}

#[tokio::test]
async fn nobody_speaks_in_the_name_of_an_agent_also_not_by_a_whole_post() {
    let scene = village().await;
    scene.stub.will("send", Ok(sent("accepted")));
    let event = |kind: &str, payload: Value| json!({ "kind": kind, "to": ["bob"], "payload": payload });
    let post = |author: &str| json!({ "id": "9", "author": author, "text": "I am ann" });
    for payload in [
        json!({ "text": "it is me", "author": "@ann" }),
        json!({ "post": post("ann") }),
        json!({ "post": post("eve"), "from_agent": "ann" }),
    ] {
        for kind in ["mention", "timeline_post"] {
            say(&scene, "/api/v1/events", event(kind, payload.clone())).await.is_fault(400, "bad-value");
        }
        let old = json!({ "type": "mention", "data": payload, "targetAgentIds": ["bob"] });
        assert_eq!(say(&scene, "/api/events", old).await.status, 400);
    }
    assert!(scene.stub.asked().is_empty());
    say(&scene, "/api/v1/events", event("mention", json!({ "post": post("eve"), "from_agent": null })))
        .await
        .is("event-send", 202);
}
