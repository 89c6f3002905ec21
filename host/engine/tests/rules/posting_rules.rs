//! What leaves for a network with strangers: its own rules and the operator's policy are looked at before the attempt.

use puppet_engine::{Ears, OutboxRules, heard_id, quiet_until};
use puppet_grants::{Amount, Mode, Period, TextMarks};
use puppet_store::{EffectState, MemoryStore as _, Post, PostStore as _};
use puppet_tweet::{
    Listener as _, PublishError,
    platform::{Answered, PlatformRules},
    policy::{Marks, Policy, PostingRules, QuietHours},
};
use puppet_types::{AccountId, Capability, Decision, MemoryKind, PostRef};
use serde_json::json;

use crate::{
    guest::{End, Step},
    outbox_doubts::{leave, listing, post, states},
    scene::{Cast, HOUR, Scene, Setting, after, effect, event, everything, start},
};

fn rules(policy: Policy) -> Option<PostingRules> {
    Some(PostingRules { platform: PlatformRules::SELF_SERVE, policy, accounts: [].into() })
}

fn reply(to: &str) -> Decision {
    Decision::Reply { to: PostRef::Id(to.into()), text: format!("to {to}"), images: Vec::new() }
}

/// What somebody said to an agent.
fn hello_of(id: &str, author: &str) -> Post {
    Post {
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
    }
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
    for (id, author) in [("1", "eve"), ("2", "cy"), ("3", "bob"), ("4", "Fay")] {
        let effect = format!("made{id}");
        scene.store.publish(&effect.as_str().into(), vec![hello_of(id, author)]).await.unwrap();
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

fn thread(parts: [&str; 3]) -> Decision {
    Decision::Thread { parts: parts.map(str::to_owned).to_vec() }
}

fn out_there(scene: &Scene) -> Vec<String> {
    scene.network.out_there.lock().unwrap().iter().map(|post| post.text.clone()).collect()
}

#[tokio::test]
async fn a_thread_is_remembered_as_it_left() {
    let scene = listing().await;
    let policy = Policy { links: Marks::Strip, duplicate_days: 1, ..Policy::default() };
    scene.host.set_posting_rules(rules(policy));
    let body = thread(["one https://example.org/x", "two https://example.org/y", "three https://example.org/z"]);
    leave(&scene, &[effect("a", "ann", 0, body)]).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(out_there(&scene), ["one", "two", "three"]);
    let own = scene.store.memories(&"ann".into(), &[MemoryKind::Tweet], 9).await.unwrap();
    let mut own: Vec<String> = own.into_iter().map(|hit| hit.memory.content).collect();
    own.sort();
    assert_eq!(own, ["one", "three", "two"]);
    let again = ["one", "two", "three"].map(|text| effect(text, "ann", 1, post(text)));
    leave(&scene, &again).await;
    scene.run_until(after(120_000)).await;
    assert_eq!(reasons(&scene).await[1..], vec![Some("same-text-again".to_owned()); 3]);
}

#[tokio::test]
async fn no_part_of_a_thread_leaves_with_what_is_to_be_taken_out() {
    const GAP_MS: u64 = 10_000;
    let strip = Policy { links: Marks::Refuse, mentions: Marks::Strip, ..Policy::default() };
    let link = "@cy see https://example.org";
    for (parts, sent, reason) in [
        (["one", link, "@cy three"], vec!["one", "see https://example.org", "three"], None),
        (["one", "@cy two", "@cy"], vec!["one", "two"], Some("nothing-left-of-text".to_owned())),
    ] {
        let scene = listing().await;
        scene.host.set_outbox_rules(OutboxRules { min_gap_ms: GAP_MS, ..OutboxRules::default() });
        scene.host.set_posting_rules(rules(Policy::default()));
        leave(&scene, &[effect("a", "ann", 0, thread(parts))]).await;
        scene.run_until(after(GAP_MS + GAP_MS / 2)).await;
        let begun = out_there(&scene).len();
        assert_eq!(begun, 1, "it has begun");
        scene.host.set_posting_rules(rules(strip.clone()));
        // The next one's answer is lost: it is looked for as it was sent.
        scene.network.lost_answers.store(1, std::sync::atomic::Ordering::SeqCst);
        scene.run_until(after(HOUR)).await;
        assert_eq!(out_there(&scene), sent);
        assert_eq!(reasons(&scene).await, [reason]);
    }
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
    let row = scene.effects().await.remove(0);
    let over = after(6 * HOUR + HOUR / 2);
    assert_eq!(row.reason, Some(format!("quiet hours until {over}")), "it says why it waits");
    assert_eq!(quiet_until(&row), Some(over));
    assert!(row.not_before <= start().plus_millis(1_000), "other hours would hold at once: {}", row.not_before);
    scene.run_until(after(7 * HOUR)).await;
    assert_eq!((states(&scene).await[0].0, scene.effects().await.remove(0).reason), (EffectState::Done, None));
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

#[tokio::test]
async fn what_left_by_other_rules_is_known_again_and_what_is_refused_was_never_tried() {
    use Marks::{Allow, Strip};
    let text = "see example.org, @bob";
    for (then, now) in
        [((Strip, Strip), (Allow, Allow)), ((Allow, Allow), (Strip, Strip)), ((Strip, Allow), (Allow, Strip))]
    {
        let scene = listing().await;
        let of = |(links, mentions)| rules(Policy { links, mentions, ..Policy::default() });
        scene.host.set_posting_rules(of(then));
        scene.network.lost_answers.store(1, std::sync::atomic::Ordering::SeqCst);
        leave(&scene, &[effect("a", "ann", 0, post(text))]).await;
        scene.run_until(after(10_000)).await;
        assert_eq!(states(&scene).await, [(EffectState::InDoubt, 1)]);
        scene.host.set_posting_rules(of(now));
        scene.run_until(after(HOUR)).await;
        assert_eq!((states(&scene).await, sent(&scene)), (vec![(EffectState::Done, 1)], 1), "{then:?} {now:?}");
    }
    let scene = listing().await;
    scene.host.set_posting_rules(rules(Policy { links: Marks::Refuse, ..Policy::default() }));
    leave(&scene, &[effect("a", "ann", 0, post(text))]).await;
    scene.run_until(after(10_000)).await;
    assert_eq!((states(&scene).await, sent(&scene)), (vec![(EffectState::Failed, 0)], 0));
}

/// Every kind of verdict, of one call.
fn rehearsed() -> Cast {
    let steps = vec![
        Step::Post("$A and $B"),
        Step::Like("11"),
        Step::Reply("11"),
        Step::ReplyDecision(0),
        Step::Post("fine"),
        Step::Post("Fine!"),
        Step::ReplyDecision(4),
        Step::Post("what does @eve say"),
    ];
    Cast { pack: "pack", steps, end: End::Ok, requests: everything() }
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_refused_and_asks_nobody() {
    let policy = || Policy { duplicate_days: 1, deny: ["eve".to_owned()].into(), ..Policy::default() };
    // Also where nothing is enforced, as on the local timeline.
    for is_enforced in [true, false] {
        let scene =
            Scene::with(Setting { mode: Mode::DryRun, ..Setting::default() }, vec![rehearsed()], &["ann"]).await;
        match is_enforced {
            true => scene.host.set_posting_rules(rules(policy())),
            false => rules(policy()).into_iter().for_each(|rules| scene.host.set_rehearsal_rules(rules)),
        }
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        scene.run_until(after(60_000)).await;
        let told: Vec<_> = scene.effects().await.into_iter().map(|effect| effect.reason).collect();
        let told: Vec<_> = told.iter().map(|reason| reason.as_deref().unwrap_or("leaves")).collect();
        let begins = [
            "would be refused: too-many-cashtags: X does not take ",
            "would be refused: like-not-allowed: ",
            "not known whether it would be refused: ",
            "would not leave: decision 0 ",
            "leaves",
            "would be refused: same-text-again: the policy refuses ",
            "leaves",
            "would be refused: author-not-heard: ",
        ];
        assert_eq!(told.len(), begins.len());
        told.iter().zip(begins).for_each(|(told, begins)| assert!(told.starts_with(begins), "{told}"));
        assert!(scene.network.looked_up.lock().unwrap().is_empty(), "nobody pays for a dry run");
        // The next day may say it again, and the same day may not.
        for (n, at, again) in [(1, HOUR, true), (2, 26 * HOUR, false)] {
            let id = ["e1", "e2", "e3"][n];
            scene.host.submit(vec![event(id, "ann", after(at))]).await.unwrap();
            scene.run_until(after(at + 60_000)).await;
            let fine = scene.effects().await.swap_remove(n * begins.len() + 4);
            assert_eq!(fine.reason.is_some(), again, "{id}: {:?}", fine.reason);
        }
    }
}

/// A plugin that hears at once that X takes no likes can do something else.
#[tokio::test]
async fn likes_and_quotes_that_x_does_not_take_are_refused_when_they_are_decided() {
    for mode in [Mode::Live, Mode::Approve] {
        let steps = vec![Step::Like("7"), Step::Quote("7"), Step::Post("fine")];
        let cast = Cast { pack: "pack", steps, end: End::Ok, requests: everything() };
        let scene = Scene::with(Setting { mode, ..Setting::default() }, vec![cast], &["ann"]).await;
        scene.host.set_posting_rules(rules(Policy::default()));
        let entry = scene.handle(event("e1", "ann", start())).await;
        let kinds: Vec<_> = entry.invocation.decisions.iter().map(|decided| decided.decision.kind()).collect();
        assert_eq!(kinds, ["post"]);
        let answers: Vec<_> = entry.invocation.reads.iter().map(|read| read.answer.as_str()).collect();
        let codes = ["like-not-allowed", "quote-not-allowed"];
        assert_eq!(answers.len(), codes.len());
        for (answer, code) in answers.iter().zip(codes) {
            assert!(answer.contains("\"denied\"") && answer.contains(&format!("{code}: X does not take")), "{answer}");
        }
        // What was refused is not charged.
        assert_eq!(scene.used(Amount::Likes, Period::Hour).await.0, 0);
        assert_eq!(scene.used(Amount::Posts, Period::Hour).await.0, 1);
    }
}

/// Wherever it leaves for.
#[tokio::test]
async fn a_grant_says_what_becomes_of_links_and_names() {
    let steps = vec![Step::Post("hi @ada, see https://example.org now"), Step::Post("@ada hi")];
    let mut requests = everything();
    requests.get_mut(&Capability::Tweet).unwrap().marks = TextMarks { links: Marks::Strip, mentions: Marks::Allow };
    let cast = Cast { pack: "pack", steps: steps.clone(), end: End::Ok, requests };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(60_000)).await;
    assert_eq!(scene.posted(), ["hi @ada, see now", "@ada hi"]);
    // With the policy the stricter of both holds.
    let mut requests = everything();
    requests.get_mut(&Capability::Tweet).unwrap().marks = TextMarks { links: Marks::Allow, mentions: Marks::Refuse };
    let steps = vec![Step::Post("@ada hi"), Step::Post("see https://example.org now")];
    let cast = Cast { pack: "pack", steps, end: End::Ok, requests };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    scene.host.set_posting_rules(rules(Policy { links: Marks::Strip, ..Policy::default() }));
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(60_000)).await;
    assert_eq!(scene.posted()[0], "see now");
    assert_eq!(reasons(&scene).await[..2], [Some("mention-not-allowed".to_owned()), None]);
}

#[tokio::test]
async fn what_is_not_heard_is_counted_once() {
    let scene = listing().await;
    let policy = Policy { deny: ["eve".to_owned()].into(), ..Policy::default() };
    let bob = Policy { allow: ["eve".to_owned()].into(), ..Policy::default() };
    scene.host.set_posting_rules(Some(PostingRules {
        platform: PlatformRules::SELF_SERVE,
        policy,
        accounts: [("bob".to_owned(), bob)].into(),
    }));
    let ears = Ears(std::sync::Arc::clone(&scene.host));
    for (account, expected) in [("ann", ["3"]), ("Bob", ["1"])] {
        for _ in 0..2 {
            let posts = vec![hello_of("1", "Eve"), hello_of("3", "cy")];
            let unheard = ears.unheard(&account.into(), posts).await.unwrap();
            assert_eq!(unheard.iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), expected);
        }
    }
    assert_eq!(scene.host.turned_away(), [("ann".into(), 1), ("Bob".into(), 1)].into());
}

#[tokio::test]
async fn a_quote_of_somebody_who_is_denied_does_not_leave() {
    let scene = listing().await;
    let policy = Policy { deny: ["eve".to_owned()].into(), ..Policy::default() };
    scene.host.set_posting_rules(Some(PostingRules {
        platform: PlatformRules::NONE,
        policy,
        accounts: [("bob".to_owned(), Policy::default())].into(),
    }));
    let by = |author: &str| Answered {
        author: AccountId::new(author),
        text: String::new(),
        quotes: None,
        answers: None,
        begun_by: None,
    };
    let there = [("11", by("Eve")), ("12", by("cy"))];
    scene.network.answered.lock().unwrap().extend(there.map(|(id, answered)| (id.into(), answered)));
    let quote = |of: &str| Decision::Quote { of: PostRef::Id(of.into()), text: format!("look at {of}") };
    let all = [quote("11"), quote("12"), post("@eve hello")];
    let mut all: Vec<_> = (0..).zip(all).map(|(n, body)| effect(&format!("f{n}"), "ann", n, body)).collect();
    // An account with a policy of its own.
    all.push(puppet_store::Effect { account: "bob".into(), ..effect("f9", "ann", 9, quote("11")) });
    leave(&scene, &all).await;
    scene.run_until(after(60_000)).await;
    let refused = || Some("author-not-heard".to_owned());
    assert_eq!(reasons(&scene).await, [refused(), None, refused(), None]);
}
