//! An account that its provider does not let in is held: its effects wait, none is lost, and none burns its attempts.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use puppet_engine::{Happening, HeldAccount, OutboxError, OutboxRules, Word, held_accounts, speak};
use puppet_store::EffectState;
use puppet_tweet::PublishError;
use tokio::sync::broadcast::Receiver;

use crate::{
    outbox_doubts::{leave, listing, post, quiet, states},
    scene::{DAY, HOUR, Scene, Setting, after, effect, start},
};

/// Who is held, or is no more.
fn told(watcher: &mut Receiver<Happening>) -> Vec<(String, bool)> {
    let mut told = Vec::new();
    while let Ok(happening) = watcher.try_recv() {
        if let Happening::Held { account, held, .. } = happening {
            told.push((account.to_string(), held.is_some()));
        }
    }
    told
}

fn times(scene: &Scene) -> Vec<(String, i64)> {
    let orders = scene.network.orders.lock().unwrap();
    orders.iter().map(|order| (order.effect.to_string(), order.at.as_millis() - start().as_millis())).collect()
}

fn failing(scene: &Scene, times: usize, error: &PublishError) {
    *scene.network.failures.lock().unwrap() = vec![error.clone(); times];
}

async fn three(scene: &Scene) {
    let effects = [("a", "ann", 0), ("b", "ann", 1), ("z", "bob", 2)];
    leave(scene, &effects.map(|(id, agent, n)| effect(id, agent, n, post(id)))).await;
}

#[tokio::test]
async fn who_is_not_let_in_is_tried_once_in_a_while_and_loses_nothing() {
    for error in [PublishError::Unauthorized("no".to_owned()), PublishError::Suspended("locked".to_owned())] {
        let scene = listing().await;
        let mut watcher = scene.host.watch();
        let rules = OutboxRules { attempts: 2, held_probe_ms: HOUR, ..OutboxRules::default() };
        scene.host.set_outbox_rules(rules);
        failing(&scene, 6, &error);
        leave(&scene, &["a", "b"].map(|id| effect(id, "ann", 0, post(id)))).await;
        leave(&scene, &[effect("z", "bob", 2, post("z"))]).await;
        scene.run_until(after(10)).await;
        // Whoever came second met the second failure.
        assert_eq!(told(&mut watcher), [("ann".to_owned(), true), ("bob".to_owned(), true)], "{error}");
        let reason = scene.effects().await[0].reason.clone();
        assert_eq!(reason.as_deref(), Some(error.to_string().as_str()));
        scene.run_until(after(4 * HOUR)).await;
        assert!(states(&scene).await.iter().all(|state| *state == (EffectState::Done, 1)), "{error}: none was lost");
        let of_ann: Vec<i64> = times(&scene).into_iter().filter(|(id, _)| id == "a").map(|(_, at)| at).collect();
        assert!(of_ann.windows(2).all(|pair| pair[1] - pair[0] >= HOUR as i64), "{of_ann:?}");
        assert_eq!(told(&mut watcher), [("ann".to_owned(), false), ("bob".to_owned(), false)], "{error}");
    }
}

