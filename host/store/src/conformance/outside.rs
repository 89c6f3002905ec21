//! Posts, effects, timers and budgets.

use puppet_grants::{BudgetKey, Owner, Spend};
use puppet_types::{AccountId, AgentId, Digest, EffectId, InvocationId, PackId, PostId, TimerRule};

use super::rows::{at, commit, effect, event, post, read, spend};
use crate::{Cell, Change, Commit, EffectEnd, EffectState, EventEnd, Post, Store, StrikesRow, Table, Timer};

fn ids(posts: &[Post]) -> Vec<&str> {
    posts.iter().map(|post| post.id.as_str()).collect()
}

pub async fn posts(store: &impl Store) {
    assert_eq!(store.last_post_number().await.unwrap(), 0);
    let first = Post { thread: Some("9".into()), ..post("9", "ann", 1) };
    let second = Post {
        in_reply_to: Some("9".into()),
        thread: Some("9".into()),
        conversation: "9".into(),
        ..post("10", "ann", 1)
    };
    let stored = store.publish(&"f1".into(), vec![first.clone(), second.clone()]).await.unwrap();
    assert_eq!(stored, [Post { replies: 1, ..first.clone() }, second.clone()]);
    let other = vec![post("11", "ann", 8), post("12", "ann", 8)];
    assert_eq!(store.publish(&"f1".into(), other).await.unwrap(), stored, "once per effect and part");
    assert_eq!(store.last_post_number().await.unwrap(), 10, "9 < 10 as numbers");

    store.publish(&"f2".into(), vec![post("13", "bob", 5)]).await.unwrap();
    let quote = Post { quotes: Some("13".into()), in_reply_to: Some("10".into()), ..post("14", "eve", 6) };
    store.publish(&"f3".into(), vec![quote]).await.unwrap();
    let of = |names: &[&str]| names.iter().map(AccountId::new).collect::<Vec<_>>();
    for (authors, before, originals, limit, expected) in [
        (of(&[]), at(100), false, 9, vec!["14", "13", "10", "9"]),
        (of(&[]), at(100), false, 2, vec!["14", "13"]),
        (of(&[]), at(5), false, 9, vec!["10", "9"]),
        (of(&[]), at(100), true, 9, vec!["13", "9"]),
        (of(&["ann"]), at(100), false, 9, vec!["10", "9"]),
        (of(&["ann"]), at(100), true, 9, vec!["9"]),
        (of(&["ann", "bob"]), at(100), false, 9, vec!["13", "10", "9"]),
        (of(&["nobody"]), at(100), false, 9, vec![]),
    ] {
        let found = store.posts(&authors, before, originals, limit).await.unwrap();
        assert_eq!(ids(&found), expected, "{authors:?} before {before} originals {originals} limit {limit}");
    }
    assert_eq!(ids(&store.thread_of(&"14".into(), 9).await.unwrap()), ["9", "10", "14"]);
    assert_eq!(ids(&store.thread_of(&"14".into(), 1).await.unwrap()), ["10", "14"]);
    assert!(store.thread_of(&"99".into(), 1).await.unwrap().is_empty());
}

pub async fn likes_and_counts(store: &impl Store) {
    store.publish(&"f1".into(), vec![post("1", "ann", 1)]).await.unwrap();
    let reply = Post { in_reply_to: Some("1".into()), quotes: Some("1".into()), ..post("2", "bob", 2) };
    store.publish(&"f2".into(), vec![reply]).await.unwrap();
    let (bob, eve, one) = (AccountId::new("bob"), AccountId::new("eve"), PostId::new("1"));
    assert!(store.like(&bob, &one, at(3)).await.unwrap());
    assert!(!store.like(&bob, &one, at(4)).await.unwrap(), "once per account and post");
    assert!(store.like(&eve, &one, at(2)).await.unwrap());
    assert!(!store.like(&eve, &"77".into(), at(2)).await.unwrap(), "there is no such post");
    let liked = store.post(&one).await.unwrap().unwrap();
    assert_eq!((liked.likes, liked.replies, liked.quoted), (2, 1, 1));
    assert_eq!(store.likes().await.unwrap(), [(at(2), one.clone(), eve.clone()), (at(3), one.clone(), bob.clone())]);

    assert!(!store.delete_post(&eve, &"2".into()).await.unwrap(), "somebody else's");
    assert!(store.delete_post(&bob, &"2".into()).await.unwrap());
    assert!(!store.delete_post(&bob, &"2".into()).await.unwrap(), "it is gone already");
    assert!(store.post(&"2".into()).await.unwrap().is_none());
    let left = store.post(&one).await.unwrap().unwrap();
    assert_eq!((left.likes, left.replies, left.quoted), (2, 0, 0));
    assert_eq!(store.last_post_number().await.unwrap(), 2, "a number does not come back");
    let again = store.publish(&"f2".into(), vec![post("3", "bob", 9)]).await.unwrap();
    assert_eq!(ids(&again), ["2"], "nor does the post when its effect is tried again");
    assert!(store.post(&"3".into()).await.unwrap().is_none());
}

