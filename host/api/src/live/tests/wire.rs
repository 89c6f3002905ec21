//! As server-sent events, and over a WebSocket.

use super::*;

/// The data of a server-sent event, with its name and id; none of a comment.
fn event(text: &str) -> Option<(String, String, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let data = serde_json::from_str(&field("data: ")?).unwrap();
    Some((field("event: ").unwrap(), field("id: ").unwrap(), data))
}

/// The next event of a body.
async fn next(body: &mut Body) -> Option<(String, String, Value)> {
    loop {
        let frame = body.frame().await?.unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(text.ends_with("\n\n"), "{text:?}");
        if let Some((name, id, data)) = event(&text) {
            hold("live", &data);
            assert_eq!((data["topic"].as_str(), data["id"].as_str()), (Some(name.as_str()), Some(id.as_str())));
            return Some((name, id, data));
        }
    }
}

/// A key of the one who asks in these tests.
async fn known(scene: &Scene, who: &Principal) -> ApiKey {
    let key = ApiKey {
        id: who.id.clone(),
        name: "of a test".into(),
        hash: String::new(),
        role: who.role.name().into(),
        agents: None,
        created_at: at(0),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    assert!(scene.store.put_api_key(key.clone()).await.unwrap());
    key
}

fn halted(second: i64) -> Happening {
    Happening::Halted {
        at: at(second),
        halt: Some(Halt { since: at(second), reason: Some("a \"word\"\nof two".into()) }),
    }
}

#[tokio::test]
async fn what_the_host_tells_comes_as_server_sent_events() {
    let scene = Scene::new().await;
    known(&scene, &viewer(None)).await;
    let opened = scene.request("GET", "/api/v1/live?topics=system.status").role(Role::Viewer).open().await;
    assert_eq!(opened.status(), 200);
    assert_eq!(opened.headers()["content-type"], "text/event-stream");
    let mut body = opened.into_body();
    let mut status = async || {
        let (_, id, message) = next(&mut body).await.unwrap();
        (id, message["data"].clone())
    };
    scene.host.tell(Some(halted(1)));
    let (id, data) = status().await;
    assert_eq!(data, json!({ "state": "halted", "since": at(1), "reason": "a \"word\"\nof two" }));
    scene.host.tell(Some(halted(2)));
    assert_eq!(status().await.1["since"], json!(at(2)));

    let again = scene.request("GET", "/api/v1/live").role(Role::Viewer).header("last-event-id", &id).open().await;
    let (_, _, message) = next(&mut again.into_body()).await.unwrap();
    assert_eq!(message["data"]["since"], json!(at(2)), "after the first");
    let late = scene.request("GET", "/api/v1/live?after=0.1").role(Role::Viewer).open().await;
    assert_eq!(next(&mut late.into_body()).await.unwrap().0, "system.reset");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let scene = Scene::with(Settings { live_readers: 1, ..Settings::default() }).await;
    known(&scene, &viewer(Some(&["ann"]))).await;
    let row = |id: &str| Change::Agent(AgentRow { id: id.into(), body: json!({}), created: at(0) });
    scene.store.apply(vec![row("ann"), row("bob")]).await.unwrap();
    scene.get(None, "/api/v1/live").await.is_fault(401, "no-key");
    let asked = |path: &str| scene.request("GET", path).scoped(Role::Viewer, &["ann"]);
    asked("/api/v1/live?topics=everything").send().await.is_fault(400, "bad-value");
    asked("/api/v1/live?agents=ann").send().await.is_fault(400, "bad-query");
    asked("/api/v1/live?agent=bob").send().await.is_fault(404, "unknown-agent");
    asked("/api/v1/live?agent=nobody").send().await.is_fault(404, "unknown-agent");
    asked("/api/v1/ws").send().await.is_fault(400, "not-websocket");
    let elsewhere = asked("/api/v1/ws").header("host", "localhost:3000").header("origin", "http://evil.example");
    elsewhere.send().await.is_fault(403, "cross-origin");
    let first = asked("/api/v1/live?agent=ann").open().await;
    assert_eq!(first.status(), 200);
    asked("/api/v1/live").send().await.is_fault(503, "too-many-readers");
    drop(first);
    assert_eq!(asked("/api/v1/live").open().await.status(), 200, "the place is free again");
}

#[tokio::test]
async fn a_key_that_is_taken_back_reads_no_more() {
    let scene = Scene::new().await;
    let key = known(&scene, &viewer(None)).await;
    known(&scene, &somebody(Role::Operator, None)).await;
    let open = async |role| scene.request("GET", "/api/v1/live?topics=budget").role(role).open().await.into_body();
    let (mut revoked, mut other) = (open(Role::Viewer).await, open(Role::Operator).await);
    scene.store.revoke_api_key(&key.id, at(1)).await.unwrap();
    let (name, _, message) = next(&mut revoked).await.unwrap();
    assert_eq!((name.as_str(), &message["data"]), ("system.dropped", &json!({ "reason": "revoked" })));
    assert!(next(&mut revoked).await.is_none(), "that was the last");
    scene.app.live.tell(at(1), Topic::BudgetNear, None, json!({}));
    assert_eq!(next(&mut other).await.unwrap().0, "budget.near", "another key reads on");
    scene.app.live.end(Reason::Stopping, |_| true);
    assert_eq!(next(&mut other).await.unwrap().2["data"]["reason"], "stopping");
}

#[tokio::test]
async fn a_host_that_cannot_be_kept_up_with_is_said_to_be() {
    let scene = Scene::new().await;
    known(&scene, &viewer(None)).await;
    let mut body = scene.request("GET", "/api/v1/live?topics=budget").role(Role::Viewer).open().await.into_body();
    // More than a watcher of the host may be behind, at once.
    (0..20_000).for_each(|n| scene.host.tell(Some(halted(n))));
    assert_eq!(next(&mut body).await.unwrap().0, "system.reset");
}

/// Opens a WebSocket over a connection of memory.
async fn socket(scene: &Scene, path: &str) -> tokio_tungstenite::WebSocketStream<tokio::io::DuplexStream> {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

    let (client, server) = tokio::io::duplex(64 << 10);
    let router = crate::router::build(Arc::clone(&scene.app));
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        tower::ServiceExt::oneshot(router.clone(), request.map(Body::new))
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(hyper_util::rt::TokioIo::new(server), service)
        .with_upgrades();
    tokio::spawn(async move { connection.await.unwrap() });
    let mut request = format!("ws://localhost{path}").into_client_request().unwrap();
    let key = format!("Bearer {}", scene.app.keys.seat(&viewer(None)).expose());
    request.headers_mut().insert("authorization", key.parse().unwrap());
    tokio_tungstenite::client_async(request, client).await.unwrap().0
}

#[tokio::test]
async fn a_websocket_says_the_same() {
    use futures::StreamExt as _;
    use tokio_tungstenite::tungstenite::Message as Frame;

    let scene = Scene::new().await;
    let key = known(&scene, &viewer(None)).await;
    let mut socket = socket(&scene, "/api/v1/ws?topics=budget,outbox.held").await;
    scene.app.live.tell(at(1), Topic::BudgetNear, Some("ann".into()), json!({ "left": 1 }));
    scene.app.live.tell(at(2), Topic::OutboxHeld, None, json!({ "account": "x" }));
    let mut ids = Vec::new();
    for (topic, data) in [("budget.near", json!({ "left": 1 })), ("outbox.held", json!({ "account": "x" }))] {
        let Some(Ok(Frame::Text(text))) = socket.next().await else { panic!("no text") };
        let message: Value = serde_json::from_str(&text).unwrap();
        hold("live", &message);
        assert_eq!((message["topic"].as_str(), &message["data"]), (Some(topic), &data));
        ids.push(message["id"].as_str().unwrap().to_owned());
    }
    let mut again = self::socket(&scene, &format!("/api/v1/ws?after={}", ids[0])).await;
    let Some(Ok(Frame::Text(text))) = again.next().await else { panic!("no text") };
    assert!(text.contains(&ids[1]), "it goes on after the first: {text}");

    scene.store.revoke_api_key(&key.id, at(1)).await.unwrap();
    let Some(Ok(Frame::Text(last))) = socket.next().await else { panic!("no text") };
    assert!(last.contains("system.dropped") && last.contains("revoked"), "{last}");
    let Some(Ok(Frame::Close(Some(close)))) = socket.next().await else { panic!("not closed") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, "revoked"));
}
