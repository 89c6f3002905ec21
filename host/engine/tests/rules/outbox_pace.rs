//! How fast an account's effects leave: a provider that asks to wait, a gap between posts, a provider that is not reached.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::{Happening, OutboxRules, Word, speak};
use puppet_store::{Doubt, Effect, EffectState};
use puppet_tweet::PublishError;

use crate::{
    outbox_doubts::{leave, listing, post, quiet, states},
    scene::{Scene, Setting, after, effect, start},
};

/// When each order left, by its effect, in milliseconds.
fn orders(scene: &Scene) -> Vec<(String, i64)> {
    let orders = scene.network.orders.lock().unwrap();
    orders.iter().map(|order| (order.effect.to_string(), order.at.as_millis() - start().as_millis())).collect()
}

fn unavailable(times: usize) -> Vec<PublishError> {
    std::iter::repeat_with(|| PublishError::Unavailable("no route".to_owned())).take(times).collect()
}

async fn three(scene: &Scene) {
    let effects = [("a", "ann", 0), ("b", "ann", 1), ("z", "bob", 2)];
    leave(scene, &effects.map(|(id, agent, n)| effect(id, agent, n, post(id)))).await;
}

#[tokio::test]
async fn a_provider_that_asks_to_wait_is_left_alone_by_the_whole_account() {
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = vec![PublishError::RateLimited { retry_after_ms: 900_000 }];
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    assert_eq!(orders(&scene), [("a".to_owned(), 0), ("z".to_owned(), 0)], "others are not concerned");
    // Without the effect that met it: what the provider said holds all the same.
    scene.host.speak(&"a".into(), &Word::Drop { reason: None }).await.unwrap();
    scene.run_until(after(899_999)).await;
    assert_eq!(orders(&scene).len(), 2);
    scene.run_until(after(901_000)).await;
    assert_eq!(orders(&scene)[2..], [("b".to_owned(), 900_000)]);
}

#[tokio::test]
async fn who_is_asked_to_wait_is_tried_at_the_operators_word_and_waits_no_longer_than_a_day() {
    let asks = || vec![PublishError::RateLimited { retry_after_ms: 900_000_000_000 }];
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = asks();
    leave(&scene, &["a", "b"].map(|id| effect(id, "ann", 0, post(id)))).await;
    scene.run_until(after(1_000)).await;
    assert_eq!(orders(&scene).len(), 1);
    scene.host.speak(&"a".into(), &Word::Retry { sure: false }).await.unwrap();
    scene.run_until(after(5_000)).await;
    let left: Vec<String> = orders(&scene).into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, ["a", "a", "b"], "and nothing passes it");
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = asks();
    leave(&scene, &[effect("a", "ann", 0, post("a"))]).await;
    scene.run_until(after(26 * 3_600_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Done, 2)]);
}

/// What the provider said is in the rows, also where the effect that met it is dropped and the host is another.
#[tokio::test]
async fn a_provider_that_asks_to_wait_is_left_alone_over_a_restart() {
    for is_dropped in [false, true] {
        let scene = listing().await;
        *scene.network.failures.lock().unwrap() = vec![PublishError::RateLimited { retry_after_ms: 900_000 }];
        three(&scene).await;
        leave(&scene, &[effect("c", "ann", 3, post("c"))]).await;
        scene.run_until(after(1_000)).await;
        if is_dropped {
            speak(&scene.store, &"a".into(), &Word::Drop { reason: None }, (after(1_000), after(1_001))).await.unwrap();
            let next = &scene.effects().await[1];
            assert_eq!(next.reason.as_deref(), Some("the provider asks to wait 900000 ms"), "it says why it waits");
            assert_eq!(next.not_before, after(900_000));
        }
        let next = scene.again(Setting::default(), quiet()).await;
        next.run_until(after(899_999)).await;
        assert_eq!(orders(&next), []);
        next.run_until(after(901_000)).await;
        let left: &[&str] = if is_dropped { &["b", "c"] } else { &["a", "b", "c"] };
        assert_eq!(orders(&next).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), left);
    }
}

/// Their rows were written by a clock that was a day ahead.
#[tokio::test]
async fn no_effect_waits_longer_than_it_may_after_a_clock_was_set_back() {
    const DAY_MS: u64 = 86_400_000;
    let table = [
        (EffectState::Waiting, "unavailable: no route", 450_000, EffectState::Done),
        (EffectState::Waiting, "the provider asks to wait 60000 ms", 60_000, EffectState::Done),
        (EffectState::InDoubt, "in doubt: no answer", 30_000, EffectState::InDoubt),
    ];
    for (state, reason, most, end) in table {
        let scene = listing().await;
        let doubt = (state == EffectState::InDoubt).then(|| Doubt { begun: after(DAY_MS), undecidable: false });
        let (reason, not_before) = (Some(reason.to_owned()), after(DAY_MS + 10_000));
        let late = Effect { state, reason, not_before, doubt, attempts: 1, ..effect("a", "ann", 0, post("a")) };
        leave(&scene, &[late, effect("b", "ann", 1, post("b"))]).await;
        let next = scene.again(Setting::default(), quiet()).await;
        next.run_until(after(most - 1_000)).await;
        assert_eq!(orders(&next), [], "{state:?}");
        next.run_until(after(most + 1_000)).await;
        let rows = next.effects().await;
        assert_eq!([rows[0].state, rows[1].state], [end, EffectState::Done], "{state:?}");
        assert!(!rows[0].is_open());
    }
}

