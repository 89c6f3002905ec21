//! Keys, roles, scopes, limits, pages of elsewhere, idempotency, the audit log.

use serde_json::json;

use crate::{
    auth::{NewKey, Role},
    limits::Network,
    operations::Told,
    parts::Settings,
    testing::{Scene, hold},
};

/// A key to be made.
fn wanted() -> serde_json::Value {
    json!({ "name": "it's mine", "role": "viewer", "agents": null, "expires_at": null })
}

#[tokio::test]
async fn a_key_is_made_used_listed_and_taken_back_and_all_of_it_stands_in_the_log() {
    let scene = Scene::new().await;
    let made = scene.post(Role::Admin, "/api/v1/keys", wanted()).await.is("key", 201);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let ask = |name: &'static str, value: String| scene.request("GET", "/api/v1/session").header(name, &value).send();
    let shown = ask("authorization", format!("Bearer {key}")).await.is("session", 200);
    assert_eq!((&shown["name"], &shown["csrf"]), (&json!("it's mine"), &json!(null)));
    ask("x-api-key", key.to_owned()).await.is("session", 200);
    // A proxy before us asks for a password.
    let both = scene.request("GET", "/api/v1/session").header("authorization", "Basic dTpw").header("x-api-key", key);
    both.send().await.is("session", 200);
    let both = scene.request("GET", "/api/v1/session").header("x-api-key", "pk_x").header("x-api-key", key);
    both.send().await.is_fault(400, "bad-value");
    for bad in [format!("Bearer {key}x"), format!("Basic {key}"), key.to_owned(), "Bearer ".to_owned()] {
        ask("authorization", bad).await.is_fault(401, "bad-key");
    }
    let listed = scene.get(Some(Role::Admin), "/api/v1/keys?limit=1").await.is("keys", 200);
    assert!(!listed.to_string().contains(key));
    assert!(!format!("{:?}", scene.app.keys.list().await.unwrap()).contains(key));
    let path = format!("/api/v1/keys/{id}");
    let revoked = scene.request("DELETE", &path).role(Role::Admin).send().await.is("key", 200);
    assert!(revoked["key"].is_null() && !revoked["revoked_at"].is_null());
    ask("authorization", format!("Bearer {key}")).await.is_fault(401, "key-revoked");
    // Who knows the id alone is told nothing of it.
    ask("authorization", format!("Bearer pk_{id}_{}", "A".repeat(43))).await.is_fault(401, "bad-key");
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    let what: Vec<_> = log["items"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["key.revoke", "key.make"]);
    assert!(!log.to_string().contains(key));
    assert_eq!(
        (&log["items"][1]["after"]["name"], &log["items"][1]["address"]),
        (&json!("it's mine"), &json!("127.0.0.1"))
    );
    let first = scene.get(Some(Role::Admin), "/api/v1/audit?limit=1").await.is("audit", 200);
    let next = format!("/api/v1/audit?limit=1&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(scene.get(Some(Role::Admin), &next).await.is("audit", 200)["items"][0]["seq"], log["items"][1]["seq"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_wanted_key_is_said_and_nothing_changes() {
    let scene = Scene::new().await;
    let with = |field: &str, value: serde_json::Value| {
        let mut body = wanted();
        body[field] = value;
        body
    };
    for (body, code, field) in [
        (with("name", json!("")), "bad-value", "name"),
        (with("name", json!("a\nb")), "bad-value", "name"),
        (with("role", json!("root")), "bad-body", ""),
        (with("agents", json!([])), "bad-value", "agents"),
        (with("agents", json!(["../x"])), "bad-id", "agents"),
        (with("expires_at", json!("tomorrow")), "bad-value", "expires_at"),
        (with("expires_at", json!("2001-01-01T00:00:00Z")), "bad-value", "expires_at"),
        (with("more", json!(1)), "bad-body", "more"),
        (json!([]), "bad-body", ""),
    ] {
        let got = scene.post(Role::Admin, "/api/v1/keys", body).await;
        got.is_fault(400, code);
        assert_eq!(got.json()["field"].as_str().unwrap_or(""), field);
    }
    let path = "/api/v1/keys/..%2F..%2Fetc";
    scene.request("DELETE", path).role(Role::Admin).send().await.is_fault(400, "bad-id");
    scene.request("DELETE", "/api/v1/keys/00000000").role(Role::Admin).send().await.is_fault(404, "unknown-key-id");
    let got = scene.request("POST", "/api/v1/keys").role(Role::Admin).body("{}").send().await;
    got.is_fault(415, "not-json");
    assert!(
        scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200)["items"].as_array().unwrap().is_empty()
    );
}

