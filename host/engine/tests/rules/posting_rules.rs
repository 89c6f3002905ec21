//! What leaves for a network with strangers: its own rules and the operator's policy are looked at before the attempt.

use puppet_engine::{OutboxRules, heard_id};
use puppet_store::{EffectState, Post, PostStore as _};
use puppet_tweet::{
    PublishError,
    platform::{Answered, PlatformRules},
    policy::{Marks, Policy, PostingRules, QuietHours},
};
use puppet_types::{AccountId, Decision, PostRef};
use serde_json::json;

use crate::{
    guest::{End, Step},
    outbox_doubts::{leave, listing, post, states},
    scene::{Cast, HOUR, Scene, Setting, after, effect, event, everything, start},
};

fn rules(policy: Policy) -> Option<PostingRules> {
    Some(PostingRules { platform: PlatformRules::SELF_SERVE, policy })
}

fn reply(to: &str) -> Decision {
    Decision::Reply { to: PostRef::Id(to.into()), text: format!("to {to}"), images: Vec::new() }
}

async fn reasons(scene: &Scene) -> Vec<Option<String>> {
    let effects = scene.effects().await;
    let code = |reason: String| reason.trim_start_matches("refused: ").split(':').next().unwrap_or_default().to_owned();
    effects.into_iter().map(|effect| effect.reason.map(code)).collect()
}

fn sent(scene: &Scene) -> usize {
    scene.network.orders.lock().unwrap().len()
}

#[tokio::test]
async fn what_x_does_not_take_is_never_sent_and_its_agent_hears_why() {
    let scene = listing().await;
    scene.host.set_posting_rules(rules(Policy::default()));
    let quote = Decision::Quote { of: PostRef::Id("1".into()), text: "look".to_owned() };
    let like = Decision::Like { of: PostRef::Id("1".into()) };
    let all = [quote, like, post("$A and $B"), reply("1"), post("fine")];
    let all: Vec<_> = (0..).zip(all).map(|(n, body)| effect(&format!("f{n}"), "ann", n, body)).collect();
    leave(&scene, &all).await;
    scene.run_until(after(60_000)).await;
    let codes = ["quote-not-allowed", "like-not-allowed", "too-many-cashtags", "reply-not-summoned"];
    let mut expected: Vec<Option<String>> = codes.map(|code| Some(code.to_owned())).into();
    expected.push(None);
    assert_eq!(reasons(&scene).await, expected);
    assert_eq!(sent(&scene), 1);
    let heard: Vec<_> = scene.journal().await.into_iter().map(|entry| entry.invocation.event).collect();
    let told = |event: &puppet_types::Event| event.payload["error"].as_str().unwrap_or_default().to_owned();
    assert!(heard.iter().any(|event| event.kind == "post_failed" && told(event).contains("too-many-cashtags")));
    // The same on a network of one's own.
    let scene = listing().await;
    leave(&scene, &[effect("f0", "ann", 0, post("$A and $B"))]).await;
    scene.run_until(after(60_000)).await;
    assert_eq!((sent(&scene), reasons(&scene).await), (1, vec![None]));
}

#[tokio::test]
async fn what_is_answered_is_known_from_here_or_asked_for_once() {
    let scene = listing().await;
    scene.host.set_posting_rules(rules(Policy::default()));
    let by = |author: &str, text: &str| Answered {
        author: AccountId::new(author),
        text: text.to_owned(),
        quotes: None,
        answers: None,
        begun_by: None,
    };
    let there = [("11", by("cy", "hello @ann")), ("12", by("cy", "nobody was asked"))];
    scene.network.answered.lock().unwrap().extend(there.map(|(id, answered)| (id.into(), answered)));
    // One of its own, by its id.
    leave(&scene, &[effect("own", "ann", 0, post("first"))]).await;
    scene.run_until(after(1_000)).await;
    let all = ["own", "11", "12", "13"].map(|id| effect(&format!("to{id}"), "ann", 1, reply(id)));
    leave(&scene, &all).await;
    scene.run_until(after(60_000)).await;
    let refused = || Some("reply-not-summoned".to_owned());
    assert_eq!(reasons(&scene).await, [None, None, None, refused(), refused()]);
    assert_eq!(*scene.network.looked_up.lock().unwrap(), ["11", "12", "13"], "its own is not asked for");
}

