//! A later version of a plugin meets what an earlier one kept: it is carried over by the plugin itself, in an instance that
//! may do nothing; what it was is kept, and comes back with the version that wrote it.

use std::{sync::Arc, time::Duration};

use puppet_engine::{Clock as _, SystemClock, replay, simulation};
use puppet_grants::CallBounds;
use puppet_sandbox::{Limits, inspect};
use puppet_store::{AgentStore as _, Change, StateBlob, StateStore as _};
use puppet_types::{Breach, Decision, Digest, Invocation, Outcome};
use serde_json::{Value, json};

use crate::{
    guest::{End, Migrate, Step, component, migrating},
    scene::{HOUR, Scene, Setting, after, event, everything, start},
};

/// The version that everybody began with: it keeps `x`.
fn first() -> Vec<u8> {
    component(&[Step::PutState("x")], End::Ok)
}

fn digest(component: &[u8]) -> Digest {
    inspect(component).unwrap().digest
}

/// An agent whose state the first version wrote, now played by this one.
async fn upgraded(to: &[u8]) -> Scene {
    let scene = Scene::with(Setting::default(), Vec::new(), &[]).await;
    scene.install("pack", &first(), everything());
    scene.join("ann").await;
    assert_eq!(scene.handle(event("e1", "ann", start())).await.invocation.outcome, Outcome::Ok);
    scene.install("pack", to, everything());
    scene
}

/// The next event of the agent.
async fn next(scene: &Scene, id: &str) -> Invocation {
    let at = scene.clock.now().max(after(HOUR));
    scene.handle(event(id, "ann", at)).await.invocation
}

/// What the agent has.
async fn state(scene: &Scene) -> Option<(StateBlob, Option<Digest>)> {
    let row = scene.store.state(&"ann".into(), &"pack".into()).await.unwrap();
    row.map(|row| (row.blob, row.writer))
}

fn answer(invocation: &Invocation, n: usize) -> Value {
    invocation.reads[n].answer.parse().unwrap()
}

async fn is_replayed(scene: &Scene, recorded: &Invocation) {
    let rows = scene.rows();
    let replayed = replay(&scene.host, recorded).await.unwrap().unwrap();
    assert_eq!((replayed.divergence, replayed.fuel), (None, recorded.fuel));
    assert_eq!(scene.rows(), rows, "a replay leaves nothing");
}

/// What is behind calls on the events of these tests: an agent that may trade has it kept with its blob.
const LED_BY: &str = "human-request";

#[tokio::test]
async fn what_another_version_kept_is_carried_over_once_and_stands_in_the_journal() {
    let second = migrating(&[Step::PostState, Step::GetState, Step::PutState("y")], End::Ok, Migrate::Next);
    assert!(inspect(&second).unwrap().migrates && !inspect(&first()).unwrap().migrates);
    let scene = upgraded(&second).await;
    let record = next(&scene, "e2").await;
    assert_eq!((&record.outcome, record.reads.len()), (&Outcome::Ok, 2));
    assert_eq!(scene.posted(), ["x!"], "the guest was given what its own `migrate` made");
    let migrated = answer(&record, 0);
    let fuel = migrated["migrated"]["fuel"].as_u64().unwrap();
    let account = json!({ "from": digest(&first()), "version": 1, "fuel": fuel });
    assert_eq!(migrated, json!({ "version": 2, "data": [b'x', b'!'], "migrated": account, "led_by": LED_BY }));
    assert_eq!(
        answer(&record, 1),
        json!({ "version": 2, "data": [b'x', b'!'], "led_by": LED_BY }),
        "once in an invocation"
    );
    is_replayed(&scene, &record).await;

    let again = next(&scene, "e3").await;
    assert_eq!(
        answer(&again, 0),
        json!({ "version": 1, "data": [b'y'], "led_by": LED_BY }),
        "its own it is given as it is"
    );
    assert!(fuel > 0 && record.fuel == again.fuel + fuel, "{fuel} of {} beside {}", record.fuel, again.fuel);
    is_replayed(&scene, &record).await;
}

#[tokio::test]
async fn without_a_way_the_old_blob_is_given_as_it_is() {
    let scene = upgraded(&component(&[Step::PostState], End::Ok)).await;
    let record = next(&scene, "e2").await;
    assert_eq!(answer(&record, 0), json!({ "version": 1, "data": [b'x'], "led_by": LED_BY }));
    assert_eq!(scene.posted(), ["x"]);
}

