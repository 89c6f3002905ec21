//! What is handed in twice is there once; what is asked for page by page comes whole and in order.

use puppet_types::{AgentId, EventId, InvocationId};

use super::rows::{at, commit, effect, event};
use crate::{AgentRow, Change, Commit, EventEnd, Filter, Store};

/// A host that does not know whether its commit went through commits again.
pub async fn a_commit_twice_is_one(store: &impl Store) {
    store.accept(vec![event("e1", "a")]).await.unwrap();
    let one = || {
        let changes = vec![Change::Event(event("e2", "b")), Change::Effect(effect("f1", "i1", 0))];
        Commit { changes, ..commit("i1", event("e1", "a")) }
    };
    let first = store.commit(one()).await.unwrap();
    let second = store.commit(one()).await.unwrap();
    assert_eq!((first.events.len(), first.effects.len()), (1, 1));
    assert_eq!((second.events.len(), second.effects.len()), (0, 0), "nothing comes into being twice");
    assert!(second.seq > first.seq);
    assert_eq!(store.journal(&Filter { limit: 9, ..Filter::default() }).await.unwrap().len(), 1);
    assert_eq!(store.effects_of(&InvocationId::new("i1")).await.unwrap(), first.effects);
    let left: Vec<_> = store.waiting().await.unwrap().into_iter().map(|left| left.event.id).collect();
    assert_eq!(left, [EventId::new("e2")]);
    store.bury(&EventId::new("e2"), "loop", at(9), None).await.unwrap();
    store.bury(&EventId::new("e2"), "another reason", at(10), None).await.unwrap();
    let dead = store.dead_letters(9).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str()), (1, "loop"), "what is dead stays as it died");
}

/// Ids are told apart by their bytes, whatever they look like.
pub async fn ids_are_their_bytes(store: &impl Store) {
    let ids = ["a", "A", "ä", "a\u{308}", "a ", "[\"a\"]", "a\"b", "a.b", "$a"];
    let accepted = store.accept(ids.iter().map(|id| event(id, id)).collect()).await.unwrap();
    assert_eq!(accepted.len(), ids.len());
    let agents = ids.iter().map(|id| {
        Change::Agent(AgentRow { id: AgentId::new(*id), body: serde_json::json!({"id": id}), created: at(0) })
    });
    store.apply(agents.collect()).await.unwrap();
    for id in ids {
        store.commit(commit(&format!("i {id}"), event(id, id))).await.unwrap();
        let filter = Filter { agent: Some(AgentId::new(id)), limit: 9, ..Filter::default() };
        let entries = store.journal(&filter).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.invocation.event.id.as_str()).collect::<Vec<_>>(), [id]);
    }
    let mut sorted = ids.map(str::to_owned);
    sorted.sort();
    let agents = store.agents().await.unwrap();
    assert_eq!(agents.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), sorted, "by their bytes");
}

pub async fn pages_are_whole(store: &impl Store) {
    const MANY: usize = 25;
    let names: Vec<String> = (0..MANY).map(|n| format!("e{n:02}")).collect();
    store.accept(names.iter().map(|name| event(name, "a")).collect()).await.unwrap();
    for (n, name) in names.iter().enumerate() {
        let end = match n % 3 {
            0 => EventEnd::Done,
            1 => EventEnd::Dead { reason: "trap".into() },
            _ => EventEnd::Retry { not_before: at(99) },
        };
        let row = AgentRow { id: AgentId::new(name), body: serde_json::json!({}), created: at(0) };
        let changes = vec![Change::Agent(row)];
        store.commit(Commit { end, changes, ..commit(&format!("i{n}"), event(name, "a")) }).await.unwrap();
    }
    for size in [1, 7, MANY, 1000] {
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let page = store.events_after(after, size).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= size);
            after = last.seq;
            events.extend(page.into_iter().map(|event| event.event.id.to_string()));
        }
        assert_eq!(events, names, "by {size}");
        let (mut agents, mut after) = (Vec::new(), None);
        loop {
            let page = store.agents_after(after.as_ref(), size).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            agents.extend(page.into_iter().map(|row| row.id.to_string()));
        }
        assert_eq!(agents, names, "by {size}");
        let dead = store.dead_letters(size).await.unwrap();
        let expected: Vec<&String> = names.iter().skip(1).step_by(3).rev().take(size).collect();
        assert!(dead.iter().map(|letter| letter.event.id.as_str()).eq(expected), "the newest {size}");
    }
    assert!(store.events_after(0, 0).await.unwrap().is_empty());
    assert!(store.agents_after(None, 0).await.unwrap().is_empty());
    assert!(store.dead_letters(0).await.unwrap().is_empty());
    assert!(store.journal(&Filter { limit: 0, ..Filter::default() }).await.unwrap().is_empty());
}
