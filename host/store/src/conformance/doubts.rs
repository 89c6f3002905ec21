//! Attempts whose end nobody has seen, and what an account is known to have published.

use puppet_types::{AccountId, EffectId, PostId};

use super::rows::{at, effect, event};
use crate::{Change, Doubt, Effect, EffectEnd, EffectState, Fate, Store};

fn end(id: &str, state: EffectState) -> EffectEnd {
    EffectEnd {
        id: EffectId::new(id),
        state,
        provider_id: None,
        reason: None,
        not_before: None,
        at: at(9),
        events: vec![event(&format!("end of {id}"), "a")],
        changes: Vec::new(),
        doubt: None,
        uncounted: false,
    }
}

async fn row(store: &impl Store, id: &str) -> Effect {
    store.effect(&EffectId::new(id)).await.unwrap().unwrap()
}

fn doubt(undecidable: bool) -> Option<Doubt> {
    Some(Doubt { begun: at(7), undecidable })
}

pub async fn an_attempt_is_open_until_its_end_is_known(store: &impl Store) {
    store.apply(vec![Change::Effect(effect("f1", "i1", 0))]).await.unwrap();
    assert_eq!(row(store, "f1").await.doubt, None);
    assert!(store.begin_attempt(&"f1".into(), at(7), None).await.unwrap());
    assert_eq!(row(store, "f1").await.doubt, doubt(false));
    let lost = EffectEnd { not_before: Some(at(40)), doubt: doubt(false), ..end("f1", EffectState::InDoubt) };
    store.end_attempt(lost).await.unwrap();
    let asked = row(store, "f1").await;
    assert_eq!((asked.doubt, asked.not_before, asked.is_open()), (doubt(false), at(40), true));
    assert!(!store.begin_attempt(&"f1".into(), at(8), None).await.unwrap(), "it is asked about, and not tried");
    assert_eq!(row(store, "f1").await, asked);
    let named = store.forget(vec!["i1".into()], "why").await.unwrap().fates;
    assert!(!matches!(named[0].1, Fate::Forgotten), "its words are needed");

    store.end_attempt(EffectEnd { doubt: doubt(true), ..end("f1", EffectState::InDoubt) }).await.unwrap();
    let left = row(store, "f1").await;
    assert_eq!((left.doubt, left.attempts, left.is_open()), (doubt(true), 1, false));
    store.end_attempt(EffectEnd { not_before: Some(at(50)), ..end("f1", EffectState::Waiting) }).await.unwrap();
    let again = row(store, "f1").await;
    assert_eq!((again.doubt, again.attempts, again.not_before), (None, 0, at(50)), "the operator begins anew");
    store.begin_attempt(&"f1".into(), at(60), None).await.unwrap();
    let lost = EffectEnd { not_before: Some(at(60)), doubt: doubt(false), ..end("f1", EffectState::Waiting) };
    store.end_attempt(lost).await.unwrap();
    assert_eq!((row(store, "f1").await.doubt, row(store, "f1").await.is_open()), (doubt(false), true));
    store.begin_attempt(&"f1".into(), at(60), None).await.unwrap();
    assert_eq!(row(store, "f1").await.doubt, doubt(false), "the first that was lost is remembered");
    assert!(store.begin_attempt(&"f1".into(), at(61), None).await.unwrap(), "what was cut off may be tried again");
    store.end_attempt(end("f1", EffectState::Done)).await.unwrap();
    let done = row(store, "f1").await;
    assert_eq!((done.doubt, done.attempts), (None, 3));
    assert!(!store.begin_attempt(&"f1".into(), at(70), None).await.unwrap());
    assert_eq!(row(store, "f1").await, done, "nothing is done twice");
}

