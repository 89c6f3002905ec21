//! Rule 6: nothing is admitted beyond a budget, by agents that share one at the same time, over restarts, after a
//! kill with a call under way, and from one window to the next.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use puppet_engine::Live;
use puppet_grants::{Amount, CallBounds, Period, Requests};
use puppet_types::{Capability, Outcome};

use crate::{
    guest::{End, Step},
    live,
    scene::{Cast, DAY, HOUR, Scene, Setting, after, amount, event, everything, start},
};

/// What one question of the guest may cost at most, and what it costs.
const WORST: u64 = 41;
const REAL: u64 = 3;

fn cast(steps: &[Step], requests: Requests) -> Vec<Cast> {
    vec![Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests }]
}

fn posts(per_hour: u64, per_day: u64) -> Requests {
    let hourly = amount(everything(), Capability::Tweet, Amount::Posts, Period::Hour, per_hour);
    amount(hourly, Capability::Tweet, Amount::Posts, Period::Day, per_day)
}

fn tokens(per_day: u64) -> Requests {
    amount(everything(), Capability::Llm, Amount::Tokens, Period::Day, per_day)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn agents_that_share_a_budget_never_pass_it_together() {
    // Reads between the reservation and the end: calls of different agents overlap.
    let steps = [Step::Post("hello"), Step::Timeline, Step::Burn(50_000), Step::GetState, Step::Post("again")];
    let agents = ["a+all", "b+all", "c+all", "d+all", "e+all", "f+all"];
    let setting = Setting { clock: Some(Arc::new(live::Standing(start()))), ..Setting::default() };
    let scene = Scene::with(setting, cast(&steps, posts(7, 10)), &agents).await;
    let names = ["a", "b", "c", "d", "e", "f"];
    let events = (0..60).map(|n| event(&format!("e{n}"), names[n % names.len()], start())).collect();
    let invoked = live::run(&scene, Live { invocations: 6, effects: 4, ..Live::default() }, events, 60).await;
    assert!(invoked.iter().all(|(_, outcome)| *outcome == "ok"));
    assert_eq!(scene.rows()["outbox"].len(), 7);
    assert_eq!(scene.used(Amount::Posts, Period::Hour).await, (7, 0));

    // Another host on the same rows: the hour is spent, the next one is whole, and the day ends both.
    let scene = scene.again(Setting::default(), cast(&steps, posts(7, 10))).await;
    scene.handle(event("late", "a", after(60_000))).await;
    assert_eq!(scene.rows()["outbox"].len(), 7, "a restart resets nothing");
    for name in &names[..4] {
        scene.handle(event(&format!("next {name}"), name, after(HOUR))).await;
    }
    assert_eq!(scene.rows()["outbox"].len(), 10, "three are left of the day");
    scene.handle(event("tomorrow", "b", after(DAY))).await;
    assert_eq!(scene.rows()["outbox"].len(), 12);
    assert_eq!(scene.used(Amount::Posts, Period::Day).await, (2, 0));
}

#[tokio::test]
async fn events_that_waited_draw_on_the_hour_in_which_they_are_handled() {
    let scene = Scene::with(Setting::default(), cast(&[Step::PostEventId], posts(2, 100)), &["ann", "bob"]).await;
    let waited = (0..12).map(|n| event(&format!("e{n}"), ["ann", "bob"][n % 2], after(n as u64 * HOUR / 2)));
    scene.clock.advance_to(after(10 * HOUR));
    scene.host.submit(waited.collect()).await.unwrap();
    scene.run_until(after(10 * HOUR + 60_000)).await;
    assert_eq!(scene.journal().await.len(), 12);
    // Two per agent, however many hours the events come from.
    assert_eq!((scene.network.published(), scene.used(Amount::Posts, Period::Hour).await), (4, (4, 0)));
}

/// A host that dies while a model is asked: its first question is under way and will never be answered.
async fn killed_while_asking(steps: &[Step], per_day: u64) -> Scene {
    let scene = Scene::with(Setting::default(), cast(steps, tokens(per_day)), &["ann"]).await;
    scene.model.hangs.store(true, SeqCst);
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    abandoned(&scene, || scene.model.asked.load(SeqCst) == 1).await;
    assert_eq!(scene.rows()["open_reads"].len(), 1);
    scene
}

/// Drives a host until something is so, and no further.
pub async fn abandoned(scene: &Scene, until: impl Fn() -> bool) {
    let so = async {
        while !until() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = scene.run_until(after(HOUR)) => panic!("it came to an end"),
        so = tokio::time::timeout(Duration::from_secs(60), so) => so.unwrap(),
    }
}

#[tokio::test]
async fn a_host_killed_while_it_asks_counts_the_question_as_paid() {
    let killed = killed_while_asking(&[Step::Complete], 60).await;
    let scene = killed.again(Setting::default(), cast(&[Step::Complete], tokens(60))).await;
    let ann = scene.host.actor(&"ann".into()).await.unwrap();
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (WORST, 0), "the worst case, until it is known better");
    assert!(ann.is_some());
    // The event comes again; a second question does not fit into what is left.
    scene.run_until(after(60_000)).await;
    let entry = &scene.journal().await[0].invocation;
    assert_eq!((&entry.outcome, entry.log[0].message.as_str()), (&Outcome::Ok, "budget-exhausted"));
    assert_eq!(scene.model.asked.load(SeqCst), 0);
    // What nobody saw the end of is booked for good with the end of its event.
    let rows = scene.rows();
    assert!(rows["open_reads"].is_empty());
    let scene = scene.again(Setting::default(), cast(&[Step::Complete], tokens(60))).await;
    assert!(scene.host.actor(&"ann".into()).await.unwrap().is_some(), "limits are known once an agent is cast");
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (WORST, 0));
}

