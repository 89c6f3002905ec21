//! Rule 2: an invocation that does not end well leaves its journal row (with what its agent was cast with), the end of
//! its event and its strike, and nothing else: the whole database is compared, table by table.

use puppet_grants::{Amount, Period, Request};
use puppet_types::{Breach, Capability, Event, Outcome, Priority};

use crate::{
    guest::{End, Step, generator},
    scene::{Cast, Scene, Setting, after, event, everything, start},
};

/// One of every kind of decision, and reads between them.
const DECISIONS: [Step; 10] = [
    Step::PostEventId,
    Step::Timeline,
    Step::Remember("a walk"),
    Step::ShiftMood,
    Step::Befriend("bob"),
    Step::GetState,
    Step::PutState("x"),
    Step::After("tea"),
    Step::Emit("pack.tick"),
    Step::Post("and again"),
];
/// What they draw on.
const AMOUNTS: [(Amount, Period); 5] = [
    (Amount::Posts, Period::Hour),
    (Amount::Posts, Period::Day),
    (Amount::Rows, Period::Day),
    (Amount::Timers, Period::Hour),
    (Amount::Events, Period::Hour),
];

async fn scene(end: End) -> Scene {
    Scene::of(Cast { pack: "pack", steps: DECISIONS.to_vec(), end, requests: everything() }).await
}

fn urgent(id: &str, priority: Priority) -> Event {
    // Later than everything that followed from the first event, earlier than its timer.
    Event { priority, ..event(id, "ann", after(600_000)) }
}

/// What the journal is made of, and what stands for strikes.
const RECORDS: [&str; 4] = ["journal", "documents", "casts", "strikes"];

/// Without what a failed invocation may leave: its journal row, its strikes and its event.
fn others(scene: &Scene, event: &str) -> Vec<(String, Vec<String>)> {
    let own = format!(" id=Text({:?}) ", event.as_bytes());
    let mut rows: Vec<_> = scene.rows().into_iter().filter(|(table, _)| !RECORDS.contains(&table.as_str())).collect();
    for (_, rows) in rows.iter_mut().filter(|(table, _)| table == "events") {
        rows.retain(|row| !row.contains(&own));
    }
    rows
}

async fn all_used(scene: &Scene) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    for (amount, period) in AMOUNTS {
        all.push(scene.used(amount, period).await);
    }
    all
}

async fn leaves_nothing(priority: Priority, outcome: impl Fn(&Outcome) -> bool, strikes: u32, reason: &str) {
    let scene = scene(End::ByPriority).await;
    let first = scene.handle(event("e1", "ann", start())).await;
    assert_eq!((first.invocation.outcome, first.invocation.decisions.len()), (Outcome::Ok, 8));
    let rows = scene.rows();
    for table in ["outbox", "memories", "moods", "relationships", "plugin_state", "timers", "budgets"] {
        assert!(!rows[table].is_empty(), "a call that ends well writes {table}");
    }
    let (before, used) = (others(&scene, "e2"), all_used(&scene).await);
    let published = scene.network.published();

    let failed = scene.handle(urgent("e2", priority)).await;
    assert!(outcome(&failed.invocation.outcome), "{:?}", failed.invocation.outcome);
    assert_eq!(failed.invocation.decisions.len(), 8, "the journal tells what it had decided");
    assert_eq!(failed.invocation.strikes, strikes);
    assert_eq!(others(&scene, "e2"), before);
    assert_eq!(all_used(&scene).await, used, "budgets are given back");
    assert!(used.iter().all(|(used, reserved)| *used > 0 && *reserved == 0), "{used:?}");
    assert_eq!(scene.network.published(), published);
    assert_eq!(scene.rows()["journal"].len(), rows["journal"].len() + 1);
    let letters = scene.host.store.dead_letters(10).await.unwrap();
    let letter = letters.iter().find(|letter| letter.event.id.as_str() == "e2");
    assert_eq!(letter.map(|letter| letter.reason.as_str()), Some(reason));
}

#[tokio::test]
async fn a_call_that_fails_leaves_nothing_but_its_record() {
    leaves_nothing(Priority::Normal, |outcome| matches!(outcome, Outcome::Failed(_)), 0, "failed").await;
}

