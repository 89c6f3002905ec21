//! Opening, closing, reading beside a writer.

use std::{
    path::Path,
    task::{Context, Waker},
};

use super::RELAXED;
use crate::{ApiChanges, ApiStore as _, CommitStore as _};
use crate::{
    EventStore as _, Filter, HostLock, JournalStore as _, Options, SqliteStore, StoreError,
    conformance::{api_change, commit, event},
};

fn reason(error: StoreError) -> String {
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/data");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    store.accept(vec![event("e1", "a")]).await.unwrap();
    store.close();
    assert!(matches!(store.accept(vec![event("e2", "a")]).await, Err(StoreError::Closed)));
    assert!(matches!(store.waiting().await, Err(StoreError::Closed)));
    let files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["puppet.db"], "the log is folded in");
    let store = SqliteStore::open(&path, RELAXED).unwrap();
    assert_eq!(store.waiting().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_rides_along_is_written_before_the_store_closes() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let rides = store.append_api_change_along(api_change("k", None, 1));
    let mut rides = std::pin::pin!(rides);
    assert!(rides.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    store.close();
    assert_eq!(rides.await.unwrap(), 1);
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(store.api_changes(&ApiChanges { limit: 9, ..ApiChanges::default() }).await.unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("data");
    let _store = SqliteStore::open(&dir, RELAXED).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn reading_works_beside_a_host_and_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let all = Filter { limit: 9, ..Filter::default() };
    let _lock = HostLock::take(dir.path()).unwrap();
    let host = SqliteStore::open(dir.path(), RELAXED).unwrap();
    let reader = SqliteStore::open_read_only(dir.path()).unwrap();
    assert!(reader.journal(&all).await.unwrap().is_empty());
    host.commit(commit("i1", event("e1", "a"))).await.unwrap();
    assert_eq!(reader.journal(&all).await.unwrap().len(), 1, "what was committed is seen");
    assert!(matches!(reader.accept(vec![event("e2", "a")]).await, Err(StoreError::Failed(_))));
    host.close();
    drop(reader);
    let reader = SqliteStore::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.journal(&all).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_read_sees_what_was_awaited_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    for n in 0..200 {
        let event = event(&format!("e{n}"), "a");
        store.accept(vec![event.clone()]).await.unwrap();
        assert!(store.event(&event.id).await.unwrap().is_some());
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(reason(SqliteStore::open(&file, RELAXED).unwrap_err()).contains("is a file, not a folder"));
    assert!(reason(SqliteStore::open_read_only(dir.path()).unwrap_err()).contains("there is no puppet.db"));
    assert!(reason(HostLock::take(&file).unwrap_err()).contains("is a file, not a folder"));

    std::fs::write(dir.path().join("puppet.db"), "this is no database, not even a little\n".repeat(50)).unwrap();
    for opened in [SqliteStore::open(dir.path(), RELAXED), SqliteStore::open_read_only(dir.path())] {
        let reason = reason(opened.unwrap_err());
        assert!(reason.contains("puppet.db") && reason.contains("not a puppet database"), "{reason}");
    }

    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let conn = rusqlite::Connection::open(other.join("puppet.db")).unwrap();
    conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(conn);
    assert!(reason(SqliteStore::open(&other, RELAXED).unwrap_err()).contains("another program"));
}

#[test]
fn a_newer_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    SqliteStore::open(dir.path(), RELAXED).unwrap().close();
    let conn = rusqlite::Connection::open(dir.path().join("puppet.db")).unwrap();
    conn.execute_batch("UPDATE meta SET version_of_puppet = '9.1.0'; PRAGMA user_version = 99").unwrap();
    drop(conn);
    for opened in [SqliteStore::open(dir.path(), RELAXED), SqliteStore::open_read_only(dir.path())] {
        let error = opened.unwrap_err();
        assert!(matches!(&error, StoreError::TooNew { found: 99, needed, .. } if needed == "9.1.0"), "{error:?}");
        assert!(error.to_string().contains("use puppet 9.1.0 or later"), "{error}");
    }
}
