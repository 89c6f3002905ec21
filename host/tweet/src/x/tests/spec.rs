//! What is sent, against X's own description of its API, and what is read, against recorded answers. Both lie beside the
//! project; where they do not, these tests say so and pass.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{stand::Came, *};
use crate::{
    TweetReader,
    x::wire::{self, Created, Deleted, Page, Tweet},
};

/// A file of X's, or why the test says nothing.
pub(super) fn of_x(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/x").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

pub(super) fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(super) struct Described(Value);

impl Described {
    pub(super) fn new(description: Value) -> Self {
        Self(description)
    }

    fn errors(&self, mut schema: Value, value: &Value) -> Vec<String> {
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::draft4::new(&schema).unwrap();
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The path as it is described, of one that was asked for.
    fn path(&self, asked: &str) -> String {
        let parts: Vec<&str> = asked.split('/').collect();
        let fits = |described: &&String| {
            let of: Vec<&str> = described.split('/').collect();
            of.len() == parts.len() && of.iter().zip(&parts).all(|(of, part)| of == part || of.starts_with('{'))
        };
        let paths = self.0["paths"].as_object().unwrap();
        // One that is written out wins over one with a place for something.
        let found = paths.keys().filter(fits).min_by_key(|path| path.matches('{').count());
        found.unwrap_or_else(|| panic!("X has no {asked}")).clone()
    }

    fn parameter<'a>(&'a self, operation: &'a Value, name: &str) -> &'a Value {
        let resolved = |parameter: &'a Value| match parameter["$ref"].as_str() {
            Some(reference) => self.0.pointer(&reference[1..]).unwrap(),
            None => parameter,
        };
        let mut all = operation["parameters"].as_array().unwrap().iter().map(resolved);
        all.find(|parameter| parameter["name"] == name).unwrap_or_else(|| panic!("X takes no `{name}`"))
    }

    /// A line as the emulator records it.
    fn check(&self, request: &str) {
        let (method, target) = request.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let described = self.path(path);
        let operation = &self.0["paths"][&described][method.to_lowercase()];
        assert!(operation.is_object(), "X has no {request}");
        let places = described.split('/').zip(path.split('/'));
        let mut given: Vec<(String, String)> = places
            .filter(|(of, _)| of.starts_with('{'))
            .map(|(of, part)| (of.trim_matches(['{', '}']).to_owned(), part.to_owned()))
            .collect();
        let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
        given.extend(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())));
        for (name, value) in given {
            let schema = &self.parameter(operation, &name)["schema"];
            let value = match schema["type"].as_str() {
                Some("array") => json!(value.split(',').collect::<Vec<_>>()),
                Some("integer") => json!(value.parse::<i64>().unwrap()),
                _ => json!(value),
            };
            let wrong = self.errors(schema.clone(), &value);
            assert!(wrong.is_empty(), "{request}: {name}: {wrong:?}");
        }
    }

    /// The same with the body, which is JSON where there is one.
    pub(super) fn check_whole(&self, request: &Came) {
        self.check(&request.line);
        let (method, target) = request.line.split_once(' ').unwrap();
        let path = self.path(target.split('?').next().unwrap());
        let schema = &self.0["paths"][&path][method.to_lowercase()]["requestBody"]["content"]["application/json"];
        assert_eq!(schema.is_object(), !request.body.is_empty(), "{}", request.line);
        if schema.is_object() {
            let wrong = self.errors(schema["schema"].clone(), &request.json());
            assert!(wrong.is_empty(), "{}: {wrong:?}", request.line);
        }
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
    let about = there.x.answered(&"ada".into(), &answer.id).await.unwrap();
    assert_eq!((about.author.as_str(), about.lets_answer(&"ada".into())), ("bob", true), "{about:?}");
    there.publish("ada", Action::Delete { of: first.id.clone() }).await.unwrap();

    let report = there.emulator.report();
    let asked: std::collections::BTreeSet<&str> =
        report["requests"].as_array().unwrap().iter().map(|one| one["request"].as_str().unwrap()).collect();
    assert_eq!(report["counts"].as_object().unwrap().len(), 8, "every operation of X that is used");
    assert!(asked.iter().any(|request| request.contains("pagination_token")));
    asked.into_iter().for_each(|request| described.check(request));

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
fn recorded_answers_are_understood() {
    let Some(folder) = of_x("recorded") else { return };
    let bodies = |name: &str| -> Vec<Value> {
        let record = json_of(&folder.join(format!("tweepy-test_client_{name}.json")));
        let all = record["interactions"].as_array().unwrap().iter();
        all.map(|one| one["response"]["body"].clone()).collect()
    };
    fn read<T: serde::de::DeserializeOwned>(body: &Value) -> T {
        serde_json::from_value(body.clone()).unwrap_or_else(|error| panic!("{error}: {body}"))
    }
    let made = bodies("create_and_delete_tweet");
    assert!(check::id(PostId::new(&read::<Data<Created>>(&made[0]).data.id)).is_ok());
    assert!(read::<Data<Deleted>>(&made[1]).data.deleted);
    assert!(!read::<Data<User>>(&bodies("get_me")[0]).data.username.is_empty());
    assert!(!read::<Data<Tweet>>(&bodies("get_tweet")[0]).data.text.is_empty());
    for page in ["get_users_tweets", "get_users_mentions"].map(bodies).concat() {
        let page: Page = read(&page);
        assert!(!page.data.is_empty() && page.data.iter().all(|tweet| !tweet.text.is_empty()));
    }
}

#[test]
fn the_problems_that_x_is_known_to_answer_have_words() {
    let Some(file) = of_x("errors-and-headers.json") else { return };
    let known = json_of(&file);
    let failed = known["bodies"].as_array().unwrap().iter().filter(|one| one["status"].as_u64() >= Some(400));
    let mut seen = 0;
    for one in failed {
        let body = one["body"].to_string();
        assert!(wire::words(body.as_bytes()).is_some_and(|words| words.len() > 3), "{body}");
        seen += 1;
    }
    assert!(seen > 4);
}