#[tokio::test]
async fn a_call_that_traps_leaves_nothing_but_its_record_and_a_strike() {
    leaves_nothing(Priority::High, |outcome| matches!(outcome, Outcome::Breach(Breach::Trap, _)), 1, "trap").await;
}

#[tokio::test]
async fn a_call_that_runs_out_of_fuel_leaves_nothing_but_its_record_and_a_strike() {
    let spun = |outcome: &Outcome| matches!(outcome, Outcome::Breach(Breach::OutOfFuel, _));
    leaves_nothing(Priority::Critical, spun, 1, "out-of-fuel").await;
}

#[tokio::test]
async fn a_call_that_declines_leaves_nothing_but_its_record_and_no_strike() {
    let scene = scene(End::Declined).await;
    let before = others(&scene, "e1");
    let entry = scene.handle(event("e1", "ann", start())).await;
    assert!(matches!(entry.invocation.outcome, Outcome::Declined(_)));
    assert_eq!((entry.invocation.decisions.len(), entry.invocation.strikes), (8, 0));
    assert_eq!(others(&scene, "e1"), before);
    assert!(scene.host.store.dead_letters(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_plugin_that_declines_for_ever_is_asked_once_a_minute() {
    let scene = Scene::of(Cast { pack: "pack", steps: Vec::new(), end: End::Again, requests: everything() }).await;
    scene.host.submit(vec![event("e1", "ann", start())]).await.unwrap();
    scene.run_until(after(600_000)).await;
    assert_eq!(scene.journal().await.len(), 10);
}

#[tokio::test]
async fn a_call_with_too_many_decisions_commits_none_of_them() {
    let scene = scene(End::Repeat).await;
    let before = others(&scene, "e1");
    let entry = scene.handle(event("e1", "ann", start())).await;
    assert!(matches!(entry.invocation.outcome, Outcome::Breach(Breach::TooManyDecisions, _)));
    assert_eq!(entry.invocation.decisions.len(), 256);
    assert_eq!(others(&scene, "e1"), before);
}

/// What a generator returns is recorded after it has ended: one event that is refused takes the others with it.
#[tokio::test]
async fn a_generator_with_one_bad_event_makes_none_of_them() {
    for (agents, outcome, made) in [(&["ann"][..], "ok", 1), (&["ann", "bob"], "failed", 0)] {
        let cast = Cast { pack: "pack", steps: Vec::new(), end: End::Ok, requests: everything() };
        let scene = Scene::with(Setting::default(), vec![cast], agents).await;
        let granted = Request { kinds: ["news".to_owned()].into(), ..Request::default() };
        scene.install("presses", &generator(), [(Capability::Events, granted)].into());
        let before = others(&scene, "e1");
        let entry = scene.handle(event("e1", "generator:presses", start())).await;
        assert_eq!(entry.invocation.outcome.name(), outcome);
        let handled = scene.journal().await.iter().filter(|entry| entry.invocation.event.kind == "news").count();
        assert_eq!(handled, 1 + made, "the one that it was given, and what it made");
        assert_eq!(others(&scene, "e1") == before, made == 0);
        assert_eq!(scene.used(Amount::Events, Period::Hour).await, (made as u64, 0));
    }
}

#[tokio::test]
async fn a_paid_read_of_a_failed_call_stays_booked() {
    let steps = vec![Step::PostAnswer];
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Trap, requests: everything() }).await;
    scene.handle(event("e1", "ann", start())).await;
    assert_eq!(scene.used(Amount::Tokens, Period::Day).await, (3, 0), "who was asked has been paid");
    assert_eq!(scene.used(Amount::Posts, Period::Hour).await, (0, 0));
    let rows = scene.rows();
    let tokens: Vec<_> = rows["budgets"].iter().filter(|row| row.contains(&format!("{:?}", b"tokens"))).collect();
    assert_eq!(tokens.len(), 1, "{:?}", rows["budgets"]);
    assert!(rows["open_reads"].is_empty() && rows["kept_reads"].is_empty());
}
