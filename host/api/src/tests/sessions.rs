//! Sessions: cookies, what a write with one needs, renewing, copies of what renews.

use serde_json::{Value, json};

use crate::{
    auth::Role,
    testing::{Got, Scene, somebody},
};

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(got: &Got) -> (String, String) {
    let set: Vec<&str> = got.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(set.len(), 2);
    for cookie in &set {
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    }
    assert!(set[1].contains("; Path=/api/v1/session;"));
    let pair = |cookie: &str| cookie.split(';').next().unwrap().to_owned();
    (pair(set[0]), pair(set[1]))
}

/// Logs in as somebody of a role.
async fn log_in(scene: &Scene, role: Role) -> (Value, String, String) {
    let key = scene.app.keys.seat(&somebody(role, None));
    let got = scene.request("POST", "/api/v1/session").json(&json!({ "key": key.expose() })).send().await;
    let body = got.is("session", 200);
    let (session, refresh) = cookies(&got);
    assert!(!body.to_string().contains(key.expose()));
    (body, session, refresh)
}

#[tokio::test]
async fn a_page_logs_in_changes_something_and_logs_out() {
    let scene = Scene::new().await;
    let (body, session, _) = log_in(&scene, Role::Admin).await;
    let csrf = body["csrf"].as_str().unwrap();
    let shown = scene.request("GET", "/api/v1/session").header("cookie", &session).send().await.is("session", 200);
    assert_eq!((&shown["csrf"], &shown["expires_at"]), (&body["csrf"], &body["expires_at"]));
    let make = || {
        let asked = scene.request("POST", "/api/v1/keys").header("cookie", &session);
        asked.json(&json!({ "name": "x", "role": "viewer" }))
    };
    make().send().await.is_fault(403, "csrf");
    make().header("x-csrf-token", "AAAA").send().await.is_fault(403, "csrf");
    let forged = make().header("x-csrf-token", csrf).header("origin", "https://evil.org").send().await;
    forged.is_fault(403, "cross-origin");
    let forged = make().header("x-csrf-token", csrf).header("sec-fetch-site", "cross-site").send().await;
    forged.is_fault(403, "cross-origin");
    make().header("x-csrf-token", csrf).send().await.is("key", 201);

    let out = scene.request("DELETE", "/api/v1/session").header("cookie", &session).header("x-csrf-token", csrf);
    let out = out.send().await;
    assert_eq!(out.status, 204);
    assert!(out.headers.get_all("set-cookie").iter().all(|value| value.to_str().unwrap().contains("Max-Age=0")));
    // The token would hold for ten minutes more.
    let stale = scene.request("GET", "/api/v1/session").header("cookie", &session).send().await;
    stale.is_fault(401, "session-over");
    let log = scene.get(Some(Role::Admin), "/api/v1/audit").await.is("audit", 200);
    let what: Vec<_> = log["items"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["session.end", "key.make", "session.begin"]);
}

#[tokio::test]
async fn what_renews_renews_once_and_a_copy_of_it_ends_the_session() {
    let scene = Scene::new().await;
    let (_, session, refresh) = log_in(&scene, Role::Viewer).await;
    let renew = |refresh: &str| scene.request("POST", "/api/v1/session/refresh").header("cookie", refresh).send();
    let renewed = renew(&refresh).await;
    renewed.is("session", 200);
    let (newer, next) = cookies(&renewed);
    assert_ne!(refresh, next);
    let look = |session: &str| scene.request("GET", "/api/v1/session").header("cookie", session).send();
    look(&newer).await.is("session", 200);
    renew(&refresh).await.is_fault(401, "session-over");
    // Whoever has the right one is out as well.
    renew(&next).await.is_fault(401, "session-over");
    for gone in [session, newer] {
        look(&gone).await.is_fault(401, "session-over");
    }
    scene.request("POST", "/api/v1/session/refresh").send().await.is_fault(401, "session-over");
}

