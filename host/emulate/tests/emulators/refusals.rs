//! Every refusal, named by a plan or of a route itself, against X's own description: the schema is the one that its
//! `type` stands for, which a validator does not look up by itself.

use super::{described::*, *};

/// Seen at X, and in its description nowhere.
const NOT_DESCRIBED: [&str; 2] = ["credits", "oauth1-permissions"];

/// How many problems an answer tells, and what is wrong with them. X says `api.x.com` since its description was written.
fn problems(description: &Value, body: &Value) -> (usize, Vec<String>) {
    let mut all: Vec<&Value> = body["errors"].as_array().into_iter().flatten().collect();
    if body.get("type").is_some() || all.is_empty() {
        // What stands below `errors` of a problem is part of it.
        all = vec![body];
    }
    let schemas = &description["components"]["schemas"]["Problem"]["discriminator"]["mapping"];
    let wrong = all.iter().flat_map(|problem| {
        if problem.get("code").is_some() {
            return errors(description, "Error", problem);
        }
        let kind = problem["type"].as_str().unwrap_or_default();
        let last = kind.rsplit('/').next().unwrap_or_default();
        match schemas[kind.replace("//api.x.com/", "//api.twitter.com/")].as_str() {
            Some(schema) => errors(description, schema.rsplit('/').next().unwrap(), problem),
            None if NOT_DESCRIBED.contains(&last) => errors(description, "Problem", problem),
            None => vec![format!("`{kind}` is no type of a problem")],
        }
    });
    (all.len(), wrong.collect())
}

fn assert_described(description: &Value, what: &str, body: &Value) {
    let (_, wrong) = problems(description, body);
    assert!(wrong.is_empty(), "{what}: {wrong:?}\n{body:#}");
}

