//! Rule 5: a journaled invocation that is run again makes the same decisions, whatever has changed since; and a
//! journal that was tampered with is told.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::{Divergence, replay};
use puppet_grants::{Amount, Period};
use puppet_types::{Capability, Decision, Invocation, Json, Outcome, ReadStatus};

use crate::{
    guest::{End, Step},
    scene::{Cast, HOUR, Scene, after, amount, event, everything, start},
};

const STEPS: [Step; 9] = [
    Step::GetState,
    Step::Timeline,
    Step::PostAnswer,
    Step::PostEventId,
    Step::Remember("a walk"),
    Step::ShiftMood,
    Step::PutState("x"),
    Step::After("tea"),
    Step::Emit("pack.tick"),
];

async fn divergence(scene: &Scene, recorded: &Invocation) -> Option<Divergence> {
    replay(&scene.host, recorded).await.unwrap().expect("agent and plugin are there").divergence
}

#[tokio::test]
async fn every_end_is_replayed_though_the_world_has_moved_on() {
    for end in [End::Ok, End::Failed, End::Declined, End::Trap, End::Spin, End::Repeat] {
        let scene = Scene::of(Cast { pack: "pack", steps: STEPS.to_vec(), end, requests: everything() }).await;
        scene.handle(event("e1", "ann", start())).await;
        scene.handle(event("e2", "ann", after(3 * HOUR))).await;
        let (asked, read, rows) = (scene.model.asked.load(SeqCst), scene.network.reads.load(SeqCst), scene.rows());
        for entry in scene.journal().await {
            assert_eq!(divergence(&scene, &entry.invocation).await, None, "{end:?} {}", entry.seq);
        }
        assert_eq!((scene.model.asked.load(SeqCst), scene.network.reads.load(SeqCst)), (asked, read));
        assert_eq!(scene.rows(), rows, "a replay leaves nothing");
    }
}

#[tokio::test]
async fn a_refusal_is_replayed_though_budget_and_rights_are_others_now() {
    let requests = amount(everything(), Capability::Tweet, Amount::Posts, Period::Hour, 2);
    let steps = vec![Step::Post("one"), Step::Post("two"), Step::Post("three")];
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Ok, requests }).await;
    let first = scene.handle(event("e1", "ann", start())).await.invocation;
    assert_eq!((first.decisions.len(), first.reads[0].status), (2, ReadStatus::Budget));
    let second = scene.handle(event("e2", "ann", after(60_000))).await.invocation;
    assert_eq!((second.decisions.len(), second.reads.len()), (0, 3));
    let budgets = [(2, 0), (0, 0)];
    for (n, used) in budgets.into_iter().enumerate() {
        // In the hour whose budget is spent, and in one that is whole.
        scene.clock.advance_to(after(n as u64 * HOUR));
        for recorded in [&first, &second] {
            assert_eq!(divergence(&scene, recorded).await, None, "after {n} hours");
        }
        assert_eq!(scene.used(Amount::Posts, Period::Hour).await, used, "a replay draws on nothing");
    }
    scene.host.ledger.take_back(&"pack".into(), Capability::Tweet);
    assert_eq!(divergence(&scene, &first).await, None);
}

#[tokio::test]
async fn a_replay_takes_nothing_from_those_who_live() {
    let requests = amount(everything(), Capability::Tweet, Amount::Posts, Period::Hour, 1);
    let steps = vec![Step::PostEventId, Step::Timeline];
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Ok, requests }).await;
    let first = scene.handle(event("e1", "ann", start())).await.invocation;
    scene.clock.advance_to(after(HOUR));
    replay(&scene.host, &first).await.unwrap();
    let next = scene.handle(event("e2", "ann", after(HOUR))).await.invocation;
    assert_eq!(next.decisions.len(), 1, "the hour's one post is there");
}

/// Each way to change a record, and how a replay tells it.
#[tokio::test]
async fn a_record_that_was_tampered_with_is_told() {
    let cast = Cast { pack: "pack", steps: STEPS.to_vec(), end: End::Ok, requests: everything() };
    let scene = Scene::of(cast).await;
    let recorded = scene.handle(event("e1", "ann", start())).await.invocation;
    let operations: Vec<&str> = recorded.reads.iter().map(|read| read.operation.as_str()).collect();
    assert_eq!(operations, ["get", "timeline", "complete"]);
    assert_eq!(recorded.outcome, Outcome::Ok);

    let tampered = async |change: &dyn Fn(&mut Invocation)| {
        let mut copy = recorded.clone();
        change(&mut copy);
        divergence(&scene, &copy).await
    };
    assert_eq!(tampered(&|_| {}).await, None);
    for n in 0..3_u32 {
        let asked = tampered(&|copy| copy.reads[n as usize].request = Json::of("something else")).await;
        let is_other = |told: &Option<Divergence>| {
            matches!(told, Some(Divergence::Read { n: at, recorded: Some(was), replayed: Some(is) })
                if *at == n && was.operation == is.operation && was.request != is.request)
        };
        assert!(is_other(&asked), "another question: {asked:?}");
        let gone = tampered(&|copy| drop(copy.reads.remove(n as usize))).await;
        let now = recorded.reads[n as usize].operation.clone();
        let is_more = |told: &Option<Divergence>| matches!(told, Some(Divergence::Read { n: at, replayed: Some(is), .. }) if *at == n && is.operation == now);
        assert!(is_more(&gone), "a read less: {gone:?}");
    }
    let more = tampered(&|copy| copy.reads.extend(recorded.reads.last().cloned())).await;
    assert!(
        matches!(more, Some(Divergence::Read { n: 3, recorded: Some(_), replayed: None })),
        "a read more: {more:?}"
    );

    let answer = tampered(&|copy| {
        let text = copy.reads[2].answer.as_str().replace("answer 1", "answer 2");
        copy.reads[2].answer = serde_json::from_str(&text).unwrap();
    });
    let Some(Divergence::Decision { n: 0, recorded: Some(was), replayed: Some(is) }) = answer.await else {
        panic!("another answer leads to another post")
    };
    let text = |decision: &Decision| match decision {
        Decision::Post { text, .. } => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((text(&was.decision), text(&is.decision)), ("answer 1".to_owned(), "answer 2".to_owned()));

    for n in 0..recorded.decisions.len() {
        let gone = tampered(&|copy| drop(copy.decisions.remove(n))).await;
        assert!(matches!(gone, Some(Divergence::Decision { .. })), "decision {n} less: {gone:?}");
    }
    let other = tampered(&|copy| {
        copy.decisions[1].decision = Decision::Post { text: "never said".to_owned(), images: Vec::new() };
    });
    assert!(matches!(other.await, Some(Divergence::Decision { n: 1, .. })));
    let more = tampered(&|copy| copy.decisions.extend(recorded.decisions.last().cloned())).await;
    assert!(matches!(more, Some(Divergence::Decision { replayed: None, .. })), "{more:?}");
    let outcome = tampered(&|copy| copy.outcome = Outcome::Failed("no".to_owned())).await;
    assert!(matches!(outcome, Some(Divergence::Outcome { .. })), "{outcome:?}");
    let fuel = tampered(&|copy| copy.fuel += 1).await;
    assert_eq!(fuel, Some(Divergence::Fuel { recorded: recorded.fuel + 1, replayed: recorded.fuel }));
    let event = tampered(&|copy| copy.event.id = "e7".into()).await;
    assert!(matches!(event, Some(Divergence::Decision { n: 1, .. })), "the event is what the second post is about");
}
