//! Hosts that come and go: one at a time writes, and what one left open the next one closes.

use mongodb::bson::{Document, doc};
use puppet_store::{
    BudgetStore as _, Commit, CommitStore as _, EventStore as _, Filter, JournalStore as _, StoreError,
    conformance::{commit, event, read, spend},
};
use puppet_types::InvocationId;

use super::{contents, rows, server::on_a_server};
use crate::{
    MongoStore, Options,
    apply::{Batch, apply},
    change::RowChange,
};

async fn open(url: &str) -> MongoStore {
    MongoStore::open(url, Options::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_replaced_stops() {
    on_a_server("a_host_that_was_replaced_stops", async |server| {
        let url = server.database();
        let old = open(&url).await;
        old.commit(commit("i1", event("e1", "a"))).await.unwrap();
        let new = open(&url).await;
        // Of an agent that the new host has not written to: that it is behind shows all the same.
        for n in 0..2 {
            let refused = old.commit(commit("i2", event("e2", "a"))).await.unwrap_err();
            assert!(matches!(refused, StoreError::TakenOver { .. }), "{n}: {refused:?}");
            assert!(refused.to_string().contains("another host took over mongodb://"), "{refused}");
        }
        assert!(
            matches!(old.waiting().await, Err(StoreError::TakenOver { .. })),
            "nor does it read what is not its own"
        );
        assert!(new.invocation(&InvocationId::new("i2")).await.unwrap().is_none());
        new.commit(commit("i2", event("e2", "a"))).await.unwrap();
        old.close().await;
        assert_eq!(new.journal(&Filter { limit: 9, ..Filter::default() }).await.unwrap().len(), 2);
        new.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_without_its_host_is_booked() {
    on_a_server("a_reservation_without_its_host_is_booked", async |server| {
        let (url, one) = (server.database(), InvocationId::new("i1"));
        let store = open(&url).await;
        store.open_read(&one, 0, vec![spend("a", 2, 100, 0)]).await.unwrap();
        let (open_reads, _) = contents(&url, "open_reads").await;
        assert_eq!(open_reads[0].get_str("invocation").unwrap(), "i1", "a reservation says whose it is");
        drop(store);
        let store = open(&url).await;
        assert!(contents(&url, "open_reads").await.0.is_empty(), "nobody will settle it");
        assert_eq!(store.spent().await.unwrap(), [spend("a", 2, 100, 0)], "the provider may have been paid");
        store.open_read(&one, 0, vec![spend("a", 2, 100, 0)]).await.unwrap();
        store.settle_read(&one, read(0), vec![spend("a", 2, 30, 0)]).await.unwrap();
        assert_eq!(store.spent().await.unwrap(), [spend("a", 2, 130, 0)]);
        store.close().await;
    })
    .await;
}

/// A host that was replaced may still have writes on their way.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_changes_nothing() {
    on_a_server("what_comes_late_changes_nothing", async |server| {
        let url = server.database();
        let store = open(&url).await;
        store.accept(vec![event("e1", "a")]).await.unwrap();
        let late = |row: Option<Document>| {
            let mut batch = Batch::after(0);
            batch.add(1, vec![RowChange { collection: "events", id: "e1".into(), new: true, row }], []);
            batch
        };
        let stored = rows(&store).await;
        for row in [Some(doc! {"id": "e1", "seq": 1_i64, "state": "dead"}), None] {
            apply(&store.inner.shared.db, &late(row)).await.unwrap();
            assert_eq!(rows(&store).await, stored);
        }
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_kept_once_and_within_bounds() {
    on_a_server("reads_are_kept_once_and_within_bounds", async |server| {
        let (url, one) = (server.database(), InvocationId::new("i1"));
        let bytes = serde_json::to_string(&read(0)).unwrap().len();
        let options = Options { answer_bytes: 2 * bytes, ..Options::default() };
        let store = MongoStore::open(&url, options).await.unwrap();
        let reads = |many: u32| {
            let mut done = Commit { ..commit("i1", event("e1", "a")) };
            done.invocation.reads = (0..many).map(read).collect();
            done
        };
        store.open_read(&one, 0, vec![]).await.unwrap();
        store.settle_read(&one, read(0), vec![]).await.unwrap();
        store.commit(reads(2)).await.unwrap();
        assert_eq!(contents(&url, "answers").await.0.len(), 2, "the paid read is the record's as well");
        let found = store.invocation(&one).await.unwrap().unwrap().invocation;
        assert_eq!((found.reads.len(), found.unreplayable), (2, None));

        let mut more = reads(3);
        more.invocation.id = InvocationId::new("i2");
        store.commit(more).await.unwrap();
        let found = store.invocation(&InvocationId::new("i2")).await.unwrap().unwrap().invocation;
        assert_eq!(found.reads.len(), 2);
        assert!(found.unreplayable.unwrap().contains("bytes were read"), "it says that something is missing");
        for n in 0..2 {
            store.settle_read(&InvocationId::new("i3"), read(n), vec![]).await.unwrap();
        }
        let refused = store.settle_read(&InvocationId::new("i3"), read(2), vec![]).await.unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused:?}");
        assert_eq!(store.kept_reads(&InvocationId::new("i3")).await.unwrap().len(), 2);
        store.close().await;
    })
    .await;
}
