//! Answers that are lost, servers that are away for a moment, and a primary that changes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mongodb::bson::{Document, doc};
use puppet_store::{
    Change, Commit, CommitStore as _, EventStore as _, Filter, JournalStore as _, KeepOrder, MemoryStore as _,
    StoreError,
    conformance::{commit, event, memory, together},
};
use puppet_types::MemoryKind;

use super::{
    rows,
    server::{on_a_server, say},
};
use crate::{
    MongoStore, Options,
    fault::{Hook, Step},
};

/// How a command fails, and whether only the bridge can do so.
fn failures() -> Vec<(&'static str, Document, bool)> {
    vec![
        ("the connection is closed", doc! {"closeConnection": true}, false),
        ("the primary is another one by now", doc! {"errorCode": 10_107}, false),
        ("the server goes down", doc! {"errorCode": 91}, false),
        ("it is done, and the answer is lost", doc! {"closeConnection": true, "after": true}, true),
        ("it is done, and the primary goes", doc! {"errorCode": 189, "after": true}, true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_survived() {
    on_a_server("what_passes_is_survived", async |server| {
        let expected = {
            let store = MongoStore::open(&server.database(), Options::default()).await.unwrap();
            write(&store).await;
            rows(&store).await
        };
        for (what, how, bridge_only) in failures() {
            if bridge_only && !server.is_bridge() {
                say(&format!("skipped: {what}: only the bridge does that on command"));
                continue;
            }
            for command in ["insert", "update", "delete", "find"] {
                let store = MongoStore::open(&server.database(), Options::default()).await.unwrap();
                // Twice: also a second try is lost.
                if !server.fails(&[command], 2, how.clone()).await {
                    return say("skipped: this server takes no failCommand");
                }
                write(&store).await;
                assert_eq!(rows(&store).await, expected, "{command}: {what}");
                store.close().await;
            }
        }
    })
    .await;
}

async fn write(store: &MongoStore) {
    store.accept(vec![event("e1", "a"), event("e2", "a")]).await.unwrap();
    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    store.commit(commit("i2", event("e2", "a"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_fate_is_not_known_is_found_out() {
    on_a_server("a_commit_whose_fate_is_not_known_is_found_out", async |server| {
        if !server.is_bridge() {
            return say("skipped: a lost answer: only the bridge does that on command");
        }
        for (after, known) in [(true, 1), (false, 0)] {
            let options = Options { patience: Duration::from_millis(1_500), ..Options::default() };
            let store = MongoStore::open(&server.database(), options).await.unwrap();
            // For as long as the host has patience; then nobody knows.
            let how = doc! {"closeConnection": true, "after": after, "since": "insert"};
            server.fails(&["insert", "find"], 1_000, how).await;
            let error = store.commit(commit("i1", event("e1", "a"))).await.unwrap_err();
            assert!(error.to_string().contains("is not known"), "{error}");
            server.works().await;
            let all = Filter { limit: 9, ..Filter::default() };
            assert_eq!(store.journal(&all).await.unwrap().len(), known, "whoever reads finds out first");
            store.commit(commit("i1", event("e1", "a"))).await.unwrap();
            assert_eq!(store.journal(&all).await.unwrap().len(), 1);
            store.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_commits_are_few_commands() {
    on_a_server("many_commits_are_few_commands", async |server| {
        let groups = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&groups);
        let hook = Hook(Arc::new(move |step| {
            counted.fetch_add(usize::from(step == Step::Commits), Ordering::SeqCst);
            false
        }));
        let options = Options { hook: Some(hook), ..Options::default() };
        let store = MongoStore::open(&server.database(), options).await.unwrap();
        let before = groups.load(Ordering::SeqCst);
        // Each with a memory, of which the last ten are kept.
        let one = |n: i64| {
            let memory = memory(&format!("m{n:03}"), MemoryKind::Core, "said", n);
            let cap = Some((vec![MemoryKind::Core], 10, KeepOrder::Newest));
            let changes = vec![Change::Remember { agent: "a".into(), memory, vector: None, cap }];
            Commit { changes, ..commit(&format!("i{n}"), event(&format!("e{n}"), "a")) }
        };
        let asked = server.asked().await;
        let commits = (0..400).map(|n| store.commit(one(n)));
        let seqs: Vec<u64> = together(commits.collect()).await.into_iter().map(|done| done.unwrap().seq).collect();
        assert_eq!(seqs, (1..=400).collect::<Vec<_>>());
        let groups = groups.load(Ordering::SeqCst) - before;
        assert!(groups < 20, "{groups} groups of 400 commits");
        let asked = server.asked().await - asked;
        assert!(asked < 150, "{asked} questions of 400 commits");
        let kept = store.memories(&"a".into(), &[], 100).await.unwrap();
        let kept: Vec<&str> = kept.iter().map(|hit| hit.memory.id.as_str()).collect();
        assert_eq!(kept, (390..400).rev().map(|n| format!("m{n}")).collect::<Vec<_>>());
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_the_password() {
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let options = Options { connect: Duration::from_millis(200), ..Options::default() };
    let url = format!("mongodb://ann:hush-hush@127.0.0.1:{port}/x?authSource=secret-place");
    let error = MongoStore::open(&url, options.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Connect { .. }), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("ann:***@127.0.0.1") && text.contains("see that it runs"), "{text}");
    assert!(!text.contains("hush-hush") && !text.contains("secret-place"), "{text}");
    let error = MongoStore::open("mongodb://ann:hush-hush@", options).await.unwrap_err().to_string();
    assert!(error.contains("the address does not read") && !error.contains("hush-hush"), "{error}");
}
