//! Rule 4, its second half: an effect whose fate is not known is asked about before anything of its account is tried. What
//! was done counts as published, what was not is tried again, and of what nobody can tell the operator hears.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use puppet_engine::{Happening, Live, OutboxRules, SystemClock};
use puppet_store::{Change, Doubt, Effect, EffectState, MemoryStore as _, OutboxStore as _};
use puppet_tweet::PublishError;
use puppet_types::{Decision, MemoryKind, PostRef};
use tokio::sync::{broadcast::Receiver, watch};

use crate::{
    budgets::abandoned,
    guest::{End, Step},
    scene::{Cast, Scene, Setting, after, effect, everything, start},
};

/// Hears of what came of its effects, and does nothing.
pub fn quiet() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::Log("here")], end: End::Ok, requests: everything() }]
}

pub fn post(text: &str) -> Decision {
    Decision::Post { text: text.to_owned(), images: Vec::new() }
}

/// A scene whose network makes posts and lists them.
pub async fn listing() -> Scene {
    let scene = Scene::with(Setting::default(), quiet(), &["ann", "bob"]).await;
    lists(&scene);
    scene
}

fn lists(scene: &Scene) {
    scene.network.posts.store(true, SeqCst);
    scene.network.lists.store(true, SeqCst);
}

/// Another host on the same rows, and the same network.
pub async fn again(scene: &Scene) -> Scene {
    let next = scene.again(Setting::default(), quiet()).await;
    lists(&next);
    *next.network.out_there.lock().unwrap() = scene.network.out_there.lock().unwrap().clone();
    next
}

pub async fn leave(scene: &Scene, effects: &[Effect]) {
    scene.host.apply(effects.iter().cloned().map(Change::Effect).collect()).await.unwrap();
}

/// Ids of the posts that are out there.
pub fn out_there(scene: &Scene) -> Vec<String> {
    scene.network.out_there.lock().unwrap().iter().map(|post| post.id.to_string()).collect()
}

/// State and attempts of every effect.
pub async fn states(scene: &Scene) -> Vec<(EffectState, u32)> {
    scene.effects().await.into_iter().map(|effect| (effect.state, effect.attempts)).collect()
}

/// Kinds of the events that the agents heard of, with decisions.
pub async fn heard(scene: &Scene) -> Vec<(String, u64)> {
    let entries = scene.journal().await.into_iter().map(|entry| entry.invocation.event);
    entries.map(|event| (event.kind, event.payload["decision"].as_u64().unwrap_or(99))).collect()
}

fn undecided(watcher: &mut Receiver<Happening>) -> Vec<String> {
    let mut told = Vec::new();
    while let Ok(happening) = watcher.try_recv() {
        if let Happening::Undecidable { effect, .. } = happening {
            told.push(effect.id.to_string());
        }
    }
    told
}

#[tokio::test]
async fn what_was_done_counts_as_published_though_its_answer_was_lost() {
    let scene = listing().await;
    scene.network.lost_answers.store(1, SeqCst);
    let answer = Decision::Reply { to: PostRef::Decision(0), text: "and more".to_owned(), images: Vec::new() };
    leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, answer)]).await;
    scene.run_until(after(29_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::InDoubt, 1), (EffectState::Waiting, 0)], "the account waits");
    assert_eq!(scene.network.looks.load(SeqCst), 0, "what is on its way may still arrive");
    scene.run_until(after(60_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Done, 1), (EffectState::Done, 1)]);
    assert_eq!((out_there(&scene), scene.network.looks.load(SeqCst)), (vec!["a".into(), "b".into()], 1));
    let row = &scene.effects().await[0];
    assert_eq!((row.provider_id.as_deref(), row.reason.as_deref(), row.doubt), (Some("a"), None, None));
    assert_eq!(heard(&scene).await, [("post_published".to_owned(), 0), ("post_published".to_owned(), 1)]);
    let own = scene.store.memories(&"ann".into(), &[MemoryKind::Tweet, MemoryKind::Post], 9).await.unwrap();
    let own = own.iter().filter(|own| own.memory.content == "tea").count();
    assert_eq!(own, 2, "it is on both lists of own posts");
}