/// Where nothing was kept there is nothing to carry over; what was only read stays as it was.
#[tokio::test]
async fn a_version_that_only_reads_changes_nothing() {
    let second = migrating(&[Step::PostState], End::Ok, Migrate::Next);
    let scene = upgraded(&second).await;
    scene.join("bob").await;
    for id in ["e2", "e3"] {
        let record = next(&scene, id).await;
        assert!(answer(&record, 0)["migrated"].is_object(), "{id}: as often as it asks");
    }
    let blob = StateBlob { version: 1, data: b"x".to_vec() };
    assert_eq!(state(&scene).await, Some((blob, Some(digest(&first())))));
    let record = scene.handle(event("e4", "bob", after(HOUR))).await.invocation;
    assert_eq!((answer(&record, 0), record.outcome), (Value::Null, Outcome::Ok));
}

#[tokio::test]
async fn a_migration_that_fails_ends_the_invocation_and_changes_nothing() {
    let too_much = "migrate: 65537 bytes of state: at most 65536";
    // (what it does, the breach, how that is told)
    let table = [
        (Migrate::Trap, Breach::Trap, "migrate: "),
        (Migrate::Spin, Breach::OutOfFuel, "migrate: "),
        (Migrate::Says("too old"), Breach::Trap, "migrate: it said: too old"),
        (Migrate::Zeros((64 << 10) + 1), Breach::TooManyHostBytes, too_much),
    ];
    for (migrate, expected, told) in table {
        let steps = [Step::Post("before"), Step::GetState, Step::PutState("y"), Step::Post("after")];
        let scene = upgraded(&migrating(&steps, End::Ok, migrate)).await;
        let before = scene.rows();
        let record = next(&scene, "e2").await;
        let Outcome::Breach(breach, detail) = &record.outcome else { panic!("{migrate:?}: {:?}", record.outcome) };
        assert_eq!((*breach, detail.starts_with(told), record.strikes), (expected, true, 1), "{migrate:?}: {detail}");
        assert_eq!(record.decisions.len(), 1, "{migrate:?}: it came no further");
        for table in ["plugin_state", "state_kept", "outbox"] {
            assert_eq!(scene.rows()[table], before[table], "{migrate:?}");
        }
        if migrate == Migrate::Spin {
            assert!(record.fuel > 2_000_000, "the whole allowance was burnt: {}", record.fuel);
        }
        is_replayed(&scene, &record).await;
    }
}

/// The least that is too much is told from the most that fits.
#[tokio::test]
async fn a_migrated_blob_may_be_as_large_as_one_that_is_put() {
    let scene = upgraded(&migrating(&[Step::GetState], End::Ok, Migrate::Zeros(64 << 10))).await;
    assert_eq!(next(&scene, "e2").await.outcome, Outcome::Ok);
}

/// `log` has no error value, and what it is told in there is dropped.
#[tokio::test]
async fn nothing_may_be_called_while_state_is_migrated() {
    let calls = [
        Step::Post("a word"),
        Step::Like("7"),
        Step::Timeline,
        Step::Complete,
        Step::Remember("a walk"),
        Step::Recall("a walk"),
        Step::ShiftMood,
        Step::Befriend("bob"),
        Step::After("tea"),
        Step::GetState,
        Step::PutState("y"),
        Step::Emit("pack.tick"),
    ];
    for call in calls {
        let scene = upgraded(&migrating(&[Step::PostState], End::Ok, Migrate::Asks(call))).await;
        let record = next(&scene, "e2").await;
        assert_eq!((&record.outcome, record.reads.len()), (&Outcome::Ok, 1), "{call:?}");
        let kinds: Vec<&str> = record.decisions.iter().map(|one| one.decision.kind()).collect();
        assert_eq!(kinds, ["post"], "{call:?}: nothing of it is a decision of the call");
        let Decision::Post { text, .. } = &record.decisions[0].decision else { panic!() };
        assert_eq!(text, "denied", "{call:?}");
        assert!(record.log.is_empty(), "{call:?}");
    }
}

#[tokio::test]
async fn what_was_kept_comes_back_with_its_version() {
    let second = migrating(&[Step::GetState, Step::PutState("y")], End::Ok, Migrate::Next);
    let scene = upgraded(&second).await;
    scene.join("bob").await;
    let before = scene.rows()["plugin_state"].clone();
    next(&scene, "e2").await;
    scene.handle(event("e3", "bob", after(2 * HOUR))).await;
    let ours = Some(digest(&second));
    assert_eq!(state(&scene).await, Some((StateBlob { version: 1, data: b"y".to_vec() }, ours)));
    let kept = scene.store.kept_states(&"ann".into(), &"pack".into()).await.unwrap();
    assert_eq!((kept.len(), kept[0].writer), (1, Some(digest(&first()))));
    let (from, to) = (digest(&second), digest(&first()));
    scene.host.apply(vec![Change::RestoreState { plugin: "pack".into(), agents: None, from, to }]).await.unwrap();
    assert_eq!(scene.rows()["plugin_state"], before, "byte for byte, and who had nothing has nothing");
    assert!(scene.rows()["state_kept"].is_empty());
    assert!(scene.store.agent(&"bob".into()).await.unwrap().is_some());
}