pub async fn effects(store: &impl Store) {
    let changes = (0..3).map(|n| Change::Effect(effect(&format!("f{n}"), "i1", n))).collect();
    let done = store.commit(Commit { changes, ..commit("i1", event("e1", "a")) }).await.unwrap();
    let same = vec![Change::Effect(effect("f1", "i1", 1))];
    assert!(store.apply(same).await.unwrap().effects.is_empty(), "a known id is skipped");
    assert!(store.begin_attempt(&"f1".into(), at(7), None).await.unwrap());
    assert!(store.begin_attempt(&"none".into(), at(7), None).await.is_err());
    let states = async |states: &[EffectState]| -> Vec<(String, u32)> {
        let found = store.effects(states).await.unwrap();
        found.into_iter().map(|effect| (effect.id.to_string(), effect.attempts)).collect()
    };
    assert_eq!(states(&[EffectState::Waiting]).await, [("f0".into(), 0), ("f2".into(), 0)]);
    assert_eq!(states(&[EffectState::Sent]).await, [("f1".into(), 1)]);
    assert_eq!(states(&[EffectState::Sent, EffectState::Waiting]).await.len(), 3);
    let all = store.effects_after(0, 2).await.unwrap();
    let rest = store.effects_after(all[1].seq, 2).await.unwrap();
    let pages: Vec<_> = all.iter().chain(&rest).map(|effect| effect.id.as_str()).collect();
    assert_eq!(pages, ["f0", "f1", "f2"]);

    let end = |id: &str, state| EffectEnd {
        id: EffectId::new(id),
        state,
        provider_id: None,
        reason: None,
        not_before: None,
        at: at(9),
        events: Vec::new(),
        changes: Vec::new(),
        doubt: None,
        uncounted: false,
    };
    let again = EffectEnd { not_before: Some(at(50)), reason: Some("busy".into()), ..end("f1", EffectState::Waiting) };
    assert!(store.end_attempt(again).await.unwrap().is_empty());
    // An attempt that is not the effect's fault does not count.
    store.begin_attempt(&"f1".into(), at(6), None).await.unwrap();
    let held = EffectEnd { uncounted: true, not_before: Some(at(50)), ..end("f1", EffectState::Waiting) };
    assert!(store.end_attempt(held).await.unwrap().is_empty());
    assert_eq!(store.effect(&"f1".into()).await.unwrap().unwrap().attempts, 1);
    store.begin_attempt(&"f1".into(), at(7), None).await.unwrap();
    let posted = EffectEnd {
        provider_id: Some("77".into()),
        events: vec![event("result", "a"), event("e1", "a")],
        changes: vec![Change::Event(event("more", "b"))],
        ..end("f1", EffectState::Done)
    };
    let new = store.end_attempt(posted.clone()).await.unwrap();
    assert_eq!(new.iter().map(|new| new.event.id.as_str()).collect::<Vec<_>>(), ["result", "more"]);
    assert!(store.end_attempt(posted).await.unwrap().is_empty(), "told twice is told once");
    let all = store.effects_of(&"i1".into()).await.unwrap();
    let ended = &all[1];
    assert_eq!((ended.state, ended.attempts, ended.not_before), (EffectState::Done, 2, at(50)));
    assert_eq!((ended.provider_id.as_deref(), ended.reason.as_deref()), (Some("77"), None));
    assert_eq!(all[0], done.effects[0]);
    for state in EffectState::ALL.into_iter().skip(3) {
        store.end_attempt(end("f2", state)).await.unwrap();
        assert_eq!(states(&[state]).await, [("f2".into(), 0)]);
    }
}