/// All names of refusals, as a plan that names none of them is told.
async fn names(asking: &Asking) -> Vec<String> {
    let none = json!({ "faults": [{ "kind": "refused", "with": "none" }] });
    let (_, told) = asking.ask(Method::POST, "/_emulator/faults", "nobody", Some(none)).await.unwrap();
    let named = told.split_once("expected one of").unwrap().1;
    named.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_named_refusal_is_a_problem_that_x_describes() {
    let Some(description) = description() else { return };
    let asking = Asking::start(Vec::new()).await;
    let names = names(&asking).await;
    assert!(names.len() > 30 && names.contains(&"locked".to_owned()), "{names:?}");
    let mut of_x = 0;
    for name in names {
        let plan = json!({ "faults": [{ "kind": "refused", "with": name }] });
        assert_eq!(asking.json(Method::POST, "/_emulator/faults", "nobody", Some(plan)).await.0, 200);
        let (status, body) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
        match name.as_str() {
            // Of the token endpoint (RFC 6749), or of a model.
            _ if body.get("error").is_some() => continue,
            // As it is documented elsewhere: `parameter` and `value` are not told.
            "partial" => assert_eq!(problems(&description, &body).1.len(), 2, "{body:#}"),
            _ => assert_described(&description, &name, &body),
        }
        of_x += 1;
        assert!(status >= 400 || name == "partial", "{name}: {status}");
    }
    assert_eq!(of_x, 23, "all but `invalid-code` and those of models");
}

#[tokio::test]
async fn what_routes_refuse_are_problems_that_x_describes() {
    let Some(description) = description() else { return };
    let asking = Asking::start(Vec::new()).await;
    let hers = asking.post("ada", json!({ "text": "hello" })).await;
    let (_, me) = asking.json(Method::GET, "/2/users/me", "ada", None).await;
    let ada = me["data"]["id"].as_str().unwrap().to_owned();
    let plan = |change: Value| serde_json::from_value::<Plan>(change).unwrap();
    let (plain, self_serve) = (Plan::default(), plan(json!({ "self_serve": true })));
    let (stream, rules) = ("/2/tweets/search/stream", "/2/tweets/search/stream/rules");
    let add = |value: &str| json!({ "add": [{ "value": value }] });
    let failed = |status: u16| Plan { faults: vec![Kind::Failed { status, done: false }.into()], ..Plan::default() };
    for (status, plan, account, ask, body) in [
        (401, &plain, "", "GET /2/users/me".to_owned(), None),
        (403, &plain, "app-bearer", "GET /2/users/me".into(), None),
        (404, &plain, "ada", "GET /2/nothing".into(), None),
        (429, &plan(json!({ "limit": 0 })), "ada", "GET /2/users/me".into(), None),
        (500, &failed(500), "ada", "GET /2/users/me".into(), None),
        (503, &failed(503), "ada", "GET /2/users/me".into(), None),
        (400, &plain, "ada", "POST /2/tweets".into(), Some(json!({}))),
        (400, &plain, "ada", "POST /2/tweets".into(), Some(json!({ "text": " " }))),
        (400, &plain, "ada", "POST /2/tweets".into(), Some(json!({ "text": "x", "media": { "media_ids": ["1"] } }))),
        (403, &plain, "ada", "POST /2/tweets".into(), Some(json!({ "text": "x", "quote_tweet_id": "17" }))),
        (403, &self_serve, "bob", "POST /2/tweets".into(), Some(json!({ "text": "x", "quote_tweet_id": hers }))),
        (
            403,
            &self_serve,
            "bob",
            "POST /2/tweets".into(),
            Some(json!({ "text": "x", "reply": { "in_reply_to_tweet_id": hers } })),
        ),
        (403, &plain, "bob", format!("DELETE /2/tweets/{hers}"), None),
        (400, &plain, "ada", "DELETE /2/tweets/x".into(), None),
        (400, &plain, "ada", "GET /2/tweets?ids=x".into(), None),
        (200, &plain, "ada", "GET /2/tweets?ids=17".into(), None),
        (200, &plain, "ada", "GET /2/tweets/17".into(), None),
        (200, &plain, "ada", "GET /2/users/17".into(), None),
        (200, &plain, "ada", "GET /2/users/17/tweets".into(), None),
        (400, &plain, "ada", format!("GET /2/users/{ada}/tweets?max_results=4"), None),
        (403, &plain, "bob", format!("GET /2/users/{ada}/timelines/reverse_chronological"), None),
        (403, &plain, "bob", format!("POST /2/users/{ada}/likes"), Some(json!({ "tweet_id": hers }))),
        (400, &plain, "ada", format!("POST /2/users/{ada}/likes"), Some(json!({}))),
        (200, &plain, "ada", format!("POST /2/users/{ada}/likes"), Some(json!({ "tweet_id": "17" }))),
        (403, &plain, "bob", format!("DELETE /2/users/{ada}/likes/{hers}"), None),
        (400, &plain, "ada", "GET /2/tweets/search/recent?query=".into(), None),
        (400, &plain, "ada", "GET /2/tweets/search/recent?query=(".into(), None),
        (400, &plain, "ada", "POST /2/media/upload/initialize".into(), Some(json!({}))),
        (400, &plain, "ada", "POST /2/media/upload/17/append".into(), Some(json!({}))),
        (400, &plain, "ada", "POST /2/media/upload/17/finalize".into(), Some(json!({}))),
        (400, &plain, "ada", "GET /2/media/upload?media_id=17".into(), None),
        (400, &plain, "ada", "POST /2/media/metadata".into(), Some(json!({}))),
        (403, &plain, "ada", format!("GET {rules}"), None),
        (403, &plan(json!({ "streams": false })), "app-bearer", format!("GET {stream}"), None),
        (409, &plain, "app-bearer", format!("GET {stream}"), None),
        (400, &plain, "app-bearer", format!("GET {stream}?backfill_minutes=1"), None),
        (400, &plain, "app-bearer", format!("POST {rules}"), Some(json!({}))),
        (400, &plain, "app-bearer", format!("POST {rules}"), Some(json!({ "add": [] }))),
        (400, &plain, "app-bearer", format!("POST {rules}"), Some(json!({ "delete": {} }))),
        (400, &plain, "app-bearer", format!("POST {rules}"), Some(add("("))),
        (422, &plan(json!({ "rules": 0 })), "app-bearer", format!("POST {rules}"), Some(add("rain"))),
        (200, &plain, "app-bearer", format!("POST {rules}"), Some(json!({ "delete": { "ids": ["17"] } }))),
    ] {
        asking.emulator.misbehave(plan.clone());
        let (method, path) = ask.split_once(' ').unwrap();
        let (told, answer) = asking.json(method.parse().unwrap(), path, account, body.clone()).await;
        let what = format!("{ask} of {account:?} with {body:?}");
        assert!(told == status && (told >= 400 || answer.get("errors").is_some()), "{what}: {told}\n{answer:#}");
        assert_described(&description, &what, &answer);
    }
    asking.emulator.misbehave(plain);
    for status in [201, 200] {
        let (told, answer) = asking.json(Method::POST, rules, "app-bearer", Some(add("rain"))).await;
        assert_eq!((told, answer.get("errors").is_some()), (status, status == 200), "{answer:#}");
        assert!(status == 201 || problems(&description, &answer).1.is_empty(), "twice the same rule: {answer:#}");
    }
    let url = format!("{}{stream}", asking.emulator.url());
    let _listens = asking.http.get(url).bearer_auth(token("app-bearer")).send().await.unwrap();
    let (status, second) = asking.json(Method::GET, stream, "app-bearer", None).await;
    assert_eq!((status, &second["connection_issue"]), (429, &"TooManyConnections".into()));
    assert_described(&description, "a second listener", &second);
}

#[test]
fn a_problem_is_held_against_the_schema_of_its_type() {
    let Some(description) = description() else { return };
    let wrong = |body: Value| problems(&description, &body).1;
    let gone = |more: Value| {
        let mut one = json!({ "title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found" });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "errors": [one] })
    };
    let whole = json!({ "parameter": "id", "value": "1", "resource_id": "1", "resource_type": "tweet" });
    assert_eq!(wrong(gone(whole)), [""; 0]);
    assert!(!wrong(gone(json!({}))).is_empty(), "what its type wants is wanted");
    assert!(!wrong(json!({ "title": "x", "type": "https://api.x.com/2/problems/made-up" })).is_empty());
    assert!(!wrong(json!({ "errors": [{ "code": "88", "message": "x" }] })).is_empty());
    assert!(!wrong(json!({ "detail": "neither" })).is_empty());
}