#[tokio::test]
async fn a_word_of_the_operator_or_a_new_start_tries_at_once() {
    let scene = listing().await;
    failing(&scene, 1, &PublishError::Unauthorized("no".to_owned()));
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    let left = || vec![("a".to_owned(), 0), ("z".to_owned(), 0)];
    assert_eq!(times(&scene), left());
    scene.host.speak(&"a".into(), &Word::Retry { sure: false }).await.unwrap();
    scene.run_until(after(5_000)).await;
    assert_eq!(times(&scene).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "z", "a", "b"]);
    let refused = scene.host.speak(&"b".into(), &Word::Retry { sure: false }).await;
    assert!(matches!(refused, Err(OutboxError::NotFailed(..))), "{refused:?}");

    // The one behind it waits for the account, and not for itself: the word is the account's, and nobody passes.
    let scene = listing().await;
    failing(&scene, 1, &PublishError::Unauthorized("no".to_owned()));
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    scene.host.speak(&"b".into(), &Word::Retry { sure: false }).await.unwrap();
    scene.run_until(after(5_000)).await;
    assert_eq!(times(&scene).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "z", "a", "b"]);

    let scene = listing().await;
    failing(&scene, 1, &PublishError::Suspended("locked".to_owned()));
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    scene.host.release_account(&"Ann".into());
    scene.run_until(after(2_000)).await;
    assert_eq!(times(&scene).len(), 4, "whoever signs in anew is tried at once");

    let scene = listing().await;
    failing(&scene, 1, &PublishError::Suspended("locked".to_owned()));
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    let next = scene.again(Setting::default(), quiet()).await;
    next.run_until(after(3_000)).await;
    assert_eq!(times(&next).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn an_allowance_that_is_used_up_is_waited_for_also_over_a_restart() {
    let used_up = || PublishError::UsageCap { words: "monthly".to_owned(), retry_after_ms: 20 * DAY };
    let scene = listing().await;
    let mut watcher = scene.host.watch();
    failing(&scene, 1, &used_up());
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    assert_eq!(told(&mut watcher), [("ann".to_owned(), true)]);
    let next = scene.again(Setting::default(), quiet()).await;
    next.run_until(after(20 * DAY - 1_000)).await;
    assert_eq!(times(&next), []);
    next.run_until(after(20 * DAY + 1_000)).await;
    assert_eq!(times(&next).len(), 2);
    let scene = listing().await;
    failing(&scene, 1, &used_up());
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    let next = scene.again(Setting::default(), quiet()).await;
    next.host.speak(&"a".into(), &Word::Retry { sure: false }).await.unwrap();
    next.run_until(after(60_000)).await;
    assert_eq!(times(&next).len(), 2, "the word holds for the account, also after a start");
    // Who has paid meanwhile need not wait.
    let scene = listing().await;
    failing(&scene, 1, &used_up());
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    speak(&scene.store, &"a".into(), &Word::Retry { sure: false }, (after(1_000), after(1_001))).await.unwrap();
    let next = scene.again(Setting::default(), quiet()).await;
    next.run_until(after(3_000)).await;
    assert_eq!(times(&next).len(), 2);
}

fn capped() -> PublishError {
    PublishError::Capped { words: "posts_per_month".to_owned(), retry_after_ms: 20 * DAY }
}

#[tokio::test]
async fn a_cap_of_the_operators_holds_until_it_is_raised_or_a_new_start() {
    let scene = listing().await;
    let mut watcher = scene.host.watch();
    failing(&scene, 1, &capped());
    three(&scene).await;
    scene.run_until(after(HOUR)).await;
    assert_eq!(times(&scene).len(), 2, "the account waits");
    scene.host.caps_changed();
    scene.run_until(after(HOUR + 1_000)).await;
    assert_eq!(times(&scene).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "z", "a", "b"]);
    assert_eq!(told(&mut watcher), [("ann".to_owned(), true), ("ann".to_owned(), false)]);

    let scene = listing().await;
    failing(&scene, 1, &capped());
    three(&scene).await;
    scene.run_until(after(1_000)).await;
    let next = scene.again(Setting::default(), quiet()).await;
    next.run_until(after(3_000)).await;
    assert_eq!(times(&next).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), ["a", "b"], "it may be another by now");
}

#[tokio::test]
async fn a_cap_that_is_raised_while_somebody_meets_it_holds_nobody() {
    let scene = listing().await;
    let mut watcher = scene.host.watch();
    failing(&scene, 1, &capped());
    *scene.network.caps_change.lock().unwrap() = Some(Arc::clone(&scene.host));
    leave(&scene, &["a", "b"].map(|id| effect(id, "ann", 0, post(id)))).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(times(&scene).iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "a", "b"]);
    assert!(told(&mut watcher).iter().all(|(_, is_held)| !is_held));
}

