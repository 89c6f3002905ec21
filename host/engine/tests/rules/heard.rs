//! What is heard on another network: each mention is one event, for the agent behind the account, and two characters do
//! not talk for ever.

use std::sync::Arc;

use puppet_engine::{Ears, heard_id};
use puppet_store::{
    Change, CommitStore as _, Effect, EffectEnd, EffectState, EventStore as _, Heard, HeardStore as _,
    OutboxStore as _, Post,
};
use puppet_tweet::{Listener as _, Mention};
use puppet_types::{AccountId, Decision, Event, PostId, PostRef, Priority};

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, everything, start},
};

fn post(id: &str, author: &str, text: &str, to: Option<&str>) -> Post {
    Post {
        id: id.into(),
        author: AccountId::new(author),
        text: text.to_owned(),
        at: start(),
        in_reply_to: to.map(Into::into),
        quotes: None,
        conversation: to.unwrap_or(id).into(),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: 0,
        replies: 0,
        quoted: 0,
    }
}

fn mention(post: Post) -> Mention {
    Mention { post, context: Vec::new() }
}

fn far(since: &str) -> Option<Heard> {
    Some(Heard { account: "ann".into(), since: since.into(), at: start() })
}

/// `ann` and `bob`, with accounts of their names.
async fn scene() -> (Scene, Ears) {
    with(Cast { pack: "pack", steps: vec![Step::Post("hello")], end: End::Ok, requests: everything() }).await
}

async fn with(cast: Cast) -> (Scene, Ears) {
    let scene = Scene::of(cast).await;
    for name in ["ann", "bob"] {
        scene.host.accounts.put(AccountId::new(name), name.into());
    }
    let ears = Ears(Arc::clone(&scene.host));
    (scene, ears)
}

/// An effect of bob's that has come to these posts.
async fn made(scene: &Scene, id: &str, body: Decision, hops: u32, posts: &str) {
    let effect = Effect {
        id: id.into(),
        seq: 0,
        agent: "bob".into(),
        account: "bob".into(),
        invocation: id.into(),
        n: 0,
        not_before: start(),
        hops,
        body,
        state: EffectState::Sent,
        attempts: 1,
        provider_id: None,
        reason: None,
        expires: None,
        doubt: None,
        purse: None,
    };
    scene.store.apply(vec![Change::Effect(effect.clone())]).await.unwrap();
    let done = EffectEnd::of(&effect, EffectState::Done, start());
    scene.store.end_attempt(EffectEnd { provider_id: Some(posts.into()), ..done }).await.unwrap();
}

async fn event(scene: &Scene, account: &str, post: &str) -> Event {
    scene.store.event(&heard_id(&account.into(), &post.into())).await.unwrap().expect("it was heard").0
}

#[tokio::test]
async fn a_mention_is_one_event_of_the_agent_behind_the_account() {
    let (scene, ears) = scene().await;
    let account = AccountId::new("ANN");
    assert!(ears.hears(&account) && !ears.hears(&"nobody".into()));
    let said = post("12", "cy", "@ann hello", Some("11"));
    let context = vec![post("11", "dee", "before", None)];
    let brought = || vec![Mention { post: said.clone(), context: context.clone() }];
    assert_eq!(ears.take_in(&account, brought(), far("12")).await.unwrap(), Some(1));
    let heard = event(&scene, "ann", "12").await;
    assert_eq!((heard.kind.as_str(), heard.source.as_str(), heard.hops), ("mention", "x", 1));
    assert_eq!((heard.agent.as_str(), heard.author.as_deref(), heard.priority), ("ann", Some("cy"), Priority::High));
    assert_eq!(heard.payload["post"]["in_reply_to"], "11");
    assert_eq!(
        (&heard.payload["post"]["text"], &heard.payload["context"][0]["text"]),
        (&"@ann hello".into(), &"before".into())
    );
    assert!(heard.payload["from_agent"].is_null());
    assert_eq!(scene.store.heard().await.unwrap(), far("12").into_iter().collect::<Vec<_>>());
    // Whoever brings it again, and in whatever case.
    assert_eq!(ears.take_in(&"ann".into(), brought(), far("13")).await.unwrap(), Some(0));
    scene.run_until(start().plus_millis(60_000)).await;
    assert_eq!(scene.journal().await.len(), 1);
    assert_eq!(ears.take_in(&"ann".into(), brought(), None).await.unwrap(), Some(0), "also when it was handled");
    scene.run_until(start().plus_millis(120_000)).await;
    assert_eq!(scene.journal().await.len(), 1);
    // It is told without asking the network.
    assert_eq!(ears.known(&"ann".into(), &"12".into()).await.unwrap(), Some(said));
}

