//! Modes other than live: what waits for the operator leaves when it is approved and never else, and what is only shown
//! never leaves.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::{Happening, Verdict, VerdictError, simulation};
use puppet_grants::{Amount, Mode, Period, ceiling};
use puppet_store::{Change, Effect, EffectState};
use puppet_tweet::Action;
use puppet_types::{Capability, Decision, Digest, EffectId, PostRef, Timestamp};

use crate::{
    guest::{End, Step},
    scene::{Cast, DAY, Scene, Setting, after, effect, event, everything, start},
};

fn cast() -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: vec![Step::PostEventId], end: End::Ok, requests: everything() }]
}

fn mode(mode: Mode) -> Setting {
    Setting { mode, ..Setting::default() }
}

/// Two posts that wait, of events a second apart.
async fn two_wait() -> Scene {
    let scene = Scene::with(mode(Mode::Approve), cast(), &["ann"]).await;
    scene.host.submit(vec![event("e1", "ann", start()), event("e2", "ann", after(1_000))]).await.unwrap();
    scene.run_until(after(60_000)).await;
    assert_eq!((states(&scene).await, scene.posted().len()), (vec![EffectState::WaitingForApproval; 2], 0));
    scene
}

async fn states(scene: &Scene) -> Vec<EffectState> {
    scene.effects().await.iter().map(|effect| effect.state).collect()
}

async fn id(scene: &Scene, n: usize) -> EffectId {
    scene.effects().await[n].id.clone()
}

async fn say(scene: &Scene, n: usize, verdict: &Verdict) -> Result<Effect, VerdictError> {
    scene.host.decide((&id(scene, n).await, None), verdict).await
}

/// When and why the agent was told that an effect failed.
async fn told(scene: &Scene) -> Vec<(Timestamp, String)> {
    let entries = scene.journal().await;
    let failed = entries.into_iter().filter(|entry| entry.invocation.event.kind == "post_failed");
    failed.map(|entry| (entry.invocation.event.at, entry.invocation.event.payload["error"].to_string())).collect()
}

#[tokio::test]
async fn what_is_approved_leaves_in_the_order_of_its_account() {
    let scene = two_wait().await;
    say(&scene, 1, &Verdict::Approve).await.unwrap();
    let approved = say(&scene, 0, &Verdict::Approve).await.unwrap();
    assert_eq!(approved.state, EffectState::Waiting);
    scene.run_until(after(120_000)).await;
    assert_eq!((scene.posted(), states(&scene).await), (vec!["e1".into(), "e2".into()], vec![EffectState::Done; 2]));
    for verdict in [Verdict::Approve, Verdict::Reject(None)] {
        let again = say(&scene, 0, &verdict).await.unwrap_err();
        assert!(matches!(again, VerdictError::NotWaiting(_, EffectState::Done)), "{again}");
    }
    scene.run_until(after(3 * DAY)).await;
    assert_eq!(states(&scene).await, [EffectState::Done; 2], "the wait is over, and nothing comes of it later");
}

#[tokio::test]
async fn what_is_rejected_never_leaves_and_its_plugin_hears_why() {
    let scene = two_wait().await;
    let used = scene.used(Amount::Posts, Period::Day).await;
    say(&scene, 0, &Verdict::Reject(Some("not today".to_owned()))).await.unwrap();
    scene.run_until(after(120_000)).await;
    let effects = scene.effects().await;
    let reason = "rejected by the operator: not today";
    assert_eq!((effects[0].state, effects[0].reason.as_deref()), (EffectState::Rejected, Some(reason)));
    assert_eq!(told(&scene).await, [(after(60_999), format!("\"{reason}\""))]);
    assert_eq!(used, (2, 0), "they were charged when they were decided");
    assert_eq!(scene.used(Amount::Posts, Period::Day).await, (3, 0), "the guest posts of its rejection too");
    assert!(say(&scene, 0, &Verdict::Approve).await.is_err());
    assert!(scene.posted().is_empty());
}

