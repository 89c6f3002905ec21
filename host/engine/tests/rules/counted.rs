//! What a host counts, and how it says that it stands.

use puppet_engine::{Gauges, tally::StoreWork};
use puppet_grants::Mode;
use puppet_store::EffectState;
use puppet_types::{AgentId, Breach, Capability, ReadStatus};

use crate::{
    guest::{End, Step},
    scene::{Cast, HOUR, Scene, Setting, after, event, everything, start},
};

fn cast(pack: &'static str, steps: Vec<Step>, end: End) -> Cast {
    Cast { pack, steps, end, requests: everything() }
}

fn some<T>(counts: Vec<(T, u64)>) -> Vec<(T, u64)> {
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn what_is_committed_is_counted_by_version() {
    let casts =
        vec![cast("good", vec![Step::PostAnswer, Step::ShiftMood], End::Ok), cast("spins", Vec::new(), End::Trap)];
    let scene = Scene::with(Setting::default(), casts, &["good", "spins"]).await;
    for (n, agent) in ["good", "good", "spins"].into_iter().enumerate() {
        scene.handle(event(&format!("e{n}"), agent, after(n as u64 * HOUR))).await;
    }
    let tally = &scene.host.tally;
    let versions = tally.versions();
    let [(good, _, of_good), (spins, _, of_spins)] = &versions[..] else { panic!("{versions:?}") };
    assert_eq!((good.as_str(), spins.as_str()), ("good", "spins"));
    // Each post came back as an event, which asks for one more.
    let n = scene.journal().await.iter().filter(|entry| entry.invocation.agent.as_str() == "good").count() as u64;
    assert_eq!(some(of_good.outcomes()), [("ok", n)]);
    assert_eq!(some(of_good.decisions()), [("post", n), ("shift_mood", n)]);
    let asked = of_good.reads().into_iter().filter(|(.., count)| *count > 0).collect::<Vec<_>>();
    assert_eq!(asked, [(Capability::Llm, ReadStatus::Ok, n)]);
    let fuel: u64 = scene.journal().await.iter().map(|entry| entry.invocation.fuel).sum();
    assert_eq!(of_good.fuel().seen().sum + of_spins.fuel().seen().sum, fuel);
    assert_eq!(of_good.time().seen().count, 0, "there is no time in virtual time");
    assert_eq!(some(of_spins.outcomes()), [("breach", 1)]);
    assert_eq!(some(of_spins.breaches()), [(Breach::Trap, 1)]);
    assert!(some(of_spins.decisions()).is_empty());
    assert_eq!(tally.effects().collect::<Vec<_>>(), [("post", EffectState::Done, n)]);
    let [accept, commit, begin, end] = StoreWork::ALL.map(|work| tally.store(work).count);
    assert_eq!((accept, commit, begin, end), (3, n + 1, n, n));
}

#[tokio::test]
async fn the_queues_are_told_as_they_stand() {
    let waits = Setting { mode: Mode::Approve, ..Setting::default() };
    let casts = || vec![cast("pack", vec![Step::PostEventId], End::Ok)];
    let scene = Scene::with(waits, casts(), &["ann", "bob"]).await;
    let bob = AgentId::new("bob");
    scene.host.pause(&bob, "cli", None).await.unwrap();
    let events = [event("e1", "ann", start()), event("e2", "bob", start()), event("e3", "ann", after(HOUR))];
    scene.host.submit(events.to_vec()).await.unwrap();
    let before = Gauges { waiting: 2, oldest: Some(start()), ..Gauges::default() };
    assert_eq!(scene.host.gauges(), before);
    scene.run_until(after(60_000)).await;
    let then = Gauges { deferred: 1, effects_for_approval: 1, ..Gauges::default() };
    assert_eq!(scene.host.gauges(), then);
    let effect = scene.effects().await[0].id.clone();
    let scene = scene.again(Setting { mode: Mode::Approve, ..Setting::default() }, casts()).await;
    assert_eq!(scene.host.gauges().effects_for_approval, 1, "also over a restart");
    scene.host.decide((&effect, None), &puppet_engine::Verdict::Approve).await.unwrap();
    assert_eq!((scene.host.gauges().effects_for_approval, scene.host.gauges().effects_waiting), (0, 1));
    scene.run_until(after(120_000)).await;
    assert_eq!((scene.host.gauges().effects_waiting, scene.posted().len()), (0, 1));
}

#[tokio::test]
async fn a_program_that_watches_is_no_reader() {
    let scene = Scene::of(cast("pack", Vec::new(), End::Ok)).await;
    let _watcher = scene.host.watch();
    assert!(scene.host.is_watched() && scene.host.told_by_log());
    scene.host.show();
    assert!(!scene.host.told_by_log());
}
