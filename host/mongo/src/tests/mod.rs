//! What belongs to MongoDB alone, and the suite that every backend passes, each on a server of its own.

mod conforms;
mod copies;
mod crash;
mod faults;
mod hosts;
mod nearest;
mod opening;
mod purses;
mod questions;
mod seen;
mod server;

use futures::TryStreamExt as _;
use mongodb::{
    Client, Database,
    bson::{Document, doc},
};
use puppet_store::{Cell, RowStore as _, TABLES};

use crate::MongoStore;

/// Every row there is, by table.
async fn rows(store: &MongoStore) -> Vec<(&'static str, Vec<Cell>)> {
    let mut all = Vec::new();
    for table in TABLES {
        let rows = store.rows_after(table, None, 10_000).await.unwrap();
        all.extend(rows.into_iter().map(|row| (table.name, row)));
    }
    all
}

/// The database that an address names, past the store.
async fn database(url: &str) -> Database {
    Client::with_uri_str(url).await.unwrap().default_database().unwrap()
}

/// The documents of a collection by `_id`, and how many of them are not applied.
async fn contents(url: &str, collection: &str) -> (Vec<Document>, usize) {
    let collection = database(url).await.collection::<Document>(collection);
    let found: Vec<Document> =
        collection.find(doc! {}).sort(doc! {"_id": 1}).await.unwrap().try_collect().await.unwrap();
    let open = found.iter().filter(|document| document.get_bool("applied").is_ok_and(|applied| !applied)).count();
    (found, open)
}
