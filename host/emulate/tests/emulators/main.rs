//! The emulators over HTTP: what is asked is done, counted, and misbehaves on command.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod auth;
mod described;
mod described_models;
mod faults;
mod lists;
mod media;
mod models;
mod refusals;
mod streams;

use puppet_emulate::{Emulator, Fault, Kind, Plan, Services, token};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

struct Asking {
    emulator: Emulator,
    http: Client,
}

impl Asking {
    async fn start(faults: Vec<Fault>) -> Self {
        let plan = Plan { faults, ..Plan::default() };
        let emulator = Emulator::start(Services::ALL, 7, plan).await.unwrap();
        puppet_reach::ready();
        Self {
            emulator,
            http: Client::builder()
                .retry(reqwest::retry::never())
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        account: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(StatusCode, String)> {
        let request = self.http.request(method, format!("{}{path}", self.emulator.url())).bearer_auth(token(account));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        Ok((status, response.text().await?))
    }

    async fn json(&self, method: Method, path: &str, account: &str, body: Option<Value>) -> (u16, Value) {
        let (status, text) = self.ask(method, path, account, body).await.unwrap();
        (status.as_u16(), serde_json::from_str(&text).unwrap())
    }

    async fn post(&self, account: &str, body: Value) -> String {
        let (status, answer) = self.json(Method::POST, "/2/tweets", account, Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        answer["data"]["id"].as_str().unwrap().to_owned()
    }

    /// Texts of an account's posts, in order.
    fn posts(&self, account: &str) -> Vec<String> {
        let report = self.emulator.report();
        let accounts = report["accounts"].as_array().unwrap().iter();
        let posts = accounts.filter(|one| one["account"] == account).flat_map(|one| one["posts"].as_array().unwrap());
        posts.map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn posts_are_made_answered_liked_and_taken_back_by_their_accounts() {
    let asking = Asking::start(Vec::new()).await;
    let first = asking.post("ada", json!({ "text": "one <b> https://example.org/x" })).await;
    let reply = json!({ "text": "two", "reply": { "in_reply_to_tweet_id": first } });
    let answer = asking.post("bob", reply).await;
    asking.post("bob", json!({ "text": "three", "quote_tweet_id": first })).await;
    let (_, me) = asking.json(Method::GET, "/2/users/me", "bob", None).await;
    let bob = me["data"]["id"].as_str().unwrap();
    assert_eq!(me["data"]["username"], "bob");
    let like = Some(json!({ "tweet_id": first }));
    let (status, liked) = asking.json(Method::POST, &format!("/2/users/{bob}/likes"), "bob", like.clone()).await;
    assert_eq!((status, &liked["data"]["liked"]), (200, &true.into()));
    assert_eq!(asking.json(Method::POST, &format!("/2/users/{bob}/likes"), "ada", like).await.0, 403, "not her id");

    let fields =
        "tweet.fields=created_at,referenced_tweets,public_metrics,entities,conversation_id&expansions=author_id";
    let (_, seen) = asking.json(Method::GET, &format!("/2/tweets/{answer}?{fields}"), "ada", None).await;
    assert_eq!(seen["data"]["text"], "@ada two");
    assert_eq!(seen["data"]["referenced_tweets"], json!([{ "type": "replied_to", "id": first }]));
    assert_eq!(seen["data"]["conversation_id"], first.as_str());
    let (_, seen) = asking.json(Method::GET, &format!("/2/tweets/{first}?{fields}"), "ada", None).await;
    let text = seen["data"]["text"].as_str().unwrap();
    assert!(text.starts_with("one &lt;b&gt; https://t.co/"), "{text}");
    assert_eq!(seen["data"]["entities"]["urls"][0]["expanded_url"], "https://example.org/x");
    let counts = &seen["data"]["public_metrics"];
    assert_eq!([&counts["like_count"], &counts["reply_count"], &counts["quote_count"]], [&json!(1); 3]);

    assert_eq!(asking.json(Method::DELETE, &format!("/2/tweets/{first}"), "bob", None).await.0, 403, "not his");
    let (_, gone) = asking.json(Method::DELETE, &format!("/2/tweets/{first}"), "ada", None).await;
    assert_eq!(gone, json!({ "data": { "deleted": true } }));
    let (status, missing) = asking.json(Method::GET, &format!("/2/tweets/{first}"), "ada", None).await;
    assert_eq!((status, &missing["errors"][0]["title"]), (200, &"Not Found Error".into()));
    assert_eq!(asking.posts("bob"), ["two", "three"]);
    let report = asking.emulator.report();
    assert_eq!(report["counts"]["create-post"], 3);
    let asked = &report["requests"][0];
    assert_eq!((&asked["account"], &asked["request"]), (&"ada".into(), &"POST /2/tweets".into()));
}

#[tokio::test]
async fn posts_of_an_account_come_in_pages_newest_first() {
    let asking = Asking::start(Vec::new()).await;
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(asking.post("ada", json!({ "text": format!("post {n}") })).await);
    }
    asking.post("bob", json!({ "text": "not hers" })).await;
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let path = format!("/2/users/{}/tweets?max_results=5", me["data"]["id"].as_str().unwrap());
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let (_, page) = asking.json(Method::GET, &format!("{path}{next}"), "ada", None).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()));
        match page["meta"]["next_token"].as_str() {
            Some(token) => next = format!("&pagination_token={token}"),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, ids);
    let (_, since) = asking.json(Method::GET, &format!("{path}&since_id={}", ids[9]), "ada", None).await;
    assert_eq!(since["meta"], json!({ "result_count": 2, "newest_id": ids[11], "oldest_id": ids[10] }));
    let (_, later) =
        asking.json(Method::GET, &format!("{path}&start_time=2099-01-01T00%3A00%3A00Z"), "ada", None).await;
    assert_eq!(later, json!({ "meta": { "result_count": 0 } }));
    for wrong in ["max_results=4", "max_results=101", "start_time=now", "since_id=x", "pagination_token=x"] {
        let path = path.replace("max_results=5", wrong);
        assert_eq!(asking.json(Method::GET, &path, "ada", None).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn requests_that_are_wrong_are_refused() {
    let asking = Asking::start(Vec::new()).await;
    for wrong in [
        json!({}),
        json!({ "text": " " }),
        json!({ "text": "x", "media": { "media_ids": ["1"] } }),
        json!({ "text": "x", "reply": { "in_reply_to_status_id": "1" } }),
    ] {
        let (status, problem) = asking.json(Method::POST, "/2/tweets", "ada", Some(wrong.clone())).await;
        assert_eq!((status, &problem["title"]), (400, &"Invalid Request".into()), "{wrong}");
    }
    let gone = json!({ "text": "x", "reply": { "in_reply_to_tweet_id": "17" } });
    assert_eq!(asking.json(Method::POST, "/2/tweets", "ada", Some(gone)).await.0, 403);
    let before = asking.emulator.counts()["requests"].clone();
    assert_eq!(asking.json(Method::GET, "/2/lists", "ada", None).await.0, 404);
    assert_eq!(asking.emulator.counts()["requests"], before, "nothing was asked for");
    let nobody = asking.http.get(format!("{}/2/users/me", asking.emulator.url())).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    assert!(asking.posts("ada").is_empty());
}

#[tokio::test]
async fn a_window_of_rate_is_kept_for_each_account() {
    let asking = Asking::start(Vec::new()).await;
    asking.emulator.misbehave(Plan { limit: 2, ..Plan::default() });
    for (account, status, left) in [("ada", 200, "1"), ("ada", 200, "0"), ("ada", 429, "0"), ("bob", 200, "1")] {
        let url = format!("{}/2/users/me", asking.emulator.url());
        let response = asking.http.get(url).bearer_auth(token(account)).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((response.status().as_u16(), header("x-rate-limit-remaining").as_str()), (status, left));
        assert_eq!(header("x-rate-limit-limit"), "2");
        assert!(header("x-rate-limit-reset").parse::<i64>().unwrap() > 1_700_000_000);
    }
}

#[tokio::test]
async fn a_day_of_rate_is_counted_beside_the_window() {
    let asking = Asking::start(Vec::new()).await;
    asking.emulator.misbehave(Plan::parse(br#"{"limit": 50, "day_limits": {"create-post": 2}}"#).unwrap());
    for (account, status, left) in [("ada", 201, "1"), ("ada", 201, "0"), ("ada", 429, "0"), ("bob", 201, "1")] {
        let url = format!("{}/2/tweets", asking.emulator.url());
        let post = asking.http.post(url).bearer_auth(token(account)).json(&json!({ "text": "x" }));
        let response = post.send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let day = |what: &str| header(&format!("x-user-limit-24hour-{what}"));
        assert_eq!((response.status().as_u16(), day("limit").as_str(), day("remaining").as_str()), (status, "2", left));
        assert_ne!(header("x-rate-limit-remaining"), "0", "the window has room");
        let (day, window): (i64, i64) = (day("reset").parse().unwrap(), header("x-rate-limit-reset").parse().unwrap());
        assert!((80_000..87_000).contains(&(day - window)), "{day} {window}");
    }
    let url = format!("{}/2/users/me", asking.emulator.url());
    let other = asking.http.get(url).bearer_auth(token("ada")).send().await.unwrap();
    assert!(other.headers().get("x-user-limit-24hour-limit").is_none(), "of posting alone");
}

#[tokio::test]
async fn only_what_is_asked_for_is_emulated() {
    let x = Emulator::start(Services { x: true, llm: false }, 1, Plan::default()).await.unwrap();
    assert!(x.x().is_some() && x.llm().is_none());
    puppet_reach::ready();
    let url = format!("{}/v1/chat/completions", x.url());
    let answer = Client::new().post(url).bearer_auth(token("ada")).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 404);
}
