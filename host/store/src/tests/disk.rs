//! Disks that do not do what they should: full ones, slow ones, files with damaged pages.

use std::{
    collections::BTreeSet,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    time::Duration,
};

use super::RELAXED;
use crate::{
    CommitStore as _, DiskFault, EventStore as _, Filter, JournalStore as _, Options, SqliteStore, StoreError,
    conformance::{commit, event, together},
    sqlite::lock,
};

/// A payload of some pages.
const LONG: usize = 20_000;

/// The file of this store may not grow any more.
fn full(store: &SqliteStore, is_full: bool) {
    let conn = store.inner.conn.upgrade().unwrap();
    let conn = lock(&conn);
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let most = if is_full { pages } else { 1 << 30 };
    conn.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).unwrap();
}

fn long(n: usize) -> puppet_types::Event {
    puppet_types::Event { payload: "x".repeat(LONG).into(), ..event(&format!("long{n}"), "a") }
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_full_and_nothing_that_was_answered_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    store.accept(vec![event("e1", "a")]).await.unwrap();
    full(&store, true);
    // One by one, and many in one transaction.
    let alone = store.accept(vec![long(0)]).await;
    assert!(matches!(alone, Err(StoreError::Disk { fault: DiskFault::Full, .. })), "{alone:?}");
    let accepts = (1..40).map(|n| store.accept(vec![if n == 20 { event("small", "a") } else { long(n) }])).collect();
    let answers = together(accepts).await;
    let mut accepted: BTreeSet<String> = BTreeSet::from(["e1".to_owned()]);
    for answer in answers {
        match answer {
            Ok(waiting) => accepted.extend(waiting.into_iter().map(|waiting| waiting.event.id.to_string())),
            Err(StoreError::Disk { fault: DiskFault::Full, .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    let failed = store.commit(commit("i1", long(41))).await;
    assert!(matches!(failed, Err(StoreError::Disk { fault: DiskFault::Full, .. })), "{failed:?}");
    let stored = |store: &SqliteStore| {
        let waiting = store.read(|conn| {
            let mut rows = conn.prepare("SELECT id FROM events").unwrap();
            let ids = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
            Ok(ids.map(Result::unwrap).collect::<BTreeSet<_>>())
        });
        waiting.unwrap()
    };
    assert_eq!(stored(&store), accepted, "what was answered is there, and nothing else");
    assert!(store.journal(&Filter { limit: 9, ..Filter::default() }).await.unwrap().is_empty());
    full(&store, false);
    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    store.accept(vec![long(50)]).await.unwrap();
    accepted.insert("long50".to_owned());
    store.close();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(stored(&store), accepted);
}

#[tokio::test]
async fn a_disk_that_is_slow_delays_answers_and_loses_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    // The writer waits for this as it waits for the disk.
    let slow = rusqlite::Connection::open(dir.path().join("puppet.db")).unwrap();
    slow.execute_batch("BEGIN IMMEDIATE").unwrap();
    let accepts = (0..200).map(|n| store.accept(vec![event(&format!("e{n}"), "a")])).collect();
    let mut answers = Box::pin(together(accepts));
    let early = tokio::time::timeout(Duration::from_millis(50), &mut answers).await;
    assert!(early.is_err(), "nothing is answered before it is written");
    assert!(store.waiting().await.unwrap().is_empty(), "who reads does not wait");
    slow.execute_batch("COMMIT").unwrap();
    assert!(answers.await.into_iter().all(|answer| answer.is_ok_and(|new| new.len() == 1)));
    assert_eq!(store.waiting().await.unwrap().len(), 200);
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_as_that() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    store.accept(vec![event("e1", "a")]).await.unwrap();
    let read_only = |is: &str| {
        let conn = store.inner.conn.upgrade().unwrap();
        lock(&conn).execute_batch(&format!("PRAGMA query_only = {is}")).unwrap();
    };
    read_only("ON");
    let refused = store.accept(vec![event("e2", "a")]).await;
    assert!(matches!(refused, Err(StoreError::Disk { fault: DiskFault::ReadOnly, .. })), "{refused:?}");
    let refused = store.commit(commit("i1", event("e1", "a"))).await;
    assert!(matches!(refused, Err(StoreError::Disk { fault: DiskFault::ReadOnly, .. })), "{refused:?}");
    read_only("OFF");
    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    assert_eq!(store.accept(vec![event("e2", "a")]).await.unwrap().len(), 1);
}

/// A copy of what a killed host leaves: the file, and the log that was not folded in.
fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in ["puppet.db", "puppet.db-wal"] {
        std::fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

#[tokio::test]
async fn a_torn_log_costs_nothing_that_was_whole_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let log = |dir: &Path| std::fs::metadata(dir.join("puppet.db-wal")).unwrap().len();
    let mut ends = Vec::new();
    for n in 0..8 {
        store.commit(commit(&format!("i{n}"), event(&format!("e{n}"), "a"))).await.unwrap();
        ends.push(log(dir.path()));
    }
    let journaled = async |dir: &Path| {
        let store = SqliteStore::open(dir, RELAXED).unwrap();
        let whole: String =
            store.read(|conn| Ok(conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?)).unwrap();
        assert_eq!(whole, "ok");
        store.journal(&Filter { limit: 99, ..Filter::default() }).await.unwrap().len()
    };
    let whole = copied(dir.path());
    assert_eq!(journaled(whole.path()).await, 8);
    // Something half-written stands behind the last commit.
    let more = copied(dir.path());
    let mut file = std::fs::File::options().append(true).open(more.path().join("puppet.db-wal")).unwrap();
    file.write_all(&[7; 3_000]).unwrap();
    drop(file);
    assert_eq!(journaled(more.path()).await, 8);
    // The log ends within its last commit, or a byte of that is another.
    let cut = copied(dir.path());
    let file = std::fs::File::options().write(true).open(cut.path().join("puppet.db-wal")).unwrap();
    file.set_len(ends[6] + 100).unwrap();
    drop(file);
    assert_eq!(journaled(cut.path()).await, 7);
    let flipped = copied(dir.path());
    let mut file = std::fs::File::options().write(true).open(flipped.path().join("puppet.db-wal")).unwrap();
    file.seek(SeekFrom::Start(ends[6] + 200)).unwrap();
    file.write_all(&[0xff; 64]).unwrap();
    drop(file);
    assert_eq!(journaled(flipped.path()).await, 7);
}

#[tokio::test]
async fn a_damaged_page_is_an_error_with_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    let commits = (0..300).map(|n| store.commit(commit(&format!("i{n}"), event(&format!("e{n}"), "a"))));
    for commit in commits {
        commit.await.unwrap();
    }
    store.close();
    let path = dir.path().join("puppet.db");
    let pages = std::fs::metadata(&path).unwrap().len() / 4_096;
    let damage = |page: u64| {
        let mut file = std::fs::File::options().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(page * 4_096)).unwrap();
        file.write_all(&[0xa5; 4_096]).unwrap();
    };
    // The last ones: rows and indexes that were written last.
    (pages - 20..pages).for_each(damage);
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    let all = store.journal(&Filter { limit: 999, ..Filter::default() }).await;
    assert!(matches!(all, Err(StoreError::Disk { fault: DiskFault::Corrupt, .. })), "{:?}", all.map(|rows| rows.len()));
    drop(store);
    // The page that every reader begins with.
    damage(0);
    assert!(SqliteStore::open(dir.path(), RELAXED).is_err());
    let text = std::fs::read(&path).unwrap();
    assert_eq!(text.len() as u64, pages * 4_096, "nothing is written over it");
}
