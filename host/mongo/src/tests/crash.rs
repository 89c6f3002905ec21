//! A host that dies before any durable step: the next one finds all of a commit or nothing of it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use mongodb::bson::Bson;
use puppet_store::{
    BudgetStore as _, Change, Commit, CommitStore as _, EventEnd, EventStore as _, KeepOrder, StateBlob, Vector,
    conformance::{at, commit, effect, event, memory, read, spend},
};
use puppet_types::{AgentId, Digest, InvocationId, MemoryKind, Mood, PackId};

use super::{contents, rows, server::on_a_server};
use crate::{
    MongoStore, Options,
    fault::{Hook, Step},
};

/// What the last host of a scenario did: each is one commit.
async fn before(store: &MongoStore) {
    store.accept(vec![event("e1", "a"), event("e2", "a")]).await.unwrap();
    let old = memory("old", MemoryKind::Core, "the old harbour", 1);
    let remember = Change::Remember { agent: "a".into(), memory: old, vector: None, cap: None };
    let again = Commit {
        end: EventEnd::Retry { not_before: at(9) },
        changes: vec![remember],
        ..commit("i1", event("e1", "a"))
    };
    store.commit(again).await.unwrap();
    store.open_read(&InvocationId::new("i1"), 0, vec![spend("a", 0, 9, 0)]).await.unwrap();
    let mut paid = read(0);
    paid.operation = "only kept".into();
    store.settle_read(&InvocationId::new("i1"), paid, vec![spend("a", 0, 7, 0)]).await.unwrap();
}

/// A commit that writes and deletes rows of many collections, and drops read answers.
fn the_commit() -> Commit {
    let agent = AgentId::new("a");
    let new = memory("new", MemoryKind::Core, "the new harbour", 2);
    let changes = vec![
        Change::Mood { agent: agent.clone(), mood: Mood::default(), at: at(5) },
        Change::Remember {
            agent: agent.clone(),
            memory: new,
            vector: Some(Vector { model: "m".into(), numbers: vec![0.5] }),
            cap: Some((vec![MemoryKind::Core], 1, KeepOrder::Newest)),
        },
        Change::PutState {
            agent,
            plugin: PackId::new("pack"),
            digest: Digest::of(b"1"),
            blob: StateBlob { version: 1, data: vec![1, 2, 3] },
            led_by: None,
            at: at(5),
        },
        Change::Event(event("e3", "b")),
        Change::Effect(effect("f1", "i1", 0)),
    ];
    let mut done = Commit { changes, spends: vec![spend("a", 0, 5, 0)], ..commit("i1", event("e1", "a")) };
    done.invocation.reads = vec![read(0), read(1)];
    done
}

/// How often each step was come to.
type Passed = Arc<Mutex<BTreeMap<Step, usize>>>;

fn watched(passed: &Passed) -> Options {
    let passed = Arc::clone(passed);
    let hook = move |step: Step| {
        *passed.lock().unwrap().entry(step).or_default() += 1;
        false
    };
    Options { hook: Some(Hook(Arc::new(hook))), ..Options::default() }
}

/// Dies when it comes to this step for this time, and stays dead.
fn dies_before(step: Step, time: usize) -> Options {
    let (passed, dead) = (AtomicUsize::new(0), AtomicBool::new(false));
    let hook = move |now: Step| {
        if now == step && passed.fetch_add(1, Ordering::SeqCst) == time {
            dead.store(true, Ordering::SeqCst);
        }
        dead.load(Ordering::SeqCst)
    };
    Options { hook: Some(Hook(Arc::new(hook))), ..Options::default() }
}

/// What the read answers are called.
async fn answers(url: &str) -> Vec<Bson> {
    contents(url, "answers").await.0.into_iter().filter_map(|mut answer| answer.remove("_id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_there_or_it_is_not() {
    on_a_server("a_commit_is_there_or_it_is_not", async |server| {
        let fresh = async || {
            let url = server.database();
            let store = MongoStore::open(&url, Options::default()).await.unwrap();
            before(&store).await;
            store.close().await;
            url
        };
        let url = fresh().await;
        let passed = Passed::default();
        let store = MongoStore::open(&url, watched(&passed)).await.unwrap();
        let (without, without_answers) = (rows(&store).await, answers(&url).await);
        store.commit(the_commit()).await.unwrap();
        let with = rows(&store).await;
        store.close().await;
        let with_answers = answers(&url).await;

        let passed = passed.lock().unwrap().clone();
        let deaths = passed.iter().flat_map(|(step, times)| (0..*times).map(|time| (*step, time)));
        let mut outcomes = [0, 0];
        for (step, time) in deaths {
            let (url, died) = (fresh().await, format!("before {step:?}, time {time}"));
            let dying = MongoStore::open(&url, dies_before(step, time)).await;
            let answered = match &dying {
                Ok(store) => store.commit(the_commit()).await.is_ok(),
                Err(_) => false,
            };
            if let Ok(store) = dying {
                store.close().await;
            }
            let store = MongoStore::open(&url, Options::default()).await.unwrap();
            let found = rows(&store).await;
            assert!(found == with || found == without, "{died} there is half of a commit: {found:?}");
            assert!(!answered || found == with, "{died}: what was answered is lost");
            outcomes[usize::from(found == with)] += 1;
            if found == without {
                assert_eq!(answers(&url).await, without_answers, "{died}: read answers are left over");
                store.commit(the_commit()).await.unwrap();
                assert_eq!(rows(&store).await, with, "it can be done again");
            }
            store.close().await;
            assert_eq!(answers(&url).await, with_answers, "{died}");
            assert_eq!(contents(&url, "commits").await.1, 0, "{died}: everything is applied");
        }
        assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
        for step in [Step::Answers, Step::Commits, Step::Applied, Step::Cleared, Step::Gone("memories")] {
            assert!(passed.contains_key(&step), "{step:?} is not among {passed:?}");
        }
        for collection in ["events", "journal", "outbox", "moods", "memories", "plugin_state", "budgets"] {
            assert!(passed.contains_key(&Step::Rows(collection)), "{collection} is not among {passed:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_commit_is_split_and_is_whole() {
    on_a_server("a_large_commit_is_split_and_is_whole", async |server| {
        let many = || {
            let changes = (0..40).map(|n| Change::Event(event(&format!("n{n}"), "a"))).collect();
            Commit { changes, ..commit("i1", event("e1", "a")) }
        };
        let small = |hook| Options { commit_bytes: 4_000, hook, ..Options::default() };
        for dies in [Step::Rows("journal"), Step::Cleared] {
            let url = server.database();
            let armed = Arc::new(AtomicUsize::new(0));
            let hook = {
                let armed = Arc::clone(&armed);
                Hook(Arc::new(move |step| armed.load(Ordering::SeqCst) > 0 && step == dies))
            };
            let store = MongoStore::open(&url, small(Some(hook))).await.unwrap();
            armed.store(1, Ordering::SeqCst);
            assert!(store.commit(many()).await.is_ok(), "the commit is written");
            store.close().await;
            assert!(contents(&url, "commit_parts").await.0.len() > 2, "it refers to several parts");
            let store = MongoStore::open(&url, small(None)).await.unwrap();
            assert_eq!(store.events_after(0, 100).await.unwrap().len(), 41);
            store.close().await;
            assert!(contents(&url, "commit_parts").await.0.is_empty(), "parts go with the commit");
        }
    })
    .await;
}
