//! A version in the place of another: proven on what was recorded, tried on some, switched, watched, taken back.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use puppet_engine::{
    Plugin,
    swap::{Candidate, SwapRules, Verdict, settled, shadow},
};
use puppet_grants::Request;
use puppet_store::{AgentRow, AgentStore as _};
use puppet_types::{Breach, Outcome};
use serde_json::json;

use crate::{
    guest::{End, Step, component},
    scene::{Cast, HOUR, Scene, after, event, everything, start},
};

const STEPS: [Step; 4] = [Step::GetState, Step::PostAnswer, Step::PutState("x"), Step::ShiftMood];

/// Another version of the pack.
fn version(scene: &Scene, steps: &[Step], end: End) -> Arc<Plugin> {
    let sandbox = &scene.host.sandbox;
    let compiled = sandbox.compile(&component(steps, end)).unwrap();
    let imports = compiled.inspection().capabilities.iter().filter(|import| !import.comes_with_every_plugin());
    let requests = imports.map(|import| (*import, Request::default())).collect();
    Arc::new(Plugin::load(sandbox, &compiled, "pack".into(), "2.0.0".to_owned(), requests).unwrap())
}

fn candidate(scene: &Scene, steps: &[Step], end: End) -> Candidate {
    Candidate { plugin: version(scene, steps, end), rows: Vec::new() }
}

async fn lived() -> Scene {
    let scene = Scene::of(Cast { pack: "pack", steps: STEPS.to_vec(), end: End::Ok, requests: everything() }).await;
    for (n, agent) in ["ann", "bob", "ann"].into_iter().enumerate() {
        scene.handle(event(&format!("e{n}"), agent, after(n as u64 * HOUR))).await;
    }
    scene
}

fn everybody(scene: &Scene) -> Vec<puppet_types::AgentId> {
    scene.host.served_by(&"pack".into())
}

#[tokio::test]
async fn what_was_recorded_is_run_again_and_nothing_comes_of_it() {
    let scene = lived().await;
    let (asked, rows) = (scene.model.asked.load(SeqCst), scene.rows());
    let rules = SwapRules::default();
    let same = candidate(&scene, &STEPS, End::Ok);
    let shadow_of =
        async |candidate: &Candidate| shadow(&scene.host, candidate, &everybody(&scene), &rules).await.unwrap();
    let shown = shadow_of(&same).await;
    assert_eq!((shown.replayed, shown.changed_decisions, shown.unanswered_reads), (3, 0, 0));
    assert_eq!((shown.fuel_ratio(), shown.stops(&rules)), (Some(1.0), None));

    // Another order of the same questions is answered from the journal; another question is not.
    let other = candidate(&scene, &[Step::PostAnswer, Step::GetState, Step::Timeline, Step::Complete], End::Ok);
    let shown = shadow_of(&other).await;
    assert_eq!((shown.replayed, shown.changed_decisions, shown.unanswered_reads), (3, 3, 6));
    assert_eq!(shown.stops(&rules), None);
    let strict = SwapRules { same_decisions: true, ..rules.clone() };
    assert!(shown.stops(&strict).unwrap().contains("3 of 3 recorded invocations decide otherwise"));

    for (end, breach) in [(End::Trap, "trap"), (End::Spin, "out-of-fuel")] {
        let shown = shadow_of(&candidate(&scene, &STEPS, end)).await;
        assert_eq!((shown.traps + shown.breaches, shown.traps == 3), (3, end == End::Trap));
        let why = shown.stops(&rules).unwrap();
        assert!(why.starts_with("3 of 3 recorded invocations end in a breach on it") && why.contains(breach), "{why}");
    }
    let burns = [&STEPS[..], &[Step::Burn(100_000)]].concat();
    let why = shadow_of(&candidate(&scene, &burns, End::Ok)).await.stops(&rules).unwrap();
    assert!(why.contains("more than 200 %"), "{why}");

    let few = SwapRules { shadow_most: 2, ..rules.clone() };
    assert_eq!(shadow(&scene.host, &same, &everybody(&scene), &few).await.unwrap().replayed, 2);
    assert_eq!((scene.model.asked.load(SeqCst), scene.rows()), (asked, rows), "a shadow leaves nothing");
    assert!(scene.host.plugins()[&"pack".into()].strikes() == 0);
}

