//! Words that are taken out of the journal, by the operator and by a plugin that forgets a memory.

use puppet_types::{
    AgentId, Decision, Declined, EffectId, FORGOTTEN, ForgetWords as _, Invocation, InvocationId, MemoryKind,
    NumberedDecision, Outcome,
};
use serde_json::json;

use super::rows::{at, commit, effect, event, invocation, memory, read, spend};
use crate::{Change, Commit, EffectEnd, EffectState, EventEnd, Fate, Filter, Store};

const WHY: &str = "forgotten for a test";

fn ids(ids: &[&str]) -> Vec<InvocationId> {
    ids.iter().copied().map(InvocationId::new).collect()
}

async fn forget(store: &impl Store, named: &[&str]) -> Vec<Fate> {
    let forgetting = store.forget(ids(named), WHY).await.unwrap();
    assert_eq!(forgetting.fates.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), ids(named));
    assert!(forgetting.log_emptied);
    forgetting.fates.into_iter().map(|(_, fate)| fate).collect()
}

async fn record(store: &impl Store, id: &str) -> Invocation {
    store.invocation(&InvocationId::new(id)).await.unwrap().unwrap().invocation
}

async fn end(store: &impl Store, id: &str, state: EffectState) {
    let (id, events, changes) = (EffectId::new(id), Vec::new(), Vec::new());
    let (reason, doubt) = (None, None);
    let end = EffectEnd {
        id,
        state,
        provider_id: None,
        reason,
        not_before: None,
        at: at(5),
        events,
        changes,
        doubt,
        uncounted: false,
    };
    store.end_attempt(end).await.unwrap();
}

pub async fn ended_entries_lose_their_words(store: &impl Store) {
    let said = vec![Change::Effect(effect("f1", "i1", 1))];
    store.commit(Commit { changes: said, ..commit("i1", event("e1", "a")) }).await.unwrap();
    let mut failed = commit("i2", event("e2", "a"));
    failed.invocation.outcome = Outcome::Failed("Zebra".into());
    failed.end = EventEnd::Dead { reason: "failed".into() };
    store.commit(failed).await.unwrap();
    store.commit(commit("i3", event("e3", "a"))).await.unwrap();
    end(store, "f1", EffectState::Done).await;
    let before = record(store, "i1").await;
    assert_eq!(forget(store, &["i1", "none", "i2"]).await, [Fate::Forgotten, Fate::Unknown, Fate::Forgotten]);

    let mut expected = Invocation { unreplayable: Some(WHY.into()), ..before };
    expected.event.payload = json!({});
    expected.reads.forget_words();
    expected.decisions.forget_words();
    expected.log.forget_words();
    assert_eq!(record(store, "i1").await, expected, "all else stays, costs among it");
    assert_eq!(expected.reads[0].cost, read(0).cost);
    assert_eq!(record(store, "i2").await.outcome, Outcome::Failed(FORGOTTEN.into()));
    assert_eq!(record(store, "i3").await, invocation("i3", event("e3", "a")), "the others are as they were");
    let left = store.effect(&EffectId::new("f1")).await.unwrap().unwrap();
    assert_eq!(left.body, Decision::Post { text: FORGOTTEN.into(), images: Vec::new() });
    for (word, found) in [("zebra", 1), ("äpfel", 1), ("grüße", 1), ("said", 1), ("e2", 0)] {
        let filter = Filter { text: Some(word.into()), limit: 9, ..Filter::default() };
        assert_eq!(store.journal(&filter).await.unwrap().len(), found, "{word}");
    }
    assert_eq!(forget(store, &["i1"]).await, [Fate::Forgotten], "twice is once");
}

/// Words also stand in why an operator said no, in a decline, and in events that nobody was called for.
pub async fn every_word_of_an_entry_is_forgotten(store: &impl Store) {
    let said = vec![Change::Effect(effect("f1", "i1", 1))];
    let mut declined = commit("i1", event("e1", "a"));
    declined.invocation.outcome =
        Outcome::Declined(Declined { code: "Zebra".into(), message: "Zebra".into(), retry_at: None });
    store.commit(Commit { changes: said, ..declined }).await.unwrap();
    let (id, events, changes, reason) = (EffectId::new("f1"), Vec::new(), Vec::new(), Some("Zebra".to_owned()));
    let (state, doubt) = (EffectState::Rejected, None);
    let end = EffectEnd {
        id,
        state,
        provider_id: None,
        reason,
        not_before: None,
        at: at(5),
        events,
        changes,
        doubt,
        uncounted: false,
    };
    store.end_attempt(end).await.unwrap();
    store.accept(vec![event("e2", "a"), event("e3", "a")]).await.unwrap();
    store.bury(&"e2".into(), "loop", at(6), None).await.unwrap();
    assert_eq!(forget(store, &["i1", "e2", "e3"]).await, [Fate::Forgotten, Fate::Forgotten, Fate::Unknown]);
    let Outcome::Declined(declined) = record(store, "i1").await.outcome else { panic!() };
    assert_eq!((declined.code, declined.message), (FORGOTTEN.to_owned(), FORGOTTEN.to_owned()));
    let effect = store.effect(&EffectId::new("f1")).await.unwrap().unwrap();
    assert_eq!(effect.reason.as_deref(), Some(FORGOTTEN));
    let letters = store.dead_letters(9).await.unwrap();
    assert_eq!((letters[0].event.id.as_str(), &letters[0].event.payload), ("e2", &json!({})));
    assert_eq!(store.waiting().await.unwrap()[0].event, event("e3", "a"), "what waits stays whole");
}

