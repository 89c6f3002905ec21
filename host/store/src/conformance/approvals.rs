//! Effects that the operator holds: until each is approved, and all of them while everything is halted.

use puppet_types::{EffectId, Timestamp};

use super::rows::{at, effect, event};
use crate::{Change, Effect, EffectEnd, EffectState, Halt, Store};

fn end(id: &str, state: EffectState, at: Timestamp) -> EffectEnd {
    let not_before = (state == EffectState::Waiting).then(|| at.plus_millis(1));
    EffectEnd {
        id: EffectId::new(id),
        state,
        provider_id: None,
        reason: (state != EffectState::Waiting).then(|| "no".to_owned()),
        not_before,
        at,
        events: vec![event(&format!("end of {id}"), "a")],
        changes: Vec::new(),
        doubt: None,
        uncounted: false,
    }
}

pub async fn a_wait_ends_once(store: &impl Store) {
    let waits =
        |id: &str, n| Effect { state: EffectState::WaitingForApproval, expires: Some(at(50)), ..effect(id, "i1", n) };
    let held: Vec<Effect> = (0..3).map(|n| waits(&format!("f{n}"), n)).collect();
    let live = effect("live", "i1", 3);
    let changes = held.iter().chain([&live]).cloned().map(Change::Effect).collect();
    let stored = store.apply(changes).await.unwrap().effects;
    assert_eq!(store.effect(&"f1".into()).await.unwrap(), Some(stored[1].clone()));
    assert_eq!(store.effect(&"none".into()).await.unwrap(), None);

    let approved = end("f0", EffectState::Waiting, at(9));
    assert_eq!(store.end_approval(approved.clone()).await.unwrap().map(|new| new.len()), Some(1));
    let row = store.effect(&"f0".into()).await.unwrap().unwrap();
    assert_eq!(row.digest(), held[0].digest(), "what was approved is what leaves");
    assert_eq!((row.state, row.not_before, row.reason), (EffectState::Waiting, at(9).plus_millis(1), None));
    assert_ne!(held[0].digest(), held[1].digest());
    for again in [approved, end("f0", EffectState::Rejected, at(9)), end("live", EffectState::Rejected, at(9))] {
        assert_eq!(store.end_approval(again).await.unwrap(), None, "it does not wait for approval");
    }
    assert_eq!(store.end_approval(end("none", EffectState::Rejected, at(9))).await.unwrap(), None);

    assert_eq!(store.end_approval(end("f1", EffectState::Waiting, at(50))).await.unwrap(), None, "too late");
    assert!(store.event(&"end of f1".into()).await.unwrap().is_none());
    assert!(store.end_approval(end("f1", EffectState::Expired, at(50))).await.unwrap().is_some());
    assert!(store.end_approval(end("f2", EffectState::Rejected, at(9))).await.unwrap().is_some());
    let states = store.effects_of(&"i1".into()).await.unwrap();
    let states: Vec<_> = states.into_iter().map(|effect| (effect.state, effect.reason.is_some())).collect();
    use EffectState::{Expired, Rejected, Waiting};
    assert_eq!(states, [(Waiting, false), (Expired, true), (Rejected, true), (Waiting, false)]);
}

pub async fn nothing_begins_while_halted(store: &impl Store) {
    store.apply(vec![Change::Effect(effect("f1", "i1", 0))]).await.unwrap();
    assert_eq!(store.halted().await.unwrap(), None);
    let halt = |second, reason: Option<&str>| Halt { since: at(second), reason: reason.map(str::to_owned) };
    let put = |halt| store.apply(vec![Change::Halt(halt)]);
    for (said, stands) in [
        (halt(5, None), halt(5, None)),
        (halt(7, Some("fire")), halt(5, Some("fire"))),
        (halt(9, None), halt(5, Some("fire"))),
    ] {
        put(Some(said)).await.unwrap();
        assert_eq!(store.halted().await.unwrap(), Some(stands));
    }
    assert!(!store.begin_attempt(&"f1".into(), at(4), None).await.unwrap());
    let row = store.effect(&"f1".into()).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (EffectState::Waiting, 0), "nothing was marked");
    put(None).await.unwrap();
    assert_eq!(store.halted().await.unwrap(), None);
    assert!(store.begin_attempt(&"f1".into(), at(4), None).await.unwrap());
}
