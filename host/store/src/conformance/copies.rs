//! A copy holds what its source holds, is taken up where it was broken off, and says so where it cannot be.

use puppet_types::{AccountId, Decision, InvocationId, Memory, MemoryKind, PackId, PostId};

use super::{
    api,
    rows::{at, commit, effect, event, memory, post, read, spend},
    trading,
};
use crate::{
    AgentRow, Change, Commit, CopyError, Document, EventEnd, Old, Relationship, StateBlob, Store, StrikesRow, TABLES,
    Timer, Vector, copy,
};

/// Something of every table.
async fn fill(store: &impl Store) {
    let (agent, plugin, digest) = ("a", PackId::new("pack"), puppet_types::Digest::of(b"1"));
    let blob = |data: &[u8]| StateBlob { version: 1, data: data.to_vec() };
    let state = |digest, data: &[u8]| Change::PutState {
        agent: agent.into(),
        plugin: plugin.clone(),
        digest,
        blob: blob(data),
        led_by: Some(puppet_types::trade::Origin::Gift),
        at: at(1),
    };
    let timer = Timer {
        agent: agent.into(),
        plugin: plugin.clone(),
        name: "tick".into(),
        rule: puppet_types::TimerRule::Every { interval_ms: 5 },
        next: at(70),
        payload: serde_json::json!([1]),
        led_by: Some(puppet_types::trade::Origin::HumanRequest),
    };
    let vector = Vector { model: "m".into(), numbers: vec![0.5, -1.25] };
    let cast = Document::of("{}");
    let changes = vec![
        Change::Agent(AgentRow { id: agent.into(), body: serde_json::json!({"name": "Ä"}), created: at(0) }),
        Change::Mood {
            agent: agent.into(),
            mood: puppet_types::Mood { valence: 0.1 + 0.2, arousal: 0.3, dominance: 1.0 / 3.0 },
            at: at(2),
        },
        Change::Relationship {
            agent: agent.into(),
            relationship: Relationship { target: "bob".into(), sentiment: 0.7, ..Relationship::default() },
            keep: 9,
        },
        Change::Remember {
            agent: agent.into(),
            memory: Memory {
                led_by: Some(puppet_types::trade::Origin::Operator),
                ..memory("m1", MemoryKind::Core, "the harbour at night", 1)
            },
            vector: Some(vector),
            cap: None,
        },
        Change::SetTimer(timer),
        state(digest, &[0, 255]),
        state(puppet_types::Digest::of(b"2"), &[7]),
        Change::Effect(effect("f1", "i1", 0)),
        Change::Strikes(StrikesRow { plugin, digest, revision: 4, body: serde_json::json!({"count": 2}) }),
        Change::Halt(Some(crate::Halt { since: at(3), reason: Some("why".into()) })),
        Change::Cast { agent: agent.into(), cast: cast.digest, documents: vec![cast] },
        Change::Past(crate::PastEvent { event: event("p1", agent), handled: at(4) }),
        Change::Seen { posts: vec![PostId::new("77")], keep: 9 },
        Change::Heard(crate::Heard { account: "acc".into(), since: PostId::new("78"), at: at(5) }),
        Change::Billed(crate::Billed { day: 20_779, account: "@acc".into(), posts: 1, reads: 2, usd_micros: 3 }),
    ];
    store.accept((1..=3).map(|n| event(&format!("e{n}"), agent)).collect()).await.unwrap();
    store
        .commit(Commit { changes, spends: vec![spend(agent, 0, 5, 1)], ..commit("i1", event("e1", agent)) })
        .await
        .unwrap();
    let dead = EventEnd::Dead { reason: "trap".into() };
    store.commit(Commit { end: dead, ..commit("i2", event("e2", agent)) }).await.unwrap();
    store.commit(commit("i0", event("e0", agent))).await.unwrap();
    store.commit(commit("i4", event("e4", agent))).await.unwrap();
    store.prune(Old { records: vec![3], ..Old::default() }).await.unwrap();
    store.open_read(&InvocationId::new("i3"), 0, vec![spend(agent, 0, 100, 0)]).await.unwrap();
    store.open_read(&InvocationId::new("i3"), 1, vec![spend(agent, 0, 50, 0)]).await.unwrap();
    store.settle_read(&InvocationId::new("i3"), read(0), vec![spend(agent, 0, 7, 0)]).await.unwrap();
    store.publish(&"f1".into(), vec![post("1", "ann", 1), post("2", "ann", 1)]).await.unwrap();
    store.like(&AccountId::new("bob"), &PostId::new("1"), at(9)).await.unwrap();
    store.delete_post(&AccountId::new("ann"), &PostId::new("2")).await.unwrap();
    let log = trading::entries(1..=3, crate::PurseEntry::Step);
    assert!(store.write_purse(trading::purse("main", 3), 0, log).await.unwrap());
    for (swap, n, is_end) in [("s1", 0, false), ("s1", 1, true), ("s2", 0, false)] {
        assert!(store.append_swap(trading::swap(swap, n, is_end)).await.unwrap());
    }
    store.ask_swap_approval(trading::approval("h1", 90)).await.unwrap();
    store.ask_swap_approval(trading::approval("h2", 90)).await.unwrap();
    assert!(store.grant_swap("h2", at(3)).await.unwrap());
    store.put_candles("SOL/USDC", 60, &[trading::bar(60, 5), trading::bar(120, 1 << 63)]).await.unwrap();
    api::fill(store).await;
}