pub async fn what_has_not_ended_is_refused_by_name(store: &impl Store) {
    let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit("i1", event("e1", "a")) };
    store.open_read(&InvocationId::new("i1"), 0, vec![spend("a", 0, 9, 0)]).await.unwrap();
    store.settle_read(&InvocationId::new("i1"), read(0), vec![spend("a", 0, 9, 0)]).await.unwrap();
    store.commit(again).await.unwrap();
    let two = ["f2", "f3"].map(|id| Change::Effect(effect(id, "i2", 1)));
    store.commit(Commit { changes: two.into(), ..commit("i2", event("e2", "a")) }).await.unwrap();
    let (first, second) = (record(store, "i1").await, record(store, "i2").await);
    let retried = Fate::Retried("e1".into());
    let waits = |id: &str, state| Fate::Leaving(EffectId::new(id), state);
    let all = forget(store, &["i1", "i2"]).await;
    assert_eq!(all, [retried, waits("f2", EffectState::Waiting)]);
    store.begin_attempt(&EffectId::new("f2"), at(4), None).await.unwrap();
    assert_eq!(forget(store, &["i2"]).await, [waits("f2", EffectState::Sent)]);
    end(store, "f2", EffectState::Failed).await;
    assert_eq!(forget(store, &["i2"]).await, [waits("f3", EffectState::Waiting)]);
    end(store, "f3", EffectState::WaitingForApproval).await;
    assert_eq!(forget(store, &["i2"]).await, [waits("f3", EffectState::WaitingForApproval)]);
    assert_eq!((record(store, "i1").await, record(store, "i2").await), (first, second), "nothing was changed");
    assert_eq!(store.kept_reads(&InvocationId::new("i1")).await.unwrap(), [read(0)], "the next try needs it");

    end(store, "f3", EffectState::Expired).await;
    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    assert_eq!(forget(store, &["i1", "i2"]).await, [Fate::Forgotten, Fate::Forgotten]);
    // The same event on another plugin has another record, and its payload is gone as well.
    store.commit(commit("i1-other", event("e1", "a"))).await.unwrap();
    assert_eq!(forget(store, &["i1"]).await, [Fate::Forgotten]);
    assert_eq!(record(store, "i1-other").await.unreplayable.as_deref(), Some(WHY));
}

/// A commit that remembers.
fn remembering(id: &str, content: &str) -> Commit {
    let agent = AgentId::new("a");
    let memory = memory("m1", MemoryKind::General, content, 1);
    let mut done = commit(id, event(&format!("e-{id}"), "a"));
    let decision = Decision::Remember { memory: memory.clone() };
    done.invocation.decisions.push(NumberedDecision { n: 2, decision });
    done.changes = vec![Change::Remember { agent, memory, vector: None, cap: None }];
    done
}

pub async fn a_memory_leaves_the_records_that_wrote_it(store: &impl Store) {
    store.commit(remembering("i1", "Tapir")).await.unwrap();
    store.commit(remembering("i2", "TAPIR")).await.unwrap();
    let (agent, id) = (AgentId::new("a"), "m1".to_owned());
    let forgetting = |reason: &str| {
        let words = Change::ForgetWords { agent: agent.clone(), id: id.clone(), reason: reason.into() };
        vec![words, Change::Forget { agent: agent.clone(), id: id.clone() }]
    };
    let mut done = remembering("i3", "tapir");
    done.changes.extend(forgetting("one"));
    store.commit(done).await.unwrap();
    for name in ["i1", "i2", "i3"] {
        let record = record(store, name).await;
        assert_eq!(record.unreplayable.as_deref(), Some("one"), "{name}");
        let Decision::Remember { memory } = &record.decisions[1].decision else { panic!("{record:?}") };
        assert_eq!((memory.id.as_str(), memory.content.as_str()), ("m1", FORGOTTEN));
        assert_eq!(record.decisions[0], invocation("x", event("x", "a")).decisions[0], "other words stay");
    }
    let tapirs = Filter { text: Some("tapir".into()), limit: 9, ..Filter::default() };
    assert!(store.journal(&tapirs).await.unwrap().is_empty());

    // What is remembered anew is nothing to those who wrote it before.
    store.commit(remembering("i4", "Tapir")).await.unwrap();
    store.commit(Commit { changes: forgetting("two"), ..commit("i5", event("e5", "a")) }).await.unwrap();
    assert_eq!(record(store, "i1").await.unreplayable.as_deref(), Some("one"));
    assert_eq!(record(store, "i4").await.unreplayable.as_deref(), Some("two"));
    assert_eq!(record(store, "i5").await.unreplayable, None, "who forgets says nothing of it");
    store.apply(forgetting("nothing is there")).await.unwrap();
}

pub async fn a_payload_is_replaced_where_the_event_ends(store: &impl Store) {
    let less = json!({"text": "[redacted]"});
    store.accept(vec![event("e1", "a"), event("e2", "a"), event("e3", "a")]).await.unwrap();
    store.commit(Commit { payload: Some(less.clone()), ..commit("i1", event("e1", "a")) }).await.unwrap();
    store.bury(&"e2".into(), "loop", at(9), Some(less.clone())).await.unwrap();
    store.bury(&"e3".into(), "loop", at(9), None).await.unwrap();
    assert_eq!(record(store, "i1").await.event.payload, less);
    let payload = async |id: &str| store.event(&id.into()).await.unwrap().unwrap().0.payload;
    assert_eq!(payload("e1").await, less);
    assert_eq!(payload("e2").await, less);
    assert_eq!(payload("e3").await, event("e3", "a").payload);
}
