//! Rule 3 within a host that runs on: a store that fails for a while, a provider that panics. What was accepted is
//! handled, or dead for a reason; nobody's mailbox stands still for it.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use puppet_engine::{Happening, Live, SystemClock, replay, simulation};
use puppet_grants::{Amount, Period};
use puppet_sandbox::Standing;
use puppet_store::{AgentRow, BudgetStore as _, Change, EffectState, EventStore as _, OutboxStore as _, Timer};
use puppet_types::{Capability, PackId};
use tokio::sync::watch;

use crate::{
    guest::{End, Step},
    live,
    scene::{Cast, HOUR, Scene, Setting, after, amount, event, everything, start},
};

fn cast(steps: &[Step]) -> Cast {
    Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests: everything() }
}

fn standing() -> Setting {
    Setting { clock: Some(Arc::new(live::Standing(start()))), ..Setting::default() }
}

/// The real clock: after a failure the store is left alone for a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_for_a_while_loses_nothing_and_pays_nothing_twice() {
    let setting = Setting { clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    let scene = Scene::with(setting, vec![cast(&[Step::GetState, Step::PostAnswer])], &["ann", "bob"]).await;
    scene.refuse("journal_rows");
    let (stop, stopped) = watch::channel(false);
    let mut watcher = scene.host.watch();
    let events = ["ann", "bob", "ann"].iter().zip(["e1", "e2", "e3"]);
    scene.host.submit(events.map(|(agent, id)| event(id, agent, start())).collect()).await.unwrap();
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    let until = Instant::now() + Duration::from_secs(60);
    while scene.model.asked.load(SeqCst) < 2 {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(scene.store.waiting().await.unwrap().len(), 3, "nothing was committed, nothing is lost");
    scene.allow();
    let all = async {
        let mut left = 3;
        while left > 0 {
            left -= usize::from(matches!(watcher.recv().await.unwrap(), Happening::Invoked { .. }));
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("every event has its turn");
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    let done = scene.rows()["events"].iter().filter(|row| row.contains("attempts=Integer(1)")).count();
    assert_eq!((done, scene.store.waiting().await.unwrap().len()), (3, 0), "each was ended once");
    assert_eq!(scene.model.asked.load(SeqCst), 3, "answers that were paid for are kept");
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (9, 0));
    assert_eq!(scene.rows()["outbox"].len(), 3);
}

#[tokio::test]
async fn what_the_store_did_not_take_is_neither_spent_nor_a_strike() {
    let steps = [Step::Timeline, Step::PostEventId, Step::Remember("a walk")];
    for (end, strikes) in [(End::Ok, 0), (End::Trap, 1)] {
        let requests = amount(everything(), Capability::Tweet, Amount::Posts, Period::Hour, 1);
        let cast = || Cast { pack: "pack", steps: steps.to_vec(), end, requests: requests.clone() };
        let scene = Scene::with(Setting::default(), vec![cast()], &["ann"]).await;
        let plugin = scene.host.plugins()[&PackId::new("pack")].clone();
        scene.refuse("journal_rows");
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        for tries in 1..=3 {
            let run = simulation::run(&scene.host, &scene.clock, after(60_000), 1, |_| {}).await;
            assert!(run.is_err(), "the store failed");
            assert_eq!(scene.network.reads.load(SeqCst), tries);
            assert_eq!(scene.used(Amount::Posts, Period::Hour).await, (0, 0), "try {tries}");
            assert_eq!(scene.used(Amount::Rows, Period::Day).await, (0, 0));
            assert_eq!((plugin.strikes(), plugin.standing(start())), (0, Standing::Good));
        }
        scene.allow();
        scene.run_until(after(60_000)).await;
        let posts = u64::from(strikes == 0);
        assert_eq!(scene.used(Amount::Posts, Period::Hour).await, (posts, 0));
        assert_eq!((plugin.strikes(), scene.network.published() as u64), (strikes, posts));
    }
}

#[tokio::test]
async fn an_agent_that_cannot_be_read_is_not_taken_for_nobody() {
    let scene = Scene::with(Setting::default(), vec![cast(&[Step::PostEventId, Step::After("tea")])], &["ann"]).await;
    let row = |body: serde_json::Value| Change::Agent(AgentRow { id: "ann".into(), body, created: start() });
    scene.host.apply(vec![row(serde_json::json!({ "owner": "ann" }))]).await.unwrap();
    scene.host.submit(vec![event("e1", "ann", start()), event("e2", "nobody", start())]).await.unwrap();
    let error = scene.host.actor(&"ann".into()).await.err().unwrap().to_string();
    assert!(error.contains("ann: `plugin` is missing"), "{error}");
    assert!(scene.host.budget_lines().await.is_ok(), "nobody else's budgets are hidden for it");
    scene.run_until(after(60_000)).await;
    let letters = scene.store.dead_letters(10).await.unwrap();
    let letters: Vec<_> = letters.iter().map(|letter| (letter.event.id.as_str(), letter.reason.as_str())).collect();
    assert_eq!(letters, [("e2", "no-agent")], "who is not there, and nobody else");
    let timer = Timer {
        agent: "ann".into(),
        plugin: "pack".into(),
        name: "early".into(),
        rule: puppet_types::TimerRule::Once,
        next: after(70_000),
        payload: serde_json::Value::Null,
        led_by: None,
    };
    scene.host.apply(vec![Change::SetTimer(timer)]).await.unwrap();
    // Mended: what waited is handled when it is looked at again, and the timer fires, late.
    let scene = scene.again(Setting::default(), vec![cast(&[Step::PostEventId])]).await;
    scene.run_until(after(80_000)).await;
    assert!(scene.journal().await.is_empty());
    scene.host.apply(vec![row(serde_json::json!({ "plugin": "pack", "owner": "ann" }))]).await.unwrap();
    scene.run_until(after(2 * HOUR)).await;
    let kinds: Vec<_> = scene.journal().await.into_iter().map(|entry| entry.invocation.event.kind).collect();
    assert_eq!(kinds, ["news", "timer"]);
}

/// The table is away for a moment, as on a disk that fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_an_agent_that_fails_is_tried_again() {
    let setting = Setting { clock: Some(Arc::new(SystemClock)), ..Setting::default() };
    let scene = Scene::with(setting, vec![cast(&[Step::PostEventId])], &["ann"]).await;
    scene.on_file("ALTER TABLE agents RENAME TO away");
    let mut watcher = scene.host.watch();
    let (stop, stopped) = watch::channel(false);
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    let driver = tokio::spawn(Live::default().run(Arc::clone(&scene.host), stopped));
    // It was tried: what failed comes again no sooner than a moment later.
    let until = Instant::now() + Duration::from_secs(60);
    while !scene.host.recovering() {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    scene.on_file("ALTER TABLE away RENAME TO agents");
    let mut next = async || tokio::time::timeout(Duration::from_secs(60), watcher.recv()).await.unwrap().unwrap();
    assert!(matches!(next().await, Happening::Accepted { .. }));
    let happening = next().await;
    assert!(matches!(happening, Happening::Invoked { outcome: ("ok", _), .. }), "{happening:?}");
    stop.send(true).unwrap();
    driver.await.unwrap().unwrap();
    assert!(scene.store.dead_letters(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_plugin_makes_of_books_that_cannot_be_written_is_nobodys_decision() {
    for (table, asked) in [("open_reads", 0), ("kept_reads", 1)] {
        let scene = Scene::of(cast(&[Step::Complete, Step::PostEventId])).await;
        scene.refuse(table);
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        let run = simulation::run(&scene.host, &scene.clock, after(60_000), 1, |_| {}).await;
        assert!(run.is_err(), "the store failed");
        assert_eq!(scene.model.asked.load(SeqCst), asked);
        assert!(scene.journal().await.is_empty() && scene.effects().await.is_empty(), "{table}");
        assert_eq!(scene.store.waiting().await.unwrap().len(), 1);
        scene.allow();
        let scene = scene.again(Setting::default(), vec![cast(&[Step::Complete, Step::PostEventId])]).await;
        scene.run_until(after(120_000)).await;
        assert_eq!((scene.posted(), scene.journal().await.len()), (vec!["e1".to_owned()], 1));
    }
}

#[tokio::test]
async fn a_timer_that_cannot_be_written_fires_later() {
    let scene = Scene::of(cast(&[Step::After("tea")])).await;
    scene.handle(event("e1", "ann", start())).await;
    scene.refuse("event_rows");
    let run = simulation::run(&scene.host, &scene.clock, after(HOUR + 1), 1, |_| {}).await;
    assert!(run.is_err(), "the store failed");
    scene.allow();
    scene.run_until(after(HOUR + 60_000)).await;
    let kinds: Vec<_> = scene.journal().await.into_iter().map(|entry| entry.invocation.event.kind).collect();
    assert_eq!(kinds, ["news", "timer"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_panics_costs_one_event_and_not_the_agent() {
    let scene = Scene::with(standing(), vec![cast(&[Step::PostEventId, Step::Timeline])], &["ann", "bob"]).await;
    scene.network.panics.store(1, SeqCst);
    let events = (0..6).map(|n| event(&format!("e{n}"), ["ann", "bob"][n % 2], start())).collect();
    let turns = live::run(&scene, Live { invocations: 1, effects: 1, ..Live::default() }, events, 5).await;
    assert!(turns.iter().all(|(_, outcome)| *outcome == "ok"));
    let letters = scene.store.dead_letters(10).await.unwrap();
    let letters: Vec<_> = letters.iter().map(|letter| (letter.event.id.as_str(), letter.reason.as_str())).collect();
    assert_eq!(letters, [("e0", "host-panic")]);
    assert!(scene.store.waiting().await.unwrap().is_empty());
    assert_eq!(scene.used(Amount::Posts, Period::Day).await, (5, 0), "what it had reserved is given back");
}

#[tokio::test]
async fn a_publisher_that_panics_leaves_one_effect_in_doubt_and_the_lane_open() {
    let scene = Scene::of(cast(&[Step::PostEventId])).await;
    scene.network.publishing_panics.store(1, SeqCst);
    for id in ["e0", "e1", "e2"] {
        scene.handle(event(id, "ann", start())).await;
    }
    let states = [EffectState::InDoubt, EffectState::Done, EffectState::Waiting, EffectState::Sent];
    let effects = scene.store.effects(&states).await.unwrap();
    let states: Vec<_> = effects.iter().map(|effect| (effect.state, effect.attempts)).collect();
    assert_eq!(states, [(EffectState::InDoubt, 1), (EffectState::Done, 1), (EffectState::Done, 1)]);
    assert_eq!(scene.network.published(), 2, "it is not tried again: it may have happened");
}

#[tokio::test]
async fn a_paid_read_that_cannot_be_booked_costs_what_its_row_says() {
    // Where the row of the question is refused nobody is asked; where that of the answer is, the question's stays.
    for (table, asked) in [("open_reads", 0), ("kept_reads", 1)] {
        let cast = cast(&[Step::Complete, Step::Remember("a walk")]);
        let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
        scene.refuse(table);
        scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
        let run = simulation::run(&scene.host, &scene.clock, after(60_000), 1, |_| {}).await;
        assert!(run.is_err(), "{table}: the event waits");
        assert_eq!(scene.model.asked.load(SeqCst), asked, "{table}");
        let rows = scene.store.spent().await.unwrap();
        let stored = rows.iter().filter(|row| row.key.amount == Amount::Tokens).map(|row| row.used).sum::<u64>();
        assert_eq!(stored > 3, asked == 1, "{table}: the whole reservation, or nothing");
        let known = scene.used(Amount::Tokens, Period::Day).await;
        assert_eq!(known, (stored, 0), "{table}: the host counts what it would find at its next start");
        scene.allow();
        scene.run_until(after(60_000)).await;
        assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (stored + 3, 0), "{table}: asked again, and paid");
        let replayed = replay(&scene.host, &scene.journal().await[0].invocation).await.unwrap().unwrap();
        assert_eq!(replayed.divergence, None, "{table}");
    }
}
