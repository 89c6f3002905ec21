//! What goes from the journal, and what has to stay.

use puppet_types::{AgentId, EffectId, EventId, InvocationId};

use super::rows::{at, commit, effect, event, read, spend};
use crate::{
    Change, Commit, Cut, Doubt, Effect, EffectEnd, EffectState, EventEnd, Filter, Keep, Old, Pruned, RECORD_BYTES,
    Store,
};

async fn ids(store: &impl Store) -> Vec<String> {
    let all = Filter { limit: 99, oldest_first: true, ..Filter::default() };
    store.journal(&all).await.unwrap().into_iter().map(|entry| entry.invocation.id.to_string()).collect()
}

/// An event of that second, handled.
async fn handled(store: &impl Store, n: i64, changes: Vec<Change>) {
    let mut event = event(&format!("e{n}"), "a");
    event.at = at(n);
    store.commit(Commit { changes, ..commit(&format!("i{n}"), event) }).await.unwrap();
}

fn keep(since: i64, last: u64) -> Keep {
    Keep { since: Some(at(since)), bytes: None, last }
}

async fn cut(store: &impl Store, keep: &Keep) -> Cut {
    store.cut(&AgentId::new("a"), keep).await.unwrap()
}

/// Drops what is beyond these bounds, in pieces of two.
async fn prune(store: &impl Store, keep: &Keep) -> Pruned {
    let (cut, mut after, mut all) = (cut(store, keep).await, 0, Pruned::default());
    loop {
        let records = store.beyond(&cut, after, 2).await.unwrap();
        let Some(last) = records.last() else { return all };
        after = last.seq;
        let wanted: Vec<u64> = records.iter().map(|record| record.seq).collect();
        let needed = records.iter().filter(|record| record.needed).count();
        let pruned = store.prune(Old { records: wanted, ..Old::default() }).await.unwrap();
        assert_eq!(pruned.records as usize, records.len() - needed, "what is needed stays, and nothing else");
        all.records += pruned.records;
        all.events += pruned.events;
        all.effects += pruned.effects;
    }
}

pub async fn old_records_go_and_their_events_stay_known(store: &impl Store) {
    for n in 0..8 {
        handled(store, n, Vec::new()).await;
    }
    store.commit(commit("other", event("of-another", "b"))).await.unwrap();
    assert_eq!(store.recorded_agents().await.unwrap(), [AgentId::new("a"), AgentId::new("b")]);
    assert_eq!(prune(store, &keep(0, 0)).await, Pruned::default(), "they are all young");
    assert_eq!(prune(store, &keep(90, 8)).await, Pruned::default(), "they are the last");
    let pruned = prune(store, &keep(5, 2)).await;
    assert_eq!(pruned, Pruned { records: 5, events: 5, ..Pruned::default() });
    assert_eq!(ids(store).await, ["i5", "i6", "i7", "other"]);
    assert_eq!(prune(store, &keep(90, 2)).await.records, 1);
    assert_eq!(ids(store).await, ["i6", "i7", "other"]);
    assert_eq!(store.event(&EventId::new("e1")).await.unwrap(), None);
    let again = store.accept(vec![event("e1", "a"), event("new", "a")]).await.unwrap();
    assert_eq!(again.iter().map(|new| new.event.id.as_str()).collect::<Vec<_>>(), ["new"], "it is one event still");
    let done =
        store.commit(Commit { changes: vec![Change::Event(event("e2", "b"))], ..commit("i9", event("e9", "b")) });
    assert!(done.await.unwrap().events.is_empty(), "whoever sends it");
}

pub async fn known_ids_go_in_their_time(store: &impl Store) {
    for n in 0..6 {
        handled(store, n, Vec::new()).await;
    }
    prune(store, &keep(4, 0)).await;
    let forget = |before| store.prune(Old { ids_before: Some(at(before)), ..Old::default() });
    assert_eq!(forget(0).await.unwrap().ids, 0);
    // They ended a little later than they came.
    assert_eq!(forget(2).await.unwrap().ids, 2);
    let back = store.accept((0..6).map(|n| event(&format!("e{n}"), "a")).collect()).await.unwrap();
    assert_eq!(back.iter().map(|new| new.event.id.as_str()).collect::<Vec<_>>(), ["e0", "e1"]);
}

