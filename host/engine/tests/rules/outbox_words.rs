//! What the operator says of effects: tried anew or dropped; the plugin hears of every end, and budgets stay as they were.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::{OutboxError, Word, speak};
use puppet_grants::{Amount, Period};
use puppet_store::{Effect, EffectState, JournalStore as _, OutboxStore as _};
use puppet_tweet::PublishError;

use crate::{
    guest::{End, Step},
    outbox_doubts::{heard, leave, listing, out_there, post, states},
    scene::{Cast, Scene, Setting, after, effect, event, everything, start},
};

const SURE: Word = Word::Retry { sure: true };
const RETRY: Word = Word::Retry { sure: false };
const DROP: Word = Word::Drop { reason: None };

fn refused() -> Vec<PublishError> {
    vec![PublishError::Refused("no".to_owned())]
}

/// The code of a refusal.
async fn said(scene: &Scene, id: &str, word: &Word) -> &'static str {
    match scene.host.speak(&id.into(), word).await {
        Ok(_) => "taken",
        Err(OutboxError::Unknown(_)) => "unknown",
        Err(OutboxError::NotFailed(..)) => "not-failed",
        Err(OutboxError::NotOpen(..)) => "not-open",
        Err(OutboxError::Asked(_)) => "asked",
        Err(OutboxError::NotSure(_)) => "not-sure",
        Err(OutboxError::Forgotten(_)) => "forgotten",
        Err(OutboxError::Store(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_failed_is_tried_anew_and_its_plugin_hears_of_both() {
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = refused();
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    scene.run_until(after(10_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Failed, 1)]);
    assert_eq!(said(&scene, "a", &DROP).await, "not-open", "it has ended");
    assert_eq!(said(&scene, "a", &RETRY).await, "taken", "it did not happen for certain");
    assert_eq!(said(&scene, "a", &RETRY).await, "not-failed", "once");
    scene.run_until(after(20_000)).await;
    assert_eq!((states(&scene).await, out_there(&scene)), (vec![(EffectState::Done, 1)], vec!["a".to_owned()]));
    assert_eq!(heard(&scene).await, [("post_failed".to_owned(), 0), ("post_published".to_owned(), 0)]);
    assert_eq!(said(&scene, "a", &SURE).await, "not-failed", "nothing is done twice");
    assert_eq!(said(&scene, "none", &SURE).await, "unknown");
}

#[tokio::test]
async fn its_plugin_hears_each_time_that_it_fails() {
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = [refused(), refused()].concat();
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    for seconds in [10, 20, 30] {
        scene.run_until(after(seconds * 1_000)).await;
        assert_eq!(states(&scene).await[0].0, EffectState::Failed);
        assert_eq!(said(&scene, "a", &RETRY).await, "taken");
        if seconds == 20 {
            assert_eq!(said(&scene, "a", &DROP).await, "taken");
        }
    }
    scene.run_until(after(40_000)).await;
    let failed = || ("post_failed".to_owned(), 0);
    assert_eq!(heard(&scene).await, [failed(), failed(), failed(), ("post_published".to_owned(), 0)]);
}

#[tokio::test]
async fn what_may_have_happened_is_tried_anew_by_who_is_sure() {
    let scene = listing().await;
    scene.network.lists.store(false, SeqCst);
    scene.network.lost_orders.store(1, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    scene.run_until(after(10_000)).await;
    assert_eq!(said(&scene, "a", &SURE).await, "asked");
    scene.run_until(after(60_000)).await;
    assert_eq!(said(&scene, "a", &RETRY).await, "not-sure");
    assert_eq!(said(&scene, "a", &DROP).await, "taken");
    let row = &scene.effects().await[0];
    assert_eq!(row.reason.as_deref(), Some("dropped by the operator, and may have happened"));
    assert_eq!(said(&scene, "a", &RETRY).await, "not-sure", "it still may have");
    assert_eq!(said(&scene, "a", &SURE).await, "taken");
    scene.run_until(after(90_000)).await;
    assert_eq!((states(&scene).await, out_there(&scene).len()), (vec![(EffectState::Done, 1)], 1));
}

#[tokio::test]
async fn what_is_dropped_never_leaves_and_holds_nobody() {
    let scene = listing().await;
    scene.network.lost_answers.store(1, SeqCst);
    *scene.network.look_failures.lock().unwrap() = vec![PublishError::RateLimited { retry_after_ms: 1 }];
    leave(&scene, &[("a", 0), ("b", 1), ("c", 2)].map(|(id, n)| effect(id, "ann", n, post(id)))).await;
    scene.run_until(after(10_000)).await;
    assert_eq!(states(&scene).await[0], (EffectState::InDoubt, 1));
    let reason = Some("enough".to_owned());
    assert_eq!(said(&scene, "b", &Word::Drop { reason }).await, "taken");
    assert_eq!(said(&scene, "a", &DROP).await, "taken");
    scene.run_until(after(20_000)).await;
    let rows = scene.effects().await;
    let ends: Vec<_> = rows.iter().map(|row| (row.state, row.reason.as_deref())).collect();
    let dropped = |reason| (EffectState::Failed, Some(reason));
    let expected = [
        dropped("dropped by the operator, and may have happened"),
        dropped("dropped by the operator: enough"),
        (EffectState::Done, None),
    ];
    assert_eq!(ends, expected, "what waits behind them goes on");
    assert_eq!((scene.network.looks.load(SeqCst), scene.network.published()), (0, 2));
    let mut heard = heard(&scene).await;
    heard.sort();
    let failed = |n| ("post_failed".to_owned(), n);
    assert_eq!(heard, [failed(0), failed(1), ("post_published".to_owned(), 2)]);
}

/// Its provider would say that it was done: of two words the first one stands.
#[tokio::test]
async fn what_is_dropped_while_its_provider_is_asked_is_dropped() {
    let scene = listing().await;
    scene.network.lost_answers.store(1, SeqCst);
    scene.network.look_waits.store(true, SeqCst);
    leave(&scene, &[("a", 0), ("b", 1)].map(|(id, n)| effect(id, "ann", n, post(id)))).await;
    let word = async {
        while scene.network.looks.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(said(&scene, "a", &DROP).await, "taken");
        scene.network.look_goes_on.notify_one();
    };
    let all = async { tokio::join!(scene.run_until(after(60_000)), word) };
    tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("its provider is asked");
    assert_eq!(states(&scene).await, [(EffectState::Failed, 1), (EffectState::Done, 1)]);
    let mut heard = heard(&scene).await;
    heard.sort();
    assert_eq!(heard, [("post_failed".to_owned(), 0), ("post_published".to_owned(), 1)]);
}

/// The word is in the rows, and the host has the effect in its hands still.
#[tokio::test]
async fn what_is_dropped_in_the_rows_does_not_leave_either() {
    let scene = listing().await;
    let later = |id: &str, n| Effect { not_before: after(5_000), ..effect(id, "ann", n, post(id)) };
    leave(&scene, &[later("a", 0), later("b", 1)]).await;
    let spoken = speak(&scene.store, &"a".into(), &DROP, (start(), after(1))).await.unwrap();
    assert_eq!((spoken.effect.state, spoken.events.len()), (EffectState::Failed, 1));
    scene.run_until(after(10_000)).await;
    assert_eq!(out_there(&scene), ["b"]);
    assert_eq!(states(&scene).await, [(EffectState::Failed, 0), (EffectState::Done, 1)]);
}

#[tokio::test]
async fn what_was_forgotten_is_not_said_again() {
    let scene = Scene::with(Setting::default(), speaking(), &["ann"]).await;
    *scene.network.failures.lock().unwrap() = refused();
    let entry = scene.handle(event("e1", "ann", start())).await;
    let forgotten = scene.store.forget(vec![entry.invocation.id.clone()], "asked to").await.unwrap();
    assert_eq!(forgotten.fates.len(), 1);
    let id = scene.effects().await[0].id.to_string();
    assert_eq!(said(&scene, &id, &SURE).await, "forgotten");
}

/// Nobody can tell whether it happened, and a later word stands where the store wrote that it was forgotten.
#[tokio::test]
async fn what_was_forgotten_does_not_leave_by_any_way() {
    let scene = Scene::with(Setting::default(), speaking(), &["ann"]).await;
    scene.network.lists.store(false, SeqCst);
    scene.network.lost_answers.store(1, SeqCst);
    let entry = scene.handle(event("e1", "ann", start())).await;
    scene.run_until(after(60_000)).await;
    let effect = scene.effects().await.remove(0);
    scene.store.forget(vec![entry.invocation.id.clone()], "asked to").await.unwrap();
    let id = effect.id.as_str();
    assert_eq!(said(&scene, id, &DROP).await, "taken");
    assert_eq!(said(&scene, id, &RETRY).await, "forgotten");
    assert_eq!(said(&scene, id, &SURE).await, "forgotten");
    // Whoever makes it wait again does not send it either.
    let forgotten = scene.store.effect(&effect.id).await.unwrap().unwrap().body;
    leave(&scene, &[Effect { body: forgotten, ..crate::scene::effect("a", "ann", 7, post("")) }]).await;
    scene.run_until(after(90_000)).await;
    let row = scene.store.effect(&"a".into()).await.unwrap().unwrap();
    assert_eq!((row.state, row.reason.as_deref()), (EffectState::Failed, Some("refused: what it said was forgotten")));
    assert!(scene.network.orders.lock().unwrap().iter().all(|order| order.effect.as_str() != "a"));
}

fn speaking() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::PostEventId], end: End::Ok, requests: everything() }]
}

