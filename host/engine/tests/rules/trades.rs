//! Swaps of characters: looked at in the call, committed, carried out once, told. And what the host finds to be behind one.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use puppet_engine::{OutboxError, Verdict, Word};
use puppet_grants::Mode;
use puppet_store::{EffectState, JournalEntry};
use puppet_types::{Decision, Event, Outcome, Timestamp, trade::Origin};
use puppet_wallet::SwapError;
use serde_json::{Value, json};

use crate::{
    guest::{End, Step},
    scene::{Cast, HOUR, Scene, Setting, after, event, everything, start},
    till::{CASH, Till, guarded, open},
};

const FIFTY: i64 = 50_000_000;

pub fn cast(steps: Vec<Step>) -> Vec<Cast> {
    vec![Cast { pack: "pack", steps, end: End::Ok, requests: everything() }]
}

pub async fn scene(till: &Arc<Till>, mode: Mode, steps: Vec<Step>) -> Scene {
    let setting = Setting { mode, purses: Some(Arc::clone(till) as _), ..Setting::default() };
    Scene::with(setting, cast(steps), &["ann"]).await
}

/// An event of this kind and source.
pub fn of(kind: &str, source: &str, at: Timestamp) -> Event {
    Event { kind: kind.to_owned(), source: source.to_owned(), ..event(kind, "ann", at) }
}

/// Ends of swaps that the agent heard of, by kind and code.
pub async fn heard(scene: &Scene) -> Vec<(String, Value)> {
    let ends = scene.journal().await.into_iter().map(|entry| entry.invocation.event);
    let ends = ends.filter(|event| event.kind.starts_with("swap_"));
    ends.map(|event| (event.kind, event.payload["code"].clone())).collect()
}

fn refused(entry: &JournalEntry) -> Vec<&str> {
    entry.invocation.log.iter().map(|line| line.message.as_str()).collect()
}

#[tokio::test]
async fn a_swap_leaves_once_after_its_commit_and_its_end_is_told() {
    let till = Till::of(guarded());
    let scene = scene(&till, Mode::Live, vec![Step::EndAtKind("swap_done"), Step::Balances, Step::Swap(FIFTY)]).await;
    let entry = scene.handle(of("agent_started", "host", start())).await;
    assert_eq!((entry.invocation.outcome, till.cash()), (Outcome::Ok, CASH - 50_000_000));
    assert_eq!((till.last_look(), till.asked.load(SeqCst)), (Some(Origin::Own), 1));
    let [effect] = &scene.effects().await[..] else { panic!() };
    assert_eq!((effect.state, effect.account.as_str()), (EffectState::Done, "wallet/ann"));
    assert!(matches!(&effect.body, Decision::Swap { origin: Origin::Own, .. }));
    assert_eq!(heard(&scene).await, [("swap_done".to_owned(), Value::Null)]);
    let told = scene.journal().await.remove(1).invocation.event;
    assert_eq!((told.source.as_str(), &told.payload["in_amount"]), ("host", &json!("50000000")));
    assert_eq!((&told.payload["origin"], &told.payload["out_amount"]), (&json!("own"), &json!("500000000")));
}

#[tokio::test]
async fn what_the_risk_engine_denies_is_no_decision_and_the_guest_is_told() {
    let till = Till::of(guarded());
    let scene = scene(&till, Mode::Live, vec![Step::Swap(2 * CASH as i64)]).await;
    let entry = scene.handle(of("agent_started", "host", start())).await;
    assert_eq!((entry.invocation.decisions.len(), refused(&entry)), (0, vec!["denied"]));
    assert!(entry.invocation.reads[0].answer.as_str().contains("insufficient-funds"));
    assert_eq!((scene.effects().await.len(), till.asked.load(SeqCst), till.cash()), (0, 0, CASH));
}