#[tokio::test]
async fn what_was_heard_is_not_durable_without_how_far() {
    let (scene, ears) = scene().await;
    scene.refuse("heard");
    assert!(ears.take_in(&"ann".into(), vec![mention(post("12", "cy", "@ann", None))], far("12")).await.is_err());
    scene.allow();
    assert!(scene.store.event(&heard_id(&"ann".into(), &"12".into())).await.unwrap().is_none());
    scene.run_until(start().plus_millis(60_000)).await;
    assert!(scene.journal().await.is_empty(), "nobody was told of it");
    assert_eq!(
        ears.take_in(&"ann".into(), vec![mention(post("12", "cy", "@ann", None))], far("12")).await.unwrap(),
        Some(1)
    );
}

#[tokio::test]
async fn own_posts_and_what_was_seen_to_before_are_not_heard() {
    let (scene, ears) = scene().await;
    scene.store.apply(vec![Change::Seen { posts: vec!["3".into()], keep: 9 }]).await.unwrap();
    ears.take_in(&"ann".into(), vec![mention(post("4", "cy", "@ann", None))], None).await.unwrap();
    let posts = [("1", "Ann"), ("2", "cy"), ("3", "cy"), ("4", "cy"), ("5", "bob")];
    let posts = posts.map(|(id, author)| post(id, author, "@ann", None)).to_vec();
    let unheard = ears.unheard(&"ann".into(), posts).await.unwrap();
    assert_eq!(unheard.iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), ["2", "5"]);
}

#[tokio::test]
async fn an_agent_that_has_gone_is_not_told_of_and_is_not_skipped() {
    let (scene, ears) = scene().await;
    scene.host.accounts.remove(&"ann".into(), &"ann".into());
    let brought = || vec![mention(post("12", "cy", "@ann", None))];
    assert_eq!(ears.take_in(&"ann".into(), brought(), far("12")).await.unwrap(), None);
    assert!(scene.store.heard().await.unwrap().is_empty(), "it is asked for again");
    scene.host.accounts.put("ann".into(), "ann".into());
    assert_eq!(ears.take_in(&"ann".into(), brought(), far("12")).await.unwrap(), Some(1));
}

#[tokio::test]
async fn what_our_own_agents_say_keeps_its_hops() {
    let (scene, ears) = scene().await;
    let reply = |to: &str| Decision::Reply { to: PostRef::Id(to.into()), text: "@ann so".into(), images: Vec::new() };
    let thread = Decision::Thread { parts: vec!["one".into(), "@ann two".into()] };
    made(&scene, "f1", reply("7"), 5, "20").await;
    made(&scene, "f2", thread, 3, "30,31").await;
    let answer = |id: &str, to: &str| post(id, "bob", "@ann", Some(to));
    let brought = [
        answer("20", "7"),
        answer("31", "30"),
        // X tells of it before it has answered whoever made it.
        answer("21", "20"),
        answer("22", "nowhere"),
        post("23", "cy", "@ann a person answers", Some("20")),
    ];
    ears.take_in(&"ann".into(), brought.map(mention).to_vec(), None).await.unwrap();
    for (id, hops, from) in [("20", 6, "bob"), ("31", 4, "bob"), ("21", 7, "bob"), ("22", 1, "bob"), ("23", 1, "")] {
        let heard = event(&scene, "ann", id).await;
        assert_eq!((heard.hops, heard.payload["from_agent"].as_str().unwrap_or_default()), (hops, from), "{id}");
    }
    // What bob wrote is known without asking.
    let known = ears.known(&"eve".into(), &"20".into()).await.unwrap().unwrap();
    assert_eq!((known.text.as_str(), known.in_reply_to, known.author.as_str()), ("@ann so", Some("7".into()), "bob"));
    assert!(ears.known(&"ann".into(), &PostId::new("30")).await.unwrap().is_none(), "of a thread X is asked");
}

#[tokio::test]
async fn a_chain_of_characters_ends_as_a_loop() {
    let cast = Cast { pack: "pack", steps: Vec::new(), end: End::Ok, requests: everything() };
    let (scene, ears) = with(cast).await;
    for n in 0..20 {
        let (id, next) = (format!("{}", 100 + n), format!("{}", 101 + n));
        ears.take_in(&"ann".into(), vec![mention(post(&id, "bob", "@ann", None))], None).await.unwrap();
        scene.run_until(start().plus_millis(60_000 * (n + 1))).await;
        let dead = scene.store.dead_letters(9).await.unwrap();
        if !dead.is_empty() {
            assert_eq!((dead[0].reason.as_str(), n), ("loop", 8));
            return;
        }
        // It answers, and what it says comes back from the other with what led to it.
        let hops = event(&scene, "ann", &id).await.hops;
        let said = Decision::Post { text: "@ann".into(), images: Vec::new() };
        made(&scene, &format!("f{n}"), said, hops, &next).await;
    }
    panic!("they talk for ever");
}