#[tokio::test]
async fn a_role_reaches_so_far_and_a_bound_key_not_to_the_whole_host() {
    let scene = Scene::new().await;
    for role in [Role::Viewer, Role::Operator] {
        scene.get(Some(role), "/api/v1/keys").await.is_fault(403, "role");
        scene.post(role, "/api/v1/keys", wanted()).await.is_fault(403, "role");
    }
    // What somebody may not change stands in the log, and what nobody asked to change does not.
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    let row = |n: usize| {
        (log["items"][n]["what"].clone(), log["items"][n]["role"].clone(), log["items"][n]["status"].clone())
    };
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
    assert_eq!(row(0), (json!("key.make"), json!("operator"), json!(403)));
    let bound = scene.request("GET", "/api/v1/keys").scoped(Role::Admin, &["ann"]).send().await;
    bound.is_fault(403, "scoped-key");
    let shown = scene.request("GET", "/api/v1/session").scoped(Role::Viewer, &["ann"]).send().await.is("session", 200);
    assert_eq!(shown["agents"], json!(["ann"]));
}

#[tokio::test]
async fn many_who_come_at_once_with_a_right_key_are_no_tries() {
    let scene = Scene::new().await;
    let made = scene.post(Role::Admin, "/api/v1/keys", wanted()).await.is("key", 201);
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    // A start later nobody has shown it yet.
    let scene = scene.again().await;
    let asked = (0..30).map(|_| scene.request("GET", "/api/v1/version").header("authorization", &bearer).send());
    for got in futures::future::join_all(asked).await {
        got.is("version", 200);
    }
}

#[tokio::test]
async fn what_is_refused_is_told_once_wherever_that_is() {
    let scene = Scene::new().await;
    let told = || scene.app.refusals.told();
    scene.get(None, "/api/v1/version").await.is_fault(401, "no-key");
    scene.get(Some(Role::Admin), "/api/v1/nothing").await.is_fault(404, "no-route");
    assert_eq!(told(), 2);
    // By a handler.
    scene.get(Some(Role::Admin), "/api/v1/journal/nothing").await.is_fault(404, "not-found");
    scene.post(Role::Admin, "/api/v1/keys", json!({ "name": 1 })).await.is_fault(400, "bad-body");
    scene.get(Some(Role::Admin), "/api/agents/nobody/mood").await;
    assert_eq!(told(), 5);
    let mut unknown = wanted();
    unknown["agents"] = json!(["nobody"]);
    scene.post(Role::Admin, "/api/v1/keys", unknown).await.is_fault(400, "bad-value");
    assert_eq!(told(), 6);
    scene.get(Some(Role::Admin), "/api/v1/version").await.is("version", 200);
    assert_eq!(told(), 6, "what is answered is not refused");
    // None of them changed anything.
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    assert_eq!(log["items"], json!([]));
}

#[tokio::test]
async fn what_a_handler_forbids_stands_in_the_log_and_so_does_what_ended_badly() {
    let scene = Scene::new().await;
    let mention = json!({ "kind": "mention", "payload": {} });
    let sent = scene.request("POST", "/api/v1/events").scoped(Role::Operator, &["ann"]).json(&mention).send().await;
    sent.is_fault(403, "scoped-key");
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    let row = &log["items"][0];
    assert_eq!((&row["what"], &row["status"]), (&json!("event.send"), &json!(403)), "{log}");
}

#[tokio::test]
async fn two_who_change_the_same_thing_take_turns() {
    let scene = Scene::new().await;
    let turn = scene.app.turns.of("/api/v1/config").lock().await;
    let changes = json!({ "changes": {} });
    let change = scene.request("PATCH", "/api/v1/config").role(Role::Admin).json(&changes).send();
    let mut change = std::pin::pin!(change);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), &mut change).await.is_err(), "it waits");
    scene.get(Some(Role::Admin), "/api/v1/version").await.is("version", 200);
    drop(turn);
    change.await.is_fault(400, "bad-value");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let settings =
        Settings { burst: 3, rate_per_minute: 60, rate_per_minute_per_address: 6_000, ..Settings::default() };
    let scene = Scene::with(settings).await;
    let mut left = Vec::new();
    for _ in 0..3 {
        let got = scene.get(Some(Role::Viewer), "/api/v1/version").await;
        assert_eq!((got.status, got.header("x-ratelimit-limit")), (200, Some("3")));
        left.push(got.header("x-ratelimit-remaining").unwrap().to_owned());
    }
    assert_eq!(left, ["2", "1", "0"]);
    let refused = scene.get(Some(Role::Viewer), "/api/v1/version").await;
    refused.is_fault(429, "too-many-requests");
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-remaining")), (Some("1"), Some("0")));
    // Another key at the same address is not held up by it.
    assert_eq!(scene.get(Some(Role::Operator), "/api/v1/version").await.status, 200);
}

