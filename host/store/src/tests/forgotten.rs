//! What was forgotten is not in the files either.

use std::path::Path;

use puppet_types::{AgentId, Decision, InvocationId, Json, MemoryKind, NumberedDecision};

use super::RELAXED;
use crate::{
    BudgetStore as _, Change, Commit, CommitStore as _, EffectEnd, EffectState, EventEnd, EventStore as _,
    JournalStore as _, OutboxStore as _, SqliteStore,
    conformance::{at, commit, effect, event, memory, read, spend},
};

/// Nobody else writes such a word.
fn word(n: usize) -> String {
    format!("quagga{n:04}x")
}

/// Every file of a data folder in one piece.
fn bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.flat_map(|file| std::fs::read(file).unwrap()).collect()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// A long text around a word: it takes pages of its own.
fn told(n: usize) -> String {
    format!("{} {} {}", "a".repeat(n * 37 % 3_000), word(n), "b".repeat(n * 91 % 6_000))
}

/// A call that says a word wherever one can be said: it was paid for, tried twice, and left the host.
async fn live(store: &SqliteStore, n: usize) {
    let (id, name) = (InvocationId::new(format!("i{n}")), format!("e{n}"));
    let mut event = event(&name, "a");
    event.payload = serde_json::json!({ "text": told(n) });
    store.accept(vec![event.clone()]).await.unwrap();
    let mut paid = read(0);
    paid.answer = Json::of(&told(n));
    store.open_read(&id, 0, vec![spend("a", 0, 1, 0)]).await.unwrap();
    store.settle_read(&id, paid.clone(), vec![spend("a", 0, 1, 0)]).await.unwrap();
    let mut done = commit(id.as_str(), event);
    done.invocation.reads = vec![paid];
    done.invocation.log[0].message = told(n);
    done.end = EventEnd::Retry { not_before: at(9) };
    store.commit(done.clone()).await.unwrap();
    let body = Decision::Post { text: told(n), images: Vec::new() };
    done.invocation.decisions = vec![NumberedDecision { n: 0, decision: body.clone() }];
    let mut effect = effect(&format!("f{n}"), id.as_str(), 0);
    effect.body = body;
    let end = EffectEnd {
        id: effect.id.clone(),
        state: EffectState::Done,
        provider_id: None,
        reason: None,
        not_before: None,
        at: at(5),
        events: Vec::new(),
        changes: Vec::new(),
        doubt: None,
        uncounted: false,
    };
    store.commit(Commit { changes: vec![Change::Effect(effect)], end: EventEnd::Done, ..done }).await.unwrap();
    store.end_attempt(end).await.unwrap();
}

#[tokio::test]
async fn what_was_forgotten_is_in_no_file() {
    const CALLS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    for n in 0..CALLS {
        live(&store, n).await;
    }
    let there = bytes(dir.path());
    assert!((0..CALLS).all(|n| holds(&there, &word(n))), "the words are in the files to begin with");
    // Every third stays.
    let gone = |n: &usize| !n.is_multiple_of(3);
    let ids = (0..CALLS).filter(gone).map(|n| InvocationId::new(format!("i{n}"))).collect();
    assert!(store.forget(ids, "a test").await.unwrap().log_emptied);
    let left = bytes(dir.path());
    for n in 0..CALLS {
        assert_eq!(holds(&left, &word(n)), !gone(&n), "{}", word(n));
    }
    store.close();
    let left = bytes(dir.path());
    assert!(!(0..CALLS).filter(gone).any(|n| holds(&left, &word(n))));
}

#[tokio::test]
async fn words_of_a_forgotten_memory_leave_the_full_text() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    let agent = AgentId::new("a");
    for n in 0..40 {
        let memory = memory(&format!("m{n}"), MemoryKind::Core, &format!("the {} by the lake", word(n)), 1);
        let changes = vec![Change::Remember { agent: agent.clone(), memory, vector: None, cap: None }];
        store.apply(changes).await.unwrap();
    }
    for n in 0..20 {
        let id = format!("m{n}");
        let words = Change::ForgetWords { agent: agent.clone(), id: id.clone(), reason: "a test".into() };
        store.apply(vec![words, Change::Forget { agent: agent.clone(), id }]).await.unwrap();
    }
    store.forget(Vec::new(), "a test").await.unwrap();
    let left = bytes(dir.path());
    for n in 0..40 {
        // Beginnings that words have in common are written once, so the ends are looked for.
        assert_eq!(holds(&left, &format!("{n:04}x")), n >= 20, "{}", word(n));
    }
}

#[tokio::test]
async fn a_reader_that_holds_the_log_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), RELAXED).unwrap();
    live(&store, 1).await;
    let reader = rusqlite::Connection::open(dir.path().join("puppet.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM journal").unwrap();
    live(&store, 2).await;
    let ids = vec![InvocationId::new("i1"), InvocationId::new("i2")];
    assert!(!store.forget(ids.clone(), "a test").await.unwrap().log_emptied);
    drop(reader);
    assert!(store.forget(ids, "a test").await.unwrap().log_emptied);
    let left = bytes(dir.path());
    assert!(!holds(&left, &word(1)) && !holds(&left, &word(2)));
}
