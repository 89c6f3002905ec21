//! A key over its life and over a restart.

use puppet_store::SqliteStore;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

#[tokio::test]
async fn a_key_holds_until_it_ends_or_is_taken_back_and_over_a_restart() {
    let store = Arc::new(SqliteStore::in_memory().unwrap());
    let keys = Keys::open(Arc::clone(&store) as _).await.unwrap();
    let first = keys.first(at(1)).await.unwrap().expect("there was none");
    assert!(keys.first(at(1)).await.unwrap().is_none());
    assert_eq!(keys.check(first.expose(), at(2)).await.unwrap().role, Role::Admin);
    let agents = Some(BTreeSet::from([AgentId::new("ann")]));
    let new = NewKey { name: "o'brien".to_owned(), role: Role::Viewer, agents, expires_at: Some(at(10)) };
    let (row, key) = keys.create(new, at(2)).await.unwrap();
    assert!(!format!("{row:?}").contains(key.expose()));

    let again = Keys::open(Arc::clone(&store) as _).await.unwrap();
    assert!(again.quick(key.expose(), at(3)).is_none(), "nothing was checked yet");
    let principal = again.check(key.expose(), at(3)).await.unwrap();
    assert!(principal.sees(&"ann".into()) && !principal.sees(&"bob".into()));
    assert!(again.quick(key.expose(), at(3)).is_some_and(|found| found.is_ok()));
    let wrong = format!("pk_{}_{}", row.id, "A".repeat(43));
    assert_eq!(again.check(&wrong, at(3)).await, Err(KeyFault::Wrong));
    assert_eq!(again.check(key.expose(), at(10)).await, Err(KeyFault::Expired));
    again.revoke(&row.id, at(4)).await.unwrap().unwrap();
    assert_eq!(again.check(key.expose(), at(4)).await, Err(KeyFault::Revoked));
    assert!(again.revoke("00000000", at(4)).await.unwrap().is_none());
    let third = Keys::open(store as _).await.unwrap();
    assert_eq!(third.check(key.expose(), at(5)).await, Err(KeyFault::Revoked));
    let other = format!("pk_{}_{}", keys.list().await.unwrap()[0].id, "A".repeat(43));
    assert_eq!(third.check(&other, at(5)).await, Err(KeyFault::Wrong));
}
