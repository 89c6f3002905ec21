//! Hostile guests beside a well-behaved one in the same host: it keeps its rate, nothing of theirs is committed, and
//! what they took comes back.

use std::process::Command;

use puppet_sandbox::{Limits, Pool};
use puppet_store::EventStore as _;
use puppet_types::{Breach, Event, Outcome, Priority};

use super::{
    bare::{self, Guest, SPINS},
    guest::{End, Step, component},
    scene::{Cast, HOUR, Scene, Setting, after, event, everything, start},
    text::{fails_with, handle, handles, module},
};

/// Events for each agent.
const EACH: usize = 6;
const MINUTE: u64 = 60_000;

/// Everything that there is to decide.
const ALL: [Step; 7] = [
    Step::Post("mine"),
    Step::Remember("mine"),
    Step::ShiftMood,
    Step::Befriend("ann"),
    Step::PutState("mine"),
    Step::After("mine"),
    Step::EmitAll("decides.tick"),
];

/// A representative set, with what each ends with.
fn hostile() -> Vec<(&'static str, Vec<u8>, Breach)> {
    let grows = "(loop $l (br_if $l (i32.ge_s (memory.grow $memory (i32.const 8)) (i32.const 0)))) unreachable";
    let recurses = format!("(func $f (result i32) (i32.add (call $f) (i32.const 1))) {}", handle("(drop (call $f))"));
    vec![
        ("spins", module(SPINS), Breach::OutOfFuel),
        ("starts", module(&format!("(func $s (loop $l (br $l))) (start $s) {}", handle(""))), Breach::OutOfFuel),
        ("grows", handles(grows), Breach::OutOfMemory),
        ("recurses", module(&recurses), Breach::OutOfStack),
        ("lies", handles(&fails_with(64, 1 << 30)), Breach::Trap),
        ("asks", component(&[Step::Timeline], End::Repeat), Breach::TooManyHostCalls),
        ("decides", component(&ALL, End::Trap), Breach::Trap),
        ("floods", component(&ALL, End::Repeat), Breach::TooManyDecisions),
    ]
}