#[tokio::test]
async fn a_question_that_is_asked_again_is_paid_again() {
    let killed = killed_while_asking(&[Step::Complete], 100).await;
    let scene = killed.again(Setting::default(), cast(&[Step::Complete], tokens(100))).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(scene.model.asked.load(SeqCst), 1);
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (WORST + REAL, 0));
    let scene = scene.again(Setting::default(), cast(&[Step::Complete], tokens(100))).await;
    assert!(scene.host.actor(&"ann".into()).await.unwrap().is_some());
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (WORST + REAL, 0), "the rows say the same");
}

#[tokio::test]
async fn an_answer_that_was_paid_for_is_not_paid_for_again_after_a_crash() {
    // The model answers, then the network does not: the host dies between answer and commit.
    let steps = [Step::GetState, Step::PostAnswer, Step::Timeline];
    let scene = Scene::with(Setting::default(), cast(&steps, tokens(100)), &["ann"]).await;
    scene.network.hangs.store(true, SeqCst);
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    abandoned(&scene, || scene.network.reads.load(SeqCst) == 1).await;
    let scene = scene.again(Setting::default(), cast(&steps, tokens(100))).await;
    scene.run_until(after(60_000)).await;
    assert_eq!(scene.model.asked.load(SeqCst), 0, "the journal has the answer");
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (REAL, 0));
    assert_eq!(scene.network.published(), 1);
}

#[tokio::test]
async fn what_a_provider_took_too_much_is_missing_tomorrow_also_after_a_restart() {
    let steps = [Step::Complete];
    let scene = Scene::with(Setting::default(), cast(&steps, tokens(80)), &["ann"]).await;
    scene.model.takes.store(100, SeqCst);
    scene.handle(event("e1", "ann", start())).await;
    scene.model.takes.store(0, SeqCst);
    scene.handle(event("e2", "ann", after(DAY))).await;
    let debt = 100 - WORST;
    // 59 of 80 are gone already: a question of at most 41 does not fit.
    assert_eq!((scene.used(Amount::Tokens, Period::Day).await, scene.model.asked.load(SeqCst)), ((debt, 0), 1));

    let scene = Scene::with(Setting::default(), cast(&steps, tokens(120)), &["ann"]).await;
    scene.model.takes.store(100, SeqCst);
    scene.handle(event("e1", "ann", start())).await;
    scene.model.takes.store(0, SeqCst);
    scene.handle(event("e2", "ann", after(DAY))).await;
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (debt + REAL, 0));
    let scene = scene.again(Setting::default(), cast(&steps, tokens(120))).await;
    assert!(scene.host.actor(&"ann".into()).await.unwrap().is_some());
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (debt + REAL, 0), "a restart forgives nothing");
}

