//! What the server keeps: keys, sessions, changes and answers.

use puppet_types::{Digest, Timestamp};
use serde_json::json;

use super::{rows::at, together};
use crate::{ApiAnswer, ApiChange, ApiChanges, ApiKey, ApiQuestion, ApiSession, Renewed, Store};

pub fn key(id: &str, second: i64) -> ApiKey {
    ApiKey {
        id: id.into(),
        name: format!("Ä {id}"),
        hash: format!("$argon2id$of {id}"),
        role: "operator".into(),
        agents: Some(vec!["a".into(), "b".into()]),
        created_at: at(second),
        expires_at: Some(at(second + 100)),
        last_used_at: None,
        revoked_at: None,
    }
}

fn token(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

pub fn session(name: &str, family: &str, key: &str, second: i64) -> ApiSession {
    ApiSession {
        hash: token(name),
        family: family.into(),
        key: key.into(),
        created_at: at(second),
        expires_at: at(second + 100),
        used_at: None,
    }
}

pub fn change(principal: &str, agent: Option<&str>, second: i64) -> ApiChange {
    ApiChange {
        seq: 0,
        at: at(second),
        principal: principal.into(),
        role: "admin".into(),
        address: "127.0.0.1".into(),
        method: "PATCH".into(),
        path: "/api/v1/agents/a".into(),
        agent: agent.map(Into::into),
        what: "settings".into(),
        before: Some(json!({"n": second, "of": "Ä"})),
        after: None,
        status: 200,
    }
}

fn question(key: &str) -> ApiQuestion {
    ApiQuestion { principal: "k1".into(), route: "POST /api/v1/events".into(), key: key.into() }
}

fn answer(body: &[u8], expires: i64) -> ApiAnswer {
    ApiAnswer {
        asked: Digest::of(body),
        status: 202,
        headers: vec![("location".into(), "/api/v1/events/e".into())],
        body: body.to_vec(),
        expires_at: at(expires),
    }
}

/// One or two rows of each.
pub async fn fill(store: &impl Store) {
    assert!(store.put_api_key(key("k1", 1)).await.unwrap());
    assert!(store.put_api_key(ApiKey { agents: None, expires_at: None, ..key("k2", 2) }).await.unwrap());
    store.revoke_api_key("k2", at(5)).await.unwrap();
    store.begin_api_session(session("t1", "f1", "k1", 3)).await.unwrap();
    store.renew_api_session(&token("t1"), at(4), &token("t2"), at(90)).await.unwrap();
    store.append_api_change(change("k1", Some("a"), 6)).await.unwrap();
    store.append_api_change(change("k1", None, 7)).await.unwrap();
    store.keep_api_answer(question("q1"), answer(&[0, 255], 8), 99).await.unwrap();
}

pub async fn keys_are_made_used_and_taken_back(store: &impl Store) {
    assert_eq!(store.api_keys().await.unwrap(), []);
    assert_eq!(store.api_key("k1").await.unwrap(), None);
    let open = ApiKey { agents: None, expires_at: None, ..key("k1", 9) };
    for new in [key("k2", 3), open.clone(), ApiKey { agents: Some(Vec::new()), ..key("k3", 3) }] {
        assert!(store.put_api_key(new).await.unwrap());
    }
    assert!(!store.put_api_key(key("k2", 4)).await.unwrap(), "an id is given once");
    let ids = async || store.api_keys().await.unwrap().into_iter().map(|key| key.id).collect::<Vec<_>>();
    assert_eq!(ids().await, ["k2", "k3", "k1"], "the oldest first");
    assert_eq!(store.api_key("k2").await.unwrap(), Some(key("k2", 3)), "as it was made");
    assert_eq!(store.api_key("k3").await.unwrap().unwrap().agents, Some(Vec::new()), "of no agent is not of all");

    for second in [20, 10, 30, 25] {
        store.note_api_key("k1", at(second)).await.unwrap();
    }
    assert_eq!(store.api_key("k1").await.unwrap(), Some(ApiKey { last_used_at: Some(at(30)), ..open }));
    store.note_api_key("nobody", at(1)).await.unwrap();

    for (name, family, of) in [("t1", "f1", "k2"), ("t2", "f2", "k1")] {
        store.begin_api_session(session(name, family, of, 5)).await.unwrap();
    }
    let revoked = store.revoke_api_key("k2", at(40)).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(at(40)));
    assert_eq!(store.revoke_api_key("k2", at(50)).await.unwrap(), Some(revoked), "the first time counts");
    assert_eq!(store.revoke_api_key("nobody", at(50)).await.unwrap(), None);
    assert_eq!(ids().await.len(), 3, "it stays in the list");
    assert_eq!(store.api_session("f1").await.unwrap(), None, "its sessions end with it");
    assert!(store.api_session("f2").await.unwrap().is_some());
}

async fn renew(store: &impl Store, of: &str, second: i64, next: &str) -> Renewed {
    store.renew_api_session(&token(of), at(second), &token(next), at(second + 100)).await.unwrap()
}