#[tokio::test]
async fn attempts_of_an_account_keep_their_distance_also_over_a_restart() {
    let rules = || OutboxRules { min_gap_ms: 60_000, ..OutboxRules::default() };
    let scene = listing().await;
    scene.run_until(after(60_000)).await;
    scene.host.set_outbox_rules(rules());
    three(&scene).await;
    scene.run_until(after(61_000)).await;
    assert_eq!(orders(&scene), [("a".to_owned(), 60_000), ("z".to_owned(), 60_000)]);
    let next = scene.again(Setting::default(), quiet()).await;
    next.host.set_outbox_rules(rules());
    next.run_until(after(300_000)).await;
    let at = orders(&next)[0].1;
    assert!(orders(&next).len() == 1 && at >= 120_000, "{at}");
}

#[tokio::test]
async fn other_rules_hold_at_once_also_for_what_waits() {
    const DAY_MS: u64 = 86_400_000;
    let scene = listing().await;
    scene.host.set_outbox_rules(OutboxRules { min_gap_ms: DAY_MS, ..OutboxRules::default() });
    three(&scene).await;
    scene.run_until(after(10_000)).await;
    assert_eq!(orders(&scene), []);
    let one_failure = || OutboxRules { breaker_failures: 1, breaker_probe_ms: DAY_MS, ..OutboxRules::default() };
    scene.host.set_outbox_rules(one_failure());
    *scene.network.failures.lock().unwrap() = unavailable(2);
    scene.run_until(after(60_000)).await;
    let at_once = || [("a".to_owned(), 9_999), ("z".to_owned(), 9_999)];
    assert_eq!(orders(&scene), at_once(), "the provider is left alone for a day");
    scene.host.set_outbox_rules(one_failure());
    scene.run_until(after(70_000)).await;
    assert_eq!(orders(&scene), at_once(), "these are the same rules");
    scene.host.set_outbox_rules(OutboxRules::default());
    scene.run_until(after(80_000)).await;
    let again = ["a", "b", "z"].map(|id| (id.to_owned(), 69_999));
    assert_eq!(orders(&scene)[2..], again, "and is tried again");
}

#[tokio::test]
async fn a_provider_that_is_not_reached_is_tried_once_in_a_while_and_told_of_once() {
    let scene = listing().await;
    let mut watcher = scene.host.watch();
    scene.host.set_outbox_rules(OutboxRules { attempts: 20, breaker_failures: 3, ..OutboxRules::default() });
    *scene.network.failures.lock().unwrap() = unavailable(6);
    leave(&scene, &["a", "b"].map(|id| effect(id, "ann", 0, post(id)))).await;
    scene.run_until(after(900_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Done, 7), (EffectState::Done, 1)]);
    let orders = orders(&scene);
    assert!(orders[..7].iter().all(|(id, _)| id == "a"), "the other one burns no attempt: {orders:?}");
    let waits: Vec<i64> = orders.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    assert!(waits[0] < 60_000 && waits[1] < 60_000 && waits[2..6].iter().all(|wait| *wait >= 60_000), "{waits:?}");
    let mut told = Vec::new();
    while let Ok(happening) = watcher.try_recv() {
        if let Happening::Unreached { account, until, .. } = happening {
            told.push((account.to_string(), until.map(|until| until.as_millis() - start().as_millis())));
        }
    }
    assert_eq!(told, [("ann".to_owned(), Some(orders[2].1 + 60_000)), ("ann".to_owned(), None)]);
}

#[tokio::test]
async fn what_fails_for_good_is_a_dead_letter_with_its_reason_and_the_same_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let scene = listing().await;
        *scene.network.failures.lock().unwrap() = unavailable(5);
        three(&scene).await;
        // The third one of them is another account's: it draws one of the failures.
        scene.run_until(after(900_000)).await;
        runs.push((orders(&scene), scene.effects().await));
    }
    assert_eq!(runs[0], runs[1], "chance follows from the effect");
    let scene = listing().await;
    *scene.network.failures.lock().unwrap() = unavailable(5);
    leave(&scene, &[effect("a", "ann", 0, post("a")), effect("b", "ann", 1, post("b"))]).await;
    scene.run_until(after(900_000)).await;
    let rows: Vec<Effect> = scene.effects().await;
    assert_eq!((rows[0].state, rows[0].attempts, rows[0].doubt), (EffectState::Failed, 5, None));
    assert_eq!(rows[0].reason.as_deref(), Some("unavailable: no route"));
    assert_eq!((rows[1].state, rows[1].attempts), (EffectState::Done, 1), "what is behind it goes on");
    let errors: Vec<_> =
        scene.journal().await.into_iter().map(|entry| entry.invocation.event.payload["error"].clone()).collect();
    assert_eq!(errors[0], "unavailable: no route");
    assert_eq!(scene.network.looks.load(SeqCst), 0, "nothing was in doubt");
}
