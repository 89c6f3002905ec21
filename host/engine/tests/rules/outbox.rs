//! Rule 4: an effect happens at most once. What was under way when the host died is tried again only where the provider
//! does the same effect once; else it is in doubt, and where nobody can tell, everything behind it goes on.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use puppet_engine::{Happening, Live, SystemClock};
use puppet_store::{Change, Effect, EffectState, OutboxStore as _};
use puppet_tweet::PublishError;
use puppet_types::{Decision, PostRef};
use tokio::sync::watch;

use crate::{
    budgets::abandoned,
    guest::{End, Step},
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

const ALL: [EffectState; 5] =
    [EffectState::Waiting, EffectState::Sent, EffectState::Done, EffectState::Failed, EffectState::InDoubt];

fn cast() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::PostEventId], end: End::Ok, requests: everything() }]
}

/// Hears of what came of its effects, and does nothing.
fn quiet() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::Log("here")], end: End::Ok, requests: everything() }]
}

/// State, attempts and reason of every effect.
async fn effects(scene: &Scene) -> Vec<(EffectState, u32, Option<String>)> {
    let effects = scene.store.effects(&ALL).await.unwrap();
    effects.into_iter().map(|effect| (effect.state, effect.attempts, effect.reason)).collect()
}

/// Another host after one that died while its provider was at work. A second effect waits behind the first.
async fn after_a_crash(idempotent: bool) -> Scene {
    let scene = Scene::with(Setting::default(), cast(), &["ann"]).await;
    scene.network.hangs.store(true, SeqCst);
    scene.host.submit(vec![event("e1", "ann", start()), event("e2", "ann", start())]).await.unwrap();
    abandoned(&scene, || scene.network.published() == 1).await;
    assert_eq!(effects(&scene).await, [(EffectState::Sent, 1, None), (EffectState::Waiting, 0, None)]);
    let scene = scene.again(Setting::default(), cast()).await;
    scene.network.is_idempotent.store(idempotent, SeqCst);
    scene.run_until(after(60_000)).await;
    scene
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_off_is_in_doubt_where_it_could_be_done_twice() {
    let scene = after_a_crash(false).await;
    let why = "in doubt: an attempt was under way and nobody saw its end";
    let reason = format!("{why}: this provider cannot be asked what it has done");
    let expected = [(EffectState::InDoubt, 1, Some(reason)), (EffectState::Done, 1, None)];
    assert_eq!(effects(&scene).await, expected);
    assert_eq!(scene.network.published(), 1, "the other one alone");
    let scene = scene.again(Setting::default(), cast()).await;
    scene.run_until(after(120_000)).await;
    assert_eq!((scene.network.published(), effects(&scene).await), (0, expected.to_vec()), "it stays so");
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_off_is_made_again_where_that_does_it_once() {
    let scene = after_a_crash(true).await;
    assert_eq!(effects(&scene).await, [(EffectState::Done, 2, None), (EffectState::Done, 1, None)]);
    assert_eq!((scene.network.published(), scene.network.looks.load(SeqCst)), (2, 0));
}

/// The provider has done it, and the store does not take the end: that is the same as a crash. The real clock: after a
/// failure the store is left alone for a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_cannot_be_written_is_in_doubt_and_not_done_again() {
    let setting = Setting { clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    let scene = Scene::with(setting, cast(), &["ann"]).await;
    scene.on_file(
        "CREATE TRIGGER refuse BEFORE UPDATE ON outbox WHEN NEW.state = 'done' BEGIN SELECT RAISE(FAIL, 'full'); END",
    );
    let mut watcher = scene.host.watch();
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    let ended = async {
        loop {
            if let Happening::Effect { state, .. } = watcher.recv().await.unwrap() {
                return state;
            }
        }
    };
    let state = tokio::time::timeout(Duration::from_secs(60), ended).await.expect("the effect ends");
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    assert_eq!((state, scene.network.published()), (EffectState::InDoubt, 1));
    assert!(matches!(effects(&scene).await[..], [(EffectState::InDoubt, 1, _)]));
}

/// A post that is tried again in half a minute, as a provider asked for before the host was started anew, and an answer
/// to it.
fn post_and_answer() -> [Change; 2] {
    let effect = |n: u32, attempts, wait, body| {
        Change::Effect(Effect {
            id: format!("eff_{n}").into(),
            seq: 0,
            agent: "ann".into(),
            account: "ann".into(),
            invocation: "inv_1".into(),
            n,
            not_before: after(wait),
            hops: 0,
            body,
            state: EffectState::Waiting,
            attempts,
            provider_id: None,
            reason: None,
            expires: None,
            doubt: None,
            purse: None,
        })
    };
    let images = Vec::new;
    let answer = Decision::Reply { to: PostRef::Decision(0), text: "and more".to_owned(), images: images() };
    [effect(0, 1, 30_000, Decision::Post { text: "hello".to_owned(), images: images() }), effect(1, 0, 0, answer)]
}

#[tokio::test]
async fn what_answers_an_effect_that_is_tried_again_waits_for_it() {
    let scene = Scene::with(Setting::default(), quiet(), &["ann"]).await;
    scene.network.posts.store(true, SeqCst);
    scene.host.apply(post_and_answer().to_vec()).await.unwrap();
    scene.run_until(after(60_000)).await;
    let orders: Vec<_> = scene.network.orders.lock().unwrap().iter().map(|order| order.effect.to_string()).collect();
    assert_eq!(orders, ["eff_0", "eff_1"]);
    assert_eq!(effects(&scene).await, [(EffectState::Done, 2, None), (EffectState::Done, 1, None)]);
}

#[tokio::test]
async fn an_effect_that_is_tried_again_holds_its_account_over_a_restart() {
    let scene = Scene::with(Setting::default(), cast(), &["ann"]).await;
    scene.host.apply(post_and_answer().to_vec()).await.unwrap();
    let scene = scene.again(Setting::default(), cast()).await;
    assert!(scene.host.agenda().is_held(&"ann".into()) && !scene.host.agenda().is_held(&"bob".into()));
}

/// A provider that asks to wait is asked again when it says, one that is not reached after 2, 4, 8 and 16 seconds and up to
/// a half more, and both five times in all. Anything else is final.
#[tokio::test]
async fn an_effect_is_tried_again_as_often_and_as_late_as_is_promised() {
    let unavailable = || PublishError::Unavailable("no route".to_owned());
    let limited = || PublishError::RateLimited { retry_after_ms: 30_000 };
    // (failures, waits in seconds, end)
    let table = [
        (
            vec![unavailable(), unavailable(), unavailable(), unavailable()],
            vec![2.0, 4.0, 8.0, 16.0],
            EffectState::Done,
        ),
        (std::iter::repeat_with(unavailable).take(5).collect(), vec![2.0, 4.0, 8.0, 16.0], EffectState::Failed),
        (std::iter::repeat_with(limited).take(5).collect(), vec![30.0; 4], EffectState::Failed),
        (vec![PublishError::Refused("no".to_owned())], vec![], EffectState::Failed),
    ];
    for (failures, waits, end) in table {
        let scene = Scene::with(Setting::default(), cast(), &["ann"]).await;
        let case = format!("{failures:?}");
        *scene.network.failures.lock().unwrap() = failures;
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        scene.run_until(after(600_000)).await;
        let first = &effects(&scene).await[0];
        assert_eq!((first.0, first.1 as usize), (end, waits.len() + 1), "{case}");
        let orders = scene.network.orders.lock().unwrap();
        // The guest posts of its failure too.
        let at: Vec<_> = orders.iter().filter(|order| order.effect == orders[0].effect).map(|order| order.at).collect();
        let waited: Vec<_> = at.windows(2).map(|pair| pair[1].millis_since(pair[0]) as f64 / 1_000.0).collect();
        let most = if case.contains("RateLimited") { 1.0 } else { 1.5 };
        let fits = |(waited, least): (&f64, &f64)| (*least..=least * most).contains(waited);
        assert!(waited.len() == waits.len() && waited.iter().zip(&waits).all(fits), "{case}: {waited:?}");
    }
}
