//! The suite that every backend passes.

use puppet_store::conformance;

use super::server::{Server, say};
use crate::{MongoStore, Options};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_mongodb_conforms() {
    let (servers, skipped) = Server::all();
    let names: Vec<&str> = servers.iter().map(Server::name).collect();
    for server in servers {
        conformance::run(|| async { MongoStore::open(&server.database(), Options::default()).await.unwrap() }).await;
        let again = server.database();
        conformance::restarts::run(|| async { MongoStore::open(&again, Options::default()).await.unwrap() }).await;
        server.clear().await;
    }
    let ran = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    say(&format!("MongoDB conformance ran on {ran}; skipped: {}", skipped.join(", ")));
}
