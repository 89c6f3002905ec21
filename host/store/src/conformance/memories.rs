//! Memories, their caps and the full text.

use puppet_types::{AgentId, Memory, MemoryKind, Trust, trade::Origin};

use super::rows::{at, memory};
use crate::{Change, KeepOrder, LateVector, MemorySize, Store, TextHit, Vector};

type Cap = Option<(Vec<MemoryKind>, usize, KeepOrder)>;

async fn remember(store: &impl Store, agent: &str, memory: Memory, cap: Cap) {
    let change = Change::Remember { agent: AgentId::new(agent), memory, vector: None, cap };
    store.apply(vec![change]).await.unwrap();
}

fn made_by(model: &str, numbers: &[f32]) -> Vector {
    Vector { model: model.to_owned(), numbers: numbers.to_vec() }
}

fn ids(hits: &[TextHit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.memory.id.as_str()).collect()
}

pub async fn rows_read_back(store: &impl Store) {
    let agent = AgentId::new("a");
    let led_by = Some(Origin::Gift);
    let full = Memory { pinned: true, led_by, ..memory("m1", MemoryKind::General, "first", 1) };
    let vector = Some(made_by("m", &[0.5_f32, -1.25, f32::MIN_POSITIVE]));
    let change = Change::Remember { agent: agent.clone(), memory: full.clone(), vector: vector.clone(), cap: None };
    store.apply(vec![change]).await.unwrap();
    assert_eq!(store.memory(&agent, "m1").await.unwrap(), Some(TextHit { memory: full, vector }));
    assert_eq!(store.memory(&AgentId::new("b"), "m1").await.unwrap(), None);

    remember(store, "a", memory("m3", MemoryKind::Core, "third", 2), None).await;
    remember(store, "a", memory("m2", MemoryKind::Core, "second", 2), None).await;
    remember(store, "b", memory("m9", MemoryKind::Core, "other", 3), None).await;
    assert_eq!(ids(&store.memories(&agent, &[], 9).await.unwrap()), ["m2", "m3", "m1"], "newest first, ties by id");
    assert_eq!(ids(&store.memories(&agent, &[], 1).await.unwrap()), ["m2"]);
    assert_eq!(ids(&store.memories(&agent, &[MemoryKind::General, MemoryKind::Post], 9).await.unwrap()), ["m1"]);
    let texts = ["first", "third", "second"].map(str::len).iter().sum::<usize>() as u64;
    assert_eq!(store.memory_size(&agent).await.unwrap(), MemorySize { rows: 3, bytes: texts });
    assert_eq!(store.memory_size(&AgentId::new("nobody")).await.unwrap(), MemorySize::default());
    let counts = store.memory_counts(&agent).await.unwrap();
    assert_eq!(counts, [(MemoryKind::Core, 2), (MemoryKind::General, 1)]);

    let replaced = Memory { author: None, associations: Vec::new(), ..memory("m1", MemoryKind::Core, "changed", 9) };
    remember(store, "a", replaced.clone(), None).await;
    assert_eq!(store.memory(&agent, "m1").await.unwrap().unwrap(), TextHit { memory: replaced, vector: None });
    assert_eq!(store.memories(&agent, &[], 9).await.unwrap().len(), 3, "the same id is the same row");

    let said =
        Memory { trust: Trust::Stranger, author: Some("bob".into()), ..memory("m4", MemoryKind::Core, "said", 9) };
    remember(store, "b", said.clone(), None).await;
    remember(store, "b", Memory { trust: Trust::Own, author: None, ..said.clone() }, None).await;
    let kept = store.memory(&AgentId::new("b"), "m4").await.unwrap().unwrap().memory;
    assert_eq!((kept.trust, kept.author), (said.trust, said.author), "repeating it does not make it one's own");

    let pin = Change::Pin { agent: agent.clone(), id: "m2".into(), pinned: true };
    let forget = Change::Forget { agent: agent.clone(), id: "m3".into() };
    let nothing = Change::Forget { agent: agent.clone(), id: "m9".into() };
    store.apply(vec![pin, forget, nothing]).await.unwrap();
    assert!(store.memory(&agent, "m2").await.unwrap().unwrap().memory.pinned);
    assert!(store.memory(&agent, "m3").await.unwrap().is_none());
    assert!(store.memory(&AgentId::new("b"), "m9").await.unwrap().is_some(), "another agent's stays");
}

