//! Whatever a guest decides and asks for, what is sent is as X describes it, or it is not sent.

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use puppet_types::{EffectId, Image};
use serde_json::json;

use super::{
    spec::{Described, json_of, of_x},
    stand::{Answered, Came, Stand},
    *,
};
use crate::{Search, TweetReader, x::media::Images};

/// What X gives where there is more.
const NEXT: &str = "7140dibdnow9c7btw421dyz6jism75z99gyxd8egarsc4";

/// An image of so many bytes as its name says.
struct Sized;

#[async_trait]
impl Images for Sized {
    async fn image(&self, _: &EffectId, asset: &str) -> Result<Vec<u8>, PublishError> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.resize(bytes.len() + asset.parse::<usize>().unwrap(), 7);
        Ok(bytes)
    }
}

/// X in its best mood: there is one post more to everything, once.
pub(in crate::x) fn obliging(came: &Came) -> Option<Answered> {
    let (method, target) = came.line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let user = || json!({ "id": "1", "username": "ada", "name": "Ada" });
    let post = |id: &str| {
        let before = id.parse::<u64>().map_or(1, |id| (id / 2).max(1));
        let about = json!([{ "type": "replied_to", "id": before.to_string() }]);
        json!({ "id": id, "text": "fog", "author_id": "1", "created_at": "2026-05-01T10:00:00.000Z", "referenced_tweets": about })
    };
    let body = match (method, &parts[..]) {
        ("GET", ["2", "users", "me"] | ["2", "users", "by", ..]) => json!({ "data": user() }),
        ("GET", ["2", "tweets", "search", "stream", "rules"]) => {
            let old = json!([{ "id": "1166895166390583299", "value": "cat", "tag": "puppet:ada" }]);
            json!({ "data": old, "meta": { "sent": "2026-05-01T10:00:00.000Z", "result_count": 1 } })
        }
        ("GET", ["2", "tweets", id]) => json!({ "data": post(id), "includes": { "users": [user()] } }),
        ("GET", ["2", "media", "upload"]) => json!({ "data": { "id": "880" } }),
        ("GET", _) => {
            let meta = match query.contains("pagination_token") {
                true => json!({ "result_count": 1 }),
                false => json!({ "result_count": 1, "next_token": NEXT }),
            };
            json!({ "data": [post("9")], "includes": { "users": [user()] }, "meta": meta })
        }
        ("POST", ["2", "media", .., "finalize"]) => {
            let processing = json!({ "state": "pending", "check_after_secs": 0 });
            json!({ "data": { "id": "880", "processing_info": processing } })
        }
        ("POST", ["2", "media", ..]) => json!({ "data": { "id": "880" } }),
        ("POST", [.., "likes"]) => json!({ "data": { "liked": true } }),
        ("POST", [.., "rules"]) => json!({ "meta": { "sent": "2026-05-01T10:00:00.000Z" } }),
        ("POST", _) => json!({ "data": { "id": "77", "text": "fog" } }),
        ("DELETE", _) => json!({ "data": { "deleted": true } }),
        _ => panic!("{}", came.line),
    };
    Some((200, Vec::new(), body.to_string()))
}

fn text() -> impl Strategy<Value = String> {
    let any = prop::collection::vec(any::<char>(), 0..300).prop_map(String::from_iter);
    prop_oneof!["[ -~]{1,100}", any]
}

fn id() -> impl Strategy<Value = PostId> {
    prop_oneof![
        3 => "[0-9]{1,19}",
        1 => "[0-9]{1,40}",
        1 => prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
        1 => Just("../users/me".to_owned()),
    ]
    .prop_map(PostId::new)
}

fn images() -> impl Strategy<Value = Vec<Image>> {
    let bytes = prop_oneof![8 => Just(0_usize), 1 => Just(1 << 20), 1 => Just((1 << 20) - 8)];
    let image = (bytes, prop_oneof![text(), "[a-z]{990,1010}"])
        .prop_map(|(bytes, alt_text)| Image { asset: bytes.to_string(), alt_text });
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(image, 0..6)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (text(), images()).prop_map(|(text, images)| Action::Post { text, images }),
        (id(), text(), images()).prop_map(|(to, text, images)| Action::Reply { to, text, images }),
        (id(), text()).prop_map(|(of, text)| Action::Quote { of, text }),
        prop::collection::vec(text(), 0..4).prop_map(|parts| Action::Thread { parts }),
        id().prop_map(|of| Action::Like { of }),
        id().prop_map(|of| Action::Delete { of }),
    ]
}

/// Everything that X can be asked by way of its two traits.
#[derive(Debug, Clone)]
enum Asks {
    Publish(Action),
    Reconcile(Action, i64),
    Timeline(usize),
    PostsOf(String, usize),
    ThreadOf(PostId, usize),
    Search(String, usize),
    Conversation(PostId, usize),
}

/// Mostly what is one, and whatever else somebody may write.
fn search() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        3 => "-?[A-Za-z0-9_]{1,20}",
        2 => "-?\"[^\"]{1,40}\"",
        1 => "-?from:@?[A-Za-z0-9_]{1,16}",
        1 => "-?conversation_id:[0-9]{1,20}",
    ];
    let terms = prop::collection::vec(term, 1..20).prop_map(|terms| terms.join(" "));
    prop_oneof![4 => terms, 1 => text()]
}

