//! A host is seen by others, and a reader takes nobody's place.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use puppet_store::{Change, CommitStore as _, HaltStore as _, PastStore as _, Result, StoreError};
use puppet_types::PostId;

use super::server::on_a_server;
use crate::{MongoStore, Options, Presence};

fn seen_as(holder: &str) -> Options {
    Options {
        presence: Some(Presence { beat: Duration::from_millis(500), ..Presence::of(holder) }),
        ..Options::default()
    }
}

/// A write, of something else each time.
async fn writes(store: &MongoStore) -> Result<()> {
    static TIMES: AtomicU64 = AtomicU64::new(1);
    let post = PostId::new(TIMES.fetch_add(1, Ordering::Relaxed).to_string());
    store.apply(vec![Change::Seen { posts: vec![post], keep: 100 }]).await.map(drop)
}

fn everything() -> Vec<PostId> {
    (1..100).map(|n: u32| PostId::new(n.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_lives_is_left_alone() {
    on_a_server("a host that lives is left alone", async |server| {
        let url = server.database();
        let first = MongoStore::open(&url, seen_as("one")).await.unwrap();
        let Err(StoreError::InUse { holder, .. }) = MongoStore::open(&url, seen_as("two")).await else {
            panic!("two hosts");
        };
        assert_eq!(holder, "one");
        first.halted().await.unwrap();

        // Sent away on purpose, it stops at its next write.
        let mut options = seen_as("two");
        options.presence.as_mut().unwrap().takes_over = true;
        let second = MongoStore::open(&url, options).await.unwrap();
        // However much was written, applied and cleared away since.
        for _ in 0..5 {
            writes(&second).await.unwrap();
        }
        let late = writes(&first).await;
        assert!(matches!(late, Err(StoreError::TakenOver { .. })), "{late:?}");
        first.close().await;

        // Closed, it is gone at once; who does not close is waited for, unless it has the same name.
        second.close().await;
        let third = MongoStore::open(&url, seen_as("three")).await.unwrap();
        drop(third);
        MongoStore::open(&url, seen_as("three")).await.unwrap().close().await;
        drop(MongoStore::open(&url, seen_as("four")).await.unwrap());
        MongoStore::open(&url, seen_as("five")).await.unwrap().close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_what_is_committed_and_takes_nobodys_place() {
    on_a_server("a reader takes nobody's place", async |server| {
        let url = server.database();
        assert!(MongoStore::open_read_only(&url, Options::default()).await.unwrap().is_none());
        let host = MongoStore::open(&url, seen_as("one")).await.unwrap();
        writes(&host).await.unwrap();
        let reader = MongoStore::open_read_only(&url, Options::default()).await.unwrap().unwrap();
        assert_eq!(reader.seen(&everything()).await.unwrap().len(), 1);
        assert!(matches!(writes(&reader).await, Err(StoreError::Closed)));
        writes(&host).await.unwrap();
        host.close().await;
    })
    .await;
}
