//! What another engine did before: events that it handled, posts that it has seen to.

use puppet_types::{AccountId, AgentId, PostId};

use super::{at, event};
use crate::{BILLED_DAYS, Billed, Change, Heard, PastEvent, Relationship, Store};

fn past(id: &str, agent: &str, handled: i64) -> PastEvent {
    PastEvent { event: event(id, agent), handled: at(handled) }
}

/// Ids, in the order in which the store tells them.
async fn told(store: &impl Store, agent: Option<&str>, limit: usize) -> Vec<String> {
    let agent = agent.map(AgentId::new);
    let past = store.past(agent.as_ref(), limit).await.unwrap();
    past.into_iter().map(|past| past.event.id.to_string()).collect()
}

pub async fn what_was_handled_before_is_told_and_never_run(store: &impl Store) {
    let rows = [past("one", "a", 5), past("two", "b", 7), past("three", "a", 7), past("four", "a", 6)];
    store.apply(rows.iter().cloned().map(Change::Past).collect()).await.unwrap();
    assert_eq!(told(store, None, 9).await, ["three", "two", "four", "one"]);
    assert_eq!(told(store, Some("a"), 2).await, ["three", "four"]);
    assert_eq!(store.past(Some(&AgentId::new("b")), 9).await.unwrap(), [rows[1].clone()]);
    // The same again is the same.
    store.apply(vec![Change::Past(past("one", "a", 8))]).await.unwrap();
    assert_eq!(told(store, None, 9).await, ["one", "three", "two", "four"]);
    assert!(store.waiting().await.unwrap().is_empty(), "nobody is to handle it");
    assert!(store.events_after(0, 9).await.unwrap().is_empty(), "this host accepted none");
}

pub async fn the_latest_posts_are_remembered_as_seen(store: &impl Store) {
    let posts = |ids: &[&str]| ids.iter().map(PostId::new).collect::<Vec<_>>();
    let see = |ids: &[&str]| vec![Change::Seen { posts: posts(ids), keep: 3 }];
    store.apply(see(&["1", "2"])).await.unwrap();
    assert_eq!(store.seen(&posts(&["2", "9", "1"])).await.unwrap(), posts(&["2", "1"]));
    store.apply(see(&["2", "3", "4"])).await.unwrap();
    assert_eq!(store.seen(&posts(&["1", "2", "3", "4"])).await.unwrap(), posts(&["2", "3", "4"]));
    store.apply(see(&[])).await.unwrap();
    assert_eq!(store.seen(&posts(&["4"])).await.unwrap(), posts(&["4"]));
}

pub async fn how_far_was_listened_is_kept_with_what_came(store: &impl Store) {
    let far = |account: &str, since: &str, second: i64| Heard {
        account: AccountId::new(account),
        since: PostId::new(since),
        at: at(second),
    };
    let changes = |id: &str, far: Heard| vec![Change::Event(event(id, "a")), Change::Heard(far)];
    assert!(store.heard().await.unwrap().is_empty());
    store.apply(changes("e1", far("bob", "9", 1))).await.unwrap();
    store.apply(changes("e2", far("ada", "1200", 2))).await.unwrap();
    assert_eq!(store.heard().await.unwrap(), [far("ada", "1200", 2), far("bob", "9", 1)]);
    // What came before comes to nothing, and how far is what was said last.
    let committed = store.apply(changes("e1", far("bob", "30", 3))).await.unwrap();
    assert!(committed.events.is_empty());
    assert_eq!(store.heard().await.unwrap(), [far("ada", "1200", 2), far("bob", "30", 3)]);
}

pub async fn what_is_charged_is_kept_by_day(store: &impl Store) {
    let day = |day: i64, account: &str, usd_micros: u64| Billed {
        day,
        account: account.to_owned(),
        posts: 1,
        reads: 7,
        usd_micros,
    };
    assert!(store.billed(0).await.unwrap().is_empty());
    let days = [day(9, "@bob", 10), day(9, "@ada", 5), day(8, "@zoe", 1), day(10, "the app `a`", 3)];
    store.apply(days.map(Change::Billed).into()).await.unwrap();
    let by_day = [day(8, "@zoe", 1), day(9, "@ada", 5), day(9, "@bob", 10), day(10, "the app `a`", 3)];
    assert_eq!(store.billed(8).await.unwrap(), by_day);
    // What is said last is all of a day.
    store.apply(vec![Change::Billed(day(9, "@ada", 6))]).await.unwrap();
    assert_eq!(store.billed(9).await.unwrap(), [day(9, "@ada", 6), day(9, "@bob", 10), day(10, "the app `a`", 3)]);
    // But what was counted does not become less.
    let less = Billed { posts: 0, reads: 8, ..day(9, "@ada", 2) };
    store.apply(vec![Change::Billed(less)]).await.unwrap();
    assert_eq!(store.billed(9).await.unwrap()[0], Billed { reads: 8, ..day(9, "@ada", 6) });
    store.apply(vec![Change::Billed(day(9, "@ada", 6))]).await.unwrap();
    assert_eq!(store.billed(9).await.unwrap()[0].reads, 8);
    assert!(store.billed(11).await.unwrap().is_empty());
    // What is thirteen months older goes with the first note of a day, and with no other.
    store.apply(vec![Change::Billed(day(9 + BILLED_DAYS, "@ada", 2))]).await.unwrap();
    assert_eq!(store.billed(0).await.unwrap().iter().map(|billed| billed.day).collect::<Vec<_>>(), [9, 9, 10, 409]);
    let both = [day(7, "@eve", 1), day(9 + BILLED_DAYS, "@ada", 3), day(10 + BILLED_DAYS, "@ada", 4)];
    store.apply(both.map(Change::Billed).into()).await.unwrap();
    assert_eq!(
        store.billed(0).await.unwrap(),
        [day(10, "the app `a`", 3), day(409, "@ada", 3), day(410, "@ada", 4)],
        "one that was written too late goes with the next"
    );
}

pub async fn a_relationship_can_end(store: &impl Store) {
    let relate = |target: &str| Change::Relationship {
        agent: "a".into(),
        relationship: Relationship { target: target.to_owned(), ..Relationship::default() },
        keep: 9,
    };
    store.apply(vec![relate("b"), relate("c")]).await.unwrap();
    let part = |agent: &str| Change::Part { agent: agent.into(), target: "b".to_owned() };
    store.apply(vec![part("a"), part("nobody")]).await.unwrap();
    let left = store.relationships(&"a".into()).await.unwrap();
    assert_eq!(left.into_iter().map(|bond| bond.target).collect::<Vec<_>>(), ["c"]);
}