#[tokio::test]
async fn an_end_that_was_lost_is_asked_for_by_the_same_id_also_after_a_restart() {
    let till = Till::of(guarded());
    let lost = || SwapError::UnderWay("nobody knows".to_owned());
    // More often than any other effect is tried.
    *till.failures.lock().unwrap() = (0..9).map(|_| lost()).collect();
    let steps = vec![Step::EndAtKind("swap_done"), Step::Swap(FIFTY)];
    let scene = scene(&till, Mode::Live, steps.clone()).await;
    scene.handle(of("agent_started", "host", start())).await;
    assert_eq!(till.cash(), CASH - 50_000_000, "it was carried out at once");
    assert_eq!(scene.effects().await[0].state, EffectState::Waiting);
    let setting = Setting { purses: Some(Arc::clone(&till) as _), ..Setting::default() };
    let scene = scene.again(setting, cast(steps)).await;
    scene.run_until(after(3 * HOUR)).await;
    assert_eq!((till.asked.load(SeqCst), till.cash()), (10, CASH - 50_000_000));
    assert_eq!(scene.effects().await[0].state, EffectState::Done);
    assert_eq!(heard(&scene).await.len(), 1);
}

#[tokio::test]
async fn a_swap_that_the_operator_drops_is_forgotten_by_the_purse_that_it_waits_in() {
    let till = Till::of(guarded());
    *till.failures.lock().unwrap() = vec![SwapError::UnderWay("another one is before it".to_owned()); 9];
    let scene = scene(&till, Mode::Live, vec![Step::EndAtKind("swap_failed"), Step::Swap(FIFTY)]).await;
    scene.handle(of("agent_started", "host", start())).await;
    let [effect] = &scene.effects().await[..] else { panic!() };
    scene.host.speak(&effect.id, &Word::Retry { sure: false }).await.unwrap_err();
    assert_eq!(*till.forgotten.lock().unwrap(), []);
    scene.host.speak(&effect.id, &Word::Drop { reason: None }).await.unwrap();
    assert_eq!(*till.forgotten.lock().unwrap(), std::slice::from_ref(&effect.id));
}

/// A desk that took it may be gone for a while: nobody says that it failed before the desk has.
#[tokio::test]
async fn a_desk_that_took_it_and_is_gone_is_asked_until_it_is_back() {
    let till = Till::of(guarded());
    let mut failures = vec![SwapError::Unavailable("no desk".to_owned()); 9];
    failures.push(SwapError::UnderWay("a person is asked".to_owned()));
    *till.failures.lock().unwrap() = failures;
    let scene = scene(&till, Mode::Live, vec![Step::EndAtKind("swap_done"), Step::Swap(FIFTY)]).await;
    scene.handle(of("agent_started", "host", start())).await;
    scene.run_until(after(6 * HOUR)).await;
    assert_eq!((till.asked.load(SeqCst), till.cash()), (11, CASH - 50_000_000));
    assert_eq!(heard(&scene).await, [("swap_done".to_owned(), Value::Null)]);
}

#[tokio::test]
async fn a_crash_between_the_swap_and_its_end_swaps_nothing_twice() {
    let till = Till::of(guarded());
    let steps = vec![Step::EndAtKind("swap_done"), Step::Swap(FIFTY)];
    let scene = scene(&till, Mode::Live, steps.clone()).await;
    // The end cannot be written: as if the host died there.
    scene.host.submit(vec![of("agent_started", "host", start())]).await.unwrap();
    scene.run_until(after(500)).await;
    scene.refuse("event_rows");
    let _ = puppet_engine::simulation::run(&scene.host, &scene.clock, after(2_000), 1, |_| {}).await;
    assert_eq!((till.asked.load(SeqCst) > 0, till.cash()), (true, CASH - 50_000_000));
    assert_eq!(scene.effects().await[0].state, EffectState::Sent);
    scene.allow();
    let setting = Setting { purses: Some(Arc::clone(&till) as _), ..Setting::default() };
    let scene = scene.again(setting, cast(steps)).await;
    scene.run_until(after(HOUR)).await;
    assert_eq!((scene.effects().await[0].state, till.cash()), (EffectState::Done, CASH - 50_000_000));
    assert_eq!(heard(&scene).await, [("swap_done".to_owned(), Value::Null)]);
}

