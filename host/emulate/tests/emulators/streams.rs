//! The filtered stream: its rules, what comes over it, and how it ends.

use std::time::Duration;

use puppet_emulate::Disconnect;

use super::*;

const STREAM: &str = "/2/tweets/search/stream";
const RULES: &str = "/2/tweets/search/stream/rules";
const APP: &str = "app-bearer";

async fn change(asking: &Asking, body: Value) -> (u16, Value) {
    asking.json(Method::POST, RULES, APP, Some(body)).await
}

/// A listener, and what has come and is not read yet.
struct Listening {
    response: reqwest::Response,
    come: Vec<u8>,
}

impl Listening {
    async fn start(asking: &Asking, app: &str, query: &str) -> Self {
        let url = format!("{}{STREAM}{query}", asking.emulator.url());
        let response = asking.http.get(url).bearer_auth(token(app)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, come: Vec::new() }
    }

    /// The next line; none where the stream ends, an error where it breaks off.
    async fn line(&mut self) -> Result<Option<String>, reqwest::Error> {
        loop {
            if let Some(at) = self.come.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.come.drain(..at + 2).collect();
                return Ok(Some(String::from_utf8(line).unwrap().trim_end().to_owned()));
            }
            match tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await.unwrap()? {
                Some(piece) => self.come.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }

    async fn told(&mut self) -> Value {
        serde_json::from_str(&self.line().await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn rules_are_added_told_and_taken_away() {
    let asking = Asking::start(Vec::new()).await;
    let (status, told) =
        change(&asking, json!({ "add": [{ "value": "@ada -from:ada", "tag": "ada" }, { "value": "rain" }] })).await;
    assert_eq!(
        (status, &told["meta"]["summary"]),
        (201, &json!({ "created": 2, "not_created": 0, "valid": 2, "invalid": 0 }))
    );
    let first = told["data"][0]["id"].clone();
    let (status, again) = change(&asking, json!({ "add": [{ "value": "rain" }] })).await;
    assert_eq!((status, &again["errors"][0]["title"]), (200, &"DuplicateRule".into()));
    let (status, wrong) = change(&asking, json!({ "add": [{ "value": "(near:here" }] })).await;
    assert_eq!((status, &wrong["errors"][0]["type"]), (400, &"https://api.x.com/2/problems/invalid-rules".into()));
    let listed = async || asking.json(Method::GET, RULES, APP, None).await.1;
    assert_eq!(listed().await["meta"]["result_count"], 2);
    assert_eq!(asking.json(Method::GET, RULES, "other-bearer", None).await.1["meta"]["result_count"], 0);
    let (_, gone) = change(&asking, json!({ "delete": { "ids": [first] } })).await;
    assert_eq!(gone["meta"]["summary"], json!({ "deleted": 1, "not_deleted": 0 }));
    let (_, none) = change(&asking, json!({ "delete": { "values": ["snow"] } })).await;
    assert_eq!(none["meta"]["summary"], json!({ "deleted": 0, "not_deleted": 1 }));
    assert_eq!(listed().await["data"], json!([{ "id": again["errors"][0]["id"], "value": "rain" }]));
    asking.emulator.misbehave(Plan { rules: 1, ..Plan::default() });
    assert_eq!(change(&asking, json!({ "add": [{ "value": "snow" }] })).await.0, 422);
    assert_eq!(asking.json(Method::GET, RULES, "ada", None).await.0, 403, "not for accounts");
    for wrong in [json!({}), json!({ "add": [] }), json!({ "delete": {} }), json!({ "add": [{ "worth": "x" }] })] {
        assert_eq!(change(&asking, wrong).await.0, 400);
    }
}

#[tokio::test]
async fn posts_come_over_the_stream_of_those_that_have_a_rule_for_them() {
    let asking = Asking::start(Vec::new()).await;
    asking.emulator.misbehave(Plan { keep_alive_ms: 50, ..Plan::default() });
    change(&asking, json!({ "add": [{ "value": "@ada -from:ada", "tag": "of ada" }] })).await;
    let mut stream = Listening::start(&asking, APP, "?tweet.fields=author_id&expansions=author_id").await;
    assert_eq!(stream.line().await.unwrap().as_deref(), Some(""), "a sign of life");
    asking.emulator.misbehave(Plan::default());
    let second = asking.json(Method::GET, STREAM, APP, None).await;
    assert_eq!((second.0, &second.1["connection_issue"]), (429, &"TooManyConnections".into()));
    assert_eq!(asking.emulator.report()["streams"][0]["is_connected"], true);

    asking.post("bob", json!({ "text": "nobody" })).await;
    asking.post("ada", json!({ "text": "@ada myself" })).await;
    let id = asking.post("bob", json!({ "text": "hello @ada" })).await;
    let mut told = Value::Null;
    while told.is_null() {
        let line = stream.line().await.unwrap().unwrap();
        told = serde_json::from_str(&line).unwrap_or_default();
    }
    assert_eq!((&told["data"]["id"], &told["includes"]["users"][0]["username"]), (&id.as_str().into(), &"bob".into()));
    assert_eq!(told["matching_rules"][0]["tag"], "of ada");
    drop(stream);
    let mut again = loop {
        let url = format!("{}{STREAM}", asking.emulator.url());
        let response = asking.http.get(url).bearer_auth(token(APP)).send().await.unwrap();
        if response.status() == 200 {
            break Listening { response, come: Vec::new() };
        }
    };
    asking.post("bob", json!({ "text": "@ada again" })).await;
    assert_eq!(again.told().await["data"]["text"], "@ada again");
}

#[tokio::test]
async fn streams_end_as_they_are_told_to() {
    let asking = Asking::start(Vec::new()).await;
    assert_eq!(asking.json(Method::GET, STREAM, APP, None).await.0, 409, "without rules there is nothing to hear");
    change(&asking, json!({ "add": [{ "value": "rain" }] })).await;
    let mut stream = Listening::start(&asking, APP, "").await;
    let body = Some(json!({ "disconnect": "operational" }));
    assert_eq!(asking.json(Method::POST, "/_emulator/stream", "nobody", body).await.0, 200);
    assert_eq!(stream.told().await["errors"][0]["disconnect_type"], "UpstreamOperationalDisconnect");
    assert_eq!(stream.line().await.unwrap(), None);
    let mut stream = Listening::start(&asking, APP, "").await;
    asking.emulator.disconnect(Disconnect::Cut);
    assert!(stream.line().await.is_err());
    let mut stream = Listening::start(&asking, APP, "").await;
    asking.emulator.disconnect(Disconnect::End);
    assert_eq!(stream.line().await.unwrap(), None);
    asking.emulator.misbehave(Plan { keep_alive_ms: 20, ..Plan::default() });
    let mut stream = Listening::start(&asking, APP, "").await;
    stream.line().await.unwrap();
    asking.emulator.disconnect(Disconnect::Silent);
    let mut signs = 0;
    let quiet = async {
        while let Ok(Some(line)) = stream.line().await {
            assert_eq!(line, "");
            signs += 1;
        }
    };
    assert!(tokio::time::timeout(Duration::from_millis(400), quiet).await.is_err(), "it stays open");
    assert!(signs < 4, "{signs} signs of life: a few may have been under way");
    assert_eq!(asking.json(Method::GET, STREAM, APP, None).await.0, 429, "and is still there");
}

#[tokio::test]
async fn a_plan_may_have_no_streams_or_let_them_begin_in_the_past() {
    let asking = Asking::start(Vec::new()).await;
    change(&asking, json!({ "add": [{ "value": "rain" }] })).await;
    let missed = asking.post("bob", json!({ "text": "rain" })).await;
    let path = format!("{STREAM}?backfill_minutes=5");
    assert_eq!(asking.json(Method::GET, &path, APP, None).await.0, 400);
    asking.emulator.misbehave(Plan { backfill: true, ..Plan::default() });
    let mut stream = Listening::start(&asking, APP, "?backfill_minutes=5").await;
    assert_eq!(stream.told().await["data"]["id"], missed.as_str());
    asking.emulator.misbehave(Plan { streams: false, ..Plan::default() });
    let (status, refused) = asking.json(Method::GET, RULES, APP, None).await;
    assert_eq!((status, &refused["reason"]), (403, &"client-not-enrolled".into()));
    assert!(Plan::parse(br#"{"keep_alive_ms": 0}"#).is_err());
}
