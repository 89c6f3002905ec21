//! Idempotency keys: what is done once, what is not known to have been done, and how much is kept.

use puppet_store::ApiStore as _;
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    auth::Role,
    operations::Told,
    parts::Settings,
    testing::{Got, Scene, somebody},
};

async fn ask(scene: &Scene, path: &str, key: &str, body: &Value) -> Got {
    let asked = scene.request("POST", path).role(Role::Operator).header("idempotency-key", key);
    asked.json(body).send().await
}

fn halted() -> Told {
    let state = json!({ "reason": "it's late", "at": "2026-01-01T00:00:00.000Z" });
    Told::new(json!({ "schema": "puppet.halt/1", "halted": state }))
}

#[tokio::test]
async fn a_change_that_broke_off_is_not_made_again_also_after_a_start() {
    let scene = Scene::new().await;
    let (halt, reason) = ("/api/v1/halt", json!({ "reason": "it's late" }));
    // The change is asked for, and whoever makes it dies before it can say so.
    assert_eq!(ask(&scene, halt, "one", &reason).await.status, 500);
    assert_eq!(scene.stub.asked().len(), 1);
    scene.stub.will("halt", Ok(halted()));
    let again = ask(&scene, halt, "one", &reason).await;
    again.is_fault(409, "idempotency-unknown");
    assert_eq!(again.json()["field"], "Idempotency-Key");
    assert_eq!(scene.stub.asked().len(), 1, "it was not asked for again");

    let after = Scene::over(scene.store.clone(), Settings::default()).await;
    after.stub.will("halt", Ok(halted()));
    ask(&after, halt, "one", &reason).await.is_fault(409, "idempotency-unknown");
    assert_eq!(after.stub.asked(), []);
    ask(&after, halt, "one", &json!({})).await.is_fault(422, "idempotency-mismatch");
    assert_eq!(ask(&after, halt, "two", &reason).await.status, 200, "a new key is another request");
    assert_eq!(ask(&after, halt, "two", &reason).await.header("idempotent-replayed"), Some("true"));
    assert_eq!(after.stub.asked().len(), 1);
    // The routes of the original say it in their own way.
    let old = async || ask(&after, "/api/agents/ann/post", "three", &json!({})).await;
    assert_eq!(old().await.status, 404);
}

#[tokio::test]
async fn what_has_its_id_from_the_key_is_asked_for_again() {
    let scene = Scene::new().await;
    scene.host.agents.put("ann".into(), "ANN", "ann".into(), "p".into());
    let sent = || Told::new(json!({ "outcome": "accepted" }));
    for (path, body, done) in [
        ("/api/v1/agents/ann/post", json!({ "topic": "it's tea" }), 202),
        ("/api/v1/agents/ann/reply", json!({ "post_id": "7" }), 202),
        ("/api/v1/events", json!({ "kind": "news", "payload": {} }), 202),
        ("/api/events", json!({ "type": "news", "data": {} }), 200),
    ] {
        let broken = Scene::over(scene.store.clone(), Settings::default()).await;
        broken.host.agents.put("ann".into(), "ANN", "ann".into(), "p".into());
        assert_eq!(ask(&broken, path, "one", &body).await.status, 500, "{path}");
        let after = Scene::over(scene.store.clone(), Settings::default()).await;
        after.host.agents.put("ann".into(), "ANN", "ann".into(), "p".into());
        after.stub.will("send", Ok(sent()));
        assert_eq!(ask(&after, path, "one", &body).await.status, done, "{path}");
        assert_eq!(broken.stub.asked(), after.stub.asked(), "{path}: the same wish, with the same key");
        assert!(after.stub.asked()[0].1["key"].is_string(), "{path}");
    }
    // A mention with a text is a post of the timeline, which has a number.
    for (path, mention) in [
        ("/api/v1/events", json!({ "kind": "mention", "payload": { "text": "it's tea time" } })),
        ("/api/events", json!({ "type": "mention", "data": { "text": "it's tea time" } })),
    ] {
        let broken = Scene::over(scene.store.clone(), Settings::default()).await;
        broken.host.agents.put("ann".into(), "ANN", "ann".into(), "p".into());
        assert_eq!(ask(&broken, path, "two", &mention).await.status, 500, "{path}");
        broken.stub.will("send", Ok(sent()));
        assert_eq!(ask(&broken, path, "two", &mention).await.status, 409, "{path}");
        assert_eq!(broken.stub.asked().len(), 1, "{path}: it is not made again");
    }
}

