//! A thread where a provider takes one post at a time: it leaves part by part, none twice, and goes on behind its last part
//! whatever breaks off in the middle.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::{Clock as _, OutboxRules, Word};
use puppet_store::{EffectState, MemoryStore as _, OutboxStore as _, Post};
use puppet_tweet::PublishError;
use puppet_types::{Decision, MemoryKind, PostRef};

use crate::{
    budgets::abandoned,
    outbox_doubts::{again, heard, leave, listing, out_there, post, states},
    scene::{Scene, after, effect},
};

/// Apart by the gap, so that a test can come between two parts.
const GAP_MS: u64 = 10_000;

fn thread() -> Decision {
    Decision::Thread { parts: ["one", "two", "three"].map(str::to_owned).to_vec() }
}

/// After the first part and before the second; after the second and before the third.
async fn until_part(scene: &Scene, part: usize) {
    scene.host.set_outbox_rules(OutboxRules { min_gap_ms: GAP_MS, ..OutboxRules::default() });
    let so_far = GAP_MS * part as u64 + GAP_MS / 2;
    scene.run_until(after(so_far)).await;
    assert_eq!(scene.network.published(), part);
}

/// Id, text, and what it answers, of every post that is out there.
fn chain(scene: &Scene) -> Vec<(String, String, Option<String>)> {
    let told =
        |post: &Post| (post.id.to_string(), post.text.clone(), post.in_reply_to.as_ref().map(ToString::to_string));
    scene.network.out_there.lock().unwrap().iter().map(told).collect()
}

/// The whole thread, each part once, each an answer to the one before.
fn whole() -> Vec<(String, String, Option<String>)> {
    let part = |id: &str, text: &str, to: Option<&str>| (id.to_owned(), text.to_owned(), to.map(str::to_owned));
    vec![part("a", "one", None), part("a-2", "two", Some("a")), part("a-3", "three", Some("a-2"))]
}

#[tokio::test]
async fn it_leaves_part_by_part_and_counts_as_one() {
    let scene = listing().await;
    let answer = Decision::Reply { to: PostRef::Decision(0), text: "and more".to_owned(), images: Vec::new() };
    leave(&scene, &[effect("a", "ann", 0, thread()), effect("b", "ann", 1, answer)]).await;
    scene.run_until(after(60_000)).await;
    let mut all = whole();
    all.push(("b".to_owned(), "and more".to_owned(), Some("a-3".to_owned())));
    assert_eq!(chain(&scene), all, "what answers it answers its last part");
    let parts: Vec<bool> = scene.network.orders.lock().unwrap().iter().map(|order| order.of_thread).collect();
    assert_eq!(parts, [true, true, true, false], "an answer is priced as one, a part is not");
    let row = scene.effects().await.remove(0);
    assert_eq!((row.state, row.provider_id.as_deref(), row.doubt), (EffectState::Done, Some("a,a-2,a-3"), None));
    assert_eq!(heard(&scene).await, [("post_published".to_owned(), 0), ("post_published".to_owned(), 1)]);
    let own = scene.store.memories(&"ann".into(), &[MemoryKind::Post], 9).await.unwrap();
    assert_eq!(own.len(), 3, "every part is on the list");
}

/// A provider that does the same once has it whole.
#[tokio::test]
async fn a_provider_that_knows_effects_gets_it_whole() {
    let scene = listing().await;
    scene.network.posts.store(false, SeqCst);
    scene.network.is_idempotent.store(true, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, thread())]).await;
    scene.run_until(after(1_000)).await;
    assert_eq!((scene.network.published(), states(&scene).await), (1, vec![(EffectState::Done, 1)]));
}

#[tokio::test]
async fn a_crash_at_any_part_neither_doubles_nor_loses_one() {
    for part in 0..3 {
        for is_done in [true, false] {
            let scene = listing().await;
            leave(&scene, &[effect("a", "ann", 0, thread()), effect("b", "ann", 1, post("rain"))]).await;
            until_part(&scene, part).await;
            let hangs = if is_done { &scene.network.hangs_after } else { &scene.network.hangs };
            hangs.store(true, SeqCst);
            let out = part + usize::from(is_done);
            abandoned(&scene, || scene.network.published() == part + 1 && out_there(&scene).len() == out).await;
            let row = scene.effects().await.remove(0);
            let ids = whole().into_iter().take(part).map(|(id, ..)| id).collect::<Vec<_>>().join(",");
            assert_eq!((row.state, row.attempts), (EffectState::Sent, 1), "part {part}, done: {is_done}");
            assert_eq!(row.provider_id.unwrap_or_default(), ids, "those that are there are written");

            let next = again(&scene).await;
            next.run_until(after(600_000)).await;
            let mut all = whole();
            all.push(("b".to_owned(), "rain".to_owned(), None));
            assert_eq!(chain(&next), all, "part {part}, done: {is_done}");
            let rows: Vec<EffectState> = next.effects().await.iter().map(|effect| effect.state).collect();
            assert_eq!(rows, [EffectState::Done; 2]);
            assert_eq!(next.effects().await[0].provider_id.as_deref(), Some("a,a-2,a-3"));
            assert_eq!(heard(&next).await, [("post_published".to_owned(), 0), ("post_published".to_owned(), 1)]);
        }
    }
}