pub async fn the_newest_are_kept_by_their_bytes(store: &impl Store) {
    for n in 0..6 {
        handled(store, n, Vec::new()).await;
    }
    let everything = Keep { since: None, bytes: Some(0), last: 0 };
    let records = store.beyond(&cut(store, &everything).await, 0, 99).await.unwrap();
    assert_eq!(records.len(), 6);
    let each = records[0].bytes;
    let texts = each - RECORD_BYTES;
    assert!((200..600).contains(&texts) && records.iter().all(|record| record.bytes == each), "{records:?}");
    let three = |more| Keep { since: None, bytes: Some(each * 3 + more), last: 0 };
    let beyond = async |keep: &Keep| store.beyond(&cut(store, keep).await, 0, 99).await.unwrap().len();
    assert_eq!((beyond(&three(0)).await, beyond(&three(each - 1)).await, beyond(&three(each)).await), (3, 3, 2));
    assert_eq!(beyond(&Keep { last: 5, ..three(0) }).await, 1, "the last stay, however large they are");
    assert_eq!(beyond(&Keep { since: Some(at(4)), ..three(0) }).await, 4, "either bound is enough");
    prune(store, &three(0)).await;
    assert_eq!(ids(store).await, ["i3", "i4", "i5"]);
}

async fn end(store: &impl Store, id: &str, state: EffectState) {
    let (id, events, changes) = (EffectId::new(id), Vec::new(), Vec::new());
    let end = EffectEnd {
        id,
        state,
        provider_id: None,
        reason: None,
        not_before: None,
        at: at(5),
        events,
        changes,
        doubt: None,
        uncounted: false,
    };
    store.end_attempt(end).await.unwrap();
}

pub async fn what_has_not_ended_stays(store: &impl Store) {
    let open = [EffectState::Waiting, EffectState::Sent, EffectState::InDoubt, EffectState::WaitingForApproval];
    for (n, state) in (0..).zip(open) {
        let ended = Change::Effect(effect(&format!("ended{n}"), &format!("i{n}"), 0));
        let effects = vec![ended, Change::Effect(effect(&format!("f{n}"), &format!("i{n}"), 1))];
        handled(store, n, effects).await;
        end(store, &format!("ended{n}"), EffectState::Done).await;
        end(store, &format!("f{n}"), state).await;
    }
    let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit("i4", event("e4", "a")) };
    store.commit(again).await.unwrap();
    handled(store, 5, Vec::new()).await;
    let paid = InvocationId::new("i5");
    store.open_read(&paid, 0, vec![spend("a", 0, 9, 0)]).await.unwrap();
    handled(store, 6, Vec::new()).await;
    store.settle_read(&InvocationId::new("i6"), read(0), vec![spend("a", 0, 9, 0)]).await.unwrap();
    for n in [7, 8] {
        handled(store, n, Vec::new()).await;
    }
    let before = (ids(store).await, store.spent().await.unwrap());
    assert_eq!(prune(store, &keep(90, 1)).await.records, 1, "of all these one has ended");
    let left: Vec<String> = before.0.iter().filter(|id| *id != "i7").cloned().collect();
    assert_eq!(ids(store).await, left);
    assert_eq!(store.effects_of(&InvocationId::new("i2")).await.unwrap().len(), 2, "an effect stays with its record");
    assert_eq!(store.waiting().await.unwrap().len(), 1);
    for n in 0..4 {
        end(store, &format!("f{n}"), EffectState::Failed).await;
    }
    store.close_read(&paid, 0, vec![spend("a", 0, 9, 0)]).await.unwrap();
    store.commit(commit("i4", event("e4", "a"))).await.unwrap();
    handled(store, 9, Vec::new()).await;
    let pruned = prune(store, &keep(90, 1)).await;
    assert_eq!((pruned.records, pruned.events, pruned.effects), (7, 7, 8));
    assert_eq!(ids(store).await, ["i6", "i9"]);
    assert_eq!(store.effect(&EffectId::new("f2")).await.unwrap(), None);
    assert_eq!(store.spent().await.unwrap(), before.1, "budgets know nothing of it");
}

