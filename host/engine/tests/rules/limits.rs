//! The limits that the gate counts, each with a guest that hits it. `puppet doctor --limits` names these tests.

use std::{sync::Arc, sync::atomic::Ordering::SeqCst, time::Duration};

use puppet_engine::SystemClock;
use puppet_grants::CallBounds;
use puppet_store::{AgentStore as _, EventStore as _};
use puppet_types::{Breach, Capability, Outcome};

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

async fn scene(bounds: CallBounds, steps: &[Step], end: End) -> Scene {
    let cast = Cast { pack: "pack", steps: steps.to_vec(), end, requests: everything() };
    Scene::with(Setting { bounds, ..Setting::default() }, vec![cast], &["ann"]).await
}

#[tokio::test]
async fn too_many_host_calls_end_the_call() {
    let bounds = CallBounds { host_calls: 50, ..CallBounds::default() };
    let scene = scene(bounds, &[Step::Timeline], End::Repeat).await;
    let invocation = scene.handle(event("e1", "ann", start())).await.invocation;
    let Outcome::Breach(Breach::TooManyHostCalls, detail) = &invocation.outcome else {
        panic!("{:?}", invocation.outcome)
    };
    assert_eq!(detail, "more than 50 calls of `tweet`");
    assert_eq!((scene.network.reads.load(SeqCst), invocation.host_calls[&Capability::Tweet]), (50, 51));
    assert_eq!(invocation.strikes, 1);
}

#[tokio::test]
async fn a_guest_that_befriends_everybody_keeps_those_it_met_last() {
    let crowd = |round: usize| -> Vec<Step> {
        let name = |n| Step::Befriend(Box::leak(format!("p{:04}", round * 250 + n).into_boxed_str()));
        (0..250).map(name).collect()
    };
    let cast = |round| vec![Cast { pack: "pack", steps: crowd(round), end: End::Ok, requests: everything() }];
    let mut scene = Scene::with(Setting::default(), cast(0), &["ann"]).await;
    for round in 0..5 {
        if round > 0 {
            scene = scene.again(Setting::default(), cast(round)).await;
        }
        let invocation = scene.handle(event(&format!("e{round}"), "ann", start())).await.invocation;
        assert_eq!((invocation.outcome, invocation.decisions.len()), (Outcome::Ok, 250));
    }
    let kept = scene.store.relationships(&"ann".into()).await.unwrap();
    assert_eq!((kept.len(), CallBounds::default().relationships), (1_000, puppet_agent::KEPT));
    assert_eq!((kept[0].target.as_str(), kept[999].target.as_str()), ("p0250", "p1249"));
    let bounds = CallBounds { relationships: 7, ..CallBounds::default() };
    let scene = scene.again(Setting { bounds, ..Setting::default() }, cast(0)).await;
    scene.handle(event("fewer", "ann", start())).await;
    assert_eq!(scene.store.relationships(&"ann".into()).await.unwrap().len(), 7);
}

#[tokio::test]
async fn a_chain_of_our_own_events_ends_as_a_loop() {
    for (hops, calls) in [(3, 4), (CallBounds::default().hops, puppet_types::MAX_HOPS as usize + 1)] {
        let scene = scene(CallBounds { hops, ..CallBounds::default() }, &[Step::Emit("pack.again")], End::Ok).await;
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        scene.run_until(after(60_000)).await;
        assert_eq!(scene.journal().await.len(), calls, "what comes from outside, and {hops} of our own");
        let letters = scene.store.dead_letters(10).await.unwrap();
        assert_eq!(letters.iter().map(|letter| letter.reason.as_str()).collect::<Vec<_>>(), ["loop"]);
    }
}

#[tokio::test]
async fn each_capability_is_counted_apart() {
    let bounds = CallBounds { host_calls: 2, ..CallBounds::default() };
    let twice = [Step::Timeline, Step::GetState, Step::Timeline, Step::GetState];
    let scene = scene(bounds, &twice, End::Ok).await;
    assert_eq!(scene.handle(event("e1", "ann", start())).await.invocation.outcome, Outcome::Ok);
}