pub async fn timers(store: &impl Store) {
    let timer = |agent: &str, name: &str, next: i64| Timer {
        agent: AgentId::new(agent),
        plugin: PackId::new("pack"),
        name: name.into(),
        rule: TimerRule::Cron { expression: "0 9 * * *".into(), timezone: "Europe/Berlin".into() },
        next: at(next),
        payload: serde_json::json!({"x": 1}),
        led_by: None,
    };
    let set = |timer: Timer| store.apply(vec![Change::SetTimer(timer)]);
    for new in [timer("b", "x", 5), timer("a", "y", 5), timer("a", "x", 9), timer("a", "y", 7)] {
        set(new).await.unwrap();
    }
    let (ax, ay, bx) = (timer("a", "x", 9), timer("a", "y", 7), timer("b", "x", 5));
    assert_eq!(store.timers().await.unwrap(), [bx.clone(), ay.clone(), ax.clone()]);
    assert_eq!(store.timers_of(&"a".into(), &"pack".into()).await.unwrap(), [ax.clone(), ay.clone()]);
    assert!(store.timers_of(&"a".into(), &"other".into()).await.unwrap().is_empty());

    let fired = store.fire(&ax, Some(at(20)), event("t1", "a"), vec![spend("a", 1, 2, 0)]).await.unwrap().unwrap();
    assert_eq!(fired.event.id.as_str(), "t1");
    assert!(
        store.fire(&ax, Some(at(30)), event("t2", "a"), vec![spend("a", 1, 4, 0)]).await.unwrap().is_none(),
        "it is no longer due then"
    );
    assert!(store.event(&"t2".into()).await.unwrap().is_none());
    assert!(store.fire(&timer("a", "x", 20), None, event("t3", "a"), Vec::new()).await.unwrap().is_some());
    assert!(store.fire(&timer("a", "z", 1), None, event("t4", "a"), Vec::new()).await.unwrap().is_none());
    assert_eq!(store.timers().await.unwrap(), [bx, ay]);
    assert_eq!(store.waiting().await.unwrap().len(), 2);
    assert_eq!(store.spent().await.unwrap(), [spend("a", 1, 2, 0)], "what did not fire costs nothing");
}

pub async fn budgets(store: &impl Store) {
    let (one, two) = (InvocationId::new("i1"), InvocationId::new("i2"));
    let booked = |n: &str, spends| Commit { spends, ..commit(n, event(n, "a")) };
    store.commit(booked("s1", vec![spend("a", 1, 50, 0), spend("b", 1, 5, 0)])).await.unwrap();
    store.commit(booked("s2", vec![spend("a", 2, 10, 0)])).await.unwrap();
    store.commit(booked("s3", vec![spend("a", 2, 10, 3)])).await.unwrap();
    assert_eq!(store.spent().await.unwrap(), [spend("a", 2, 20, 3), spend("b", 1, 5, 0)], "the latest window only");

    store.open_read(&one, 0, vec![spend("a", 2, 100, 0), spend("c", 2, 9, 0)]).await.unwrap();
    store.open_read(&two, 0, vec![spend("b", 3, 40, 0)]).await.unwrap();
    let open = [spend("a", 2, 120, 3), spend("b", 3, 40, 0), spend("c", 2, 9, 0)];
    assert_eq!(store.spent().await.unwrap(), open, "what is open counts as spent");
    assert!(store.kept_reads(&one).await.unwrap().is_empty());

    store.settle_read(&one, read(0), vec![spend("a", 2, 30, 0)]).await.unwrap();
    store.open_read(&one, 1, vec![]).await.unwrap();
    store.settle_read(&one, read(1), vec![]).await.unwrap();
    assert_eq!(store.kept_reads(&one).await.unwrap(), [read(0), read(1)]);
    assert_eq!(store.spent().await.unwrap(), [spend("a", 2, 50, 3), spend("b", 3, 40, 0)]);

    // Asked again after a crash: the first asking may have been paid as well.
    store.open_read(&two, 0, vec![spend("b", 3, 40, 0)]).await.unwrap();
    assert_eq!(store.spent().await.unwrap()[1], spend("b", 3, 80, 0));

    let errand = InvocationId::new("errand");
    let shared = |owner| Spend { key: BudgetKey { owner, ..spend("a", 0, 0, 0).key }, ..spend("a", 7, 6, 5) };
    let [account, host] = [shared(Owner::Account("ada".into())), shared(Owner::Host)];
    store.commit(booked("s4", vec![account.clone(), host.clone()])).await.unwrap();
    let all = store.spent().await.unwrap();
    assert!(all.contains(&account) && all.contains(&host), "{all:?}");
    store.open_read(&errand, 0, vec![spend("d", 1, 70, 0)]).await.unwrap();
    assert_eq!(store.spent().await.unwrap()[2], spend("d", 1, 70, 0));
    store.close_read(&errand, 0, vec![spend("d", 1, 8, 0)]).await.unwrap();
    assert_eq!(store.spent().await.unwrap()[2], spend("d", 1, 8, 0));
    assert!(store.kept_reads(&errand).await.unwrap().is_empty(), "there is no read to keep");

    // What is owed is said by every row of a window, and the most of it holds.
    let owed = |used, debt| Spend { debt, ..spend("e", 4, used, 0) };
    store.commit(booked("s5", vec![owed(1, 6), owed(2, 0)])).await.unwrap();
    store.open_read(&errand, 0, vec![owed(3, 9)]).await.unwrap();
    assert_eq!(store.spent().await.unwrap()[3], owed(6, 9));
    store.close_read(&errand, 0, vec![owed(1, 7)]).await.unwrap();
    assert_eq!(store.spent().await.unwrap()[3], owed(4, 7));

    let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit("i1", event("e1", "a")) };
    store.commit(again).await.unwrap();
    assert_eq!(store.kept_reads(&one).await.unwrap().len(), 2, "a retried invocation keeps its reads");
    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    assert!(store.kept_reads(&one).await.unwrap().is_empty());
    store.commit(commit("i2", event("e2", "a"))).await.unwrap();
    assert_eq!(store.spent().await.unwrap()[1], spend("b", 3, 80, 0), "what stayed open stays booked");
}

