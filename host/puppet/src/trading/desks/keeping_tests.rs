//! Who else writes a purse is given the way.

use std::sync::Arc;

use puppet_store::{
    Purse,
    sqlite::{Options, SqliteStore},
};
use puppet_types::Timestamp;
use tokio::sync::oneshot;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_purse_is_quiet_when_nobody_has_written_it_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap());
    let (end, mut ended) = oneshot::channel();
    let other = Arc::clone(&store);
    let writes = tokio::spawn(async move {
        let mut at = 0;
        // Prices alone: no row of the log, and another time.
        while ended.try_recv().is_err() {
            at += 1;
            let purse = Purse { name: "main".into(), seq: 0, at: Timestamp::from_millis(at), body: Default::default() };
            assert!(other.write_purse(purse, 0, Vec::new()).await.unwrap());
        }
    });
    let quiet = Duration::from_millis(500);
    let mut waits = std::pin::pin!(until_quiet(&*store, "main", quiet));
    assert!(tokio::time::timeout(quiet * 4, &mut waits).await.is_err(), "it is written");
    end.send(()).unwrap();
    writes.await.unwrap();
    waits.await;
}
