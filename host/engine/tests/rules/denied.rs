//! Rule 1: what is not granted never reaches its provider, and the guest gets `denied` as an answer, never a trap.

use std::sync::atomic::Ordering::SeqCst;

use puppet_grants::{Request, Requests};
use puppet_types::{Capability, Outcome, ReadStatus};

use crate::{
    guest::{End, Step},
    scene::{Cast, Scene, event, start},
};

/// One of everything that a grant can be about.
const ALL: [Step; 8] = [
    Step::Timeline,
    Step::Post("hello"),
    Step::Complete,
    Step::Remember("a walk"),
    Step::After("tea"),
    Step::GetState,
    Step::PutState("x"),
    Step::Emit("pack.tick"),
];

fn only(capability: Capability, operations: &[&str]) -> Requests {
    let operations = operations.iter().map(|name| (*name).to_owned()).collect();
    [(capability, Request { operations, ..Request::default() })].into()
}

async fn played(steps: &[Step], requests: Requests) -> (Scene, Vec<String>, usize) {
    let scene = Scene::of(Cast { pack: "pack", steps: steps.to_vec(), end: End::Ok, requests }).await;
    let entry = scene.handle(event("e1", "ann", start())).await;
    assert_eq!(entry.invocation.outcome, Outcome::Ok, "a refusal is an answer");
    let seen = entry.invocation.log.iter().map(|line| line.message.clone()).collect();
    (scene, seen, entry.invocation.decisions.len())
}

#[tokio::test]
async fn an_interface_that_was_not_granted_never_reaches_its_provider() {
    let steps = [Step::Timeline, Step::Post("hello"), Step::Remember("a walk")];
    let (scene, seen, decided) = played(&steps, only(Capability::Memory, &[])).await;
    assert_eq!((seen, decided), (vec!["denied".to_owned(); 2], 1));
    assert_eq!((scene.network.reads.load(SeqCst), scene.network.published()), (0, 0));
    let rows = scene.rows();
    assert_eq!((rows["memories"].len(), rows["outbox"].len()), (1, 0));
    let reads = &scene.journal().await[0].invocation.reads;
    let reads: Vec<_> = reads.iter().filter(|read| read.operation == "timeline").map(|read| read.status).collect();
    assert_eq!(reads, [ReadStatus::Denied], "the journal tells what was refused");
}

#[tokio::test]
async fn an_operation_that_was_not_granted_is_denied_beside_one_that_was() {
    let steps = [Step::Timeline, Step::Post("hello")];
    let (scene, seen, decided) = played(&steps, only(Capability::Tweet, &["timeline"])).await;
    assert_eq!((seen, decided), (vec!["denied".to_owned()], 0));
    assert_eq!((scene.network.reads.load(SeqCst), scene.network.published()), (1, 0));
}

#[tokio::test]
async fn with_no_grant_at_all_every_call_is_denied_and_nothing_changes() {
    let silent = played(&[], Requests::new()).await.0.rows();
    let (scene, seen, decided) = played(&ALL, Requests::new()).await;
    assert_eq!((seen, decided), (vec!["denied".to_owned(); ALL.len()], 0));
    assert_eq!((scene.network.reads.load(SeqCst), scene.model.asked.load(SeqCst)), (0, 0));
    for (table, rows) in scene.rows() {
        if !["journal", "meta", "events"].contains(&table.as_str()) {
            assert_eq!(rows, silent[&table], "{table}");
        }
    }
}

#[tokio::test]
async fn a_grant_that_is_taken_back_counts_from_the_next_call() {
    let requests = only(Capability::Tweet, &[]);
    let cast = Cast { pack: "pack", steps: vec![Step::Timeline, Step::PostEventId], end: End::Ok, requests };
    let scene = Scene::of(cast).await;
    scene.handle(event("e1", "ann", start())).await;
    let ann = scene.host.actor(&"ann".into()).await.unwrap().unwrap();
    ann.rights.get(Capability::Tweet).unwrap().revoke();
    let entry = scene.handle(event("e2", "ann", start())).await;
    assert_eq!(entry.invocation.log.len(), 2, "{:?}", entry.invocation.log);
    assert_eq!((scene.network.reads.load(SeqCst), scene.network.published()), (1, 1));
}
