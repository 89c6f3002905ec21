//! What can be looked at: its shape, its pages, and who sees it.

use puppet_store::{CommitStore as _, EventStore as _, PostStore as _};
use puppet_types::{AccountId, PostId};
use serde_json::{Value, json};

use super::rows::{at, event, happened, remember, village};
use crate::{
    auth::Role,
    operations::Told,
    testing::{Got, Scene},
};

async fn look(scene: &Scene, path: &str) -> Got {
    scene.get(Some(Role::Viewer), path).await
}

fn ids(list: &Value) -> Vec<String> {
    let id = |item: &Value| item["id"].as_str().or(item["agent"].as_str()).unwrap_or_default().to_owned();
    list["items"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn every_answer_is_as_its_schema_has_it() {
    let scene = village().await;
    scene.local().write(&AccountId::new("visitor"), "@ann it's tea time", None, at(9)).await.unwrap();
    scene.store.accept(vec![event("ann", "evt-open", 5), event("ann", "evt-dead", 6)]).await.unwrap();
    scene.store.bury(&"evt-dead".into(), "loop", at(7), None).await.unwrap();
    let post = scene.store.posts(&[], at(1_000), false, 1).await.unwrap().remove(0).id;
    for (path, schema, items) in [
        ("/api/v1/status", "status", 0),
        ("/api/v1/agents/ann/mood", "mood", 0),
        ("/api/v1/agents/ann/mood/history", "mood-history", 3),
        ("/api/v1/agents/ann/relationships", "relationships", 1),
        ("/api/v1/agents/ann/memory", "memories", 3),
        ("/api/v1/agents/ann/memory?kind=core", "memories", 0),
        ("/api/v1/agents/ann/memory/search?text=kettle", "memory-search", 3),
        ("/api/v1/agents/ann/posts", "timeline", 0),
        ("/api/v1/events", "event-history", 6),
        ("/api/v1/events?agent=bob", "event-history", 3),
        ("/api/v1/events/waiting", "events-waiting", 1),
        ("/api/v1/events/dead-letters", "dead-letters", 1),
        ("/api/v1/journal", "journal", 6),
        ("/api/v1/journal?agent=ann&kind=news&outcome=ok&text=RAIN", "journal", 3),
        ("/api/v1/journal?since=2100-01-01T00:00:00Z", "journal", 0),
        ("/api/v1/journal/inv-ann-1", "invocation", 0),
        ("/api/v1/outbox", "outbox", 6),
        ("/api/v1/outbox?state=done&agent=bob", "outbox", 2),
        ("/api/v1/outbox/eff-ann-1", "effect", 0),
        ("/api/v1/approvals", "approvals", 2),
        ("/api/v1/approvals/eff-bob-0", "approvals", 1),
        ("/api/v1/timers", "timers", 2),
        ("/api/v1/timeline", "timeline", 1),
        (&format!("/api/v1/timeline/{post}"), "thread", 1),
    ] {
        let got = look(&scene, path).await;
        let body = got.is(schema, 200);
        assert_eq!(body["items"].as_array().map_or(0, Vec::len), items, "{path}: {body:#}");
        assert!(got.header("etag").is_some(), "{path}");
    }
    let status = look(&scene, "/api/v1/status").await.json();
    assert_eq!((&status["agents"], &status["ready"]), (&json!({ "total": 2, "paused": 0 }), &json!(true)));
    let shown = look(&scene, "/api/v1/journal/inv-ann-0").await.json();
    assert_eq!(shown["decisions"][0]["effect"]["state"], "waiting-for-approval");
    let found = look(&scene, "/api/v1/agents/ann/memory/search?text=kettle+number+2&limit=1").await.json();
    assert_eq!(found["items"][0]["id"], "mem-ann-2");
    assert!(found["items"][0]["parts"]["text"].as_f64().unwrap() > 0.0);
    let history = look(&scene, "/api/v1/agents/bob/mood/history").await.json();
    assert_eq!(
        (&history["items"][2]["valence"], &history["items"][0]["cause"]["invocation"]),
        (&json!(0.2), &json!("inv-bob-0"))
    );
    let posted = look(&scene, "/api/v1/timeline").await.json();
    assert_eq!((&posted["items"][0]["author"]["agent"], &posted["items"][0]["kind"]), (&Value::Null, &json!("post")));
}

#[tokio::test]
async fn pages_lose_nothing_and_repeat_nothing_while_rows_are_written() {
    let scene = village().await;
    let lists = [
        "/api/v1/journal",
        "/api/v1/outbox",
        "/api/v1/events",
        "/api/v1/agents/ann/memory",
        "/api/v1/agents/ann/mood/history",
    ];
    let mut before = Vec::new();
    for list in lists {
        before.push(look(&scene, &format!("{list}?limit=200")).await.json()["items"].clone());
    }
    for (list, before) in lists.into_iter().zip(before) {
        let (mut pages, mut cursor, mut n) = (Vec::new(), String::new(), 100);
        loop {
            let page = look(&scene, &format!("{list}?limit=2{cursor}")).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            pages.push(items.clone());
            // Newer than all that is to come.
            n += 1;
            happened(&scene, "ann", n).await;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if list.ends_with("history") {
            pages.reverse();
        }
        let seen: Vec<Value> = pages.into_iter().flatten().collect();
        // What was written meanwhile may be on the first page of a later list alone.
        let older: Vec<&Value> = before.as_array().unwrap().iter().collect();
        let distinct: std::collections::BTreeSet<String> = seen.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), seen.len(), "{list}");
        assert!(older.iter().all(|item| seen.contains(item)), "{list}");
        assert_eq!(seen.iter().filter(|item| older.contains(item)).count(), older.len(), "{list}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_and_what_is_out_of_range_are_refused_by_name() {
    let scene = village().await;
    let next = look(&scene, "/api/v1/journal?limit=1").await.json()["next"].as_str().unwrap().to_owned();
    for (path, code) in [
        (&*format!("/api/v1/outbox?cursor={next}"), "bad-cursor"),
        ("/api/v1/journal?cursor=AAAA", "bad-cursor"),
        ("/api/v1/journal?limit=0", "bad-value"),
        ("/api/v1/journal?limit=201", "bad-value"),
        ("/api/v1/journal?outcome=splendid", "bad-value"),
        ("/api/v1/journal?since=yesterday", "bad-value"),
        ("/api/v1/journal?agent=..%2Fann", "bad-id"),
        ("/api/v1/journal?wrong=1", "bad-query"),
        ("/api/v1/outbox?state=gone", "bad-value"),
        ("/api/v1/agents/ann/memory?kind=secret", "bad-value"),
        ("/api/v1/agents/ann/memory/search?text=", "bad-value"),
        ("/api/v1/agents/ann/memory/search?text=a&limit=51", "bad-value"),
        ("/api/v1/agents/..%2f..%2fann/mood", "bad-id"),
    ] {
        look(&scene, path).await.is_fault(400, code);
    }
    for (path, code) in [
        ("/api/v1/agents/nobody/mood", "unknown-agent"),
        ("/api/v1/journal?agent=nobody", "unknown-agent"),
        ("/api/v1/journal/inv-none", "not-found"),
        ("/api/v1/outbox/eff-none", "unknown-effect"),
        ("/api/v1/timeline/77", "not-found"),
    ] {
        look(&scene, path).await.is_fault(404, code);
    }
    look(&scene, "/api/v1/approvals/eff-ann-1").await.is_fault(409, "not-waiting");
}

#[tokio::test]
async fn a_key_that_is_bound_to_an_agent_sees_that_one_alone() {
    let scene = village().await;
    scene.store.accept(vec![event("ann", "evt-a", 5), event("bob", "evt-b", 6)]).await.unwrap();
    scene
        .stub
        .will("agents", Ok(Told::new(json!({ "schema": "puppet.agents/1", "items": [{"id": "ann"}, {"id": "bob"}] }))));
    let line = |agent: Option<&str>| json!({ "agent": agent, "capability": "tweet" });
    let budgets =
        json!({ "items": [line(Some("ann")), line(Some("bob")), line(None)], "limits": [1], "caps": [1], "bill": [1] });
    scene.stub.will("budgets", Ok(Told::new(budgets)));
    let get = async |path: &str| scene.request("GET", path).scoped(Role::Operator, &["bob"]).send().await;
    for (path, count) in [
        ("/api/v1/agents", 1),
        ("/api/v1/journal", 3),
        ("/api/v1/outbox", 3),
        ("/api/v1/approvals", 1),
        ("/api/v1/events", 3),
        ("/api/v1/events/waiting", 1),
        ("/api/v1/timers", 1),
        ("/api/v1/budgets", 1),
    ] {
        let got = get(path).await.json();
        assert_eq!(got["items"].as_array().map(Vec::len), Some(count), "{path}: {got}");
        assert!(!got.to_string().contains("ann"), "{path}: {got}");
    }
    for path in [
        "/api/v1/agents/ann",
        "/api/v1/agents/ann/mood",
        "/api/v1/agents/ann/memory",
        "/api/v1/journal?agent=ann",
        "/api/v1/outbox?agent=ann",
    ] {
        get(path).await.is_fault(404, "unknown-agent");
    }
    get("/api/v1/journal/inv-ann-0").await.is_fault(404, "not-found");
    get("/api/v1/outbox/eff-ann-0").await.is_fault(404, "unknown-effect");
    get("/api/v1/approvals/eff-ann-0").await.is_fault(404, "unknown-effect");
    let post = async |path: &str, body: Value| {
        scene.request("POST", path).scoped(Role::Operator, &["bob"]).json(&body).send().await
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    post("/api/v1/approvals/eff-ann-0", json!({ "verdict": "approve", "digest": digest }))
        .await
        .is_fault(404, "unknown-effect");
    post("/api/v1/outbox/eff-ann-0/drop", json!({})).await.is_fault(404, "unknown-effect");
    post("/api/v1/journal/inv-ann-0/replay", json!({})).await.is_fault(404, "not-found");
    post("/api/v1/halt", json!({})).await.is_fault(403, "scoped-key");
    post("/api/v1/timeline", json!({ "by": "eve", "text": "hello @ann" })).await.is_fault(403, "scoped-key");
    post("/api/v1/events", json!({ "kind": "news", "to": ["ann"] })).await.is_fault(404, "unknown-agent");
}

#[tokio::test]
async fn neither_a_page_nor_its_cursor_tells_a_bound_key_that_there_are_others() {
    let scene = village().await;
    for (agent, id) in [("bob", "evt-b1"), ("bob", "evt-b2"), ("ann", "evt-a1"), ("ann", "evt-a2")] {
        scene.store.accept(vec![event(agent, id, 5)]).await.unwrap();
    }
    for (id, ms) in [("evt-a2", 6), ("evt-b2", 7)] {
        scene.store.bury(&id.into(), "loop", at(ms), None).await.unwrap();
    }
    let get = async |agent: &str, path: &str| {
        let got = scene.request("GET", path).scoped(Role::Viewer, &[agent]).send().await.json();
        (got["items"].as_array().unwrap().len(), got["next"].as_str().map(str::to_owned))
    };
    for (path, items) in [
        // What both have and what ann alone has: with either, bob's page is the last one of his.
        ("/api/v1/journal?limit=3", 3),
        ("/api/v1/journal?limit=3&text=RAIN", 3),
        ("/api/v1/journal?limit=3&kind=news&outcome=ok", 3),
        ("/api/v1/journal?limit=1&text=ann+says", 0),
        ("/api/v1/journal?limit=1&text=nobody+says", 0),
        ("/api/v1/outbox?limit=3", 3),
        ("/api/v1/outbox?limit=2&state=done", 2),
        ("/api/v1/events/waiting?limit=1", 1),
        ("/api/v1/events/dead-letters?limit=1", 1),
    ] {
        assert_eq!(get("bob", path).await, (items, None), "{path}");
    }
    // A cursor of one's own goes on to the end of what is one's own.
    let (items, next) = get("bob", "/api/v1/journal?limit=2").await;
    assert_eq!(items, 2);
    let path = format!("/api/v1/journal?limit=2&cursor={}", next.unwrap());
    assert_eq!(get("bob", &path).await, (1, None));
    assert_eq!(get("ann", "/api/v1/journal?limit=3&text=rain").await, (3, None));
}

#[tokio::test]
async fn posts_of_one_millisecond_are_on_one_page_each() {
    let scene = village().await;
    for n in 0..7 {
        scene.local().write(&AccountId::new("ann"), &format!("post {n}"), None, at(5)).await.unwrap();
    }
    scene.store.apply(vec![remember("ann", "mem-x", "x", 1)]).await.unwrap();
    let (mut seen, mut path) = (Vec::new(), "/api/v1/agents/ann/posts?limit=3".to_owned());
    loop {
        let page = look(&scene, &path).await.is("timeline", 200);
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/agents/ann/posts?limit=3&cursor={next}");
    }
    let mut all: Vec<PostId> =
        scene.store.posts(&[], at(6), false, 99).await.unwrap().into_iter().map(|post| post.id).collect();
    all.dedup();
    assert_eq!((seen.len(), seen), (7, all.iter().map(PostId::to_string).collect()));
}