/// A host that dies between two parts: nothing is under way, and the line still stands for the rest.
#[tokio::test]
async fn a_host_that_ends_between_two_parts_goes_on_with_the_next() {
    let scene = listing().await;
    leave(&scene, &[effect("a", "ann", 0, thread()), effect("b", "ann", 1, post("rain"))]).await;
    until_part(&scene, 1).await;
    assert_eq!(states(&scene).await, [(EffectState::Waiting, 0), (EffectState::Waiting, 0)]);
    let next = again(&scene).await;
    next.run_until(after(60_000)).await;
    let ids: Vec<String> = chain(&next).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, ["a", "a-2", "a-3", "b"]);
    assert_eq!(next.network.looks.load(SeqCst), 0, "nothing was in doubt");
}

#[tokio::test]
async fn each_part_that_is_lost_is_looked_for_and_has_all_its_tries() {
    let unavailable = || PublishError::Unavailable("no route".to_owned());
    for is_done in [true, false] {
        let scene = listing().await;
        leave(&scene, &[effect("a", "ann", 0, thread())]).await;
        until_part(&scene, 1).await;
        let lost = if is_done { &scene.network.lost_answers } else { &scene.network.lost_orders };
        lost.store(1, SeqCst);
        scene.run_until(after(300_000)).await;
        assert_eq!(chain(&scene), whole(), "done: {is_done}");
        assert_eq!(scene.network.looks.load(SeqCst), 1);
    }
    let scene = listing().await;
    scene.host.set_outbox_rules(OutboxRules { breaker_failures: 99, min_gap_ms: 100_000, ..OutboxRules::default() });
    leave(&scene, &[effect("a", "ann", 0, thread())]).await;
    for _ in 0..3 {
        // The last of five tries succeeds, and the next part's first fails again.
        *scene.network.failures.lock().unwrap() = vec![unavailable(), unavailable(), unavailable(), unavailable()];
        let before = scene.network.out_there.lock().unwrap().len();
        until_posts(&scene, before + 1).await;
    }
    assert_eq!((chain(&scene), scene.network.published()), (whole(), 15));
}

/// Until so many posts are out there.
async fn until_posts(scene: &Scene, posts: usize) {
    for _ in 0..600 {
        if scene.network.out_there.lock().unwrap().len() >= posts {
            return;
        }
        let now = scene.clock.now();
        scene.run_until(now.plus_millis(1_000)).await;
    }
    panic!("{:?}", scene.effects().await);
}

#[tokio::test]
async fn a_part_that_is_refused_ends_it_there_and_the_operator_can_go_on() {
    let scene = listing().await;
    leave(&scene, &[effect("a", "ann", 0, thread())]).await;
    until_part(&scene, 2).await;
    *scene.network.failures.lock().unwrap() = vec![PublishError::Refused("no".to_owned())];
    let answer = Decision::Reply { to: PostRef::Decision(0), text: "and more".to_owned(), images: Vec::new() };
    leave(&scene, &[effect("b", "ann", 1, answer)]).await;
    scene.run_until(after(100_000)).await;
    let row = scene.effects().await.remove(0);
    assert_eq!((row.state, row.reason.as_deref()), (EffectState::Failed, Some("refused: no")));
    assert_eq!(row.provider_id.as_deref(), Some("a,a-2"));
    assert_eq!(scene.effects().await[1].state, EffectState::Failed, "half a thread is not answered");
    let told: Vec<String> = scene
        .journal()
        .await
        .iter()
        .map(|entry| entry.invocation.event.payload["error"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, ["2 of 3 parts are there (a, a-2): refused: no", "refused: decision 0 was not published"]);
    let claimed = scene.store.published_as(&"ann".into(), 9).await.unwrap();
    assert_eq!(claimed, ["a,a-2"], "no other effect's posts are mistaken for them");

    scene.host.speak(&"a".into(), &Word::Retry { sure: false }).await.unwrap();
    scene.run_until(after(200_000)).await;
    assert_eq!(chain(&scene), whole());
    assert_eq!(scene.effects().await[0].state, EffectState::Done);
}

#[tokio::test]
async fn nothing_of_it_leaves_while_everything_is_halted() {
    let scene = listing().await;
    leave(&scene, &[effect("a", "ann", 0, thread())]).await;
    until_part(&scene, 1).await;
    scene.host.halt(None).await.unwrap();
    scene.run_until(after(100_000)).await;
    assert_eq!(out_there(&scene), ["a"]);
    scene.host.resume().await.unwrap();
    scene.run_until(after(200_000)).await;
    assert_eq!(chain(&scene), whole());
}