/// An operator gives the agent another desk between a crash and the next start, or none.
#[tokio::test]
async fn another_purse_never_gets_what_was_handed_to_one_before_a_crash() {
    for now in [Some("spare".to_owned()), None] {
        let (main, spare) = (Till::of(guarded()), Till::of(guarded()));
        (*spare.name.lock().unwrap()).clone_from(&now);
        let steps = vec![Step::EndAtKind("swap_done"), Step::EndAtKind("swap_failed"), Step::Swap(FIFTY)];
        let scene = scene(&main, Mode::Live, steps.clone()).await;
        scene.host.submit(vec![of("agent_started", "host", start())]).await.unwrap();
        scene.run_until(after(500)).await;
        scene.refuse("event_rows");
        let _ = puppet_engine::simulation::run(&scene.host, &scene.clock, after(2_000), 1, |_| {}).await;
        let cut = scene.effects().await.remove(0);
        assert_eq!(
            (cut.state, cut.purse.as_deref(), main.cash()),
            (EffectState::Sent, Some("main"), CASH - 50_000_000)
        );
        scene.allow();
        let setting = Setting { purses: Some(Arc::clone(&spare) as _), ..Setting::default() };
        let scene = scene.again(setting, cast(steps)).await;
        scene.run_until(after(HOUR)).await;
        let left = scene.effects().await.remove(0);
        assert_eq!((left.state, left.is_open(), spare.asked.load(SeqCst)), (EffectState::InDoubt, false, 0));
        assert!(left.reason.as_deref().unwrap().starts_with("in doubt: it was handed to the purse `main`"), "{left:?}");
        assert_eq!((heard(&scene).await.len(), main.cash(), spare.cash()), (0, CASH - 50_000_000, CASH));
        // The operator may begin it anew, who has to say that this may swap a second time.
        let refused = scene.host.speak(&left.id, &Word::Retry { sure: false }).await.unwrap_err();
        assert!(matches!(refused, OutboxError::NotSure(_)), "{refused}");
        let anew = scene.host.speak(&left.id, &Word::Retry { sure: true }).await.unwrap();
        assert_eq!(anew.purse, None);
        scene.run_until(after(9 * HOUR)).await;
        let told = if now.is_some() { "swap_done" } else { "swap_failed" };
        assert_eq!(heard(&scene).await.remove(0).0, told);
        assert_eq!(spare.cash() < CASH, now.is_some());
    }
}

/// Nobody took it: the purse of then is not asked for.
#[tokio::test]
async fn what_no_desk_took_goes_to_the_purse_that_there_is_next() {
    let till = Till::of(guarded());
    *till.failures.lock().unwrap() = vec![SwapError::Unavailable("no desk".to_owned())];
    let scene = scene(&till, Mode::Live, vec![Step::EndAtKind("swap_done"), Step::Swap(FIFTY)]).await;
    scene.handle(of("agent_started", "host", start())).await;
    assert_eq!(scene.effects().await[0].purse, None);
    *till.name.lock().unwrap() = Some("spare".to_owned());
    scene.run_until(after(HOUR)).await;
    assert_eq!((scene.effects().await[0].state, till.cash()), (EffectState::Done, CASH - 50_000_000));
}

#[tokio::test]
async fn nothing_is_swapped_while_everything_is_halted() {
    let till = Till::of(guarded());
    let scene = scene(&till, Mode::Live, vec![Step::EndAtKind("swap_done"), Step::Swap(FIFTY)]).await;
    scene.host.halt(None).await.unwrap();
    scene.handle(of("agent_started", "host", start())).await;
    assert_eq!((scene.effects().await[0].state, till.asked.load(SeqCst)), (EffectState::Waiting, 0));
    scene.host.resume().await.unwrap();
    scene.run_until(after(HOUR)).await;
    assert_eq!(till.cash(), CASH - 50_000_000);
}