pub async fn a_session_is_renewed_link_by_link(store: &impl Store) {
    assert_eq!(renew(store, "t1", 1, "t2").await, Renewed::Unknown);
    store.begin_api_session(session("t1", "f", "k", 0)).await.unwrap();
    assert_eq!(store.api_session("f").await.unwrap(), Some(session("t1", "f", "k", 0)));
    assert_eq!(renew(store, "t1", 10, "t2").await, Renewed::Next(session("t2", "f", "k", 10)));
    assert_eq!(renew(store, "t2", 20, "t3").await, Renewed::Next(session("t3", "f", "k", 20)));
    assert_eq!(store.api_session("f").await.unwrap(), Some(session("t3", "f", "k", 20)), "the last link");
    assert_eq!(renew(store, "t3", 120, "t4").await, Renewed::Unknown, "its time is over");
    assert_eq!(store.api_session("f").await.unwrap(), Some(session("t3", "f", "k", 20)), "nothing was changed");

    store.begin_api_session(session("u1", "g", "k", 50)).await.unwrap();
    assert_eq!(store.forget_api_sessions(at(110)).await.unwrap(), 1, "those whose time is over: of 100, 110, 120, 150");
    assert_eq!(store.forget_api_sessions(at(121)).await.unwrap(), 2);
    assert_eq!(store.api_session("f").await.unwrap(), None);
    assert!(store.end_api_session("g").await.unwrap());
    assert!(!store.end_api_session("g").await.unwrap(), "it has ended");
    assert_eq!(renew(store, "u1", 60, "u2").await, Renewed::Unknown);
}

pub async fn a_link_that_comes_twice_ends_its_session(store: &impl Store) {
    store.begin_api_session(session("o1", "other", "k", 0)).await.unwrap();
    store.begin_api_session(session("t1", "f", "k", 0)).await.unwrap();
    renew(store, "t1", 1, "t2").await;
    let used = ApiSession { used_at: Some(at(1)), ..session("t1", "f", "k", 0) };
    assert_eq!(renew(store, "t1", 2, "stolen").await, Renewed::Reused(used));
    assert_eq!(store.api_session("f").await.unwrap(), None);
    for token in ["t1", "t2", "stolen"] {
        assert_eq!(renew(store, token, 3, "t3").await, Renewed::Unknown, "{token}");
    }
    assert!(store.api_session("other").await.unwrap().is_some());

    for round in 0..10 {
        let (first, family) = (format!("r{round}"), format!("f{round}"));
        store.begin_api_session(session(&first, &family, "k", 0)).await.unwrap();
        let (one, other) = (format!("{first} one"), format!("{first} other"));
        let renewed = together(vec![renew(store, &first, 1, &one), renew(store, &first, 1, &other)]).await;
        let next = renewed.iter().filter(|renewed| matches!(renewed, Renewed::Next(_))).count();
        let reused = renewed.iter().filter(|renewed| matches!(renewed, Renewed::Reused(_))).count();
        assert_eq!((next, reused), (1, 1), "{renewed:?}");
        assert_eq!(store.api_session(&family).await.unwrap(), None, "of two at once one is second");
    }
}

async fn seqs(store: &impl Store, changes: ApiChanges) -> Vec<u64> {
    store.api_changes(&changes).await.unwrap().into_iter().map(|change| change.seq).collect()
}