pub async fn caps(store: &impl Store) {
    let agent = AgentId::new("a");
    let with = |id: &str, importance: f64, second: i64, kind: MemoryKind| Memory {
        importance,
        ..memory(id, kind, &format!("text {id}"), second)
    };
    let by_importance = || Some((vec![MemoryKind::Event, MemoryKind::General], 3, KeepOrder::Importance));
    let pinned = Memory { pinned: true, ..with("pinned", 0.0, 0, MemoryKind::Event) };
    remember(store, "a", pinned, by_importance()).await;
    remember(store, "a", with("core", 0.0, 0, MemoryKind::Core), by_importance()).await;
    remember(store, "a", with("old", 0.5, 1, MemoryKind::Event), by_importance()).await;
    remember(store, "a", with("new", 0.5, 2, MemoryKind::General), by_importance()).await;
    assert_eq!(store.memories(&agent, &[], 9).await.unwrap().len(), 4, "nothing is over the cap yet");
    remember(store, "a", with("top", 0.9, 0, MemoryKind::Event), by_importance()).await;
    let kinds = [MemoryKind::Event, MemoryKind::General];
    assert_eq!(ids(&store.memories(&agent, &kinds, 9).await.unwrap()), ["new", "pinned", "top"], "the older tie goes");
    remember(store, "a", with("z", 0.5, 2, MemoryKind::General), by_importance()).await;
    assert_eq!(ids(&store.memories(&agent, &kinds, 9).await.unwrap()), ["new", "pinned", "top"], "ties by id");
    remember(store, "a", with("low", 0.1, 9, MemoryKind::General), by_importance()).await;
    assert!(store.memory(&agent, "low").await.unwrap().is_none(), "the new one may be the one that goes");
    assert!(store.memory(&agent, "core").await.unwrap().is_some(), "other kinds are not counted");
    assert!(store.text_candidates(&agent, &["low".into()], &[], 9).await.unwrap().is_empty());

    let newest = || Some((vec![MemoryKind::Post], 2, KeepOrder::Newest));
    for (id, second) in [("p1", 1), ("p3", 3), ("p2", 2)] {
        remember(store, "a", with(id, 1.0 / second as f64, second, MemoryKind::Post), newest()).await;
    }
    assert_eq!(ids(&store.memories(&agent, &[MemoryKind::Post], 9).await.unwrap()), ["p3", "p2"]);
    remember(store, "b", with("p0", 0.0, 0, MemoryKind::Post), newest()).await;
    assert!(store.memory(&AgentId::new("b"), "p0").await.unwrap().is_some(), "each agent has caps of its own");
}