/// A swap stays with the purse that it was first handed to, until its end leaves no doubt.
pub async fn a_swap_stays_with_its_purse_while_it_is_in_doubt(store: &impl Store) {
    store.apply(vec![Change::Effect(effect("f1", "i1", 0))]).await.unwrap();
    let purse = async || row(store, "f1").await.purse;
    store.begin_attempt(&"f1".into(), at(7), None).await.unwrap();
    assert_eq!(purse().await, None);
    store.begin_attempt(&"f1".into(), at(8), Some("main")).await.unwrap();
    store.begin_attempt(&"f1".into(), at(9), Some("spare")).await.unwrap();
    assert_eq!(purse().await.as_deref(), Some("main"));
    let lost = EffectEnd { not_before: Some(at(10)), doubt: doubt(false), ..end("f1", EffectState::Waiting) };
    store.end_attempt(lost).await.unwrap();
    assert_eq!(purse().await.as_deref(), Some("main"));
    store.end_attempt(end("f1", EffectState::Waiting)).await.unwrap();
    assert_eq!(purse().await, None, "nobody took it");
    store.begin_attempt(&"f1".into(), at(11), Some("spare")).await.unwrap();
    assert_eq!(purse().await.as_deref(), Some("spare"));
    store.end_attempt(end("f1", EffectState::Done)).await.unwrap();
    assert_eq!(purse().await, None);
}

pub async fn an_end_counts_where_the_effect_stands_still(store: &impl Store) {
    use EffectState::{Failed, InDoubt, Waiting};
    store.apply(vec![Change::Effect(effect("f1", "i1", 0))]).await.unwrap();
    let told = store.end_from(end("f1", Failed), &[InDoubt]).await.unwrap();
    assert!(told.is_none() && row(store, "f1").await.state == Waiting, "it is not in doubt");
    assert!(store.event(&"end of f1".into()).await.unwrap().is_none());
    let told = store.end_from(end("f1", Failed), &[Waiting, InDoubt]).await.unwrap();
    assert_eq!((told.map(|new| new.len()), row(store, "f1").await.state), (Some(1), Failed));
    assert!(store.end_from(end("none", Failed), &EffectState::ALL).await.unwrap().is_none());
}

pub async fn what_was_published_as_an_account_is_found(store: &impl Store) {
    let other = |effect: Effect| Effect { account: "other".into(), ..effect };
    let effects = [effect("f0", "i1", 0), effect("f1", "i1", 1), other(effect("f2", "i1", 2)), effect("f3", "i1", 3)];
    store.apply(effects.map(Change::Effect).into()).await.unwrap();
    for (id, provider_id) in [("f0", "1,2"), ("f1", "3"), ("f2", "4"), ("f3", "")] {
        let done = EffectEnd { provider_id: Some(provider_id.into()), ..end(id, EffectState::Done) };
        store.end_attempt(done).await.unwrap();
    }
    let account = AccountId::new("acc");
    assert_eq!(store.published_as(&account, 9).await.unwrap(), ["3", "1,2"]);
    assert_eq!(store.published_as(&account, 1).await.unwrap(), ["3"]);
}

pub async fn a_post_leads_to_the_effect_that_made_it(store: &impl Store) {
    let effects = ["f0", "f1", "f2"].map(|id| Change::Effect(Effect { hops: 4, ..effect(id, id, 0) }));
    store.apply(effects.into()).await.unwrap();
    for (id, provider_id) in [("f0", "12,13"), ("f1", "120"), ("f2", "")] {
        let done = EffectEnd { provider_id: Some(provider_id.into()), ..end(id, EffectState::Done) };
        store.end_attempt(done).await.unwrap();
    }
    for (post, made_by) in [("12", Some("f0")), ("120", Some("f1")), ("1", None), ("13", None), ("121", None)] {
        let found = store.maker_of(&PostId::new(post)).await.unwrap();
        assert_eq!(found.as_ref().map(|effect| effect.id.as_str()), made_by, "{post}");
        assert!(found.is_none_or(|effect| effect.hops == 4));
    }
}