#[tokio::test]
async fn dry_run_keeps_a_swap_and_approve_asks_for_it() {
    let till = Till::of(guarded());
    let steps = || vec![Step::EndAtKind("swap_done"), Step::EndAtKind("swap_failed"), Step::Swap(FIFTY)];
    let dry = scene(&till, Mode::DryRun, steps()).await;
    dry.handle(of("agent_started", "host", start())).await;
    assert_eq!((dry.effects().await[0].state, till.asked.load(SeqCst)), (EffectState::DryRun, 0));

    let asked = scene(&till, Mode::Approve, steps()).await;
    asked.handle(of("agent_started", "host", start())).await;
    let effect = asked.effects().await.remove(0);
    assert_eq!((effect.state, till.asked.load(SeqCst)), (EffectState::WaitingForApproval, 0));
    asked.host.decide((&effect.id, Some(effect.digest())), &Verdict::Approve).await.unwrap();
    asked.run_until(after(HOUR)).await;
    assert_eq!((till.asked.load(SeqCst), till.cash()), (1, CASH - 50_000_000));

    let rejected = scene(&till, Mode::Approve, steps()).await;
    rejected.handle(of("agent_started", "host", start())).await;
    let effect = rejected.effects().await.remove(0);
    rejected.host.decide((&effect.id, None), &Verdict::Reject(Some("not today".to_owned()))).await.unwrap();
    rejected.run_until(after(HOUR)).await;
    assert_eq!(heard(&rejected).await, [("swap_failed".to_owned(), json!("rejected"))]);
    assert_eq!(till.asked.load(SeqCst), 1);
}

#[tokio::test]
async fn a_desk_that_is_not_there_is_asked_again_and_then_given_up() {
    let till = Till::of(guarded());
    *till.failures.lock().unwrap() = vec![SwapError::Unavailable("no desk".to_owned()); 9];
    let steps = vec![Step::EndAtKind("swap_done"), Step::EndAtKind("swap_failed"), Step::Swap(FIFTY)];
    let scene = scene(&till, Mode::Live, steps).await;
    scene.handle(of("agent_started", "host", start())).await;
    scene.run_until(after(6 * HOUR)).await;
    assert_eq!((till.asked.load(SeqCst), till.cash()), (5, CASH));
    assert_eq!(heard(&scene).await, [("swap_failed".to_owned(), json!("unavailable"))]);
    // Begun anew by the operator it is another try of the same swap, and is told of.
    till.failures.lock().unwrap().clear();
    let id = scene.effects().await.remove(0).id;
    scene.host.speak(&id, &Word::Retry { sure: true }).await.unwrap();
    scene.run_until(after(7 * HOUR)).await;
    assert_eq!(till.cash(), CASH - 50_000_000);
    assert_eq!(heard(&scene).await.last().unwrap(), &("swap_done".to_owned(), Value::Null));
}

/// What is behind a swap follows from its event.
#[tokio::test]
async fn an_event_says_what_is_behind_a_swap() {
    let till = Till::of(open());
    let scene = scene(&till, Mode::DryRun, vec![Step::Swap(FIFTY)]).await;
    let mut at = start();
    for (kind, source, origin) in [
        ("mention", "local", Origin::HumanRequest),
        ("timeline_post", "local", Origin::HumanRequest),
        ("watch.token_received", "watch", Origin::Gift),
        ("watch.gift_received", "watch", Origin::Gift),
        ("command_post", "cli", Origin::Operator),
        ("agent_started", "host", Origin::Own),
        ("post_published", "host", Origin::HumanRequest),
        ("stray", "somewhere", Origin::HumanRequest),
    ] {
        at = at.plus_millis(HOUR);
        scene.handle(of(kind, source, at)).await;
        assert_eq!(till.last_look(), Some(origin), "{kind}");
    }
    at = at.plus_millis(HOUR);
    scene.handle(Event { author: Some("bob".to_owned()), ..of("pack.note", "pack", at) }).await;
    assert_eq!(till.last_look(), Some(Origin::HumanRequest), "somebody's words");
}