pub async fn full_text_stays_with_its_agent(store: &impl Store) {
    remember(store, "a", memory("m2", MemoryKind::Core, "The Café opened; cats sleep.", 1), None).await;
    remember(store, "a", memory("m1", MemoryKind::Event, "a dog sleeps", 2), None).await;
    remember(store, "b", memory("m3", MemoryKind::Core, "cats everywhere in the cafe", 3), None).await;
    let find = async |agent: &str, terms: &[&str], kinds: &[MemoryKind], limit: usize| -> Vec<String> {
        let terms: Vec<_> = terms.iter().map(|term| (*term).to_owned()).collect();
        let found = store.text_candidates(&AgentId::new(agent), &terms, kinds, limit).await.unwrap();
        found.into_iter().map(|hit| hit.memory.id).collect()
    };
    assert_eq!(find("a", &["cats"], &[], 9).await, ["m2"]);
    assert_eq!(find("b", &["CATS"], &[], 9).await, ["m3"]);
    assert_eq!(find("a", &["cafe"], &[], 9).await, ["m2"], "accents do not matter");
    assert_eq!(find("a", &["dog", "cats"], &[], 9).await, ["m1", "m2"], "any of them, by id");
    assert_eq!(find("a", &["dog", "cats"], &[], 1).await, ["m1"]);
    assert_eq!(find("a", &["dog", "cats"], &[MemoryKind::Core], 9).await, ["m2"]);
    assert!(find("a", &["cat"], &[], 9).await.is_empty(), "whole words");
    assert!(find("a", &[], &[], 9).await.is_empty());
    assert!(find("c", &["cats"], &[], 9).await.is_empty());
    // Nothing of a term is syntax, and none reaches another agent.
    let hostile =
        ["\"", "\" OR \"cats", "cats*", "content : cats", "NEAR(cats)", "owner", "o62", "*", "-", "\0", "'", "("];
    for term in hostile {
        let found = find("a", &[term], &[], 9).await;
        assert!(!found.contains(&"m3".to_owned()), "{term:?}");
    }
    assert_eq!(find("b", &["\" OR \"cats"], &[], 9).await, Vec::<String>::new(), "a term is a phrase");
    assert!(find("a", &["o61"], &[], 9).await.is_empty(), "the agent itself is no text");

    remember(store, "a", memory("m2", MemoryKind::Core, "birds instead", 4), None).await;
    assert!(find("a", &["cats"], &[], 9).await.is_empty(), "what was replaced is not found");
    assert_eq!(find("a", &["birds"], &[], 9).await, ["m2"]);
    store.apply(vec![Change::Forget { agent: AgentId::new("a"), id: "m2".into() }]).await.unwrap();
    assert!(find("a", &["birds"], &[], 9).await.is_empty());
    assert_eq!(store.memory(&AgentId::new("b"), "m3").await.unwrap().unwrap().memory.at, at(3));
}