/// A post is paid for when it is decided: no end of it gives that back, and no new try is paid again.
#[tokio::test]
async fn budgets_count_a_post_once_however_it_ends() {
    type Meets = fn(&Scene);
    let lost: Meets = |scene| scene.network.lost_answers.store(1, SeqCst);
    let refuses: Meets = |scene| *scene.network.failures.lock().unwrap() = refused();
    // (what it meets, whether the provider can be asked, what is said, how it stands)
    let table = [
        (lost, true, vec![], EffectState::Done),
        (lost, false, vec![SURE], EffectState::Done),
        (lost, false, vec![DROP], EffectState::Failed),
        (refuses, true, vec![], EffectState::Failed),
        (refuses, true, vec![RETRY], EffectState::Done),
    ];
    for (n, (meets, lists, words, end)) in table.into_iter().enumerate() {
        let scene = Scene::with(Setting::default(), speaking(), &["ann"]).await;
        scene.network.posts.store(true, SeqCst);
        scene.network.lists.store(lists, SeqCst);
        meets(&scene);
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        scene.run_until(after(1_500)).await;
        let id = scene.effects().await[0].id.clone();
        scene.run_until(after(40_000)).await;
        for word in &words {
            assert_eq!(said(&scene, id.as_str(), word).await, "taken", "case {n}");
        }
        scene.run_until(after(45_000)).await;
        assert_eq!(scene.store.effect(&id).await.unwrap().unwrap().state, end, "case {n}");
        // The guest posts of what it hears, too: one for each effect.
        let decided = scene.effects().await.len() as u64;
        assert_eq!(scene.used(Amount::Posts, Period::Hour).await, (decided, 0), "case {n}");
        let next = scene.again(Setting::default(), speaking()).await;
        assert!(next.host.actor(&"ann".into()).await.unwrap().is_some());
        assert_eq!(next.used(Amount::Posts, Period::Hour).await, (decided, 0), "case {n}, after a start");
    }
}