#[tokio::test]
async fn a_look_at_the_head_alone_has_its_tag() {
    let scene = Scene::new().await;
    let whole = scene.get(Some(Role::Viewer), "/api/v1/version").await;
    let head = scene.request("HEAD", "/api/v1/version").role(Role::Viewer).send().await;
    assert_eq!((head.status, head.header("etag")), (200, whole.header("etag")));
    let tag = whole.header("etag").unwrap().to_owned();
    let same = scene.request("HEAD", "/api/v1/version").role(Role::Viewer).header("if-none-match", &tag).send().await;
    assert_eq!(same.status, 304);
}

#[tokio::test]
async fn an_address_may_try_a_few_keys_and_no_more() {
    let scene = Scene::with(Settings { burst: 1_000, ..Settings::default() }).await;
    let new = NewKey { name: "x".to_owned(), role: Role::Viewer, agents: None, expires_at: None };
    let (row, key) = scene.app.keys.create(new, scene.host.now()).await.unwrap();
    let wrong = format!("Bearer pk_{}_{}", row.id, "A".repeat(43));
    // The key was shown since it was made: telling that another is wrong is quick.
    let got = scene.request("GET", "/api/v1/session").header("authorization", &wrong).send().await;
    got.is_fault(401, "bad-key");
    let right = format!("Bearer {}", key.expose());
    scene.request("GET", "/api/v1/session").header("authorization", &right).send().await.is("session", 200);
    let new = NewKey { name: "y".to_owned(), role: Role::Viewer, agents: None, expires_at: None };
    let (_, other) = scene.app.keys.create(new, scene.host.now()).await.unwrap();
    let scene = scene.again().await;
    // After a start no key was shown yet, and telling that one is wrong is slow: no more than ten times a minute.
    let ask = |key: String| scene.request("GET", "/api/v1/session").header("authorization", &key).send();
    for _ in 0..10 {
        ask(wrong.clone()).await.is_fault(401, "bad-key");
    }
    let refused = ask(wrong.clone()).await;
    refused.is_fault(429, "too-many-keys-tried");
    assert!(refused.header("retry-after").is_some());
    // Nobody else is locked out by it, and a right key counts as no try.
    ask(format!("Bearer {}", other.expose())).await.is("session", 200);
    let (network, text) = (Network::of([127, 0, 0, 1].into()), format!("pk_00000007_{}", "A".repeat(43)));
    for _ in 0..100 {
        scene.app.tries.was_right(scene.app.tries.begin(network, &text).unwrap());
    }
    // All keys together have a bound too.
    let tried = (0..100).filter(|n| scene.app.tries.begin(network, &format!("pk_{n:08x}_{}", "A".repeat(43))).is_ok());
    let tried = tried.count();
    assert!((50..70).contains(&tried), "{tried}");
}

#[tokio::test]
async fn pages_of_elsewhere_change_nothing_and_are_told_nothing() {
    let settings = Settings { cors_origins: vec!["https://friend.org".to_owned()], ..Settings::default() };
    let scene = Scene::with(settings).await;
    let post = |origin: &'static str| {
        let asked = scene.request("POST", "/api/v1/keys").role(Role::Admin).header("host", "localhost:3000");
        asked.header("origin", origin).json(&wanted()).send()
    };
    for origin in ["https://evil.org", "null", "http://localhost:3001"] {
        let got = post(origin).await;
        got.is_fault(403, "cross-origin");
        assert_eq!(got.header("access-control-allow-origin"), None);
    }
    post("http://localhost:3000").await.is("key", 201);
    let got = post("https://friend.org").await;
    got.is("key", 201);
    assert_eq!(got.header("access-control-allow-origin"), Some("https://friend.org"));
    let before = |origin: &'static str| {
        let asked = scene.request("OPTIONS", "/api/v1/keys").header("origin", origin);
        asked.header("access-control-request-method", "POST").send()
    };
    let asked = before("https://friend.org").await;
    assert_eq!((asked.status, asked.header("access-control-allow-credentials")), (200, None));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("Authorization"));
    before("https://evil.org").await.is_fault(403, "cross-origin");
    let rebound = scene.request("GET", "/api/v1/version").role(Role::Viewer).header("host", "evil.org").send().await;
    rebound.is_fault(421, "bad-host");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let scene = Scene::new().await;
    for path in ["/health", "/nothing", "/api/v1/version"] {
        let got = scene.get(None, path).await;
        let policy = got.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(got.header("strict-transport-security"), None, "nothing is encrypted here");
    }
    let scene = Scene::with(Settings { behind_proxy: true, ..Settings::default() }).await;
    let got = scene.request("GET", "/health").header("x-forwarded-proto", "https").send().await;
    assert!(got.header("strict-transport-security").is_some());
}

