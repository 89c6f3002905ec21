//! Rule 1: what is not granted never reaches its provider, and the guest gets `denied` as an answer, never a trap.

use std::sync::atomic::Ordering::SeqCst;

use puppet_engine::Plugin;
use puppet_grants::{Request, Requests};
use puppet_sandbox::LoadError;
use puppet_types::{Capability, Outcome, ReadStatus};

use crate::{
    guest::{End, Step, component},
    scene::{Cast, Scene, Setting, event, start},
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
async fn a_component_and_its_pack_agree_by_name() {
    let scene = Scene::with(Setting::default(), Vec::new(), &[]).await;
    let load = |requests: Requests| {
        let compiled = scene.host.sandbox.compile(&component(&[Step::Timeline, Step::Complete], End::Ok)).unwrap();
        Plugin::load(&scene.host.sandbox, &compiled, "pack".into(), "1.0.0".to_owned(), requests).map(drop)
    };
    let asks = |capabilities: &[Capability]| -> Requests {
        capabilities.iter().map(|capability| (*capability, Request::default())).collect()
    };
    use Capability::{Llm, Memory, Tweet};
    assert_eq!(load(asks(&[Llm, Tweet])), Ok(()));
    let error = load(asks(&[Tweet])).unwrap_err();
    assert_eq!(error, LoadError::NotRequested { capability: Llm });
    assert!(error.to_string().contains("request it in pack.toml (`[requests.llm]`), or remove the import"), "{error}");
    let error = load(asks(&[Llm, Tweet, Memory])).unwrap_err();
    assert_eq!(error, LoadError::NotImported { capability: Memory });
    assert!(error.to_string().contains("remove `[requests.memory]` from pack.toml"), "{error}");
    let mut optional = asks(&[Llm, Tweet]);
    optional.entry(Llm).or_default().optional = true;
    assert_eq!(load(optional), Ok(()), "whether it is granted or not");
}

#[tokio::test]
async fn a_grant_that_is_taken_back_counts_from_the_next_call() {
    let requests = [Capability::Tweet, Capability::Llm].map(|capability| (capability, Request::default())).into();
    let steps = vec![Step::Timeline, Step::Complete, Step::PostEventId];
    let scene = Scene::of(Cast { pack: "pack", steps, end: End::Ok, requests }).await;
    scene.handle(event("e1", "ann", start())).await;
    for capability in [Capability::Tweet, Capability::Llm] {
        scene.host.ledger.take_back(&"pack".into(), capability);
    }
    let entry = scene.handle(event("e2", "ann", start())).await;
    let seen: Vec<_> = entry.invocation.log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(seen, ["denied"; 3]);
    let reached = (scene.network.reads.load(SeqCst), scene.model.asked.load(SeqCst), scene.network.published());
    assert_eq!(reached, (1, 1, 1), "once each, before it was taken back");
}