/// An approval is an effect of the moment in which it is given, not of the one in which it was decided.
#[tokio::test]
async fn an_operator_is_answered_with_what_is_stored() {
    let scene = two_wait().await;
    let before = scene.effects().await;
    let verdicts = [Verdict::Approve, Verdict::Reject(Some("no".to_owned()))];
    let mut watch = scene.host.watch();
    let mut answers = Vec::new();
    for (n, verdict) in verdicts.iter().enumerate() {
        answers.push(say(&scene, n, verdict).await.unwrap());
    }
    assert!(matches!(watch.try_recv(), Ok(Happening::Approved { effect, .. }) if effect.id == before[0].id));
    assert!(matches!(watch.try_recv(), Ok(Happening::Accepted { kind, .. }) if kind == "post_failed"));
    assert!(matches!(watch.try_recv(), Ok(Happening::Kept { effect, .. }) if effect.id == before[1].id));
    assert!(watch.try_recv().is_err());
    let stored = scene.effects().await;
    let told = |effect: &Effect| (effect.state, effect.reason.clone(), effect.not_before);
    assert_eq!(answers.iter().map(told).collect::<Vec<_>>(), stored.iter().map(told).collect::<Vec<_>>());
    assert_eq!(told(&stored[0]), (EffectState::Waiting, None, after(60_999)));
    let reason = Some("rejected by the operator: no".to_owned());
    assert_eq!(told(&stored[1]), (EffectState::Rejected, reason, before[1].not_before));
    assert!(before[0].not_before < stored[0].not_before);
}

#[tokio::test]
async fn what_nobody_approves_expires_on_time_also_after_a_restart() {
    let scene = two_wait().await;
    let before = scene.again(mode(Mode::Approve), cast()).await;
    before.run_until(after(DAY)).await;
    assert_eq!(states(&before).await, [EffectState::WaitingForApproval; 2], "a moment more");
    before.run_until(after(DAY + 1)).await;
    assert_eq!(states(&before).await[..2], [EffectState::Expired, EffectState::WaitingForApproval]);
    before.run_until(after(DAY + 2_000)).await;
    let effects = before.effects().await;
    assert_eq!(effects[1].state, EffectState::Expired);
    assert_eq!(effects[1].reason.as_deref(), Some("nobody approved it in time"));
    let late = say(&before, 1, &Verdict::Approve).await.unwrap_err();
    assert!(matches!(late, VerdictError::NotWaiting(_, EffectState::Expired)), "{late}");
    before.run_until(after(DAY + 10_000)).await;
    let at: Vec<_> = told(&before).await.into_iter().map(|(at, _)| at).collect();
    assert_eq!(at, [after(DAY + 1_000), after(DAY + 2_000)]);
    assert!(before.posted().is_empty());
}

/// Ends of approvals are like everything else in virtual time: the same for every number of workers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ends_of_approvals_are_the_same_for_every_number_of_workers() {
    let mut runs = Vec::new();
    for workers in [1, 4] {
        let scene = Scene::with(mode(Mode::Approve), cast(), &["ann", "bob", "cid", "dot"]).await;
        let to = |agent: &str| event(&format!("to {agent}"), agent, start());
        scene.host.submit(["dot", "cid", "bob", "ann"].map(to).to_vec()).await.unwrap();
        simulation::run(&scene.host, &scene.clock, after(3 * DAY), workers, |_| {}).await.unwrap();
        let states = states(&scene).await;
        let expired = states.iter().filter(|state| **state == EffectState::Expired).count();
        assert!(expired >= 8, "those of each day: {states:?}");
        let mut rows = scene.rows();
        runs.push(["outbox", "events", "journal"].map(|table| rows.remove(table).unwrap()));
    }
    assert_eq!(runs[0], runs[1]);
}

/// Its time is over, and the host has not come to write that.
#[tokio::test]
async fn what_is_too_late_is_not_approved() {
    let scene = two_wait().await;
    scene.clock.advance_to(after(2 * DAY));
    let late = say(&scene, 0, &Verdict::Approve).await.unwrap_err();
    assert!(matches!(late, VerdictError::NotWaiting(_, EffectState::Expired)), "{late}");
    scene.run_until(after(2 * DAY + 60_000)).await;
    assert!(scene.posted().is_empty());
}