#[tokio::test]
async fn a_change_under_the_same_idempotency_key_is_made_once() {
    let scene = Scene::new().await;
    let delete = |id: &str, key: &str| {
        let path = format!("/api/v1/keys/{id}");
        scene.request("DELETE", &path).role(Role::Admin).header("idempotency-key", key).send()
    };
    let made = scene.post(Role::Admin, "/api/v1/keys", wanted()).await.is("key", 201);
    let id = made["id"].as_str().unwrap();
    let first = delete(id, "one").await;
    let body = first.is("key", 200);
    let again = delete(id, "one").await;
    assert_eq!((again.json(), again.header("idempotent-replayed")), (body, Some("true")));
    assert_eq!(first.header("idempotent-replayed"), None);
    // Another body under the same key.
    let path = format!("/api/v1/keys/{id}");
    let other =
        scene.request("DELETE", &path).role(Role::Admin).header("idempotency-key", "one").body("x").send().await;
    other.is_fault(422, "idempotency-mismatch");
    for bad in ["", "ä", &"a".repeat(201)] {
        delete(id, bad).await.is_fault(400, "bad-value");
    }
    // What shows a secret is not kept, and not made again.
    let make = || {
        scene.request("POST", "/api/v1/keys").role(Role::Admin).header("idempotency-key", "two").json(&wanted()).send()
    };
    let made = make().await.is("key", 201);
    let again = make().await;
    again.is_fault(409, "idempotency-not-kept");
    assert!(!again.json().to_string().contains(made["key"].as_str().unwrap()));
    // Replays are no changes.
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    assert_eq!(log["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_too_long_is_refused_before_it_is_read() {
    let scene = Scene::with(Settings { max_body: 1_024, ..Settings::default() }).await;
    let long = "x".repeat(1_025);
    let asked = scene.request("POST", "/api/v1/keys").role(Role::Admin).header("content-type", "application/json");
    asked.body(long.clone()).send().await.is_fault(413, "too-large");
    // One that does not say how long it is.
    let pieces = futures::stream::iter(
        long.into_bytes().chunks(100).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>(),
    );
    let asked = scene.request("POST", "/api/v1/keys").role(Role::Admin).header("content-type", "application/json");
    asked.body(axum::body::Body::from_stream(pieces)).send().await.is_fault(413, "too-large");
}

#[test]
fn a_problem_is_what_its_schema_says() {
    let fault = crate::Fault::input("bad-value", "x", "y");
    hold(
        "problem",
        &json!({ "type": "/errors/bad-value", "title": "Bad Request", "status": 400, "detail": fault.message,
        "code": fault.code, "remedy": fault.remedy, "field": null }),
    );
}

#[tokio::test]
async fn no_more_events_are_taken_than_may_wait() {
    let scene = Scene::with(Settings { backlog: 0, ..Settings::default() }).await;
    // All that make an event, an agent's start and a move of its mood among them.
    for path in ["events", "timeline", "agents", "agents/a/post", "agents/a/reply", "agents/a/restart", "agents/a/mood"]
    {
        let got = scene.post(Role::Admin, &format!("/api/v1/{path}"), json!({})).await;
        got.is_fault(503, "too-many-events");
        assert_eq!(got.header("retry-after"), Some("5"));
    }
    for path in ["events", "agents", "agents/a/post", "agents/a/reply", "agents/a/mood"] {
        let got = scene.post(Role::Admin, &format!("/api/{path}"), json!({})).await;
        assert_eq!((got.status, got.json()["error"].as_str()), (503, Some("too many events wait")), "{path}");
    }
    // What sends none goes on.
    assert_eq!(scene.get(Some(Role::Viewer), "/api/v1/events").await.status, 200);
}

#[tokio::test]
async fn rows_of_events_follow_and_stand_in_the_log_when_it_is_read() {
    let scene = Scene::new().await;
    scene.host.agents.put("ann".into(), "Ann", "ann".into(), "p".into());
    scene.stub.will("send", Ok(Told::new(json!({ "outcome": "accepted" }))));
    for n in 0..20 {
        let body = json!({ "kind": "news", "payload": { "n": n } });
        assert_eq!(scene.post(Role::Operator, "/api/v1/events", body).await.status, 202);
    }
    scene.post(Role::Operator, "/api/v1/agents/ann/post", json!({})).await;
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    let what: Vec<_> = log["items"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!((what.len(), what.iter().filter(|what| **what == "event.send").count()), (21, 20));
}
