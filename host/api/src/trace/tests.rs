//! Spans arrive at a collector on loopback, in one trace, under each other; a collector that is away costs nothing but spans.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use puppet_engine::trace;
use puppet_store::{SqliteStore, Waiting};
use puppet_types::{Event, EventId, Priority, Secret, TRACED, Timestamp, scrub};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::{mpsc, watch},
};
use tracing::{Instrument as _, field::Empty, info_span};
use tracing_subscriber::{Layer as _, filter::filter_fn, layer::SubscriberExt as _};

use super::{
    COUNTS, Recorded, endpoint, export,
    ids::{SpanId, TraceId},
    is_traced, recorder,
};

/// A collector that answers with these statuses, one after the other, and then with 200. Every request's path and body.
async fn collector(statuses: &'static [u16]) -> (String, mpsc::UnboundedReceiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, taken) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = statuses.iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            let (head, length) = loop {
                stream.read_buf(&mut read).await.unwrap();
                let text = String::from_utf8_lossy(&read).into_owned();
                if let Some((head, _)) = text.split_once("\r\n\r\n") {
                    let length = head.lines().find_map(|line| {
                        line.to_lowercase()
                            .strip_prefix("content-length: ")
                            .map(|length| length.parse::<usize>().unwrap())
                    });
                    break (head.to_owned(), length.unwrap());
                }
            };
            while read.len() < head.len() + 4 + length {
                stream.read_buf(&mut read).await.unwrap();
            }
            let status = statuses.next().copied().unwrap_or(200);
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            let body = String::from_utf8(read.split_off(head.len() + 4)).unwrap();
            let _ = sender.send((head.lines().next().unwrap().to_owned(), body));
        }
    });
    (address, taken)
}

fn waiting(id: &str, cause: Option<&str>) -> Waiting {
    let event = Event {
        id: id.into(),
        kind: "mention".into(),
        source: "local".into(),
        agent: "ember".into(),
        author: None,
        priority: Priority::Normal,
        at: Timestamp::from_millis(1_000),
        payload: json!({ "text": "what somebody said" }),
        hops: 0,
        cause: cause.map(EventId::new),
        broadcast: None,
    };
    Waiting { seq: 1, attempts: 0, not_before: Timestamp::default(), event }
}

/// What a host does with an event, as far as spans see it.
async fn handled(waiting: &Waiting, invocation: &str, account: &str) {
    let event = trace::event(waiting, Timestamp::from_millis(1_250));
    async {
        let called = info_span!(target: TRACED, "invocation", invocation, plugin = "ember", outcome = Empty);
        async {
            let read =
                info_span!(target: TRACED, "read", n = 3, capability = "llm", operation = "complete", status = Empty);
            read.in_scope(|| read.record("status", "error"));
            // What is told beside it is no span of ours.
            info_span!("elsewhere").in_scope(|| ());
        }
        .instrument(called.clone())
        .await;
        called.record("outcome", "ok");
        drop(called);
        info_span!(target: TRACED, "commit", invocation).in_scope(|| ());
    }
    .instrument(event)
    .await;
    let effect = |effect| info_span!(target: TRACED, "effect", effect, kind = "post", account, invocation, attempt = 0, state = Empty);
    effect("eff-1").record("state", "done");
    // Put off: nothing was tried.
    drop(effect("eff-2"));
}

fn recorded(room: usize, of: impl FnOnce()) -> Recorded {
    let (recorder, recorded) = recorder(room);
    let subscriber = tracing_subscriber::registry().with(recorder.with_filter(filter_fn(is_traced)));
    tracing::subscriber::with_default(subscriber, of);
    recorded
}

fn block(future: impl Future<Output = ()>) {
    futures::executor::block_on(future);
}

fn attribute<'v>(span: &'v Value, key: &str) -> &'v Value {
    let all = span["attributes"].as_array().unwrap();
    all.iter().find(|attribute| attribute["key"] == key).map_or(&Value::Null, |attribute| &attribute["value"])
}

async fn exported(recorded: Recorded, address: &str) {
    let store: Arc<dyn puppet_store::Store> = Arc::new(SqliteStore::in_memory().unwrap());
    let (_stop, stopped) = watch::channel(false);
    export(recorded, endpoint(address).unwrap(), store, stopped).await.unwrap();
}

