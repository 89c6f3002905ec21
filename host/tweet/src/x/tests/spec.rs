//! What is sent, against X's own description of its API, and what is read, against recorded answers. Both lie beside the
//! project; where they do not, these tests say so and pass.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    stand::{Came, Stand},
    *,
};
use crate::{
    TweetReader,
    x::wire::{self, Created, Deleted, Page, Tweet},
};

/// A file of X's, or why the test says nothing.
pub(in crate::x) fn of_x(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/x").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

pub(in crate::x) fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// X's description of its API, and what of it was compiled.
pub(in crate::x) struct Described(Value, RefCell<BTreeMap<String, jsonschema::Validator>>);

impl Described {
    pub(in crate::x) fn new(description: Value) -> Self {
        Self(description, RefCell::default())
    }

    fn errors(&self, mut schema: Value, value: &Value) -> Vec<String> {
        let mut compiled = self.1.borrow_mut();
        let validator = compiled.entry(schema.to_string()).or_insert_with(|| {
            schema["components"] = self.0["components"].clone();
            jsonschema::draft4::new(&schema).unwrap()
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The path as it is described, of one that was asked for.
    fn path(&self, asked: &str) -> Option<String> {
        let parts: Vec<&str> = asked.split('/').collect();
        let fits = |described: &&String| {
            let of: Vec<&str> = described.split('/').collect();
            of.len() == parts.len() && of.iter().zip(&parts).all(|(of, part)| of == part || of.starts_with('{'))
        };
        let paths = self.0["paths"].as_object().unwrap();
        // One that is written out wins over one with a place for something.
        paths.keys().filter(fits).min_by_key(|path| path.matches('{').count()).cloned()
    }

    /// The parameters of an operation.
    fn parameters<'a>(&'a self, operation: &'a Value) -> impl Iterator<Item = &'a Value> {
        let resolved = |parameter: &'a Value| match parameter["$ref"].as_str() {
            Some(reference) => self.0.pointer(&reference[1..]).unwrap(),
            None => parameter,
        };
        operation["parameters"].as_array().unwrap().iter().map(resolved)
    }

    /// `GET /2/tweets/{id}`, of a line as it is asked.
    pub(in crate::x) fn operation(&self, line: &str) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let path = target.split('?').next().unwrap();
        format!("{method} {}", self.path(path).unwrap_or_else(|| path.to_owned()))
    }

    fn described(&self, line: &str) -> &Value {
        let operation = self.operation(line);
        let (method, path) = operation.split_once(' ').unwrap();
        &self.0["paths"][path][method.to_lowercase()]
    }

    /// What is wrong with a line as the emulator records it.
    fn faults(&self, line: &str) -> Vec<String> {
        let operation = self.described(line);
        if !operation.is_object() {
            return vec!["X has no such operation".to_owned()];
        }
        let target = line.split_once(' ').unwrap().1;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let described = self.path(path).unwrap();
        let places = described.split('/').zip(path.split('/'));
        let mut given: Vec<(String, String)> = places
            .filter(|(of, _)| of.starts_with('{'))
            .map(|(of, part)| (of.trim_matches(['{', '}']).to_owned(), part.to_owned()))
            .collect();
        let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
        given.extend(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())));
        let needed = self.parameters(operation).filter(|parameter| parameter["required"] == true);
        let names = needed.map(|parameter| parameter["name"].as_str().unwrap());
        let missing = names.filter(|name| !given.iter().any(|(given, _)| given == name));
        let mut faults: Vec<String> = missing.map(|name| format!("`{name}` is missing")).collect();
        for (name, value) in &given {
            let Some(parameter) = self.parameters(operation).find(|parameter| parameter["name"] == **name) else {
                faults.push(format!("X takes no `{name}`"));
                continue;
            };
            let schema = &parameter["schema"];
            let value = match schema["type"].as_str() {
                Some("array") => json!(value.split(',').collect::<Vec<_>>()),
                Some("integer") => value.parse::<i64>().map_or(json!(value), |number| json!(number)),
                _ => json!(value),
            };
            faults.extend(self.errors(schema.clone(), &value).into_iter().map(|error| format!("{name}: {error}")));
        }
        faults
    }

    /// What is wrong with a request, of whose body JSON is expected where there is one.
    pub(in crate::x) fn wrong(&self, came: &Came) -> Vec<String> {
        let mut faults = self.faults(&came.line);
        let schema = &self.described(&came.line)["requestBody"]["content"]["application/json"];
        if schema.is_object() == came.body.is_empty() {
            faults.push(format!("a body of {} bytes", came.body.len()));
        }
        if schema.is_object() {
            faults.extend(self.errors(schema["schema"].clone(), &came.json()));
        }
        faults.into_iter().map(|fault| format!("{}: {fault}", came.line)).collect()
    }
}