fn asks() -> impl Strategy<Value = Asks> {
    let name = prop_oneof![2 => "[A-Za-z0-9_]{1,15}", 1 => "[A-Za-z0-9_.-]{1,64}", 1 => text()];
    // From 1970 to 2200.
    let at = 0_i64..7_258_118_400_000;
    prop_oneof![
        4 => action().prop_map(Asks::Publish),
        1 => (action(), at).prop_map(|(action, at)| Asks::Reconcile(action, at)),
        1 => (0_usize..1_000).prop_map(Asks::Timeline),
        1 => (name, 0_usize..1_000).prop_map(|(name, limit)| Asks::PostsOf(name, limit)),
        1 => (id(), 0_usize..30).prop_map(|(id, depth)| Asks::ThreadOf(id, depth)),
        1 => (search(), 0_usize..1_000).prop_map(|(text, limit)| Asks::Search(text, limit)),
        1 => (id(), 0_usize..1_000).prop_map(|(id, limit)| Asks::Conversation(id, limit)),
    ]
}

fn manner() -> impl Strategy<Value = Manner> {
    let settings = prop::option::of(prop::sample::select(ReplySettings::ALL.as_slice()));
    let community = prop::option::of("[0-9]{1,19}");
    (any::<bool>(), any::<bool>(), settings, community).prop_map(
        |(made_with_ai, paid_partnership, reply_settings, community)| Manner {
            made_with_ai,
            paid_partnership,
            reply_settings,
            community,
        },
    )
}

async fn ask(x: &X, asks: Asks) {
    let later = Timestamp::from_system().plus_millis(60_000);
    // How it ends is told elsewhere: here counts what was sent.
    match asks {
        Asks::Publish(action) => drop(x.publish(&order("ada", action)).await),
        Asks::Reconcile(action, at) => {
            let at = Timestamp::from_millis(at);
            drop(x.reconcile(&order("ada", action), Lost { first: at, last: at }, &[]).await);
        }
        Asks::Timeline(limit) => drop(x.timeline(&"ada".into(), later, limit).await),
        Asks::PostsOf(name, limit) => drop(x.posts_of(&AccountId::new(name), later, limit).await),
        Asks::ThreadOf(id, depth) => drop(x.thread_of(&id, depth, later).await),
        Asks::Search(text, limit) => {
            if let Ok(search) = Search::parse(&text) {
                drop(x.search(&search, later, limit).await);
            }
        }
        Asks::Conversation(id, limit) => drop(x.conversation(&id, later, limit).await),
    }
}

#[test]
fn whatever_is_decided_or_asked_for_is_sent_as_x_describes_it() {
    let Some(file) = of_x("openapi.json") else { return };
    let described = Described::new(json_of(&file));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stand = runtime.block_on(Stand::new(obliging));
    let accounts = || [("ada".into(), Secret::new(token("ada")).into())].into();
    let plain = || X::new(settings(stand.url.clone(), TIMEOUT, accounts())).unwrap().with_images(Arc::new(Sized));
    let mut operations = BTreeSet::new();
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let sent = std::cell::RefCell::new(&mut operations);
    let held = runner.run(&(asks(), manner()), |(asks, manner)| {
        let labels = [("made_with_ai", manner.made_with_ai), ("paid_partnership", manner.paid_partnership)];
        let x = plain().with_manners([("ada".into(), manner)].into());
        runtime.block_on(ask(&x, asks));
        let all = std::mem::take(&mut *stand.came.lock().unwrap());
        for mut came in all {
            // They are younger than the description.
            if came.line == "POST /2/tweets" {
                let mut body = came.json();
                for (label, is_set) in labels {
                    let found = body.as_object_mut().unwrap().remove(label);
                    prop_assert_eq!(found, is_set.then_some(Value::Bool(true)), "{}", came.body);
                }
                came.body = body.to_string();
            }
            let wrong = described.wrong(&came);
            prop_assert!(wrong.is_empty(), "{wrong:?}");
            let query = came.query("query").unwrap_or_default();
            prop_assert!(query.chars().count() <= 512, "{query}");
            sent.borrow_mut().insert(described.operation(&came.line));
        }
        Ok(())
    });
    held.unwrap_or_else(|error| panic!("{error}"));
    let all = [
        "DELETE /2/tweets/{id}",
        "GET /2/media/upload",
        "GET /2/tweets/search/recent",
        "GET /2/tweets/{id}",
        "GET /2/users/by/username/{username}",
        "GET /2/users/me",
        "GET /2/users/{id}/timelines/reverse_chronological",
        "GET /2/users/{id}/tweets",
        "POST /2/media/metadata",
        "POST /2/media/upload/initialize",
        "POST /2/media/upload/{id}/append",
        "POST /2/media/upload/{id}/finalize",
        "POST /2/tweets",
        "POST /2/users/{id}/likes",
    ];
    assert_eq!(operations, all.map(str::to_owned).into(), "every operation is met");
}