pub async fn changes_are_told_in_pages(store: &impl Store) {
    let all = ApiChanges { limit: 99, ..ApiChanges::default() };
    assert_eq!(seqs(store, all.clone()).await, [0; 0]);
    for n in 1..=12 {
        let new = change(if n % 2 == 0 { "k2" } else { "k1" }, (n % 3 == 0).then_some("a"), n);
        assert_eq!(store.append_api_change(new).await.unwrap(), n as u64);
    }
    let (before, after) = (None, Some(json!([1, null])));
    let told = ApiChange { before, after, status: 409, ..change("k3", Some("b"), 13) };
    assert_eq!(store.append_api_change(told.clone()).await.unwrap(), 13);
    assert_eq!(
        store.api_changes(&ApiChanges { limit: 1, ..all.clone() }).await.unwrap(),
        [ApiChange { seq: 13, ..told }]
    );
    let last = store.api_changes(&ApiChanges { before_seq: Some(13), limit: 1, ..all.clone() }).await.unwrap();
    assert_eq!(last, [ApiChange { seq: 12, ..change("k2", Some("a"), 12) }]);
    assert_eq!(seqs(store, all.clone()).await, (1..=13).rev().collect::<Vec<_>>());
    assert_eq!(seqs(store, ApiChanges { before_seq: Some(5), limit: 2, ..all.clone() }).await, [4, 3]);
    let of = |agent: Option<&str>, principal: Option<&str>, since: Option<i64>| ApiChanges {
        agent: agent.map(Into::into),
        principal: principal.map(Into::into),
        since: since.map(at),
        ..all.clone()
    };
    assert_eq!(seqs(store, of(Some("a"), None, None)).await, [12, 9, 6, 3]);
    assert_eq!(seqs(store, of(None, Some("k2"), None)).await, [12, 10, 8, 6, 4, 2]);
    assert_eq!(seqs(store, of(Some("a"), Some("k2"), None)).await, [12, 6]);
    assert_eq!(seqs(store, of(None, Some("k1"), Some(7))).await, [11, 9, 7], "since is part of it");
    assert_eq!(seqs(store, ApiChanges { before_seq: Some(12), ..of(Some("a"), None, Some(4)) }).await, [9, 6]);
    assert_eq!(seqs(store, of(Some("x"), None, None)).await, [0; 0]);
    assert_eq!(seqs(store, ApiChanges { limit: 0, ..all.clone() }).await, [0; 0]);
    assert_eq!(seqs(store, ApiChanges { before_seq: Some(u64::MAX), limit: 1, ..all.clone() }).await, [13]);

    assert_eq!(store.forget_api_changes(13).await.unwrap(), 0);
    assert_eq!(store.forget_api_changes(3).await.unwrap(), 10);
    assert_eq!(seqs(store, all.clone()).await, [13, 12, 11]);
    assert_eq!(store.forget_api_changes(0).await.unwrap(), 3);
    assert_eq!(store.append_api_change(change("k1", None, 1)).await.unwrap(), 14, "a number never comes twice");
    // Also where nobody waits for it, with others and alone.
    let along = async |n| store.append_api_change_along(change("k1", None, n)).await.unwrap();
    let (first, second, third) = tokio::join!(along(1), store.append_api_change(change("k1", None, 2)), along(3));
    assert_eq!((first, second.unwrap(), third, along(4).await), (15, 16, 17, 18), "in the order in which they came");
    assert_eq!(seqs(store, all).await, [18, 17, 16, 15, 14]);
}

pub async fn an_answer_is_kept_for_its_time(store: &impl Store) {
    let kept = async |key: &str, second| store.api_answer(&question(key), at(second)).await.unwrap();
    assert_eq!(kept("q1", 0).await, None);
    store.keep_api_answer(question("q1"), answer(b"one", 100), 99).await.unwrap();
    store.keep_api_answer(question("q2"), answer(&[0, 255, b'"'], 50), 99).await.unwrap();
    assert_eq!(kept("q1", 99).await, Some(answer(b"one", 100)));
    assert_eq!(kept("q2", 0).await, Some(answer(&[0, 255, b'"'], 50)), "bytes, whatever they are");
    assert_eq!(kept("q1", 100).await, None, "its time is over");
    store.keep_api_answer(question("q1"), answer(b"two", 200), 99).await.unwrap();
    assert_eq!(kept("q1", 150).await, Some(answer(b"two", 200)), "in the place of the other");
    let others = [
        ApiQuestion { principal: "k2".into(), ..question("q1") },
        ApiQuestion { route: "POST /api/v1/halt".into(), ..question("q1") },
        question("Q1"),
    ];
    for other in others {
        assert_eq!(store.api_answer(&other, Timestamp::default()).await.unwrap(), None, "{other:?}");
    }
    for n in 3..=6 {
        store.keep_api_answer(question(&format!("q{n}")), answer(b"more", 300 + n), 99).await.unwrap();
    }
    assert_eq!(store.forget_api_answers(at(51)).await.unwrap(), 1);
    assert_eq!(store.forget_api_answers(at(51)).await.unwrap(), 0);
    // Each has a bound of its own: what one asks for takes nobody else's answer away.
    let other = ApiQuestion { principal: "k2".into(), ..question("q1") };
    store.keep_api_answer(other.clone(), answer(b"other", 100), 3).await.unwrap();
    let left = async || {
        let mut left = Vec::new();
        for n in 1..=8 {
            left.extend(kept(&format!("q{n}"), 0).await.map(|_| n));
        }
        left
    };
    assert_eq!(left().await, [1, 3, 4, 5, 6]);
    store.keep_api_answer(question("q7"), answer(b"seven", 400), 4).await.unwrap();
    assert_eq!(left().await, [4, 5, 6, 7], "the first to be over go: 1 at 200, 3 at 303");
    store.keep_api_answer(question("q4"), answer(b"again", 500), 4).await.unwrap();
    assert_eq!(left().await, [4, 5, 6, 7], "in the place of one there is room");
    store.keep_api_answer(question("q8"), answer(b"eight", 401), 4).await.unwrap();
    assert_eq!(left().await, [4, 6, 7, 8]);
    assert_eq!(store.api_answer(&other, at(0)).await.unwrap(), Some(answer(b"other", 100)));
    assert_eq!(store.forget_api_answers(at(402)).await.unwrap(), 4, "6, 7, 8 and the other's");
    assert_eq!(left().await, [4]);
}
