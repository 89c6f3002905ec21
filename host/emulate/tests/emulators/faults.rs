//! Everything that can go wrong on command, and that it is counted.

use std::{collections::BTreeMap, time::Duration};

use puppet_emulate::Problem;

use super::*;

#[tokio::test]
async fn every_fault_is_met_and_counted() {
    let refused = |with| Kind::Refused { with };
    let cases = [
        (Kind::LostAnswer, None, 1),
        (Kind::Closed, None, 0),
        (Kind::RateLimited { reset_s: 30 }, Some(429), 0),
        (Kind::Failed { status: 503, done: false }, Some(503), 0),
        (Kind::Failed { status: 500, done: true }, Some(500), 1),
        (Kind::Late { ms: 1 }, Some(201), 1),
        (Kind::Duplicate, Some(403), 0),
        (Kind::Truncated, Some(201), 1),
        (Kind::WrongType, Some(201), 1),
        (Kind::Garbage, Some(201), 1),
        (Kind::Redirect { status: 302, to: None }, Some(302), 0),
        (refused(Problem::Suspended), Some(403), 0),
        (Kind::Answered { status: 418, body: json!({ "tea": true }), headers: BTreeMap::new() }, Some(418), 0),
    ];
    for (kind, status, posts) in cases {
        let asking = Asking::start(Vec::new()).await;
        let once = Fault { times: Some(1), ..Fault::from(kind.clone()) };
        let plan = json!({ "faults": [once] });
        assert_eq!(asking.json(Method::POST, "/_emulator/faults", "nobody", Some(plan)).await.0, 200);
        let body = || Some(json!({ "text": "hello" }));
        let met = asking.ask(Method::POST, "/2/tweets", "ada", body()).await;
        assert_eq!(met.as_ref().ok().map(|(status, _)| status.as_u16()), status, "{kind:?}");
        assert_eq!(asking.posts("ada").len(), posts, "{kind:?}");
        if kind == Kind::Truncated {
            assert!(serde_json::from_str::<Value>(&met.unwrap().1).is_err());
        }
        assert_eq!(asking.json(Method::POST, "/2/tweets", "ada", body()).await.0, 201, "it struck once");
        let (_, report) = asking.json(Method::GET, "/_emulator/report", "nobody", None).await;
        let (first, second) = (&report["requests"][0], &report["requests"][1]);
        assert_eq!((&first["status"], &first["fault"]["kind"]), (&json!(status), &json!(kind)["kind"]), "{kind:?}");
        assert_eq!((&second["status"], &second["fault"]), (&201.into(), &Value::Null));
        assert_eq!(report["faults"][0]["struck"], 1);
        let (_, counts) = asking.json(Method::GET, "/_emulator/counts", "nobody", None).await;
        assert_eq!(counts["effects"]["post"], posts + 1, "{kind:?}");
        let counted = (&counts["requests"], &counts["faults"], &counts["duplicates"]);
        assert_eq!(counted, (&json!(2), &json!(1), &json!(posts)), "{kind:?}");
        assert_eq!(report["accounts"][0]["posts"].as_array().unwrap().len(), posts + 1);
    }
}

/// An answer as far as it came.
async fn halted(asking: &Asking, kind: Kind) -> (u16, String, Vec<u8>, bool) {
    asking.emulator.misbehave(Plan { faults: vec![kind.into()], ..Plan::default() });
    let url = format!("{}/2/users/me", asking.emulator.url());
    let mut response = asking.http.get(url).bearer_auth(token("ada")).send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let (status, mut come, mut is_broken) = (response.status().as_u16(), Vec::new(), false);
    loop {
        match tokio::time::timeout(Duration::from_millis(300), response.chunk()).await {
            Ok(Ok(Some(piece))) => come.extend_from_slice(&piece),
            Ok(Ok(None)) => break,
            Ok(Err(_)) => is_broken = true,
            Err(_) => return (status, kind, come, false),
        }
        if is_broken {
            break;
        }
    }
    (status, kind, come, is_broken)
}