/// The same with the live driver and the real clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_waits_for_word_of_its_provider_and_others_do_not() {
    let setting = Setting { clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    let scene = Scene::with(setting, quiet(), &["ann", "bob"]).await;
    lists(&scene);
    scene.host.set_outbox_rules(OutboxRules { look_after_ms: 200, ..OutboxRules::default() });
    scene.network.lost_answers.store(1, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    let mut watcher = scene.host.watch();
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    let mut ends = Vec::new();
    let all = async {
        while ends.iter().filter(|state| **state == EffectState::Done).count() < 3 {
            if let Happening::Effect { state, .. } = watcher.recv().await.unwrap() {
                if ends.is_empty() {
                    leave(&scene, &[effect("b", "ann", 1, post("rain")), effect("z", "bob", 2, post("fog"))]).await;
                }
                ends.push(state);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("every effect ends");
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    assert_eq!((ends[0], ends.len(), scene.network.looks.load(SeqCst)), (EffectState::InDoubt, 4, 1));
    let out: Vec<String> = out_there(&scene).into_iter().filter(|id| id != "z").collect();
    assert_eq!(out, ["a", "b"], "each once, and in their order");
    let rows = scene.effects().await;
    let ended = |n: usize| (rows[n].id.as_str(), rows[n].state, rows[n].attempts);
    assert_eq!([ended(0), ended(1)], [("a", EffectState::Done, 1), ("b", EffectState::Done, 1)]);
}

#[tokio::test]
async fn what_was_not_done_is_tried_again_and_counts_its_attempt() {
    let scene = listing().await;
    scene.network.lost_orders.store(1, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, post("rain"))]).await;
    scene.run_until(after(120_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Done, 2), (EffectState::Done, 1)]);
    assert_eq!(out_there(&scene), ["a", "b"], "in their order");
}

#[tokio::test]
async fn an_order_that_is_always_lost_fails_for_good() {
    let scene = listing().await;
    scene.network.lost_orders.store(99, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    scene.run_until(after(600_000)).await;
    let row = &scene.effects().await[0];
    assert_eq!((row.state, row.attempts, row.doubt), (EffectState::Failed, 5, None));
    assert_eq!(row.reason.as_deref(), Some("an attempt was lost: its provider has not got it"));
    assert_eq!(heard(&scene).await, [("post_failed".to_owned(), 0)]);
}

/// The account has said the same before: within the same second, and nothing else tells them apart than who made them.
#[tokio::test]
async fn the_same_text_of_an_earlier_effect_is_not_mistaken_for_it() {
    for is_done in [false, true] {
        let scene = listing().await;
        leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
        scene.run_until(after(100)).await;
        assert_eq!(out_there(&scene), ["a"]);
        let lost = if is_done { &scene.network.lost_answers } else { &scene.network.lost_orders };
        lost.store(1, SeqCst);
        let same = Effect { not_before: after(200), ..effect("b", "ann", 1, post("tea")) };
        leave(&scene, &[same]).await;
        scene.run_until(after(120_000)).await;
        assert_eq!(out_there(&scene), ["a", "b"], "each once");
        let attempts = if is_done { 1 } else { 2 };
        assert_eq!(states(&scene).await, [(EffectState::Done, 1), (EffectState::Done, attempts)]);
        assert_eq!(scene.effects().await[1].provider_id.as_deref(), Some("b"));
    }
}

#[tokio::test]
async fn a_crash_after_it_was_done_does_not_do_it_twice_and_one_before_does_not_lose_it() {
    for is_done in [true, false] {
        let scene = listing().await;
        let hangs = if is_done { &scene.network.hangs_after } else { &scene.network.hangs };
        hangs.store(true, SeqCst);
        leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, post("rain"))]).await;
        let out = usize::from(is_done);
        abandoned(&scene, || scene.network.published() == 1 && out_there(&scene).len() == out).await;
        assert_eq!(states(&scene).await, [(EffectState::Sent, 1), (EffectState::Waiting, 0)]);
        let next = again(&scene).await;
        next.run_until(after(10)).await;
        assert_eq!(states(&next).await, [(EffectState::InDoubt, 1), (EffectState::Waiting, 0)], "written first");
        // And once more: what is in doubt stays so over a start.
        let last = again(&next).await;
        last.run_until(after(120_000)).await;
        let attempts = if is_done { 1 } else { 2 };
        assert_eq!(states(&last).await, [(EffectState::Done, attempts), (EffectState::Done, 1)]);
        assert_eq!(out_there(&last), ["a", "b"]);
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_asked_again_later_each_time() {
    let scene = listing().await;
    scene.network.lost_answers.store(1, SeqCst);
    let unavailable = || PublishError::Unavailable("no route".to_owned());
    let limited = PublishError::RateLimited { retry_after_ms: 40_000 };
    *scene.network.look_failures.lock().unwrap() = vec![limited, unavailable(), unavailable()];
    leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, post("rain"))]).await;
    scene.run_until(after(70_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::InDoubt, 1), (EffectState::Waiting, 0)], "nothing overtakes it");
    assert_eq!((scene.network.looks.load(SeqCst), scene.network.published()), (3, 1));
    scene.run_until(after(120_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Done, 1), (EffectState::Done, 1)]);
    assert_eq!((out_there(&scene).len(), scene.network.looks.load(SeqCst)), (2, 4));
}