/// A timer carries along what was behind the call that set it, over restarts too.
#[tokio::test]
async fn a_timer_carries_along_what_it_was_set_for() {
    for (kind, source, origin) in [
        ("mention", "local", Origin::HumanRequest),
        ("watch.token_received", "watch", Origin::Gift),
        ("agent_started", "host", Origin::Own),
        ("command_post", "cli", Origin::Operator),
    ] {
        let till = Till::of(open());
        // A timer sets the next one: what it was set for goes on and on.
        let steps = vec![Step::After("later"), Step::Swap(FIFTY)];
        let scene = scene(&till, Mode::DryRun, steps.clone()).await;
        scene.handle(of(kind, source, start())).await;
        let setting = Setting { mode: Mode::DryRun, purses: Some(Arc::clone(&till) as _), ..Setting::default() };
        let scene = scene.again(setting, cast(steps)).await;
        scene.run_until(after(3 * HOUR)).await;
        let looks = till.looks.lock().unwrap().clone();
        assert!(looks.len() >= 3 && looks.iter().all(|look| *look == origin), "{kind}: {looks:?}");
    }
}

/// An event that a plugin made carries along what that plugin handled, from agent to agent.
#[tokio::test]
async fn an_event_of_a_plugin_carries_along_what_led_to_it() {
    for (kind, source, origin) in [("mention", "local", Origin::HumanRequest), ("agent_started", "host", Origin::Own)] {
        let till = Till::of(open());
        let setting = Setting { mode: Mode::DryRun, purses: Some(Arc::clone(&till) as _), ..Setting::default() };
        let plays = |pack: &'static str, steps| Cast { pack, steps, end: End::Ok, requests: everything() };
        let casts = vec![plays("ann", vec![Step::Emit("ann.note")]), plays("bob", vec![Step::Swap(FIFTY)])];
        let scene = Scene::with(setting, casts, &["ann", "bob"]).await;
        // `ann` tells herself, and all hear of it in the end: only `bob` trades.
        scene.install("ann", &crate::guest::component(&[Step::EmitAll("ann.note")], End::Ok), everything());
        scene.handle(of(kind, source, start())).await;
        scene.run_until(after(HOUR)).await;
        let looks = till.looks.lock().unwrap().clone();
        assert!(!looks.is_empty() && looks.iter().all(|look| *look == origin), "{kind}: {looks:?}");
    }
}

/// A component of before there was a wallet runs as ever beside one that trades.
#[tokio::test]
async fn a_component_that_knows_nothing_of_wallets_runs_as_ever() {
    let keeper = include_bytes!("../../../../tests/fixtures/contract-0.1.0/keeper.wasm");
    let till = Till::of(guarded());
    let steps = vec![Step::EndAtKind("swap_done"), Step::Price, Step::Swap(FIFTY)];
    let scene = scene(&till, Mode::Live, steps).await;
    let compiled = scene.host.sandbox.compile(keeper).unwrap();
    assert!(
        compiled.inspection().capabilities.iter().all(|capability| !["wallet", "market"].contains(&capability.name()))
    );
    scene.install("bob", keeper, everything());
    scene.join("bob").await;
    let entry = scene.handle(event("e1", "bob", start())).await;
    assert_eq!(entry.invocation.outcome, Outcome::Ok);
    let entry = scene.handle(of("agent_started", "host", after(120_000))).await;
    assert_eq!((refused(&entry), till.cash()), (vec!["denied"], CASH - 50_000_000), "nobody knows a price here");
}