#[tokio::test]
async fn a_trial_serves_some_and_a_switch_everybody() {
    let scene = lived().await;
    let steps = [Step::Post("of the new one")];
    let new = candidate(&scene, &steps, End::Ok);
    let digests = async |events: [(&str, &str); 2], at: u64| {
        let mut digests = Vec::new();
        for (id, agent) in events {
            digests
                .push(scene.handle(event(id, agent, after(at))).await.invocation.plugin.digest == new.plugin.digest());
        }
        digests
    };
    let watch = scene.host.look_at(&new.plugin, None);
    scene.host.try_out(Arc::clone(&new.plugin), BTreeSet::from(["ann".into()]));
    assert_eq!(digests([("t1", "ann"), ("t2", "bob")], 9 * HOUR).await, [true, false]);
    assert_eq!(watch.seen().total, 1, "it is counted alone");
    let replaced = scene.host.switch(&new).await.unwrap();
    assert!(scene.host.trial(&"pack".into()).is_none());
    assert_eq!(digests([("s1", "ann"), ("s2", "bob")], 10 * HOUR).await, [true, true]);
    scene.host.take_back(&new, &replaced).await.unwrap();
    assert_eq!(digests([("b1", "ann"), ("b2", "bob")], 11 * HOUR).await, [false, false]);
    assert_eq!(watch.seen().health(5).success_rate, 1.0);
}

#[tokio::test]
async fn an_event_that_meets_a_fault_of_a_version_on_trial_is_not_lost() {
    let scene = lived().await;
    let bad = candidate(&scene, &STEPS, End::Trap);
    let replaced = scene.host.switch(&bad).await.unwrap();
    let watch = scene.host.look_at(&bad.plugin, None);
    let rules = SwapRules::default();
    scene.host.submit(vec![event("e9", "ann", after(9 * HOUR))]).await.unwrap();
    scene.run_until(after(9 * HOUR + 1)).await;
    let clock = Arc::clone(&scene.clock) as _;
    let Verdict::Bad(reason) = settled(&watch, &rules, &clock, after(10 * HOUR)).await else { panic!() };
    assert_eq!(reason, "1 strike in the first 1 invocation after the switch, the last: trap");
    scene.host.take_back(&bad, &replaced).await.unwrap();
    scene.host.look_away(&watch);
    scene.run_until(after(9 * HOUR + 60_000)).await;
    let last = scene.journal().await.pop().unwrap().invocation;
    assert_eq!((last.event.id.as_str(), &last.outcome), ("e9", &Outcome::Ok), "by the version before");
    assert_eq!(last.plugin.digest, replaced.plugin.unwrap().digest());
    // Nobody looks any more: a fault ends its event.
    scene.host.switch(&candidate(&scene, &STEPS, End::Trap)).await.unwrap();
    let last = scene.handle(event("e10", "bob", after(10 * HOUR))).await.invocation;
    assert!(matches!(last.outcome, Outcome::Breach(Breach::Trap, _)));
    assert_eq!(scene.store.agents_after(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn data_of_an_agent_comes_with_a_version_and_goes_with_it() {
    let scene = lived().await;
    let before = scene.store.agent(&"ann".into()).await.unwrap().unwrap();
    let body = json!({ "plugin": "pack", "owner": "bob" });
    let mut new = candidate(&scene, &STEPS, End::Ok);
    new.rows = vec![AgentRow { id: "ann".into(), body: body.clone(), created: start() }];
    let replaced = scene.host.switch(&new).await.unwrap();
    assert_eq!(scene.store.agent(&"ann".into()).await.unwrap().unwrap().body, body);
    scene.host.take_back(&new, &replaced).await.unwrap();
    assert_eq!(scene.store.agent(&"ann".into()).await.unwrap().unwrap(), before);
}
