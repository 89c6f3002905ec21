//! What belongs to SQLite alone: files, restarts, crashes.

mod compact;
mod crash;
mod disk;
mod files;
mod forgotten;

use crate::{Durability, Options, SqliteStore, conformance};

const RELAXED: Options = Options { durability: Durability::Relaxed };

#[tokio::test]
async fn a_store_in_memory_conforms() {
    conformance::run(|| async { SqliteStore::in_memory().unwrap() }).await;
}

#[tokio::test]
async fn a_store_in_a_file_conforms() {
    let root = tempfile::tempdir().unwrap();
    let next = std::cell::Cell::new(0);
    let open = || {
        next.set(next.get() + 1);
        let dir = root.path().join(next.get().to_string());
        async move { SqliteStore::open(&dir, RELAXED).unwrap() }
    };
    conformance::run(open).await;
}

#[tokio::test]
async fn a_store_in_a_file_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    conformance::restarts::run(|| async { SqliteStore::open(dir.path(), RELAXED).unwrap() }).await;
}