#[tokio::test]
async fn too_many_decisions_end_the_call() {
    let bounds = CallBounds { decisions: 7, ..CallBounds::default() };
    let scene = scene(bounds, &[Step::ShiftMood], End::Repeat).await;
    let invocation = scene.handle(event("e1", "ann", start())).await.invocation;
    let Outcome::Breach(Breach::TooManyDecisions, detail) = &invocation.outcome else {
        panic!("{:?}", invocation.outcome)
    };
    assert_eq!((detail.as_str(), invocation.decisions.len()), ("more than 7 decisions", 7));
    assert_eq!(invocation.strikes, 1);
    assert!(scene.rows()["moods"].is_empty());
}

#[tokio::test]
async fn too_many_bytes_for_the_journal_end_the_call() {
    let bounds = CallBounds { journal_bytes: 200, ..CallBounds::default() };
    let scene = scene(bounds, &[Step::Timeline], End::Repeat).await;
    let invocation = scene.handle(event("e1", "ann", start())).await.invocation;
    let Outcome::Breach(Breach::TooManyHostBytes, detail) = &invocation.outcome else {
        panic!("{:?}", invocation.outcome)
    };
    assert_eq!(detail, "more than 200 bytes of questions and answers");
    let kept: usize =
        invocation.reads.iter().map(|read| read.request.as_str().len() + read.answer.as_str().len()).sum();
    assert!((1..=200).contains(&kept), "{kept}");
    assert_eq!(invocation.strikes, 1);
}

/// On the real clock: the provider never answers, so nothing but the deadline can end the call.
#[tokio::test]
async fn a_slow_provider_runs_into_the_deadline() {
    let bounds = CallBounds { deadline: Duration::from_millis(50), ..CallBounds::default() };
    let setting = Setting { bounds, clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    let cast = Cast { pack: "pack", steps: vec![Step::Timeline], end: End::Ok, requests: everything() };
    let scene = Scene::with(setting, vec![cast], &["ann"]).await;
    scene.network.hangs.store(true, SeqCst);
    let handled = puppet_engine::preview(&scene.host, event("e1", "ann", start()), Default::default());
    let invocation = tokio::time::timeout(Duration::from_secs(60), handled).await.unwrap().unwrap().unwrap();
    assert!(matches!(invocation.outcome, Outcome::Breach(Breach::Deadline, _)), "{:?}", invocation.outcome);
    assert_eq!(scene.network.reads.load(SeqCst), 1);
    assert_eq!(scene.host.sandbox.pool_use().slots, 0, "its place is free again");
}

#[tokio::test]
async fn log_lines_beyond_their_bound_are_dropped() {
    let bounds = CallBounds { log_lines: 3, log_line_bytes: 8, ..CallBounds::default() };
    let scene = scene(bounds, &[Step::Log("one long line"); 5], End::Ok).await;
    let invocation = scene.handle(event("e1", "ann", start())).await.invocation;
    assert_eq!(invocation.outcome, Outcome::Ok, "it costs lines, not the call");
    let lines: Vec<&str> = invocation.log.iter().map(|line| line.message.as_str()).collect();
    let told = "2 more log lines were dropped: 3 are kept of an invocation";
    assert_eq!(lines, ["one long", "one long", "one long", told]);
    assert_eq!(invocation.host_calls[&Capability::Log], 5);
}

#[tokio::test]
async fn fields_of_a_log_line_beyond_their_bound_are_cut() {
    let bounds = CallBounds { log_fields: 2, log_line_bytes: 17, ..CallBounds::default() };
    let scene = scene(bounds, &[Step::LogFields("one", 30), Step::LogFields("", 1)], End::Ok).await;
    let invocation = scene.handle(event("e1", "ann", start())).await.invocation;
    assert_eq!(invocation.outcome, Outcome::Ok, "it costs fields, not the call");
    let lines: Vec<String> = invocation.log.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["info: one key=\"value\" key=\"val\"", "info:  key=\"value\""]);
}
