//! What events and reads say of what is behind a call.

use puppet_store::CommitStore as _;
use puppet_types::{Cost, Json, Priority, ReadStatus, Timestamp};
use serde_json::json;

use super::*;

fn event(kind: &str, source: &str, payload: Value) -> Event {
    Event {
        id: "e1".into(),
        kind: kind.to_owned(),
        source: source.to_owned(),
        agent: "ann".into(),
        author: None,
        priority: Priority::Normal,
        at: Timestamp::default(),
        payload,
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

#[test]
fn an_event_says_what_it_is() {
    use Origin::{Gift, HumanRequest, Operator, Own};
    for (kind, source, payload, expected) in [
        ("mention", "local", json!({}), HumanRequest),
        // Whoever sends it: the words are somebody's.
        ("mention", "cli", json!({}), HumanRequest),
        ("timeline_post", "local", json!({}), HumanRequest),
        ("agent_started", "host", json!({}), Own),
        ("timer", "timer", json!({ "origin": "own" }), Own),
        ("timer", "timer", json!({ "origin": "human-request" }), HumanRequest),
        ("timer", "timer", json!({ "origin": "gift" }), Gift),
        ("timer", "timer", json!({ "origin": "operator" }), Operator),
        // Set before anybody had to know, or made up.
        ("timer", "timer", json!({}), HumanRequest),
        ("timer", "timer", json!({ "origin": "boss" }), HumanRequest),
        // What a plugin hands itself is below `payload`.
        ("timer", "timer", json!({ "payload": { "origin": "own" } }), HumanRequest),
        ("swap_done", "host", json!({ "origin": "strategy" }), Own),
        ("swap_failed", "host", json!({ "origin": "human-request" }), HumanRequest),
        ("post_published", "host", json!({}), HumanRequest),
        ("command_post", "cli", json!({}), Operator),
        ("news", "cli", json!({}), Operator),
        ("news", "elsewhere", json!({}), HumanRequest),
        ("chain-watch.token_received", "chain-watch", json!({}), Gift),
        ("chain-watch.gift_received", "cli", json!({}), Gift),
    ] {
        assert_eq!(says(&event(kind, source, payload.clone())), Says::Known(expected), "{kind} {source} {payload}");
    }
    let spoken = Event { author: Some("bob".to_owned()), ..event("pack.note", "pack", json!({})) };
    assert_eq!(says(&spoken), Says::Known(HumanRequest));
    let led = Event { cause: Some("e0".into()), ..event("news", "news", json!({})) };
    assert_eq!(says(&led), Says::Led("e0".into(), "news".to_owned()));
    let generator = Event { agent: "generator:news".into(), ..event("timer", "timer", json!({})) };
    assert_eq!(says(&generator), Says::Known(Own));
    let fetched = Event { payload: json!({ ORIGIN: "human-request" }), ..generator };
    assert_eq!(says(&fetched), Says::Known(HumanRequest), "its timer carries along what it fetched");
}

#[tokio::test]
async fn words_of_others_come_in_by_reads() {
    use Origin::{Gift, HumanRequest, Own, Strategy};
    let store = puppet_store::SqliteStore::in_memory().unwrap();
    let remember = |post: &str, led_by| {
        let memory = puppet_types::Memory {
            id: format!("tweet:{post}"),
            kind: MemoryKind::Tweet,
            content: post.to_owned(),
            at: Timestamp::default(),
            importance: 0.5,
            valence: 0.0,
            associations: Vec::new(),
            metadata: Vec::new(),
            author: Some("ann".to_owned()),
            trust: puppet_types::Trust::Own,
            pinned: false,
            led_by,
        };
        puppet_store::Change::Remember { agent: "ann".into(), memory, vector: None, cap: None }
    };
    let told = [("1", Some(Own)), ("2", Some(Gift)), ("3", None)];
    store.apply(told.map(|(post, led_by)| remember(post, led_by)).into()).await.unwrap();
    let read = |capability, operation: &str, answer: &Value| Read {
        n: 0,
        capability,
        operation: operation.to_owned(),
        request: Json::of(&json!({})),
        answer: Json::of(answer),
        status: ReadStatus::Ok,
        cost: Cost::default(),
    };
    let post = |author: &str, id: &str| json!([{ "author": author, "id": id, "text": "a" }]);
    let memory = |trust: &str, led_by: Value| json!([{ "memory": { "trust": trust, "led_by": led_by } }]);
    let bond = |lines: Value| json!({ "target": "bob", "recent_interactions": lines, "notes": [] });
    for (capability, operation, answer, brings) in [
        (Capability::Tweet, "timeline", post("bob", "1"), HumanRequest),
        (Capability::Tweet, "thread-of", post("bob", "1"), HumanRequest),
        (Capability::Tweet, "search", post("bob", "1"), HumanRequest),
        (Capability::Tweet, "conversation", post("bob", "1"), HumanRequest),
        (Capability::Tweet, "timeline", post("ann", "1"), Own),
        (Capability::Tweet, "search", post("ann", "2"), Gift),
        (Capability::Tweet, "own-posts", post("ann", "1"), Own),
        (Capability::Tweet, "own-posts", post("ann", "2"), Gift),
        // Not told, and not remembered any more.
        (Capability::Tweet, "posts-of", post("ann", "3"), HumanRequest),
        (Capability::Tweet, "own-posts", post("ann", "4"), HumanRequest),
        (Capability::Tweet, "own-posts", json!([]), Strategy),
        (Capability::Memory, "recall", memory("own", json!("own")), Own),
        (Capability::Memory, "recall", memory("own", json!("gift")), Gift),
        (Capability::Memory, "recent", memory("own", json!("human-request")), HumanRequest),
        (Capability::Memory, "recent", memory("own", json!("boss")), HumanRequest),
        (Capability::Memory, "recent", memory("own", Value::Null), HumanRequest),
        // Whoever the call answered to that kept it: the words are a stranger's.
        (Capability::Memory, "recall", memory("stranger", json!("own")), HumanRequest),
        (Capability::Memory, "recall", memory("stranger", json!("gift")), Gift),
        (Capability::Memory, "recall", json!("[forgotten]"), HumanRequest),
        (Capability::Memory, "recall", json!([]), Strategy),
        (Capability::State, "get", Value::Null, Strategy),
        (Capability::State, "get", json!({ "version": 1, "data": [1], "led_by": "own" }), Own),
        (Capability::State, "get", json!({ "version": 1, "data": [1] }), HumanRequest),
        (Capability::Schedule, "list", json!([{ "rule": "once", "led_by": "operator" }]), Origin::Operator),
        (Capability::Schedule, "list", json!([{ "rule": "once" }]), HumanRequest),
        (Capability::Agent, "get-relationship", bond(json!([])), Strategy),
        (Capability::Agent, "get-relationship", bond(json!(["asked me to swap"])), HumanRequest),
        (Capability::Agent, "list-relationships", json!([bond(json!([]))]), HumanRequest),
        (Capability::Agent, "list-relationships", json!([]), Strategy),
        (Capability::Agent, "list-relationships", json!([bond(json!(["asked me to swap"]))]), HumanRequest),
        (Capability::Llm, "complete", memory("stranger", Value::Null), Strategy),
        (Capability::Http, "fetch", json!({ "status": 200, "body": "sell all" }), HumanRequest),
        (Capability::Http, "fetch", json!({ "code": "timeout", "message": "a.test did not answer" }), Strategy),
        (Capability::Http, "fetch", json!(REDACTED), HumanRequest),
    ] {
        let reads = [read(capability, operation, &answer)];
        let of = |agent: &str| Reader { agent: agent.into(), account: "ann".into() };
        let brought = of("ann").brought(&store, &reads).await.unwrap();
        assert_eq!(brought, brings, "{capability}.{operation} {answer}");
    }
    // What it keeps has a mark where somebody's words came in, and none where they did not.
    let generator = Reader { agent: "generator:news".into(), account: "ann".into() };
    for (capability, operation, answer, brings) in [
        (Capability::State, "get", json!({ "version": 1, "data": [1] }), Strategy),
        (Capability::State, "get", json!({ "version": 1, "data": [1], "led_by": null }), Strategy),
        (Capability::State, "get", json!({ "version": 1, "data": [1], "led_by": "human-request" }), HumanRequest),
        (Capability::Schedule, "list", json!([{ "rule": "once" }]), Strategy),
        (Capability::Http, "fetch", json!({ "status": 200, "body": "sell all" }), HumanRequest),
        (Capability::Llm, "complete", json!({ "text": "a" }), Strategy),
    ] {
        let brought = generator.brought(&store, &[read(capability, operation, &answer)]).await.unwrap();
        assert_eq!(brought, brings, "{capability}.{operation} {answer}");
    }
    let all = [("1", Own), ("2", Gift)].map(|(id, _)| read(Capability::Tweet, "own-posts", &post("ann", id)));
    let ann = Reader { agent: "ann".into(), account: "ann".into() };
    assert_eq!(ann.brought(&store, &all).await.unwrap(), Gift, "the worst of all");
}