pub async fn a_copy_is_whole(from: &impl Store, to: &impl Store) {
    fill(from).await;
    let mut told = Vec::new();
    let copied = copy(from, to, "there", |progress| told.push(progress)).await.unwrap();
    for table in &copied {
        assert!(table.rows > 0, "nothing of {} was copied", table.table);
        assert_eq!(table.found, 0);
    }
    let last = told.last().unwrap();
    assert_eq!((last.done, last.compares), (last.of, true));
    assert_eq!(to.copying().await.unwrap(), None);
    assert_eq!(to.waiting().await.unwrap(), from.waiting().await.unwrap());
    assert_eq!(to.spent().await.unwrap(), from.spent().await.unwrap());
    let terms = ["harbour".to_owned()];
    let found = to.text_candidates(&"a".into(), &terms, &[], 9).await.unwrap();
    assert_eq!(found, from.text_candidates(&"a".into(), &terms, &[], 9).await.unwrap());
    assert_eq!(found.len(), 1);
    let filter = crate::Filter { limit: 9, ..crate::Filter::default() };
    assert_eq!(to.journal(&filter).await.unwrap(), from.journal(&filter).await.unwrap());
    // Both go on alike: nothing comes twice, and what comes next comes after all that was.
    for store in [from as &dyn Store, to] {
        assert!(store.accept(vec![event("e1", "a"), event("e0", "a")]).await.unwrap().is_empty());
        assert_eq!(store.accept(vec![event("e9", "a")]).await.unwrap()[0].seq, 6);
        assert_eq!(store.publish(&"f1".into(), vec![post("7", "ann", 1)]).await.unwrap()[0].id, PostId::new("1"));
        let committed =
            Commit { changes: vec![Change::Effect(effect("f9", "i9", 0))], ..commit("i9", event("e9", "a")) };
        let committed = store.commit(committed).await.unwrap();
        assert_eq!((committed.seq, committed.effects[0].seq), (5, 2));
        assert!(matches!(committed.effects[0].body, Decision::Post { .. }));
        assert!(!store.write_purse(trading::purse("main", 0), 0, Vec::new()).await.unwrap());
        let log = trading::entries(4..=4, crate::PurseEntry::Save);
        assert!(store.write_purse(trading::purse("main", 4), 3, log).await.unwrap());
        assert_eq!(store.open_swaps().await.unwrap(), ["s2"]);
        assert!(store.append_swap(trading::swap("s2", 1, true)).await.unwrap());
        assert!(store.take_swap_approval("h1").await.unwrap().is_none());
        assert!(store.take_swap_approval("h2").await.unwrap().is_some());
        let bars = store.last_candles("SOL/USDC", 60, 9).await.unwrap();
        assert_eq!(bars, [trading::bar(60, 5), trading::bar(120, 1 << 63)]);
    }
}

pub async fn a_copy_is_taken_up(from: &impl Store, to: &impl Store) {
    fill(from).await;
    to.set_copying(Some("there".into())).await.unwrap();
    let events = &TABLES[0];
    to.put_rows(events, from.rows_after(events, None, 2).await.unwrap()).await.unwrap();
    assert!(matches!(copy(to, from, "x", |_| ()).await, Err(CopyError::Half(_))));
    assert!(matches!(copy(from, to, "elsewhere", |_| ()).await, Err(CopyError::Other(there)) if there == "there"));
    let copied = copy(from, to, "there", |_| ()).await.unwrap();
    assert_eq!((copied[0].rows, copied[0].found), (4, 2));
    assert!(matches!(copy(from, to, "there", |_| ()).await, Err(CopyError::NotEmpty { table: "events", rows: 4 })));
    let memories = TABLES.iter().find(|table| table.name == "memories").unwrap();
    let rows = to.rows_after(memories, None, 9).await.unwrap();
    to.put_rows(memories, rows.clone()).await.unwrap();
    assert_eq!(to.rows_after(memories, None, 9).await.unwrap(), rows, "a row that is written again stays one");
}

pub async fn a_difference_is_found(from: &impl Store, to: &impl Store) {
    fill(from).await;
    to.set_copying(Some("there".into())).await.unwrap();
    let moods = TABLES.iter().find(|table| table.name == "moods").unwrap();
    let mut rows = from.rows_after(moods, None, 9).await.unwrap();
    rows[0][0] = crate::Cell::Text("0".into());
    to.put_rows(moods, rows).await.unwrap();
    match copy(from, to, "there", |_| ()).await {
        Err(CopyError::Differs { table: "moods", .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(to.copying().await.unwrap().as_deref(), Some("there"), "no host runs on it");
}
