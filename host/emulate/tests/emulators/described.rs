//! What the emulator of X answers, against X's own description of its API, where that lies beside the project.

use std::path::Path;

use super::*;

/// Of answers about media it wants names (`meta`, `type`) that it does not describe: nobody can give those.
pub(super) fn description() -> Option<Value> {
    let mut description = beside("openapi.json")?;
    for schema in description["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        let described = schema.get("properties").and_then(Value::as_object);
        let described = described.map(|names| names.keys().cloned().collect::<Vec<_>>());
        let required = schema.get_mut("required").and_then(Value::as_array_mut);
        if let (Some(described), Some(required)) = (described, required) {
            required.retain(|name| described.iter().any(|known| name == known));
            // None is not allowed to be wanted (draft 4, 5.4.3).
            if required.is_empty() {
                schema.as_object_mut().unwrap().remove("required");
            }
        }
    }
    Some(description)
}

/// None, and said so, where it is not there.
fn beside(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/x").join(name);
    let Ok(text) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

pub(super) fn errors(description: &Value, schema: &str, value: &Value) -> Vec<String> {
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
async fn uploads_are_answered_as_x_describes() {
    let Some(description) = description() else { return };
    let asking = Asking::start(Vec::new()).await;
    asking.emulator.misbehave(Plan { media_checks: 1, ..Plan::default() });
    let ask = async |schema: &str, method: Method, path: &str, body: Option<Value>| {
        let (status, told) = asking.json(method, path, "ada", body).await;
        let wrong = errors(&description, schema, &told);
        assert!(status == 200 && wrong.is_empty(), "{path} is no {schema}: {wrong:?}\n{told:#}");
        told
    };
    let begin = json!({ "media_type": "image/png", "media_category": "tweet_image", "total_bytes": 3 });
    let begun = ask("MediaUploadResponse", Method::POST, "/2/media/upload/initialize", Some(begin)).await;
    let id = begun["data"]["id"].as_str().unwrap();
    let path = format!("/2/media/upload/{id}");
    let part = json!({ "media": "YWJj", "segment_index": 0 });
    ask("MediaUploadAppendResponse", Method::POST, &format!("{path}/append"), Some(part)).await;
    let done = ask("MediaUploadResponse", Method::POST, &format!("{path}/finalize"), Some(json!({}))).await;
    assert_eq!(done["data"]["processing_info"]["state"], "pending");
    let status = format!("/2/media/upload?command=STATUS&media_id={id}");
    for state in ["in_progress", "succeeded"] {
        let told = ask("MediaUploadResponse", Method::GET, &status, None).await;
        let found = &told["data"]["processing_info"]["state"];
        assert!(found == state || found == "succeeded", "{told}");
    }
    let alt = json!({ "id": id, "metadata": { "alt_text": { "text": "a pier" } } });
    ask("MetadataCreateResponse", Method::POST, "/2/media/metadata", Some(alt)).await;
}

/// X's description says of each request which scopes it wants: with those it may be asked, with one fewer not.
#[tokio::test]
async fn tokens_are_good_for_what_x_describes() {
    let Some(description) = description() else { return };
    let asking = Asking::start(Vec::new()).await;
    let post = asking.post("bob", json!({ "text": "hello" })).await;
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let ada = me["data"]["id"].as_str().unwrap();
    let cases = [
        ("get", "/2/users/me", None),
        ("get", "/2/users/{id}/mentions", None),
        ("get", "/2/users/{id}/tweets", None),
        ("get", "/2/tweets/{id}", None),
        ("post", "/2/tweets", Some(json!({ "text": "x" }))),
        ("delete", "/2/tweets/{id}", None),
        ("post", "/2/users/{id}/likes", Some(json!({ "tweet_id": post }))),
        ("post", "/2/media/upload/initialize", Some(json!({ "media_type": "image/png", "total_bytes": 3 }))),
        ("post", "/2/media/upload/{id}/finalize", Some(json!({}))),
        ("post", "/2/media/metadata", Some(json!({ "id": "1" }))),
    ];
    for (method, described, body) in cases {
        let ways = description["paths"][described][method]["security"].as_array().unwrap();
        let scopes = ways.iter().find_map(|way| way["OAuth2UserToken"].as_array()).unwrap();
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str().unwrap()).collect();
        let path = described.replace("{id}", if described.contains("users") { ada } else { &post });
        let status = async |scopes: &[&str]| {
            let token = auth::signed_in(&asking, &scopes.join(" ")).await;
            let url = format!("{}{path}", asking.emulator.url());
            let request = asking.http.request(method.to_uppercase().parse().unwrap(), url);
            let request = request.bearer_auth(token["access_token"].as_str().unwrap());
            let answer = body.iter().fold(request, |request, body| request.json(body)).send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        };
        // Another's post cannot be deleted: that is told otherwise than what a token may not.
        let (may, told) = status(&scopes).await;
        assert!(may != 401 && told["detail"] != "Forbidden", "{method} {path} with {scopes:?}: {told}");
        for missing in 0..scopes.len() {
            let mut fewer = scopes.clone();
            let without = fewer.remove(missing);
            if fewer.is_empty() {
                fewer.push("follows.read");
            }
            let (may, told) = status(&fewer).await;
            assert_eq!((may, &told["detail"]), (403, &"Forbidden".into()), "{method} {path} without {without}: {told}");
        }
    }
}

/// X's description has no shape for it; RFC 6749 (§5.1, §5.2) has, and one answer was recorded.
#[tokio::test]
async fn tokens_are_given_and_refused_as_they_are_elsewhere() {
    let asking = Asking::start(Vec::new()).await;
    let told = auth::signed_in(&asking, "users.read offline.access tweet.read").await;
    let of = |name: &str| told[name].as_str().unwrap();
    assert!(
        !of("access_token").is_empty() && !of("refresh_token").is_empty() && of("token_type") == "bearer",
        "{told}"
    );
    assert!(told["expires_in"].as_u64() > Some(0), "{told}");
    let mut scopes: Vec<&str> = of("scope").split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["offline.access", "tweet.read", "users.read"]);
    let Some(recorded) = beside("errors-and-headers.json") else { return };
    let bodies = recorded["bodies"].as_array().unwrap().iter();
    let recorded = bodies.filter(|one| one["kind"].as_str().unwrap().contains("oauth2/token"));
    let recorded: Vec<(u64, &Value)> = recorded.map(|one| (one["status"].as_u64().unwrap(), &one["body"])).collect();
    assert!(!recorded.is_empty());
    let form = [("grant_type", "authorization_code"), ("code", "none"), ("client_id", "emulated-app")];
    let (status, refused) = auth::token_of(&asking, &form).await;
    assert!(recorded.contains(&(u64::from(status), &refused)), "{refused} is none of {recorded:?}");
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
    let recorded = beside("errors-and-headers.json").unwrap();
    let of_streams = recorded["bodies"].as_array().unwrap().iter().find(|one| one["status"] == "in-stream").unwrap();
    assert_eq!(lines[1], of_streams["body"], "as it is documented");
    for line in lines {
        let wrong = errors(&description, "FilteredStreamingTweetResponse", &line);
        assert!(wrong.is_empty(), "{wrong:?}\n{line:#}");
    }
}