/// The posts of an account tell those of an attempt that is in doubt from others.
pub async fn what_was_published_stays_while_its_account_is_in_doubt(store: &impl Store) {
    for n in 0..3 {
        handled(store, n, vec![Change::Effect(effect(&format!("f{n}"), &format!("i{n}"), 0))]).await;
    }
    let other = Effect { account: "other".into(), ..effect("f3", "i3", 0) };
    handled(store, 3, vec![Change::Effect(other)]).await;
    for n in 4..6 {
        handled(store, n, vec![Change::Effect(effect(&format!("f{n}"), &format!("i{n}"), 0))]).await;
    }
    handled(store, 6, Vec::new()).await;
    let doubt = |undecidable| Some(Doubt { begun: at(7), undecidable });
    let end = async |id: &str, state, provider_id: &str, doubt| {
        let (id, provider_id) = (EffectId::new(id), Some(provider_id.to_owned()));
        let (events, changes) = (Vec::new(), Vec::new());
        let end = EffectEnd {
            id,
            state,
            provider_id,
            reason: None,
            not_before: None,
            at: at(8),
            events,
            changes,
            doubt,
            uncounted: false,
        };
        store.end_attempt(end).await.unwrap();
    };
    end("f0", EffectState::Done, "1,2", None).await;
    end("f1", EffectState::Done, "", None).await;
    end("f2", EffectState::Failed, "", None).await;
    end("f3", EffectState::Done, "3", None).await;
    end("f4", EffectState::InDoubt, "", doubt(false)).await;
    end("f5", EffectState::InDoubt, "", doubt(true)).await;
    assert_eq!(prune(store, &keep(90, 1)).await.records, 3);
    assert_eq!(ids(store).await, ["i0", "i4", "i5", "i6"]);
    assert_eq!(store.published_as(&"acc".into(), 9).await.unwrap(), ["1,2"]);
    for (state, pruned) in [(EffectState::Waiting, 0), (EffectState::Sent, 0), (EffectState::Failed, 2)] {
        end("f4", state, "", if pruned == 0 { doubt(false) } else { None }).await;
        assert_eq!(prune(store, &keep(90, 1)).await.records, pruned, "{state:?}");
    }
    assert_eq!(ids(store).await, ["i5", "i6"]);
}

/// An event that two versions were called for has two records.
pub async fn an_event_stays_as_long_as_a_record(store: &impl Store) {
    let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit("one", event("e1", "a")) };
    store.commit(again).await.unwrap();
    let mut second = commit("two", event("e1", "a"));
    second.invocation.at = at(50);
    store.commit(second).await.unwrap();
    handled(store, 99, Vec::new()).await;
    assert_eq!(prune(store, &keep(40, 1)).await, Pruned { records: 1, ..Pruned::default() });
    assert_eq!(ids(store).await, ["two", "i99"]);
    assert_eq!(prune(store, &keep(60, 1)).await, Pruned { records: 1, events: 1, ..Pruned::default() });
}

pub async fn dead_letters_go_by_their_age(store: &impl Store) {
    store.accept((1..5).map(|n| event(&format!("e{n}"), "a")).collect()).await.unwrap();
    for (id, second) in [("e1", 10), ("e2", 20), ("e4", 10)] {
        store.bury(&EventId::new(id), "loop", at(second), None).await.unwrap();
    }
    let dead = Commit { end: EventEnd::Dead { reason: "trap".into() }, ..commit("i3", event("e3", "a")) };
    store.commit(dead).await.unwrap();
    let letters = store.old_letters(at(15), 0, 9).await.unwrap();
    assert_eq!(letters.len(), 1, "of the others one is young, one has a record, one is the last");
    assert!(store.old_letters(at(15), letters[0], 9).await.unwrap().is_empty());
    let pruned = store.prune(Old { letters, ..Old::default() }).await.unwrap();
    assert_eq!(pruned, Pruned { events: 1, ..Pruned::default() });
    let left = store.dead_letters(9).await.unwrap();
    assert_eq!(left.iter().map(|letter| letter.event.id.as_str()).collect::<Vec<_>>(), ["e2", "e4", "e3"]);
    assert!(store.accept(vec![event("e1", "a")]).await.unwrap().is_empty());
}