pub async fn vectors_come_later(store: &impl Store) {
    let (a, b) = (AgentId::new("a"), AgentId::new("b"));
    let with = async |agent: &AgentId, memory: Memory, vector: Option<Vector>| {
        store.apply(vec![Change::Remember { agent: agent.clone(), memory, vector, cap: None }]).await.unwrap();
    };
    let vector_of = async |agent: &AgentId, id: &str| store.memory(agent, id).await.unwrap().unwrap().vector;
    let waiting = async |agent: &AgentId, model: &str, limit: usize| -> Vec<String> {
        let rows = store.without_vectors(agent, model, limit).await.unwrap();
        rows.into_iter().map(|memory| memory.id).collect()
    };
    let text = |id: &str, second: i64| memory(id, MemoryKind::Core, &format!("text {id}"), second);
    with(&a, text("m1", 1), None).await;
    with(&a, text("m3", 2), Some(made_by("old", &[1.0]))).await;
    with(&a, text("m2", 2), None).await;
    with(&a, text("m4", 3), Some(made_by("new", &[2.0]))).await;
    with(&b, text("m1", 1), Some(made_by("new", &[3.0]))).await;
    assert_eq!(store.agents_without_vectors("new").await.unwrap(), std::slice::from_ref(&a));
    assert_eq!(store.agents_without_vectors("old").await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(waiting(&a, "new", 9).await, ["m2", "m3", "m1"], "newest first, ties by id; another's is none");
    assert_eq!(waiting(&a, "new", 1).await, ["m2"]);
    assert!(waiting(&b, "new", 9).await.is_empty());

    let late = |id: &str, content: &str| LateVector {
        id: id.to_owned(),
        content: content.to_owned(),
        vector: made_by("new", &[0.5, 0.25]),
    };
    let gone = late("m9", "text m9");
    store.put_vectors(&a, vec![late("m1", "text m1"), late("m2", "what it said before"), gone]).await.unwrap();
    assert_eq!(vector_of(&a, "m1").await, Some(made_by("new", &[0.5, 0.25])));
    assert_eq!(vector_of(&a, "m2").await, None, "a vector of another text is no vector of this one");
    assert_eq!(vector_of(&b, "m1").await, Some(made_by("new", &[3.0])), "another agent's stays");
    assert_eq!(store.memories(&a, &[], 9).await.unwrap().len(), 4);
    assert_eq!(waiting(&a, "new", 9).await, ["m2", "m3"]);

    let again = Memory { importance: 0.9, ..text("m1", 9) };
    with(&a, again.clone(), None).await;
    let kept = store.memory(&a, "m1").await.unwrap().unwrap();
    assert_eq!(kept, TextHit { memory: again, vector: Some(made_by("new", &[0.5, 0.25])) }, "the same text keeps it");
    with(&a, Memory { content: "Text m1!".to_owned(), ..text("m1", 9) }, None).await;
    assert_eq!(vector_of(&a, "m1").await, None, "another text does not");
    with(&a, text("m1", 9), Some(made_by("old", &[4.0]))).await;
    assert_eq!(vector_of(&a, "m1").await, Some(made_by("old", &[4.0])));
}

/// Whether the store could say.
pub async fn the_nearest_are_those_of_the_agent_and_the_model(store: &impl Store) -> bool {
    let (a, b) = (AgentId::new("a"), AgentId::new("b"));
    let with = async |agent: &AgentId, id: &str, kind: MemoryKind, vector: Option<Vector>| {
        let memory = memory(id, kind, &format!("text {id}"), 1);
        store.apply(vec![Change::Remember { agent: agent.clone(), memory, vector, cap: None }]).await.unwrap();
    };
    with(&a, "near", MemoryKind::Core, Some(made_by("new", &[1.0, 0.1]))).await;
    with(&a, "far", MemoryKind::Event, Some(made_by("new", &[0.1, 1.0]))).await;
    with(&a, "other", MemoryKind::Core, Some(made_by("old", &[1.0, 0.0]))).await;
    with(&a, "longer", MemoryKind::Core, Some(made_by("new", &[1.0, 0.0, 0.0]))).await;
    with(&a, "none", MemoryKind::Core, None).await;
    with(&b, "another's", MemoryKind::Core, Some(made_by("new", &[1.0, 0.0]))).await;
    let asked = made_by("new", &[1.0, 0.0]);
    let nearest = async |kinds: &[MemoryKind], vector: &Vector, limit: usize| -> Option<Vec<TextHit>> {
        store.nearest(&a, kinds, vector, limit).await.unwrap()
    };
    let found = nearest(&[], &asked, 9).await;
    let scanned = store.memories(&a, &[], 9).await.unwrap();
    assert_eq!(ids(&scanned), ["far", "longer", "near", "none", "other"], "what is asked changes nothing");
    assert_eq!(nearest(&[], &made_by("new", &[0.0, 0.0]), 9).await, None, "it points nowhere");
    let Some(found) = found else { return false };
    assert_eq!(ids(&found), ["near", "far"]);
    assert!(found.iter().all(|hit| scanned.contains(hit)), "whole rows, with their vectors");
    assert_eq!(ids(&nearest(&[], &asked, 1).await.unwrap()), ["near"]);
    assert_eq!(ids(&nearest(&[MemoryKind::Event, MemoryKind::Post], &asked, 9).await.unwrap()), ["far"]);
    assert_eq!(ids(&nearest(&[], &made_by("new", &[1.0, 1.0, 1.0]), 9).await.unwrap()), ["longer"]);
    assert_eq!(nearest(&[], &made_by("unheard", &[1.0, 0.0]), 9).await, Some(Vec::new()));
    store.apply(vec![Change::Forget { agent: a.clone(), id: "near".into() }]).await.unwrap();
    assert_eq!(ids(&nearest(&[], &asked, 9).await.unwrap()), ["far"]);
    true
}