#[tokio::test]
async fn an_approval_is_bound_to_what_was_seen() {
    let scene = two_wait().await;
    let effects = scene.effects().await;
    let other = effects[1].digest();
    let error = scene.host.decide((&effects[0].id, Some(other)), &Verdict::Approve).await.unwrap_err();
    assert!(matches!(error, VerdictError::Differs(_, real) if real == effects[0].digest()), "{error}");
    let unknown = scene.host.decide((&"eff_none".into(), None), &Verdict::Approve).await.unwrap_err();
    assert!(matches!(unknown, VerdictError::Unknown(_)), "{unknown}");
    assert_eq!(states(&scene).await, [EffectState::WaitingForApproval; 2]);
    let changed = Effect { body: Decision::Post { text: "other".into(), images: Vec::new() }, ..effects[0].clone() };
    assert_ne!(Digest::of(b""), changed.digest());
    assert_ne!(effects[0].digest(), changed.digest(), "every word counts");
    let digest = Some(effects[0].digest());
    scene.host.decide((&effects[0].id, digest), &Verdict::Approve).await.unwrap();
}

/// A like of a post of the same call: the post has to be there first.
#[tokio::test]
async fn what_is_about_a_post_that_waits_is_not_approved_before_it() {
    let scene = Scene::with(mode(Mode::Approve), cast(), &["ann"]).await;
    let waits = |id: &str, n: u32, body: Decision| Effect {
        state: EffectState::WaitingForApproval,
        expires: Some(after(DAY)),
        ..effect(id, "ann", n, body)
    };
    let post = waits("f0", 0, Decision::Post { text: "hello".into(), images: Vec::new() });
    let like = waits("f1", 1, Decision::Like { of: PostRef::Decision(0) });
    scene.host.apply(vec![Change::Effect(post), Change::Effect(like)]).await.unwrap();
    let early = say(&scene, 1, &Verdict::Approve).await.unwrap_err();
    assert!(matches!(&early, VerdictError::Later(_, first) if first.as_str() == "f0"), "{early}");
    say(&scene, 0, &Verdict::Approve).await.unwrap();
    say(&scene, 1, &Verdict::Approve).await.unwrap();
}

#[tokio::test]
async fn a_dry_run_is_journaled_and_never_leaves_whatever_the_mode_is_later() {
    let scene = Scene::with(mode(Mode::DryRun), cast(), &["ann"]).await;
    let entry = scene.handle(event("e1", "ann", start())).await;
    assert_eq!(entry.invocation.decisions[0].decision.kind(), "post");
    assert_eq!(states(&scene).await, [EffectState::DryRun]);
    let scene = scene.again(mode(Mode::Live), cast()).await;
    scene.host.submit(vec![event("e2", "ann", after(60_000))]).await.unwrap();
    let approved = say(&scene, 0, &Verdict::Approve).await.unwrap_err();
    assert!(matches!(approved, VerdictError::NotWaiting(_, EffectState::DryRun)), "{approved}");
    scene.run_until(after(3 * DAY)).await;
    assert_eq!((scene.posted(), states(&scene).await[0]), (vec!["e2".into()], EffectState::DryRun));
}

/// Everything that leaves a host, as a guest calls it, by the name that it has everywhere.
const KINDS: [(Step, &str); 6] = [
    (Step::Post("a post"), "post"),
    (Step::Thread("a part"), "thread"),
    (Step::Reply("7"), "reply"),
    (Step::Quote("7"), "quote"),
    (Step::Like("7"), "like"),
    (Step::Delete("7"), "delete"),
];

/// A guest that decides one of a kind and a post beside it, after its first event.
async fn decided(mode: Mode, step: Step) -> Scene {
    let steps = vec![step, Step::Post("beside it")];
    let cast = Cast { pack: "pack", steps, end: End::Ok, requests: everything() };
    let scene = Scene::with(Setting { mode, ..Setting::default() }, vec![cast], &["ann"]).await;
    // A thread is one order.
    scene.network.is_idempotent.store(true, SeqCst);
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(60_000)).await;
    scene
}

/// What its provider was asked for, in that order.
fn left(scene: &Scene) -> Vec<&'static str> {
    let name = |action: &Action| match action {
        Action::Post { .. } => "post",
        Action::Thread { .. } => "thread",
        Action::Reply { .. } => "reply",
        Action::Quote { .. } => "quote",
        Action::Like { .. } => "like",
        Action::Delete { .. } => "delete",
    };
    scene.network.orders.lock().unwrap().iter().map(|order| name(&order.action)).collect()
}

