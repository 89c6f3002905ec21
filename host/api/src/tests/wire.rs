//! The server itself, spoken to by hand: heads that do not end, too many of them, requests within requests, panics.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    auth::Role,
    parts::Settings,
    server::{Listener, Server},
    testing::{Scene, somebody},
};

/// A server, and its address.
pub async fn served(settings: Settings) -> (Scene, Server, String) {
    let scene = Scene::with(settings).await;
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let address = listener.url().strip_prefix("http://").unwrap().to_owned();
    let server = Server::start(listener, Arc::clone(&scene.app));
    (scene, server, address)
}

/// Says something, and reads until the server closes.
async fn said(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await.expect("it closes");
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|rest| rest.get(..3).unwrap_or("")).collect()
}

#[tokio::test]
async fn it_answers_over_a_connection() {
    let (scene, server, address) = served(Settings::default()).await;
    let key = scene.app.keys.seat(&somebody(Role::Viewer, None));
    let head = format!("GET /api/v1/version HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n", key.expose());
    let answer = said(&address, &format!("{head}\r\n{head}Connection: close\r\n\r\n")).await;
    assert_eq!(statuses(&answer), ["200", "200"]);
    assert!(answer.contains("schema_version"));
    server.close().await;
    assert!(TcpStream::connect(&address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn heads_have_bounds() {
    let (_scene, _server, address) = served(Settings::default()).await;
    let long = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let answer = said(&address, &long).await;
    assert_eq!(statuses(&answer), ["431"], "a long head: {answer:?}");
    let many = "X: y\r\n".repeat(100);
    let many = format!("GET /health HTTP/1.1\r\nHost: {address}\r\n{many}\r\n");
    assert!(matches!(statuses(&said(&address, &many).await).as_slice(), ["431"]), "many headers");
    for bad in ["nonsense\r\n\r\n", "GET /\0 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA\u{0}: b\r\n\r\n"] {
        assert_eq!(statuses(&said(&address, bad).await), ["400"], "{bad:?}");
    }
}

#[tokio::test]
async fn a_request_within_a_body_is_no_request() {
    let (_scene, _server, address) = served(Settings::default()).await;
    let inner = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // By length and by pieces at once: the pieces count, and what follows them is not read as a request of the length's.
    let both = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
        inner.len()
    );
    assert!(!said(&address, &both).await.contains("\"ok\""));
    for bad in [
        format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{inner}"
        ),
        format!(
            "POST /api/v1/session HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked, identity\r\n\r\n{inner}"
        ),
        format!("POST /api/v1/session HTTP/1.1\r\nHost: {address}\r\nContent-Length: +5\r\n\r\n{inner}"),
        format!("GET /health HTTP/1.1\r\nHost: {address}\r\nX: a\rB: c\r\n\r\n"),
    ] {
        let answer = said(&address, &bad).await;
        assert_eq!(statuses(&answer), ["400"], "{bad:?}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn odd_requests_are_answered_for_what_they_are_and_the_server_goes_on() {
    let (scene, _server, address) = served(Settings::default()).await;
    let key = scene.app.keys.seat(&somebody(Role::Viewer, None));
    let long = "x".repeat(9_000);
    let close = "Connection: close\r\n";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let bearer = format!("Authorization: Bearer {}\r\n", key.expose());
    for (line, head, body, status) in [
        // An older client, and one that speaks to a proxy.
        ("GET /health HTTP/1.0", String::new(), "", "200"),
        ("GET http://elsewhere.example/health HTTP/1.1", close.to_owned(), "", "200"),
        ("OPTIONS * HTTP/1.1", close.to_owned(), "", "404"),
        // Paths that lead around.
        ("GET //api/v1/version HTTP/1.1", close.to_owned(), "", "404"),
        ("GET /api/v1/../version HTTP/1.1", close.to_owned(), "", "404"),
        ("GET /api/agents/..%2f..%2fetc HTTP/1.1", close.to_owned(), "", "401"),
        ("GET /api/v1/agents/%00 HTTP/1.1", format!("{bearer}{close}"), "", "400"),
        ("GET /api/v1/agents/%ff HTTP/1.1", format!("{bearer}{close}"), "", "400"),
        (&format!("GET /{long} HTTP/1.1"), close.to_owned(), "", "404"),
        // Upgrades.
        ("GET /api/v1/ws HTTP/1.1", upgrade.to_owned(), "", "401"),
        ("GET /api/v1/version HTTP/1.1", format!("{bearer}{upgrade}{close}"), "", "200"),
        ("GET /api/v1/live HTTP/1.1", format!("Last-Event-ID: {long}\r\n{close}"), "", "401"),
        // Less than was said, more than was said, and pieces without an end.
        (
            "POST /api/v1/session HTTP/1.1",
            format!("Content-Type: application/json\r\nContent-Length: 90\r\n{close}"),
            "{}",
            "408",
        ),
        (
            "POST /api/v1/session HTTP/1.1",
            format!("Content-Type: application/json\r\nContent-Length: 2\r\n{close}"),
            "{}{}",
            "400",
        ),
        (
            "POST /api/v1/session HTTP/1.1",
            format!("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n{close}"),
            "2\r\n{}\r\n",
            "408",
        ),
        (
            "POST /api/v1/session HTTP/1.1",
            format!("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n{close}"),
            "zz\r\n",
            "400",
        ),
    ] {
        let answer = said(&address, &format!("{line}\r\nHost: {address}\r\n{head}\r\n{body}")).await;
        let statuses =
            statuses(&answer.replace("HTTP/1.0 ", "HTTP/1.1 ")).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(statuses, [status], "{line:.60} {head:.60} {body}: {answer}");
    }
    let well = said(&address, &format!("GET /health HTTP/1.1\r\nHost: {address}\r\n{close}\r\n")).await;
    assert_eq!(statuses(&well), ["200"], "{well}");
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_is_let_go() {
    let (_scene, _server, address) = served(Settings::default()).await;
    let begun = tokio::time::Instant::now();
    // A head that does not end, and a body that does not come.
    let head = said(&address, "GET /health HTTP/1.1\r\nHost: localhost\r\n").await;
    assert!(begun.elapsed() >= Duration::from_secs(20) && statuses(&head).iter().all(|status| *status == "408"));
    let body = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    let answer = said(&address, body).await;
    assert_eq!(statuses(&answer), ["408"], "{answer}");
    assert!(answer.contains("slow-body"));
}

#[tokio::test]
async fn connections_have_a_bound_and_the_next_one_waits_for_a_place() {
    let (_scene, _server, address) = served(Settings { connections: 1, ..Settings::default() }).await;
    let first = TcpStream::connect(&address).await.unwrap();
    let waiting = tokio::spawn({
        let address = address.clone();
        async move { said(&address, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await }
    });
    // It is in the queue: nobody took it while the first is there.
    let early = tokio::time::timeout(Duration::from_millis(100), async {
        while !waiting.is_finished() {
            tokio::task::yield_now().await
        }
    });
    assert!(early.await.is_err());
    drop(first);
    assert_eq!(statuses(&waiting.await.unwrap()), ["200"]);
}