#[tokio::test]
async fn a_mention_that_led_to_the_answer_is_a_summons_that_nobody_asks_for() {
    let cast = Cast { pack: "pack", steps: vec![Step::Reply("77")], end: End::Ok, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    scene.network.posts.store(true, std::sync::atomic::Ordering::SeqCst);
    scene.host.set_posting_rules(rules(Policy::default()));
    let mut mention = event("e1", "ann", start());
    mention.id = heard_id(&"ann".into(), &"77".into());
    mention.kind = "mention".to_owned();
    mention.source = "x".to_owned();
    mention.payload = json!({ "post": { "id": "77", "author": "cy", "text": "@Ann what do you say?", "at": start() } });
    scene.host.submit(vec![mention]).await.unwrap();
    scene.run_until(after(60_000)).await;
    let first = scene.effects().await.remove(0);
    assert_eq!((first.state, first.reason), (EffectState::Done, None));
    assert!(scene.network.looked_up.lock().unwrap().is_empty());
}

/// Whoever may send events could write any post into one.
#[tokio::test]
async fn a_post_in_another_event_is_no_word_of_the_network() {
    for (kind, source, id) in [
        ("command_reply", "test", "e1".into()),
        ("mention", "test", "e1".into()),
        ("mention", "test", heard_id(&"ann".into(), &"77".into())),
    ] {
        let cast = Cast { pack: "pack", steps: vec![Step::Reply("77")], end: End::Ok, requests: everything() };
        let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
        scene.network.posts.store(true, std::sync::atomic::Ordering::SeqCst);
        let by_eve = Answered {
            author: AccountId::new("eve"),
            text: "nobody was asked".to_owned(),
            quotes: None,
            answers: None,
            begun_by: None,
        };
        scene.network.answered.lock().unwrap().insert("77".into(), by_eve);
        let policy = Policy { deny: ["eve".to_owned()].into(), ..Policy::default() };
        scene.host.set_posting_rules(rules(policy));
        let mut forged = event("e1", "ann", start());
        forged.id = id;
        forged.kind = kind.to_owned();
        forged.source = source.to_owned();
        forged.payload = json!({ "post": { "id": "77", "author": "cy", "text": "@ann hello", "at": start() } });
        scene.host.submit(vec![forged]).await.unwrap();
        scene.run_until(after(60_000)).await;
        let first = scene.effects().await.remove(0);
        assert_eq!(first.state, EffectState::Failed, "{kind} of {source}");
        assert_eq!(scene.network.looked_up.lock().unwrap()[0].as_str(), "77", "X is asked");
    }
}

#[tokio::test]
async fn a_question_that_is_not_answered_waits_and_nothing_is_refused_for_it() {
    let scene = listing().await;
    scene.host.set_outbox_rules(OutboxRules { backoff_ms: 1_000, ..OutboxRules::default() });
    scene.host.set_posting_rules(rules(Policy::default()));
    let summoned =
        Answered { author: AccountId::new("cy"), text: "@ann".to_owned(), quotes: None, answers: None, begun_by: None };
    scene.network.answered.lock().unwrap().insert("11".into(), summoned);
    *scene.network.look_up_failures.lock().unwrap() =
        vec![PublishError::RateLimited { retry_after_ms: HOUR }, PublishError::Unavailable("no route".to_owned())];
    leave(&scene, &[effect("f", "ann", 0, reply("11"))]).await;
    scene.run_until(after(HOUR / 2)).await;
    assert_eq!((sent(&scene), states(&scene).await), (0, vec![(EffectState::Waiting, 2)]));
    let reason = scene.effects().await[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("the provider asks to wait 3600000 ms"), "it says why it waits");
    scene.run_until(after(2 * HOUR)).await;
    assert_eq!(states(&scene).await, [(EffectState::Done, 3)]);
}

#[tokio::test]
async fn an_answer_to_what_is_never_shown_does_not_hold_its_account_for_ever() {
    let scene = listing().await;
    scene.host.set_outbox_rules(OutboxRules { attempts: 3, backoff_ms: 1_000, ..OutboxRules::default() });
    scene.host.set_posting_rules(rules(Policy::default()));
    let unavailable = || PublishError::Unavailable("the answer of X is not what it answers".to_owned());
    *scene.network.look_up_failures.lock().unwrap() = std::iter::repeat_with(unavailable).take(100).collect();
    leave(&scene, &[effect("a", "ann", 0, reply("11")), effect("b", "ann", 1, post("behind it"))]).await;
    scene.run_until(after(HOUR)).await;
    assert_eq!(states(&scene).await, [(EffectState::Failed, 3), (EffectState::Done, 1)]);
    let reason = scene.effects().await[0].reason.clone().unwrap();
    assert!(reason.contains("not what it answers"), "{reason}");
    let heard: Vec<_> = scene.journal().await.into_iter().map(|entry| entry.invocation.event.kind).collect();
    assert!(heard.contains(&"post_failed".to_owned()), "its plugin hears of it: {heard:?}");
}

#[tokio::test]
async fn whom_the_policy_does_not_hear_or_know_is_not_answered() {
    let names = |name: &str| [name.to_owned()].into();
    let scene = listing().await;
    let around = |id: &str, author: &str| Post {
        id: id.into(),
        author: AccountId::new(author),
        text: "@ann hello".to_owned(),
        at: start(),
        in_reply_to: None,
        quotes: None,
        conversation: id.into(),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: 0,
        replies: 0,
        quoted: 0,
    };
    for (id, author) in [("1", "eve"), ("2", "cy"), ("3", "bob"), ("4", "Fay")] {
        let effect = format!("made{id}");
        scene.store.publish(&effect.as_str().into(), vec![around(id, author)]).await.unwrap();
    }
    scene.host.set_posting_rules(rules(Policy {
        deny: names("eve"),
        friends: names("fay"),
        never_reply_to_strangers: true,
        ..Policy::default()
    }));
    scene.host.accounts.put("bob".into(), "bob".into());
    let all = ["1", "2", "3", "4"].map(|id| effect(&format!("to{id}"), "ann", 0, reply(id)));
    leave(&scene, &all).await;
    scene.run_until(after(60_000)).await;
    let [denied, stranger] = ["author-not-heard", "reply-to-stranger"].map(|code| Some(code.to_owned()));
    assert_eq!(reasons(&scene).await, [denied, stranger, None, None], "bob is of this host, and Fay a friend");
}

#[tokio::test]
async fn texts_are_cleaned_and_the_same_is_not_said_twice() {
    let scene = listing().await;
    scene.host.set_posting_rules(rules(Policy { links: Marks::Strip, duplicate_days: 1, ..Policy::default() }));
    leave(&scene, &[effect("a", "ann", 0, post("Fog, see https://example.org/x"))]).await;
    scene.run_until(after(1_000)).await;
    let others = [("b", "ann", 0, post("fog. SEE!")), ("c", "bob", 1, post("Fog, see"))];
    leave(&scene, &others.map(|(id, agent, n, body)| effect(id, agent, n, body))).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(reasons(&scene).await, [None, Some("same-text-again".to_owned()), None], "bob said it first");
    let texts: Vec<String> = scene.network.out_there.lock().unwrap().iter().map(|post| post.text.clone()).collect();
    assert_eq!(texts, ["Fog, see", "Fog, see"]);
    scene.run_until(after(25 * HOUR)).await;
    leave(&scene, &[effect("d", "ann", 0, post("fog see"))]).await;
    scene.run_until(after(26 * HOUR)).await;
    assert_eq!(reasons(&scene).await[3], None, "a day later it may be said again");
}

#[tokio::test]
async fn nothing_leaves_in_quiet_hours_but_what_is_taken_back() {
    let scene = listing().await;
    // The scene begins at midnight, UTC, as its agents have it.
    let quiet_hours = QuietHours::parse("22:00-06:30");
    scene.host.set_posting_rules(rules(Policy { quiet_hours, ..Policy::default() }));
    leave(&scene, &[effect("a", "ann", 0, post("good morning"))]).await;
    scene.run_until(after(6 * HOUR)).await;
    assert_eq!((sent(&scene), states(&scene).await), (0, vec![(EffectState::Waiting, 0)]));
    scene.run_until(after(7 * HOUR)).await;
    let at = scene.network.orders.lock().unwrap()[0].at;
    assert_eq!(at, after(6 * HOUR + HOUR / 2));
    // Other hours hold at once.
    scene.host.set_posting_rules(rules(Policy { quiet_hours: QuietHours::parse("06:30-23:00"), ..Policy::default() }));
    leave(&scene, &[effect("b", "ann", 1, post("later"))]).await;
    scene.run_until(after(8 * HOUR)).await;
    assert_eq!(sent(&scene), 1);
    scene.host.set_posting_rules(rules(Policy::default()));
    scene.run_until(after(8 * HOUR + 60_000)).await;
    assert_eq!(sent(&scene), 2);
}