#[tokio::test]
async fn a_session_ends_with_its_key_and_only_a_key_begins_one() {
    let scene = Scene::new().await;
    let made = scene.post(Role::Admin, "/api/v1/keys", json!({ "name": "x", "role": "viewer" })).await.is("key", 201);
    let begun = scene.request("POST", "/api/v1/session").json(&json!({ "key": made["key"] })).send().await;
    begun.is("session", 200);
    let (held, renews) = cookies(&begun);
    let path = format!("/api/v1/keys/{}", made["id"].as_str().unwrap());
    scene.request("DELETE", &path).role(Role::Admin).send().await.is("key", 200);
    scene.request("GET", "/api/v1/session").header("cookie", &held).send().await.is_fault(401, "session-over");
    let renewed = scene.request("POST", "/api/v1/session/refresh").header("cookie", &renews).send().await;
    renewed.is_fault(401, "session-over");
    let begin = |body: Value| scene.request("POST", "/api/v1/session").json(&body).send();
    begin(json!({ "key": "pk_00000000_x" })).await.is_fault(401, "bad-key");
    begin(json!({ "key": "' OR 1=1" })).await.is_fault(401, "bad-key");
    begin(json!({})).await.is_fault(400, "bad-body");
    let elsewhere = scene.request("POST", "/api/v1/session").header("origin", "https://evil.org");
    elsewhere.json(&json!({ "key": made["key"] })).send().await.is_fault(403, "cross-origin");
}

#[tokio::test]
async fn under_tls_a_cookie_is_of_this_host_alone() {
    let scene = Scene::with(crate::Settings { behind_proxy: true, ..crate::Settings::default() }).await;
    let key = scene.app.keys.seat(&somebody(Role::Viewer, None));
    let asked = scene.request("POST", "/api/v1/session").header("x-forwarded-proto", "https");
    let got = asked.json(&json!({ "key": key.expose() })).send().await;
    let (session, _) = cookies(&got);
    assert!(session.starts_with("__Host-puppet_session="));
    assert!(got.headers.get_all("set-cookie").iter().all(|value| value.to_str().unwrap().ends_with("; Secure")));
}

#[tokio::test]
async fn a_cookie_counts_for_pages_of_this_server_alone() {
    let settings =
        crate::Settings { cors_origins: vec!["http://localhost:5173".to_owned()], ..crate::Settings::default() };
    let scene = Scene::with(settings).await;
    let (body, session, refresh) = log_in(&scene, Role::Admin).await;
    let key = scene.app.keys.seat(&somebody(Role::Admin, None));
    let look = |headers: &[(&'static str, &str)]| {
        let asked = scene.request("GET", "/api/v1/keys").header("cookie", &session).header("host", "localhost:3000");
        headers.iter().fold(asked, |asked, (name, value)| asked.header(name, value)).send()
    };
    look(&[]).await.is("keys", 200);
    look(&[("sec-fetch-site", "same-origin")]).await.is("keys", 200);
    look(&[("origin", "http://localhost:3000")]).await.is("keys", 200);
    // Another port of this machine is the same site: a browser sends it our cookie.
    for elsewhere in [
        [("origin", "http://localhost:5173")],
        [("origin", "http://localhost:8000")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site")],
    ] {
        look(&elsewhere).await.is_fault(401, "no-key");
    }
    // With a key it may ask.
    let bearer = format!("Bearer {}", key.expose());
    look(&[("origin", "http://localhost:5173"), ("authorization", &bearer)]).await.is("keys", 200);
    let friend = |path: &str| {
        let asked = scene.request("POST", path).header("host", "localhost:3000");
        asked.header("origin", "http://localhost:5173")
    };
    let csrf = body["csrf"].as_str().unwrap();
    let made = friend("/api/v1/keys").header("cookie", &session).header("x-csrf-token", csrf);
    made.json(&json!({ "name": "x", "role": "viewer" })).send().await.is_fault(401, "no-key");
    let begun = friend("/api/v1/session").json(&json!({ "key": key.expose() })).send().await;
    begun.is_fault(403, "cross-origin");
    assert!(begun.headers.get("set-cookie").is_none());
    friend("/api/v1/session/refresh").header("cookie", &refresh).send().await.is_fault(403, "cross-origin");
    // Nothing of it used up what renews the session.
    let renewed = scene.request("POST", "/api/v1/session/refresh").header("cookie", &refresh).send().await;
    renewed.is("session", 200);
}
