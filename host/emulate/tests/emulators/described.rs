//! What the emulator of X answers, against X's own description of its API, where that lies beside the project.

use std::path::Path;

use super::*;

/// None, and said so, where it is not there.
fn description() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/x/openapi.json");
    let Ok(text) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

fn errors(description: &Value, schema: &str, value: &Value) -> Vec<String> {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}"), "components": description["components"] });
    let validator = jsonschema::draft4::new(&schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[tokio::test]
async fn answers_are_those_that_x_describes() {
    let Some(description) = description() else { return };
    let asking = Asking::start(Vec::new()).await;
    let text = json!({ "text": "one & two https://example.org/x" });
    let first = asking.post("ada", text.clone()).await;
    let answer = asking.post("bob", json!({ "text": "b", "reply": { "in_reply_to_tweet_id": first } })).await;
    for n in 0..6 {
        asking.post("ada", json!({ "text": format!("{n}"), "quote_tweet_id": answer })).await;
    }
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let ada = me["data"]["id"].as_str().unwrap().to_owned();
    let fields = "tweet.fields=author_id,conversation_id,created_at,entities,id,in_reply_to_user_id,public_metrics,\
                  referenced_tweets,text&expansions=author_id,in_reply_to_user_id,referenced_tweets.id,\
                  entities.mentions.username";
    let get = |path: String| (Method::GET, path, None);
    let cases = [
        ("TweetCreateResponse", (Method::POST, "/2/tweets".to_owned(), Some(text))),
        ("Get2UsersMeResponse", get("/2/users/me".into())),
        ("Get2UsersByUsernameUsernameResponse", get("/2/users/by/username/bob".into())),
        ("Get2TweetsIdResponse", get(format!("/2/tweets/{answer}?{fields}"))),
        ("Get2TweetsIdResponse", get(format!("/2/tweets/{first}?{fields}"))),
        ("Get2TweetsIdResponse", get("/2/tweets/17".into())),
        ("Get2UsersIdTweetsResponse", get(format!("/2/users/{ada}/tweets?max_results=5&{fields}"))),
        ("Get2UsersIdTweetsResponse", get(format!("/2/users/{ada}/tweets?since_id={}", u64::MAX >> 1))),
        (
            "Get2UsersIdTimelinesReverseChronologicalResponse",
            get(format!("/2/users/{ada}/timelines/reverse_chronological?{fields}")),
        ),
        (
            "UsersLikesCreateResponse",
            (Method::POST, format!("/2/users/{ada}/likes"), Some(json!({ "tweet_id": answer }))),
        ),
        ("Get2UsersIdMentionsResponse", get(format!("/2/users/{ada}/mentions?{fields}"))),
        ("Get2TweetsSearchRecentResponse", get(format!("/2/tweets/search/recent?query=from%3Aada&{fields}"))),
        ("Get2TweetsResponse", get(format!("/2/tweets?ids={answer},17&{fields}"))),
        ("Get2UsersIdResponse", get(format!("/2/users/{ada}"))),
        ("UsersLikesDeleteResponse", (Method::DELETE, format!("/2/users/{ada}/likes/{answer}"), None)),
        ("TweetDeleteResponse", (Method::DELETE, format!("/2/tweets/{first}"), None)),
        ("Problem", get("/2/users/me/nothing".into())),
        ("Problem", (Method::POST, "/2/tweets".to_owned(), Some(json!({})))),
        ("Problem", (Method::DELETE, format!("/2/tweets/{answer}"), None)),
    ];
    for (schema, (method, path, body)) in cases {
        let (_, told) = asking.json(method, &path, "ada", body).await;
        let wrong = errors(&description, schema, &told);
        assert!(wrong.is_empty(), "{path} is no {schema}: {wrong:?}\n{told:#}");
    }
    assert!(!errors(&description, "Get2TweetsIdResponse", &json!({ "data": { "id": 1 } })).is_empty(), "it is strict");
}

#[tokio::test]
async fn streams_and_their_rules_are_those_that_x_describes() {
    let Some(description) = description() else { return };
    let asking = Asking::start(Vec::new()).await;
    let rules = "/2/tweets/search/stream/rules";
    let add = json!({ "add": [{ "value": "rain", "tag": "wet" }, { "value": "(" }] });
    let changes = [add.clone(), add, json!({ "delete": { "values": ["snow"] } })];
    for change in changes {
        let (_, told) = asking.json(Method::POST, rules, "app-bearer", Some(change)).await;
        let wrong = errors(&description, "AddOrDeleteRulesResponse", &told);
        assert!(wrong.is_empty(), "{wrong:?}\n{told:#}");
    }
    let (_, told) = asking.json(Method::GET, rules, "app-bearer", None).await;
    assert!(errors(&description, "RulesLookupResponse", &told).is_empty(), "{told:#}");
    let url = format!("{}/2/tweets/search/stream?expansions=author_id", asking.emulator.url());
    let mut stream = asking.http.get(url).bearer_auth(token("app-bearer")).send().await.unwrap();
    asking.post("ada", json!({ "text": "rain" })).await;
    asking.emulator.disconnect(puppet_emulate::Disconnect::Operational);
    let mut come = Vec::new();
    while let Some(piece) = stream.chunk().await.unwrap() {
        come.extend_from_slice(&piece);
    }
    let lines: Vec<Value> =
        String::from_utf8(come).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "a post, and why it ends");
    for line in lines {
        let wrong = errors(&description, "FilteredStreamingTweetResponse", &line);
        assert!(wrong.is_empty(), "{wrong:?}\n{line:#}");
    }
}