#[tokio::test]
async fn half_an_answer_ends_breaks_off_or_stalls() {
    let asking = Asking::start(Vec::new()).await;
    let whole = halted(&asking, Kind::Late { ms: 0 }).await.2;
    let half = whole[..whole.len() / 2].to_vec();
    let json = "application/json; charset=utf-8".to_owned();
    let cut = halted(&asking, Kind::CutShort).await;
    assert_eq!(cut, (200, json.clone(), half.clone(), true));
    assert_eq!(halted(&asking, Kind::Truncated).await, (200, json.clone(), half.clone(), false));
    let url = format!("{}/2/users/me", asking.emulator.url());
    asking.emulator.misbehave(Plan { faults: vec![Kind::Stall { after: 1 }.into()], ..Plan::default() });
    let response =
        asking.http.get(url).bearer_auth(token("ada")).timeout(Duration::from_millis(300)).send().await.unwrap();
    assert!(response.bytes().await.unwrap_err().is_timeout());
    let (_, kind, come, _) = halted(&asking, Kind::WrongType).await;
    assert_eq!((kind.as_str(), come), ("text/html; charset=utf-8", whole));
    let garbage = halted(&asking, Kind::Garbage).await.2;
    assert!(std::str::from_utf8(&garbage).is_err());
}

#[tokio::test]
async fn whoever_is_redirected_is_sent_where_the_plan_says() {
    let asking = Asking::start(Vec::new()).await;
    let other = Asking::start(Vec::new()).await;
    let to = Some(format!("{}/2/users/by/username/nobody", other.emulator.url()));
    asking.emulator.misbehave(Plan { faults: vec![Kind::Redirect { status: 307, to }.into()], ..Plan::default() });
    let http = Client::builder().build().unwrap();
    let url = format!("{}/2/users/me", asking.emulator.url());
    let answer = http.get(url).bearer_auth(token("ada")).send().await.unwrap();
    assert!(answer.url().path().ends_with("/nobody"), "{}", answer.url());
    assert_eq!(other.emulator.counts()["requests"], 1);
}

/// Bodies that others have written down, each under the name that a plan has for it.
#[tokio::test]
async fn refusals_are_those_that_x_was_seen_to_give() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/x/errors-and-headers.json");
    let Ok(text) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let seen: Value = serde_json::from_slice(&text).unwrap();
    let asking = Asking::start(Vec::new()).await;
    let mut told = Vec::new();
    let names = [
        "too-many-requests",
        "rate-limit-exceeded",
        "invalid-query",
        "partial",
        "too-many-connections",
        "access-level",
        "invalid-code",
    ];
    for name in names {
        let fault = json!({ "kind": "refused", "with": name });
        asking.json(Method::POST, "/_emulator/faults", "nobody", Some(json!({ "faults": [fault] }))).await;
        told.push(asking.json(Method::GET, "/2/users/me", "ada", None).await);
    }
    for one in seen["bodies"].as_array().unwrap() {
        // An answer of an upload is no refusal, and of a line of a stream `described.rs` sees to.
        let is_told = told.iter().any(|(status, body)| one["status"] == *status && one["body"] == *body);
        let is_other = one["status"] == "in-stream" || one["kind"] == "documented (media INIT)";
        assert!(is_told || is_other, "{one:#}");
    }
}

#[tokio::test]
async fn a_used_up_day_leaves_the_window_open() {
    let asking = Asking::start(vec![Kind::Refused { with: Problem::UserDayLimit }.into()]).await;
    let url = format!("{}/2/users/me", asking.emulator.url());
    let response = asking.http.get(url).bearer_auth(token("ada")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-user-limit-24hour-remaining"]),
        (429, &"0".parse().unwrap())
    );
    assert!(response.headers()["x-user-limit-24hour-reset"].to_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000);
}