#[tokio::test]
async fn a_call_that_runs_into_its_deadline_gives_back_what_it_had_reserved() {
    let bounds = CallBounds { deadline: Duration::from_millis(50), ..CallBounds::default() };
    let setting = Setting { bounds, clock: Some(Arc::new(live::Standing(start()))), ..Setting::default() };
    let scene = Scene::with(setting, cast(&[Step::Post("hello"), Step::Timeline], posts(1, 1)), &["ann"]).await;
    scene.network.hangs.store(true, SeqCst);
    let invoked = live::run(&scene, Live::default(), vec![event("e1", "ann", start())], 1).await;
    assert_eq!(invoked[0].1, "breach");
    assert_eq!(scene.used(Amount::Posts, Period::Hour).await, (0, 0));
    assert!(scene.rows()["outbox"].is_empty());
}

#[tokio::test]
async fn timers_at_once_are_counted_in_the_store_and_over_a_restart() {
    let requests = || amount(everything(), Capability::Schedule, Amount::Timers, Period::AtOnce, 2);
    let steps = [Step::After("a"), Step::After("b"), Step::After("c")];
    let scene = Scene::with(Setting::default(), cast(&steps, requests()), &["ann"]).await;
    let told = |entry: &puppet_store::JournalEntry| -> Vec<String> {
        entry.invocation.log.iter().map(|line| line.message.clone()).collect()
    };
    assert_eq!(told(&scene.handle(event("e1", "ann", start())).await), ["budget-exhausted"], "of three, two");
    assert_eq!(scene.rows()["timers"].len(), 2);
    let scene = scene.again(Setting::default(), cast(&steps, requests())).await;
    assert_eq!(told(&scene.handle(event("e2", "ann", after(60_000))).await), ["budget-exhausted"], "the same two");
    // An hour later both have fired, and there is room.
    scene.run_until(after(2 * HOUR)).await;
    assert_eq!(scene.used(Amount::Timers, Period::AtOnce).await.0, scene.rows()["timers"].len() as u64);
}

#[tokio::test]
async fn memories_at_once_are_counted_in_the_store() {
    let requests = || amount(everything(), Capability::Memory, Amount::Rows, Period::AtOnce, 2);
    let scene = |steps: &'static [Step]| cast(steps, requests());
    let first = Scene::with(Setting::default(), scene(&[Step::Remember("one"), Step::Remember("two")]), &["ann"]).await;
    first.handle(event("e1", "ann", start())).await;
    assert_eq!(first.used(Amount::Rows, Period::AtOnce).await, (2, 0));
    let again = first.again(Setting::default(), scene(&[Step::Remember("three")])).await;
    let entry = again.handle(event("e2", "ann", after(60_000))).await;
    assert_eq!(entry.invocation.log[0].message, "budget-exhausted");
    assert_eq!(again.rows()["memories"].len(), 2);
}

#[tokio::test]
async fn a_budget_near_its_end_and_at_it_is_told_to_those_who_watch() {
    let scene = Scene::with(Setting::default(), cast(&[Step::Post("hello")], posts(5, 100)), &["ann"]).await;
    let mut watcher = scene.host.watch();
    for n in 0..7 {
        scene.handle(event(&format!("e{n}"), "ann", after(n * 60_000))).await;
    }
    let mut told = Vec::new();
    while let Ok(happening) = watcher.try_recv() {
        if let puppet_engine::Happening::Budget { at, line } = happening {
            told.push((at.as_millis() - start().as_millis(), line.state.name(), line.used));
        }
    }
    let minute = 60_000;
    assert_eq!(told, [(3 * minute, "near", 4), (4 * minute, "spent", 5)], "each once");
}
