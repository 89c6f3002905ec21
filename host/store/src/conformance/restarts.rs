//! A store that is opened again, after a host that did not close it.

use std::future::Future;

use puppet_types::InvocationId;

use super::{
    rows::{at, commit, effect, event, read, spend},
    trading,
};
use crate::{Cell, Change, Commit, EventEnd, Store, TABLES};

async fn all(store: &impl Store) -> Vec<(&'static str, Vec<Cell>)> {
    let mut all = Vec::new();
    for table in TABLES {
        let rows = store.rows_after(table, None, 1000).await.unwrap();
        all.extend(rows.into_iter().map(|row| (table.name, row)));
    }
    all
}

/// `open` opens the same store each time; the one before is dropped by then, as it stands.
pub async fn run<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let one = InvocationId::new("i1");
    store.accept(vec![event("e1", "a"), event("e2", "a")]).await.unwrap();
    store.open_read(&one, 0, vec![spend("a", 0, 9, 0)]).await.unwrap();
    store.settle_read(&one, read(0), vec![spend("a", 0, 7, 0)]).await.unwrap();
    let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit("i1", event("e1", "a")) };
    store.commit(again).await.unwrap();
    let changes = vec![Change::Effect(effect("f1", "i2", 0)), Change::Event(event("e3", "b"))];
    let last = store.commit(Commit { changes, ..commit("i2", event("e2", "a")) }).await.unwrap();
    trading::before_a_restart(&store).await;
    let before = all(&store).await;
    drop(store);

    let store = open().await;
    assert_eq!(all(&store).await, before, "what was answered is there");
    trading::goes_on(&store).await;
    assert_eq!(store.kept_reads(&one).await.unwrap(), [read(0)], "a paid read is not paid for again");
    assert!(store.accept(vec![event("e2", "a")]).await.unwrap().is_empty());
    let next = store.accept(vec![event("e4", "a")]).await.unwrap();
    assert!(next[0].seq > last.events[0].seq, "numbers go on");
    let changes = vec![Change::Effect(effect("f2", "i3", 0))];
    let done = store.commit(Commit { changes, ..commit("i3", event("e4", "a")) }).await.unwrap();
    assert!(done.seq > last.seq && done.effects[0].seq > last.effects[0].seq);
    // Reserved when the host died: until somebody knows better it is spent.
    store.open_read(&InvocationId::new("i4"), 0, vec![spend("a", 0, 50, 0)]).await.unwrap();
    drop(store);
    let store = open().await;
    assert_eq!(store.spent().await.unwrap(), [spend("a", 0, 57, 0)]);
    store.commit(commit("i4", event("e1", "a"))).await.unwrap();
    assert_eq!(store.spent().await.unwrap(), [spend("a", 0, 57, 0)], "once");
}