#[tokio::test]
async fn a_look_that_a_cap_has_no_room_for_waits_alone_and_says_so() {
    let doubt = || PublishError::InDoubt("no answer".to_owned());
    // Raised live, or the operator's word on either of the two, or five minutes.
    for (n, mend) in [Some("a"), Some("b"), Some("caps"), None].into_iter().enumerate() {
        let scene = listing().await;
        let mut watcher = scene.host.watch();
        failing(&scene, 1, &doubt());
        *scene.network.look_failures.lock().unwrap() = vec![capped(); if mend == Some("b") { 1 } else { 2 }];
        leave(&scene, &[effect("a", "ann", 0, post("a")), effect("b", "ann", 1, post("b"))]).await;
        scene.run_until(after(60_000)).await;
        let row = scene.effects().await[0].clone();
        let reason = row.reason.clone().unwrap_or_default();
        assert!(reason.starts_with("in doubt: ") && reason.contains("posts_per_month"), "{reason}");
        assert_eq!((row.state, row.is_open(), told(&mut watcher)), (EffectState::InDoubt, true, vec![]), "{n}");
        scene.network.look_failures.lock().unwrap().clear();
        let looks = scene.network.looks.load(SeqCst);
        match mend {
            Some("caps") => scene.host.caps_changed(),
            // The one behind it says nothing of its own: no account is held.
            Some("b") => {
                let refused = scene.host.speak(&"b".into(), &Word::Retry { sure: false }).await;
                assert!(matches!(refused, Err(OutboxError::NotFailed(..))), "{refused:?}");
                scene.host.speak(&"a".into(), &Word::Retry { sure: false }).await.unwrap();
            }
            Some(id) => drop(scene.host.speak(&id.into(), &Word::Retry { sure: false }).await.unwrap()),
            None => {
                scene.run_until(after(300_000)).await;
                assert_eq!(scene.network.looks.load(SeqCst), looks);
                scene.run_until(after(400_000)).await;
            }
        }
        scene.run_until(after(if mend.is_some() { 120_000 } else { 500_000 })).await;
        assert!(states(&scene).await.iter().all(|(state, _)| *state == EffectState::Done), "{mend:?}");
    }
}

#[tokio::test]
async fn what_the_plan_does_not_allow_ends_and_holds_nobody() {
    let scene = listing().await;
    failing(&scene, 1, &PublishError::NotAllowed("no such endpoint".to_owned()));
    leave(&scene, &["a", "b"].map(|id| effect(id, "ann", 0, post(id)))).await;
    scene.run_until(after(1_000)).await;
    assert_eq!(states(&scene).await, [(EffectState::Failed, 1), (EffectState::Done, 1)]);
    let reason = scene.effects().await[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("the plan does not allow it: no such endpoint"));
}

#[tokio::test]
async fn who_is_held_why_and_since_when_is_known_here_and_from_the_rows() {
    let scene = listing().await;
    let rules = OutboxRules { held_probe_ms: HOUR, ..OutboxRules::default() };
    scene.host.set_outbox_rules(rules.clone());
    failing(&scene, 3, &PublishError::Unauthorized("no".to_owned()));
    leave(&scene, &[effect("a", "ann", 0, post("a"))]).await;
    scene.run_until(after(1_000)).await;
    let since = scene.effects().await[0].not_before;
    let held = |since, until| {
        vec![HeldAccount { account: "ann".into(), why: "not authorized: no".to_owned(), since: Some(since), until }]
    };
    assert_eq!(held_accounts(&scene.effects().await), held(since, None), "a start tries it at once");
    assert_eq!(scene.host.held_accounts(), held(since, Some(since.plus_millis(HOUR))));
    scene.run_until(after(HOUR + 60_000)).await;
    assert_eq!(held_accounts(&scene.effects().await), held(since, None), "since the first try that was refused");
    let next = scene.again(Setting::default(), quiet()).await;
    next.host.set_outbox_rules(rules);
    failing(&next, 1, &PublishError::Unauthorized("no".to_owned()));
    next.run_until(after(HOUR + 70_000)).await;
    assert_eq!(held_accounts(&next.effects().await), held(since, None), "also over a start");
    next.run_until(after(4 * HOUR)).await;
    assert_eq!((next.host.held_accounts(), held_accounts(&next.effects().await)), (vec![], vec![]));

    let scene = listing().await;
    failing(&scene, 1, &PublishError::UsageCap { words: "monthly".to_owned(), retry_after_ms: 20 * DAY });
    leave(&scene, &[effect("a", "ann", 0, post("a"))]).await;
    scene.run_until(after(1_000)).await;
    let told = |of: &[HeldAccount]| of.iter().map(|held| (held.since.is_some(), held.until)).collect::<Vec<_>>();
    let until = Some(scene.effects().await[0].not_before);
    assert_eq!(told(&scene.host.held_accounts()), [(true, until)]);
    assert_eq!(told(&held_accounts(&scene.effects().await)), [(false, until)]);
}