/// Each holds a place of the pool while its state is carried over in another: all places are taken, and none is stuck.
#[tokio::test]
async fn a_full_pool_of_those_that_migrate_comes_to_its_end() {
    const MANY: usize = 24;
    let names: Vec<String> = (0..MANY).map(|n| format!("a{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let scene = Scene::with(Setting::default(), Vec::new(), &[]).await;
    scene.install("pack", &first(), everything());
    for name in &names {
        scene.join(name).await;
    }
    let everybody = async |when: &str, at| {
        let events = names.iter().map(|name| event(&format!("{when}-{name}"), name, at)).collect();
        scene.host.submit(events).await.unwrap();
        simulation::run(&scene.host, &scene.clock, at.plus_millis(60_000), MANY, |_| {}).await.unwrap();
    };
    everybody("before", start()).await;
    // Long enough that all of them have begun before the first one asks.
    let steps = [Step::Burn(50_000), Step::GetState];
    scene.install("pack", &migrating(&steps, End::Ok, Migrate::Next), everything());
    let done = tokio::time::timeout(Duration::from_secs(60), everybody("after", after(HOUR)));
    done.await.expect("nobody waits for ever");
    let records = scene.journal().await;
    let migrated = records.iter().filter(|entry| entry.invocation.event.id.as_str().starts_with("after"));
    assert_eq!(migrated.filter(|entry| answer(&entry.invocation, 0)["migrated"].is_object()).count(), MANY);
}

/// On the real clock, with fuel for hours: the deadline of the call that waits ends what it waits for, and all places are
/// free again.
#[tokio::test]
async fn a_migration_that_takes_too_long_ends_at_the_deadline_of_its_call() {
    let bounds = CallBounds { deadline: Duration::from_millis(50), ..CallBounds::default() };
    let limits = Limits { fuel: 1_000_000_000_000, memory_bytes: 4 << 20, ..Limits::default() };
    let clock = Some(Arc::new(SystemClock) as _);
    let scene =
        Scene::with(Setting { bounds, limits: Some(limits), clock, ..Setting::default() }, Vec::new(), &[]).await;
    scene.install("pack", &migrating(&[Step::GetState], End::Ok, Migrate::Spin), everything());
    scene.join("ann").await;
    let blob = StateBlob { version: 1, data: b"x".to_vec() };
    let (digest, at) = (digest(&first()), start());
    let put = Change::PutState { agent: "ann".into(), plugin: "pack".into(), digest, blob, led_by: None, at };
    scene.host.apply(vec![put]).await.unwrap();
    // More often than there are places for such calls.
    for n in 0..6 {
        let event = event(&format!("e{n}"), "ann", start());
        let handled = puppet_engine::preview(&scene.host, event, Default::default());
        let invocation = tokio::time::timeout(Duration::from_secs(60), handled).await.unwrap().unwrap().unwrap();
        assert!(matches!(invocation.outcome, Outcome::Breach(Breach::Deadline, _)), "{:?}", invocation.outcome);
        let used = scene.host.sandbox.pool_use();
        assert_eq!((used.slots, used.live_bytes), (0, 0));
    }
}

/// Two versions of one plugin, as the SDK makes them: `tests/fixtures`. The first one is of an earlier contract, and has
/// never heard of migration.
#[tokio::test]
async fn a_plugin_of_the_sdk_carries_over_what_its_first_version_kept() {
    let first = include_bytes!("../../../../tests/fixtures/contract-0.1.0/keeper.wasm");
    let second = include_bytes!("../../../../tests/fixtures/contract-0.2.0/keeper.wasm");
    let inspection = inspect(second).unwrap();
    assert_eq!((inspection.contract.as_str(), inspection.migrates), ("0.2.0", true));
    let scene = Scene::with(Setting::default(), Vec::new(), &[]).await;
    scene.install("keeper", first, everything());
    scene.join("ann").await;
    next(&scene, "e1").await;
    next(&scene, "e2").await;
    scene.install("keeper", second, everything());
    let record = next(&scene, "e3").await;
    assert_eq!(record.outcome, Outcome::Ok);
    let lines: Vec<String> = record.log.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["info: the door opened opened=\"3\" kinds=\"1\""]);
    assert_eq!(scene.posted()[2], "The door opened 3 times, 1 since it is counted by kind.");
    let last = record.decisions.last().map(|one| &one.decision);
    let Some(Decision::PutState { version: 2, data }) = last else { panic!("{last:?}") };
    assert_eq!(data.clone().into_bytes(), br#"{"opened":3,"kinds":["news"]}"#);
    is_replayed(&scene, &record).await;
}
