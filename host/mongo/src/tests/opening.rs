//! Opening and closing: indexes, versions, what is there afterwards.

use std::{collections::BTreeSet, sync::Arc};

use futures::TryStreamExt as _;
use mongodb::bson::doc;
use puppet_store::{
    CommitStore as _, EventStore as _, Store, StoreError,
    conformance::{commit, event, together},
};

use super::{database, rows, server::on_a_server};
use crate::{MongoStore, Options, schema::INDEXES};

#[tokio::test(flavor = "multi_thread")]
async fn every_index_is_made() {
    on_a_server("every_index_is_made", async |server| {
        let url = server.database();
        MongoStore::open(&url, Options::default()).await.unwrap().close().await;
        // Twice is no different.
        MongoStore::open(&url, Options::default()).await.unwrap().close().await;
        let database = database(&url).await;
        let collections: BTreeSet<&str> = INDEXES.iter().map(|index| index.collection).collect();
        for collection in collections {
            let found = database.collection::<mongodb::bson::Document>(collection).list_indexes().await.unwrap();
            let found: Vec<mongodb::IndexModel> = found.try_collect().await.unwrap();
            for index in INDEXES.iter().filter(|index| index.collection == collection) {
                let named = |model: &&mongodb::IndexModel| {
                    model.options.as_ref().and_then(|options| options.name.as_deref()) == Some(index.name)
                };
                let model =
                    found.iter().find(named).unwrap_or_else(|| panic!("{collection}.{} is missing", index.name));
                let fields: Vec<&str> = model.keys.keys().map(String::as_str).collect();
                assert_eq!(fields, index.keys.iter().map(|(field, _)| *field).collect::<Vec<_>>());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_a_restart() {
    on_a_server("what_was_written_is_there_after_a_restart", async |server| {
        let url = server.database();
        let store = MongoStore::open(&url, Options::default()).await.unwrap();
        store.accept(vec![event("e1", "a"), event("e2", "a")]).await.unwrap();
        let seq = store.commit(commit("i1", event("e1", "a"))).await.unwrap().seq;
        let before = rows(&store).await;
        store.close().await;
        assert!(matches!(store.accept(vec![event("e3", "a")]).await, Err(StoreError::Closed)));
        assert!(matches!(store.waiting().await, Err(StoreError::Closed)));
        let store = MongoStore::open(&url, Options::default()).await.unwrap();
        assert_eq!(rows(&store).await, before);
        assert!(store.commit(commit("i2", event("e2", "a"))).await.unwrap().seq > seq, "numbers go on");
        assert_eq!(store.accept(vec![event("e3", "a")]).await.unwrap()[0].seq, 3);
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_no_backend_closes_it_too() {
    on_a_server("whoever_knows_no_backend_closes_it_too", async |server| {
        let url = server.database();
        let store: Arc<dyn Store> = Arc::new(MongoStore::open(&url, Options::default()).await.unwrap());
        let accepted = together((0..50).map(|n| store.accept(vec![event(&format!("e{n}"), "a")])).collect());
        assert!(accepted.await.iter().all(Result::is_ok));
        store.close();
        assert!(matches!(store.accept(vec![event("late", "a")]).await, Err(StoreError::Closed)));
        assert!(matches!(store.waiting().await, Err(StoreError::Closed)));
        let store = MongoStore::open(&url, Options::default()).await.unwrap();
        assert_eq!(store.waiting().await.unwrap().len(), 50);
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_is_refused_by_name() {
    on_a_server("a_later_version_is_refused_by_name", async |server| {
        let url = server.database();
        MongoStore::open(&url, Options::default()).await.unwrap().close().await;
        let meta = database(&url).await.collection::<mongodb::bson::Document>("meta");
        let later = doc! {"$set": {"version": 99_i64, "version_of_puppet": "9.1.0"}};
        meta.update_one(doc! {"_id": "schema"}, later).await.unwrap();
        let error = MongoStore::open(&url, Options::default()).await.unwrap_err();
        assert!(matches!(&error, StoreError::TooNew { found: 99, needed, .. } if needed == "9.1.0"), "{error:?}");
    })
    .await;
}
