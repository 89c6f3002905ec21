//! Rule 6 for timers: whatever a guest sets, no more of them reach it within an hour than its budget says. What has to
//! wait is not lost and keeps nobody busy.

use std::collections::BTreeMap;

use puppet_engine::simulation;
use puppet_grants::{Amount, Period, Requests};
use puppet_types::Capability;

use crate::{
    guest::{End, Step},
    scene::{Cast, HOUR, Scene, Setting, after, amount, event, everything, start},
};

/// Timers in an hour.
const MOST: u64 = 20;

fn few(most: u64) -> Requests {
    amount(everything(), Capability::Schedule, Amount::Timers, Period::Hour, most)
}

fn cast(steps: &[Step], requests: Requests) -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests }]
}

/// Timer events by agent and hour.
async fn fired(scene: &Scene) -> BTreeMap<(String, u64), u64> {
    let mut fired = BTreeMap::new();
    for entry in scene.journal().await {
        let invocation = entry.invocation;
        if invocation.event.kind == "timer" {
            let hour = invocation.at.millis_since(start()) / HOUR;
            *fired.entry((invocation.agent.to_string(), hour)).or_insert(0) += 1;
        }
    }
    fired
}

#[tokio::test]
async fn a_guest_that_sets_timers_that_never_stop() {
    // Three that fire each second and are set anew each time one of them does, and one that fires once.
    let steps = [Step::Every("a"), Step::Every("b"), Step::Every("c"), Step::After("tea")];
    let scene = Scene::with(Setting::default(), cast(&steps, few(MOST)), &["ann", "bob"]).await;
    scene.host.submit(vec![event("e1", "ann", start()), event("e2", "bob", start())]).await.unwrap();
    let mut moments = 0;
    simulation::run(&scene.host, &scene.clock, after(3 * HOUR), 1, |_| moments += 1).await.unwrap();
    let counted = fired(&scene).await;
    assert!(counted.values().all(|fired| *fired <= MOST), "{counted:?}");
    assert!(moments < 3 * 3 * MOST, "what waits keeps nobody busy: {moments}");

    // Another host on the same rows: the hour is spent there too, and what waited comes when the next begins.
    let scene = scene.again(Setting::default(), cast(&[Step::GetState], few(MOST))).await;
    scene.run_until(after(6 * HOUR)).await;
    let counted = fired(&scene).await;
    for agent in ["ann", "bob"] {
        let hours: Vec<_> = (0..6).map(|hour| counted.get(&(agent.to_owned(), hour)).copied()).collect();
        assert!(hours.iter().all(|fired| fired.is_some_and(|fired| fired > 0 && fired <= MOST)), "{hours:?}");
        assert_eq!(hours[3..], [Some(MOST); 3], "a full hour's worth, where nothing else draws on it");
    }
    assert_eq!(scene.used(Amount::Timers, Period::Hour).await, (2 * MOST, 0));
    assert!(scene.rows()["timers"].len() >= 6, "none is lost");
}

#[tokio::test]
async fn timers_for_one_moment_fire_one_hours_worth_at_a_time_and_all_of_them() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let steps = names.map(Step::After);
    let scene = Scene::with(Setting::default(), cast(&steps, few(7)), &["ann"]).await;
    scene.handle(event("e1", "ann", after(0))).await;
    // Lowered: three in an hour from now on. The guest sets none any more.
    let scene = scene.again(Setting::default(), cast(&[Step::Log("here")], few(3))).await;
    scene.run_until(after(6 * HOUR)).await;
    let hours: Vec<_> = fired(&scene).await.into_iter().map(|((_, hour), fired)| (hour, fired)).collect();
    assert_eq!(hours, [(1, 3), (2, 3), (3, 1)]);
    let entries = scene.journal().await;
    let told = entries.iter().filter_map(|entry| entry.invocation.event.payload["name"].as_str());
    assert_eq!(told.collect::<Vec<_>>(), names, "in their order");
    assert!(scene.rows()["timers"].is_empty());
}

#[tokio::test]
async fn timers_that_share_a_small_budget_take_turns() {
    let scene = Scene::with(Setting::default(), cast(&[Step::Every("a"), Step::Every("b")], few(2)), &["ann"]).await;
    scene.handle(event("e1", "ann", start())).await;
    // Lowered: one in an hour. The guest sets none any more.
    let scene = scene.again(Setting::default(), cast(&[Step::Log("here")], few(1))).await;
    scene.run_until(after(5 * HOUR)).await;
    let journal = scene.journal().await;
    let told: Vec<_> = journal.iter().filter_map(|entry| entry.invocation.event.payload["name"].as_str()).collect();
    assert_eq!(told, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn timers_of_an_agent_that_may_set_none_any_more_wait() {
    let scene = Scene::with(Setting::default(), cast(&[Step::After("tea")], everything()), &["ann"]).await;
    scene.handle(event("e1", "ann", start())).await;
    let mut without = everything();
    without.remove(&Capability::Schedule);
    let scene = scene.again(Setting::default(), cast(&[Step::Log("here")], without)).await;
    let mut moments = 0;
    simulation::run(&scene.host, &scene.clock, after(9 * HOUR), 1, |_| moments += 1).await.unwrap();
    assert!(fired(&scene).await.is_empty() && moments < 20, "{moments}");
    let scene = scene.again(Setting::default(), cast(&[Step::Log("here")], everything())).await;
    scene.run_until(after(10 * HOUR)).await;
    assert_eq!(fired(&scene).await.into_values().sum::<u64>(), 1, "granted again, it fires");
}
