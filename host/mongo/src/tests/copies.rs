//! A deployment goes from SQLite into MongoDB and back, row by row.

use puppet_store::{SqliteStore, conformance::copies::a_copy_is_whole, copy};

use super::{rows, server::on_a_server};
use crate::{MongoStore, Options};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_moves_either_way() {
    on_a_server("a_deployment_moves_either_way", async |server| {
        let open = async || MongoStore::open(&server.database(), Options::default()).await.unwrap();
        let mongo = open().await;
        a_copy_is_whole(&SqliteStore::in_memory().unwrap(), &mongo).await;
        a_copy_is_whole(&open().await, &SqliteStore::in_memory().unwrap()).await;

        let between = SqliteStore::in_memory().unwrap();
        copy(&mongo, &between, "there", |_| ()).await.unwrap();
        let again = open().await;
        copy(&between, &again, "back", |_| ()).await.unwrap();
        assert_eq!(rows(&again).await, rows(&mongo).await);
    })
    .await;
}