#[tokio::test]
async fn one_trace_goes_from_an_event_over_what_it_led_to() {
    scrub::learn([&Secret::new("canary-of-traces".to_owned())]);
    let (address, mut taken) = collector(&[]).await;
    let recorded = recorded(100, || {
        block(handled(&waiting("evt-1", None), "inv-1", "canary-of-traces"));
        block(handled(&waiting("evt-2", Some("evt-1")), "inv-2", "ember"));
        block(handled(&waiting("evt-3", Some("evt-2")), "inv-3", "ember"));
    });
    exported(recorded, &address).await;
    let (line, body) = taken.recv().await.unwrap();
    assert_eq!(line, "POST /v1/traces HTTP/1.1");
    assert!(!body.contains("canary") && !body.contains("somebody said"), "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let resource = &body["resourceSpans"][0];
    assert_eq!(attribute(&resource["resource"], "service.name"), &json!({ "stringValue": "puppet-engine" }));
    let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    let once = ["read llm.complete", "invocation ember", "commit", "event mention", "effect post"];
    assert_eq!(names, [once, once, once].concat());
    let trace = TraceId::of("evt-1").to_string();
    assert!(trace.len() == 32 && spans.iter().all(|span| span["traceId"] == trace.as_str()), "{spans:#?}");
    let parent = |name: &str, n: usize| {
        let of = |span: &Value| span["parentSpanId"].as_str().map(str::to_owned);
        spans.iter().filter(|span| span["name"] == name).nth(n).and_then(of)
    };
    let id = |what, id| Some(SpanId::of(what, id, 0).to_string());
    assert_eq!(parent("event mention", 0), None);
    assert_eq!(parent("event mention", 1), id("event", "evt-1"));
    assert_eq!(parent("event mention", 2), id("event", "evt-2"));
    assert_eq!(parent("invocation ember", 0), id("event", "evt-1"));
    assert_eq!(parent("commit", 0), id("event", "evt-1"));
    for part in ["read llm.complete", "effect post"] {
        assert_eq!(parent(part, 1), id("invocation", "inv-2"), "{part}");
    }
    assert_eq!(attribute(&spans[3], "puppet.waited_ms"), &json!({ "intValue": "250" }));
    assert_eq!((&spans[0]["status"]["code"], &spans[1]["status"]), (&json!(2), &Value::Null));
    for span in spans {
        let nanos = |key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"), "{span}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_for_a_moment_misses_nothing() {
    let (address, mut taken) = collector(&[503, 429]).await;
    let recorded = recorded(100, || block(handled(&waiting("evt-1", None), "inv-1", "ember")));
    exported(recorded, &address).await;
    let bodies = [taken.recv().await.unwrap(), taken.recv().await.unwrap(), taken.recv().await.unwrap()];
    assert!(bodies.iter().all(|sent| *sent == bodies[0]) && taken.try_recv().is_err());
}

#[tokio::test]
async fn what_a_collector_refuses_is_dropped_and_counted() {
    let (address, mut taken) = collector(&[400]).await;
    let recorded = recorded(100, || block(handled(&waiting("evt-1", None), "inv-1", "ember")));
    let before = COUNTS.dropped.load(Ordering::Relaxed);
    exported(recorded, &address).await;
    taken.recv().await.unwrap();
    assert!(taken.try_recv().is_err());
    assert!(COUNTS.dropped.load(Ordering::Relaxed) >= before + 5);
}

#[test]
fn an_event_waits_for_nobody_who_is_behind() {
    let before = COUNTS.dropped.load(Ordering::Relaxed);
    let Recorded(mut kept) = recorded(2, || block(handled(&waiting("evt-1", None), "inv-1", "ember")));
    assert_eq!(kept.len(), 2);
    assert!(COUNTS.dropped.load(Ordering::Relaxed) >= before + 3);
    kept.close();
}

#[tokio::test]
async fn a_host_that_stops_sends_what_is_left() {
    let (address, mut taken) = collector(&[]).await;
    let (recorder, recorded) = recorder(100);
    let subscriber = tracing_subscriber::registry().with(recorder.with_filter(filter_fn(is_traced)));
    let (stop, stopped) = watch::channel(false);
    let _kept = tracing::subscriber::set_default(subscriber);
    handled(&waiting("evt-1", None), "inv-1", "ember").await;
    stop.send_replace(true);
    let store: Arc<dyn puppet_store::Store> = Arc::new(SqliteStore::in_memory().unwrap());
    let ended = export(recorded, endpoint(&address).unwrap(), store, stopped);
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap();
    assert!(taken.recv().await.unwrap().1.contains("effect post"));
}

#[test]
fn an_address_may_have_a_path_and_no_password() {
    for (address, url) in [
        ("http://127.0.0.1:4318", Some("http://127.0.0.1:4318/v1/traces")),
        ("https://collector.example/otlp/v1/traces", Some("https://collector.example/otlp/v1/traces")),
        ("grpc://127.0.0.1:4317", None),
        ("https://name:word@collector.example", None),
        ("127.0.0.1:4318", None),
    ] {
        assert_eq!(endpoint(address).ok().map(String::from).as_deref(), url, "{address}");
    }
}