/// Of the two effects of the first event.
async fn kinds_and_states(scene: &Scene) -> Vec<(&'static str, EffectState)> {
    let effects = scene.effects().await;
    effects[..2].iter().map(|effect| (effect.body.kind(), effect.state)).collect()
}

/// The decision, the kind and the reason of each `post_failed` about the first event.
async fn failures(scene: &Scene) -> Vec<(u64, String, String)> {
    let entries = scene.journal().await;
    let events = entries.iter().map(|entry| &entry.invocation.event).filter(|event| event.kind == "post_failed");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let told = events.map(|event| &event.payload);
    told.map(|told| (told["decision"].as_u64().unwrap(), text(&told["kind"]), text(&told["error"]))).collect()
}

#[test]
fn every_kind_that_leaves_is_in_the_table() {
    let reads = ["timeline", "posts-of", "thread-of", "own-posts", "search", "conversation"];
    let operations = ceiling(Capability::Tweet).unwrap().operations;
    let leaving: Vec<&str> = operations.iter().copied().filter(|operation| !reads.contains(operation)).collect();
    assert_eq!(leaving, KINDS.map(|(_, kind)| kind));
}

#[tokio::test]
async fn of_every_kind_exactly_what_is_approved_leaves() {
    use EffectState::{Done, WaitingForApproval};
    for (step, kind) in KINDS {
        let scene = decided(Mode::Approve, step).await;
        assert_eq!(kinds_and_states(&scene).await, [(kind, WaitingForApproval), ("post", WaitingForApproval)]);
        assert!(scene.effects().await.iter().all(|effect| effect.expires == Some(after(DAY))), "{kind}");
        assert_eq!(left(&scene), [""; 0], "{kind}");
        say(&scene, 0, &Verdict::Approve).await.unwrap();
        scene.run_until(after(120_000)).await;
        assert_eq!((left(&scene), failures(&scene).await), (vec![kind], Vec::new()));
        assert_eq!(kinds_and_states(&scene).await, [(kind, Done), ("post", WaitingForApproval)]);
    }
}

#[tokio::test]
async fn of_every_kind_what_is_rejected_or_left_alone_ends_and_is_told() {
    use EffectState::{Expired, Rejected, WaitingForApproval};
    for (step, kind) in KINDS {
        let scene = decided(Mode::Approve, step).await;
        say(&scene, 0, &Verdict::Reject(Some("no".to_owned()))).await.unwrap();
        scene.run_until(after(120_000)).await;
        assert_eq!(kinds_and_states(&scene).await, [(kind, Rejected), ("post", WaitingForApproval)]);
        let rejected = (0, kind.to_owned(), "rejected by the operator: no".to_owned());
        assert_eq!(failures(&scene).await, [rejected]);

        let scene = decided(Mode::Approve, step).await;
        scene.run_until(after(DAY + 10_000)).await;
        assert_eq!(kinds_and_states(&scene).await, [(kind, Expired), ("post", Expired)]);
        let late = |n, kind: &str| (n, kind.to_owned(), "nobody approved it in time".to_owned());
        assert_eq!(failures(&scene).await, [late(0, kind), late(1, "post")]);
        assert_eq!(left(&scene), [""; 0], "{kind}");
    }
}

#[tokio::test]
async fn of_every_kind_a_dry_run_is_shown_and_never_leaves() {
    use EffectState::DryRun;
    for (step, kind) in KINDS {
        let scene = decided(Mode::DryRun, step).await;
        let decisions = scene.journal().await.swap_remove(0).invocation.decisions;
        assert_eq!(decisions.iter().map(|decided| decided.decision.kind()).collect::<Vec<_>>(), [kind, "post"]);
        for verdict in [Verdict::Approve, Verdict::Reject(None)] {
            let error = say(&scene, 0, &verdict).await.unwrap_err();
            assert!(matches!(error, VerdictError::NotWaiting(_, DryRun)), "{kind}: {error}");
        }
        scene.run_until(after(3 * DAY)).await;
        assert_eq!(kinds_and_states(&scene).await, [(kind, DryRun), ("post", DryRun)]);
        assert_eq!((left(&scene), failures(&scene).await), (Vec::new(), Vec::new()));
    }
}