/// A host with the well-behaved agent `ann`, and one for each of these.
async fn beside(bad: &[(&'static str, Vec<u8>, Breach)]) -> Scene {
    let good = Cast {
        pack: "a-good-one",
        steps: vec![Step::PostEventId, Step::ShiftMood],
        end: End::Ok,
        requests: everything(),
    };
    let scene = Scene::with(Setting::default(), vec![good], &["ann"]).await;
    for (name, bytes, _) in bad {
        scene.install(name, bytes, everything());
        scene.join(name).await;
    }
    scene
}

#[tokio::test]
async fn a_good_agent_keeps_its_rate_beside_hostile_ones_that_leave_nothing() {
    let bad = hostile();
    let scene = beside(&bad).await;
    let urgent =
        |name: &str, n: usize| Event { priority: Priority::Critical, ..event(&format!("{name}{n}"), name, start()) };
    for n in 0..EACH {
        let mail = bad.iter().map(|(name, ..)| urgent(name, n)).chain([event(&format!("ann{n}"), "ann", start())]);
        scene.host.submit(mail.collect()).await.unwrap();
    }
    scene.run_until(after(6 * HOUR)).await;

    let journal = scene.journal().await;
    let of = |name: &str| -> Vec<_> {
        let entries = journal.iter().map(|entry| &entry.invocation);
        entries.filter(|invocation| invocation.agent.as_str() == name).collect()
    };
    assert!(of("ann").iter().all(|invocation| invocation.outcome == Outcome::Ok && invocation.at == start()));
    assert_eq!((of("ann").len(), scene.network.published()), (EACH, EACH), "all in the first moment");
    for (name, _, expected) in &bad {
        assert_eq!(of(name).len(), EACH, "{name}");
        for invocation in of(name) {
            let Outcome::Breach(breach, detail) = &invocation.outcome else { panic!("{name}: {invocation:?}") };
            assert_eq!(breach, expected, "{name}: {detail}");
        }
    }
    let rows = scene.rows();
    for table in ["outbox", "memories", "moods", "relationships", "plugin_state", "timers"] {
        for (name, ..) in &bad {
            let own = format!("Text({:?})", name.as_bytes());
            assert!(!rows[table].iter().any(|row| row.contains(&own)), "{name} left something in {table}");
        }
    }
    assert_eq!((rows["outbox"].len(), rows["moods"].len()), (EACH, 1), "what is there is the good one's");
    let letters = scene.store.dead_letters(1_000).await.unwrap();
    assert_eq!(letters.len(), bad.len() * EACH, "each of their events has its end, and nothing came of them");
    assert!(scene.store.waiting().await.unwrap().is_empty());
    let used = scene.host.sandbox.pool_use();
    assert_eq!((used.slots, used.live_bytes), (0, 0));
}

#[tokio::test]
async fn a_poison_event_is_put_aside_at_once_and_the_mailbox_moves_on() {
    let cast = Cast { pack: "pack", steps: vec![Step::ShiftMood], end: End::ByPriority, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann"]).await;
    let poison = Event { priority: Priority::High, ..event("poison", "ann", start()) };
    let mail = (0..3).map(|n| event(&format!("good{n}"), "ann", start())).chain([poison]);
    scene.host.submit(mail.collect()).await.unwrap();
    scene.run_until(after(1)).await;
    let letters = scene.store.dead_letters(10).await.unwrap();
    let of = letters.iter().map(|letter| (letter.event.id.as_str(), letter.reason.as_str()));
    assert_eq!(of.collect::<Vec<_>>(), [("poison", "trap")]);
    scene.run_until(after(MINUTE + 1_000)).await;
    let ends: Vec<_> = scene.journal().await.into_iter().map(|entry| entry.invocation.outcome.name()).collect();
    assert_eq!(ends, ["breach", "ok", "ok", "ok"], "poisoned once, and then the others in their order");
    assert_eq!(scene.rows()["moods"].len(), 1);
}

#[tokio::test]
async fn two_agents_that_call_each_other_end_after_eight_hops() {
    let cast = Cast { pack: "pack", steps: vec![Step::EmitAll("pack.ping")], end: End::Ok, requests: everything() };
    let scene = Scene::with(Setting::default(), vec![cast], &["ann", "bob"]).await;
    scene.host.submit(vec![event("ping", "ann", start())]).await.unwrap();
    scene.run_until(after(HOUR)).await;
    let hops: Vec<u32> = scene.journal().await.iter().map(|entry| entry.invocation.event.hops).collect();
    let at = |wanted| hops.iter().filter(|hops| **hops == wanted).count();
    assert_eq!((0..=9).map(at).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64, 128, 256, 0]);
    let letters = scene.store.dead_letters(1_000).await.unwrap();
    assert_eq!(letters.len(), 512);
    assert!(letters.iter().all(|letter| letter.reason == "loop"));
    assert!(scene.store.waiting().await.unwrap().is_empty(), "the storm is over");
}

const CHILD: &str = "PUPPET_HOSTILE_CHILD";

/// Bytes that this process holds, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn memory_child() {
    if std::env::var_os(CHILD).is_none() {
        println!("skipped: the test of memory starts this");
        return;
    }
    let pool = Pool { slots: 4, ..Pool::default() };
    let sandbox = bare::with_pool(Limits { memory_bytes: 64 << 20, ..Limits::default() }, pool);
    // Takes 63 MiB, writes to all of it, and wants more.
    let body = handle(
        "(drop (memory.grow $memory (i32.const 1008)))
         (memory.fill (i32.const 65536) (i32.const 7) (i32.const 66060288))
         (if (i32.lt_s (memory.grow $memory (i32.const 1008)) (i32.const 0)) (then unreachable))",
    );
    let prepared = bare::prepare(&sandbox, &Guest { body: &body, ..Guest::default() }.bytes()).unwrap();
    let mut held = Vec::new();
    for calls in [10, 100] {
        for _ in 0..calls {
            let ended = sandbox.handle(&prepared, bare::Call::default(), &bare::event(), bare::setup()).await;
            assert!(matches!(ended.outcome, Outcome::Breach(Breach::OutOfMemory, _)), "{:?}", ended.outcome);
            assert!(ended.peak_memory_bytes > 63 << 20);
        }
        let used = sandbox.pool_use();
        assert_eq!((used.slots, used.live_bytes), (0, 0));
        held.extend(resident());
    }
    println!("held {held:?}");
    if let [before, after] = held[..] {
        assert!(after < before + (16 << 20) && after < 512 << 20, "{before} bytes, then {after}");
    }
}

#[test]
fn the_memory_of_a_hundred_hostile_calls_comes_back() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "hostile::neighbours::memory_child", "--ignored", "--nocapture"]).env(CHILD, "1");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("held ["), "{output:?}");
}
