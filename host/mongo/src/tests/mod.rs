//! What belongs to MongoDB alone, and the suite that every backend passes, each on a server of its own.

mod conforms;
mod seen;
mod server;

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