#[tokio::test]
async fn what_nobody_can_tell_is_the_operators_and_the_account_goes_on() {
    let scene = listing().await;
    let mut watcher = scene.host.watch();
    scene.network.lists.store(false, SeqCst);
    scene.network.lost_answers.store(1, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, post("rain"))]).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::InDoubt, 1), (EffectState::Done, 1)]);
    assert_eq!(undecided(&mut watcher), ["a"]);
    let row = scene.effects().await.remove(0);
    let why = "in doubt: no answer came: this provider cannot be asked what it has done";
    assert_eq!((row.reason.as_deref(), row.is_open(), row.doubt.is_some()), (Some(why), false, true));
    let next = again(&scene).await;
    next.run_until(after(600_000)).await;
    assert_eq!((next.network.looks.load(SeqCst), next.network.published()), (0, 0), "nobody asks again");
    assert_eq!(next.effects().await[0], row);
}

fn duplicate() -> PublishError {
    PublishError::Duplicate("it is there already".to_owned())
}

/// What was made is listed so late that it was taken for not done, and tried again.
#[tokio::test]
async fn a_duplicate_of_what_a_lost_attempt_made_is_looked_for_again() {
    for is_listed in [true, false] {
        let scene = listing().await;
        scene.network.lost_answers.store(1, SeqCst);
        leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, post("rain"))]).await;
        scene.run_until(after(10_000)).await;
        let made = std::mem::take(&mut *scene.network.out_there.lock().unwrap());
        *scene.network.failures.lock().unwrap() = vec![duplicate()];
        scene.run_until(after(40_000)).await;
        assert_eq!(states(&scene).await, [(EffectState::InDoubt, 2), (EffectState::Waiting, 0)], "it was sent again");
        if is_listed {
            scene.network.out_there.lock().unwrap().extend(made);
        }
        // Also by a host that was started meanwhile.
        let next = again(&scene).await;
        next.run_until(after(120_000)).await;
        let end = if is_listed { EffectState::Done } else { EffectState::InDoubt };
        assert_eq!(states(&next).await, [(end, 2), (EffectState::Done, 1)]);
        assert_eq!(out_there(&next).iter().filter(|id| *id == "a").count(), usize::from(is_listed), "not once more");
        assert!(!next.effects().await[0].is_open());
    }
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = vec![duplicate()];
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Failed, 1)], "none was lost: it is another's");
}

/// Nobody knows since when to look: what was made may be older than that.
#[tokio::test]
async fn an_attempt_that_began_in_the_future_is_the_operators() {
    let scene = listing().await;
    let doubt = Some(Doubt { begun: after(3_600_000), undecidable: false });
    let lost = Effect { state: EffectState::InDoubt, attempts: 1, doubt, ..effect("a", "ann", 0, post("tea")) };
    leave(&scene, &[lost]).await;
    scene.run_until(after(60_000)).await;
    let row = scene.effects().await.remove(0);
    assert_eq!((row.state, row.is_open(), scene.network.looks.load(SeqCst)), (EffectState::InDoubt, false, 0));
    assert!(row.reason.unwrap().ends_with("the clock of this machine was set back since it began"));
}