#[tokio::test]
async fn what_was_not_done_is_done_when_it_is_asked_for_again() {
    let scene = Scene::new().await;
    scene.stub.will("halt", Err(crate::Fault::unavailable("too-many-replays", "not now", "later")));
    assert_eq!(ask(&scene, "/api/v1/halt", "one", &json!({})).await.status, 503);
    scene.stub.will("halt", Ok(halted()));
    let done = ask(&scene, "/api/v1/halt", "one", &json!({})).await;
    assert_eq!((done.status, done.header("idempotent-replayed")), (200, None));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_kept_and_its_change_not_made_again() {
    let scene = Scene::new().await;
    let long = |bytes: usize| Told::new(json!({ "schema": "puppet.halt/1", "text": "x".repeat(bytes) }));
    scene.stub.will("halt", Ok(long(60 << 10)));
    let first = ask(&scene, "/api/v1/halt", "one", &json!({})).await;
    assert_eq!(ask(&scene, "/api/v1/halt", "one", &json!({})).await.body, first.body);
    scene.stub.will("halt", Ok(long(65 << 10)));
    assert_eq!(ask(&scene, "/api/v1/halt", "two", &json!({})).await.status, 200);
    let again = ask(&scene, "/api/v1/halt", "two", &json!({})).await;
    again.is_fault(409, "idempotency-not-kept");
    assert!(again.json()["detail"].as_str().unwrap().contains("200"));
    assert_eq!(scene.stub.asked().len(), 2);
    // A no that is long is said again, and not kept.
    let no = || crate::Fault::conflict("declined", "x", "y".repeat(9 << 10));
    scene.stub.will("halt", Err(no()));
    for _ in 0..2 {
        let got = ask(&scene, "/api/v1/halt", "three", &json!({})).await;
        assert_eq!((got.status, got.header("idempotent-replayed")), (409, None));
    }
}

#[tokio::test]
async fn a_field_that_is_too_long_is_not_told_whole() {
    let scene = Scene::new().await;
    let (long, most) = ("f".repeat(300_000), 2_000);
    let unknown = format!("{{\"{long}\": 1}}");
    let text = format!("{{\"valence\": \"{long}\"}}");
    for (path, body) in [
        ("/api/v1/events", unknown.clone()),
        ("/api/v1/agents/ann/mood", text),
        ("/api/v1/agents", format!("{{\"pack\": \"p\", \"{long}\": 1}}")),
        ("/api/agents/ann/mood", unknown),
    ] {
        let asked = scene.request("POST", path).role(Role::Admin).header("content-type", "application/json");
        let got = asked.header("idempotency-key", "k").body(body).send().await;
        assert!(got.body.len() < most && (400..500).contains(&got.status), "{path}: {} bytes", got.body.len());
    }
    let got = scene.get(Some(Role::Admin), &format!("/api/v1/events?{}=1", "f".repeat(20_000))).await;
    assert!(got.status == 400 && got.body.len() < most);
    let field = scene.post(Role::Admin, "/api/v1/events", json!({ "kind": "news", "it's \"wrong\"": 1 })).await;
    assert_eq!(field.json()["field"], "it's \"wrong\"");
}

#[tokio::test]
async fn nobody_takes_the_place_of_anothers_answers() {
    let scene = Scene::new().await;
    scene.stub.will("halt", Ok(halted()));
    let first = ask(&scene, "/api/v1/halt", "one", &json!({})).await;
    // As many as another may have, all newer.
    let other = somebody(Role::Admin, None).id;
    let answer = puppet_store::ApiAnswer {
        asked: puppet_types::Digest::of(b"x"),
        status: 200,
        headers: Vec::new(),
        body: Vec::new(),
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    for n in 0..20 {
        let route = "POST /api/v1/halt".to_owned();
        let question = puppet_store::ApiQuestion { principal: other.clone(), route, key: n.to_string() };
        scene.store.keep_api_answer(question, answer.clone(), 10).await.unwrap();
    }
    let again = ask(&scene, "/api/v1/halt", "one", &json!({})).await;
    assert_eq!((again.body, again.headers.contains_key("idempotent-replayed")), (first.body, true));
}