#[tokio::test]
async fn requests_are_those_that_x_describes() {
    let Some(file) = of_x("openapi.json") else { return };
    let described = Described::new(json_of(&file));
    let there = There::new().await;
    let first = there.posted("ada", post("one")).await;
    let answer = there.posted("bob", reply(&first.id, "two")).await;
    there.publish("bob", Action::Like { of: first.id.clone() }).await.unwrap();
    let now = Timestamp::from_system();
    let begun = Lost { first: now, last: now };
    there.x.reconcile(&order("bob", post("two")), begun, &[]).await.unwrap_err();
    for n in 0..101 {
        there.posted("ada", post(&format!("{n}"))).await;
    }
    there.x.reconcile(&order("ada", post("none")), begun, &[]).await.unwrap_err();
    let later = Timestamp::from_system().plus_millis(60_000);
    there.x.timeline(&"ada".into(), later, 1).await.unwrap();
    there.x.posts_of(&"ada".into(), later, 1_000).await.unwrap();
    there.x.posts_of(&"nobody".into(), later, 3).await.unwrap_err();
    there.x.thread_of(&answer.id, 3, later).await.unwrap();
    there.x.conversation(&answer.id, later, 1_000).await.unwrap();
    let about = there.x.answered(&"ada".into(), &answer.id).await.unwrap();
    assert_eq!((about.author.as_str(), about.lets_answer(&"ada".into())), ("bob", true), "{about:?}");
    there.publish("ada", Action::Delete { of: first.id.clone() }).await.unwrap();

    let report = there.emulator.report();
    let asked: std::collections::BTreeSet<&str> =
        report["requests"].as_array().unwrap().iter().map(|one| one["request"].as_str().unwrap()).collect();
    assert_eq!(report["counts"].as_object().unwrap().len(), 9, "every operation of X that is used");
    assert!(asked.iter().any(|request| request.contains("pagination_token")));
    for request in asked {
        assert_eq!(described.faults(request), [""; 0], "{request}");
    }

    let id = PostId::new("1346889436626259968");
    let bodies = [
        Draft::new("one"),
        Draft { in_reply_to: Some(&id), ..Draft::new("one") },
        Draft { quotes: Some(&id), ..Draft::new("one") },
    ];
    for draft in bodies {
        let body = wire::creation(&draft);
        let schema = json!({ "$ref": "#/components/schemas/TweetCreateRequest" });
        let wrong = described.errors(schema.clone(), &body);
        assert!(wrong.is_empty(), "{body}: {wrong:?}");
        let odd = json!({ "text": "one", "in_reply_to": "1" });
        assert!(!described.errors(schema, &odd).is_empty(), "the description is strict");
    }
    // What an account's posts carry besides. Two of the labels are younger than the description, which knows no others.
    let manner = Manner {
        made_with_ai: true,
        paid_partnership: true,
        reply_settings: Some(ReplySettings::MentionedUsers),
        community: Some("1146654567674912769".to_owned()),
    };
    let posted = Draft::new("one");
    let mut body = wire::creation(&posted);
    manner.put(&mut body, &posted);
    for younger in ["made_with_ai", "paid_partnership"] {
        assert_eq!(body.as_object_mut().unwrap().remove(younger), Some(json!(true)));
    }
    assert_eq!((&body["reply_settings"], body["community_id"].is_string()), (&json!("mentionedUsers"), true));
    for settings in ReplySettings::ALL {
        let manner = Manner { reply_settings: Some(settings), ..Manner::default() };
        manner.put(&mut body, &posted);
        let wrong = described.errors(json!({ "$ref": "#/components/schemas/TweetCreateRequest" }), &body);
        assert!(wrong.is_empty(), "{body}: {wrong:?}");
    }
    let answer = Draft { in_reply_to: Some(&id), ..Draft::new("one") };
    let mut body = wire::creation(&answer);
    manner.put(&mut body, &answer);
    assert!(body.get("reply_settings").is_none() && body.get("community_id").is_none(), "{body}");
    assert_eq!(body["made_with_ai"], true);
    let wrong = described.errors(json!({ "$ref": "#/components/schemas/UsersLikesCreateRequest" }), &wire::like(&id));
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_recorded_answer_is_understood() {
    let Some(folder) = of_x("recorded") else { return };
    let Some(file) = of_x("openapi.json") else { return };
    let described = Described::new(json_of(&file));
    fn read<T: serde::de::DeserializeOwned>(body: &Value) -> T {
        serde_json::from_value(body.clone()).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
    let (mut seen, mut not_ours) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        for one in json_of(&file)["interactions"].as_array().unwrap() {
            let (asked, body) = (&one["request"], &one["response"]["body"]);
            let url = reqwest::Url::parse(asked["uri"].as_str().unwrap()).unwrap();
            let operation = described.operation(&format!("{} {}", asked["method"].as_str().unwrap(), url.path()));
            match operation.as_str() {
                "POST /2/tweets" => assert!(wire::is_id(&read::<Data<Created>>(body).data.id)),
                "DELETE /2/tweets/{id}" => assert!(read::<Data<Deleted>>(body).data.deleted),
                "GET /2/users/me" => assert!(!read::<Data<User>>(body).data.username.is_empty()),
                "GET /2/tweets/{id}" => assert!(!read::<Data<Tweet>>(body).data.text.is_empty()),
                "GET /2/users/{id}/tweets" | "GET /2/users/{id}/mentions" => {
                    let page: Page = read(body);
                    assert!(page.unread.is_empty() && page.is_counted(), "{body}: {:?}", page.unread);
                    assert!(!page.data.is_empty() && page.data.iter().all(|tweet| !tweet.text.is_empty()), "{body}");
                }
                // Nobody here asks for these.
                "PUT /2/tweets/{tweet_id}/hidden" | "POST /1.1/media/upload.json" => not_ours += 1,
                other => panic!("{other} in {}", file.display()),
            }
            seen += 1;
        }
    }
    assert!(seen - not_ours >= 7, "{seen} {not_ours}");
}

/// What X is known to answer where something is wrong, as an answer to a post and to a question.
#[tokio::test]
async fn every_problem_that_x_is_known_to_answer_is_told_for_what_it_is() {
    let Some(file) = of_x("errors-and-headers.json") else { return };
    let known = json_of(&file);
    let mut seen = BTreeMap::<u64, usize>::new();
    for one in known["bodies"].as_array().unwrap() {
        let body = one["body"].to_string();
        // What comes in a stream is the mentions' to read.
        let Some(status) = one["status"].as_u64() else { continue };
        *seen.entry(status).or_default() += 1;
        if status == 200 {
            let page: Result<Page, _> = serde_json::from_str(&body);
            let media = serde_json::from_str::<Data<crate::x::media::Uploaded>>(&body);
            let is_page = page.is_ok_and(|page| !page.data.is_empty() && !page.is_whole());
            assert!(is_page || media.is_ok_and(|media| wire::is_id(&media.data.id)), "{body}");
            continue;
        }
        assert!(wire::words(body.as_bytes()).is_some_and(|words| words.len() > 3), "{body}");
        let (answer, code) = (body.clone(), u16::try_from(status).unwrap());
        let stand = Stand::new(move |came| match came.line.as_str() {
            "GET /2/users/me" => Some((200, Vec::new(), r#"{"data":{"id":"1","username":"ada"}}"#.to_owned())),
            _ => Some((code, Vec::new(), answer.clone())),
        })
        .await;
        let accounts = [("ada".into(), Secret::new(token("ada")).into())].into();
        let x = X::new(settings(stand.url.clone(), TIMEOUT, accounts)).unwrap();
        let error = x.publish(&order("ada", post("fog"))).await.unwrap_err();
        let read = x.own_posts(&"ada".into(), Timestamp::from_system(), 5).await.unwrap_err();
        // One of each that is known: a new one has to be looked at.
        let named = one["body"]["title"].as_str().or(one["body"]["error"].as_str());
        let said = named.map(str::to_owned).unwrap_or_else(|| one["body"]["errors"][0]["code"].to_string());
        let is_it = match (status, said.as_str()) {
            (429, "Too Many Requests" | "88") => matches!(error, PublishError::RateLimited { .. }),
            // That of a stream, which nobody gets who posts.
            (429, "ConnectionException") => matches!(error, PublishError::RateLimited { .. }),
            (429, "UsageCapExceeded") => matches!(error, PublishError::UsageCap { .. }),
            (400, "Invalid Request" | "invalid_request") => matches!(error, PublishError::Refused(_)),
            (403, "453") => matches!(error, PublishError::NotAllowed(_)),
            _ => panic!("{status} {said}: what is it?"),
        };
        let code = if status == 429 { puppet_types::Code::RateLimited } else { puppet_types::Code::Refused };
        assert!(is_it && read.code == code, "{status} {body}: {error:?} {read:?}");
    }
    assert!([200, 400, 403, 429].iter().all(|status| seen.contains_key(status)), "{seen:?}");
}