/// Its answer is lost each time; it does the same order once, and nobody is asked.
#[tokio::test]
async fn a_provider_that_does_the_same_once_is_simply_told_again() {
    let scene = listing().await;
    let mut watcher = scene.host.watch();
    scene.network.is_idempotent.store(true, SeqCst);
    scene.network.posts.store(false, SeqCst);
    scene.network.lost_answers.store(2, SeqCst);
    leave(&scene, &[effect("a", "ann", 0, post("tea"))]).await;
    scene.run_until(after(60_000)).await;
    assert_eq!((states(&scene).await, scene.network.looks.load(SeqCst)), (vec![(EffectState::Done, 3)], 0));
    scene.network.lost_answers.store(99, SeqCst);
    leave(&scene, &[effect("b", "ann", 1, post("rain"))]).await;
    scene.run_until(after(600_000)).await;
    assert_eq!(states(&scene).await[1], (EffectState::InDoubt, 5), "it may have happened");
    assert_eq!(undecided(&mut watcher), ["b"]);
    assert!(!scene.store.effect(&"b".into()).await.unwrap().unwrap().is_open());
}

/// As a folder is that was restored, or whose host died at the last attempt: what was done is not said to have failed.
#[tokio::test]
async fn a_provider_that_does_the_same_once_is_told_again_however_often_it_was() {
    for state in [EffectState::Sent, EffectState::InDoubt] {
        let scene = listing().await;
        scene.network.is_idempotent.store(true, SeqCst);
        let doubt = Some(Doubt { begun: start(), undecidable: false });
        let lost = |id| Effect { state, attempts: 5, doubt, ..effect(id, "ann", 0, post(id)) };
        leave(&scene, &[lost("a")]).await;
        scene.run_until(after(60_000)).await;
        assert_eq!(states(&scene).await, [(EffectState::Done, 6)]);
        *scene.network.failures.lock().unwrap() = vec![PublishError::Unavailable("no route".to_owned())];
        leave(&scene, &[lost("b")]).await;
        scene.run_until(after(120_000)).await;
        let row = scene.effects().await.remove(1);
        assert_eq!(
            (row.state, row.is_open()),
            (EffectState::InDoubt, false),
            "it may have been done, and is not there"
        );
    }
}

#[tokio::test]
async fn what_is_about_a_post_in_doubt_says_that_nobody_knows() {
    let scene = listing().await;
    scene.network.lists.store(false, SeqCst);
    scene.network.lost_answers.store(1, SeqCst);
    let answer = Decision::Reply { to: PostRef::Decision(0), text: "and more".to_owned(), images: Vec::new() };
    leave(&scene, &[effect("a", "ann", 0, post("tea")), effect("b", "ann", 1, answer)]).await;
    let mut watcher = scene.host.watch();
    scene.run_until(after(60_000)).await;
    let row = scene.effects().await.remove(1);
    let why = "refused: nobody knows whether decision 0 was published";
    assert_eq!((row.state, row.reason.as_deref()), (EffectState::Failed, Some(why)));
    let mut kept = Vec::new();
    while let Ok(happening) = watcher.try_recv() {
        if let Happening::Kept { effect, .. } = happening {
            kept.push(*effect);
        }
    }
    assert_eq!(
        kept.iter().map(|kept| (kept.id.as_str(), kept.state)).collect::<Vec<_>>(),
        [("b", EffectState::Failed)]
    );
    assert_eq!(kept[0].reason.as_deref(), Some(why), "who watches hears of it");
}

/// Their provider does not answer, for as long as a request may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_slow_accounts_hold_up_no_other() {
    const SLOW: u32 = 40;
    let setting = Setting { clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    let scene = Scene::with(setting, quiet(), &["ann"]).await;
    scene.network.hangs.store(true, SeqCst);
    let of =
        |n: u32| Effect { account: format!("acc{n}").as_str().into(), ..effect(&format!("f{n}"), "ann", n, post("x")) };
    leave(&scene, &(0..SLOW).map(of).collect::<Vec<_>>()).await;
    let (_stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    let all = async {
        while scene.network.published() < SLOW as usize {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("all of them are under way");
    driver.abort();
}
