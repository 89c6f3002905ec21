//! Somebody who reads the stream over a connection, and stops: they are dropped and told why, and nobody waits for them.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    sync::watch,
};

use super::wire::served;
use crate::{
    auth::Role,
    live::Topic,
    parts::Settings,
    testing::{Scene, somebody},
};

/// Together far more than a connection holds on its way.
const MESSAGES: u64 = 6_000;
const TEXT: usize = 4_000;
/// Told at once, and then waited for by whoever reads: nobody who does is left behind.
const AT_ONCE: u64 = 100;
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who takes little at a time, once their stream has begun.
async fn opened(scene: &Scene, address: &str) -> BufReader<TcpStream> {
    let key = scene.app.keys.seat(&somebody(Role::Viewer, None));
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let mut stream = socket.connect(address.parse::<SocketAddr>().unwrap()).await.unwrap();
    let asked = format!(
        "GET /api/v1/live?topics=event HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        key.expose()
    );
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("retry: ") {
        line.clear();
        assert_ne!(reader.read_line(&mut line).await.unwrap(), 0, "the stream does not begin");
    }
    reader
}

/// What is told from here on, to its end: each message, as it comes.
async fn heard(mut reader: BufReader<TcpStream>, mut each: impl FnMut(&Value)) {
    let mut line = String::new();
    while reader.read_line(&mut line).await.unwrap_or(0) > 0 {
        if let Some(message) = line.strip_prefix("data: ") {
            each(&serde_json::from_str(message).unwrap());
        }
        line.clear();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_is_dropped_and_nobody_waits_for_them() {
    let (scene, server, address) = served(Settings::default()).await;
    let (stalled, reading) = (opened(&scene, &address).await, opened(&scene, &address).await);
    let (tell, mut told) = watch::channel(0);
    let reading = tokio::spawn(heard(reading, move |message| {
        // In order, and without a gap: else it stays where it is.
        tell.send_if_modified(|last| {
            message["data"]["n"] == *last + 1 && {
                *last += 1;
                true
            }
        });
    }));
    for n in 1..=MESSAGES {
        let data = json!({ "n": n, "text": "x".repeat(TEXT) });
        scene.app.live.tell(puppet_types::Timestamp::default(), Topic::EventAccepted, None, data);
        if n % AT_ONCE == 0 {
            let caught_up = tokio::time::timeout(PATIENCE, told.wait_for(|last| *last == n)).await;
            assert!(caught_up.is_ok_and(|seen| seen.is_ok()), "who reads is kept waiting at {n}");
        }
    }
    let mut last = Value::Null;
    tokio::time::timeout(PATIENCE, heard(stalled, |message| last = message.clone())).await.expect("it is ended");
    assert_eq!((&last["topic"], &last["data"]), (&json!("system.dropped"), &json!({ "reason": "slow" })));
    let metrics = scene.get(Some(Role::Viewer), "/metrics").await;
    let page = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(page.contains("\npuppet_live_dropped_total 1\n"), "{page}");
    server.close().await;
    reading.await.unwrap();
}