/// An event that is tried again and then given up, as where its mailbox is full: nobody asks for its answers any more, and
/// a read whose end nobody saw stays booked.
pub async fn answers_of_an_event_that_is_given_up_go(store: &impl Store) {
    let (given_up, waits) = (InvocationId::new("i1"), InvocationId::new("i2"));
    store.accept(vec![event("e1", "a"), event("e2", "a")]).await.unwrap();
    for (id, of) in [(&given_up, "e1"), (&waits, "e2")] {
        store.open_read(id, 0, vec![]).await.unwrap();
        store.settle_read(id, read(0), vec![spend("a", 1, 30, 0)]).await.unwrap();
        store.open_read(id, 1, vec![spend("a", 1, 7, 0)]).await.unwrap();
        let again = Commit { end: EventEnd::Retry { not_before: at(9) }, ..commit(id.as_str(), event(of, "a")) };
        store.commit(again).await.unwrap();
    }
    store.bury(&"e1".into(), "mailbox-full", at(10), None).await.unwrap();
    assert!(store.kept_reads(&given_up).await.unwrap().is_empty());
    assert_eq!(store.kept_reads(&waits).await.unwrap(), [read(0)]);
    let open = Table::named("open_reads").unwrap();
    let rows = store.rows_after(open, None, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), [Cell::Text("i2".into())]);
    assert_eq!(store.spent().await.unwrap(), [spend("a", 1, 74, 0)], "what stayed open stays booked");
    // One that has ended before is not ended again.
    store.commit(commit("i2", event("e2", "a"))).await.unwrap();
    store.open_read(&waits, 0, vec![]).await.unwrap();
    store.bury(&"e2".into(), "mailbox-full", at(11), None).await.unwrap();
    assert_eq!(store.row_count(open).await.unwrap(), 1);
}

/// By version of a pack; the latest stays, in whatever order they are written.
pub async fn strikes(store: &impl Store) {
    let row = |plugin: &str, digest: &[u8], revision| StrikesRow {
        plugin: PackId::new(plugin),
        digest: Digest::of(digest),
        revision,
        body: serde_json::json!({ "revision": revision }),
    };
    let written = [row("b", b"1", 2), row("a", b"1", 7), row("a", b"1", 9), row("a", b"1", 8), row("b", b"1", 3)];
    store.apply(written.into_iter().map(Change::Strikes).collect()).await.unwrap();
    assert_eq!(store.strikes().await.unwrap(), [row("a", b"1", 9), row("b", b"1", 3)]);
    store.apply(vec![Change::Strikes(row("b", b"2", 1))]).await.unwrap();
    assert_eq!(store.strikes().await.unwrap().len(), 3, "another version has its own");
}
