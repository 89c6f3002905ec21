//! Lists that are read page by page: nothing is lost between two pages, and nothing comes twice.

use puppet_types::{AccountId, Memory, MemoryKind, Mood, PostId, Timestamp};

use super::rows::{at, commit, effect, event, memory, post};
use crate::{Change, Commit, Effect, EffectPage, EffectState, EventEnd, Old, Store};

async fn remember(store: &impl Store, memory: Memory) {
    let change = Change::Remember { agent: "a".into(), memory, vector: None, cap: None };
    store.apply(vec![change]).await.unwrap();
}

pub async fn memories_and_posts_of_one_time_are_on_one_page_each(store: &impl Store) {
    for (n, kind) in [MemoryKind::General, MemoryKind::Event].into_iter().cycle().take(11).enumerate() {
        remember(store, memory(&format!("m{n:02}"), kind, "x", (n / 4) as i64)).await;
    }
    for kinds in [&[][..], &[MemoryKind::Event], &[MemoryKind::General, MemoryKind::Event]] {
        let all = store.memories(&"a".into(), kinds, 99).await.unwrap();
        let mut paged = store.memories(&"a".into(), kinds, 3).await.unwrap();
        while let Some(last) = paged.last().map(|hit| hit.memory.clone())
            && let next = store.memories_after(&"a".into(), kinds, (last.at, &last.id), 3).await.unwrap()
            && !next.is_empty()
        {
            assert!(next.len() <= 3);
            paged.extend(next);
        }
        assert_eq!(paged, all, "{kinds:?}");
        assert!(all.len() >= 5);
    }
    assert_eq!(store.memories_after(&"b".into(), &[], (at(9), ""), 9).await.unwrap(), []);
    assert_eq!(store.memories_after(&"a".into(), &[], (at(9), ""), 0).await.unwrap(), []);

    // Posts of one moment are told by their numbers, which are no text: 9 comes before 10.
    for n in 5..16 {
        let author = if n % 2 == 0 { "ann" } else { "bob" };
        store.publish(&format!("f{n}").into(), vec![post(&n.to_string(), author, 1 + n / 14)]).await.unwrap();
    }
    let (ann, bob) = (AccountId::new("ann"), AccountId::new("bob"));
    for (authors, ids) in [
        (vec![], (5..16).rev().collect::<Vec<_>>()),
        (vec![ann.clone()], vec![14, 12, 10, 8, 6]),
        (vec![ann, bob], (5..16).rev().collect()),
    ] {
        let (mut paged, mut before) = (Vec::new(), (Timestamp::from_millis(i64::MAX), u64::MAX));
        while let page = store.posts_before(&authors, before, true, 4).await.unwrap()
            && let Some(last) = page.last()
        {
            before = (last.at, last.id.as_str().parse().unwrap());
            paged.extend(page);
        }
        let wanted: Vec<PostId> = ids.iter().map(|id| PostId::new(id.to_string())).collect();
        assert_eq!(paged.into_iter().map(|post| post.id).collect::<Vec<_>>(), wanted, "{authors:?}");
    }
}

fn of(agent: &str, n: u32, state: EffectState) -> Effect {
    Effect { agent: agent.into(), state, ..effect(&format!("f{n}"), &format!("i{}", n / 2), n) }
}

pub async fn effects_are_told_by_state_and_agent(store: &impl Store) {
    use EffectState::{Done, Failed, Sent, Waiting};
    let states = [Waiting, Done, Done, Failed];
    let each = (1..=24).map(|n| of(if n % 3 == 0 { "b" } else { "a" }, n, states[n as usize % 4]));
    let effects: Vec<Effect> = each.collect();
    store.apply(effects.iter().cloned().map(Change::Effect).collect()).await.unwrap();
    let cases: [(&[EffectState], Option<&str>); 7] = [
        (&[], None),
        (&[Done], None),
        (&[Failed, Waiting, Failed], None),
        (&[], Some("b")),
        (&[Done], Some("a")),
        (&[Waiting, Failed], Some("b")),
        (&[Sent], None),
    ];
    for (states, agent) in cases {
        let in_it = |effect: &&Effect| {
            (states.is_empty() || states.contains(&effect.state))
                && agent.is_none_or(|agent| effect.agent.as_str() == agent)
        };
        let wanted: Vec<&str> = effects.iter().rev().filter(in_it).map(|effect| effect.id.as_str()).collect();
        let (mut paged, mut before_seq) = (Vec::new(), None);
        loop {
            let states = states.to_vec();
            let page = EffectPage { states, agent: agent.map(Into::into), among: None, before_seq, limit: 5 };
            let page = store.effects_before(&page).await.unwrap();
            assert!(page.len() <= 5);
            let Some(last) = page.last() else { break };
            before_seq = Some(last.seq);
            paged.extend(page);
        }
        assert_eq!(paged.iter().map(|effect| effect.id.as_str()).collect::<Vec<_>>(), wanted, "{states:?} {agent:?}");
    }
    for (among, agent, wanted) in [
        (vec!["b", "none"], None, vec!["f24", "f21", "f18", "f15"]),
        (vec!["a", "b"], None, vec!["f24", "f23", "f22", "f21"]),
        (vec!["b"], Some("a"), vec![]),
        (vec![], None, vec![]),
    ] {
        let among = Some(among.into_iter().map(Into::into).collect());
        let page = EffectPage { agent: agent.map(Into::into), among, limit: 4, ..EffectPage::default() };
        let found = store.effects_before(&page).await.unwrap();
        assert_eq!(found.iter().map(|effect| effect.id.as_str()).collect::<Vec<_>>(), wanted, "{page:?}");
    }
    let none = EffectPage { limit: 0, ..EffectPage::default() };
    assert_eq!(store.effects_before(&none).await.unwrap(), []);
    let far = EffectPage { before_seq: Some(u64::MAX), limit: 1, ..EffectPage::default() };
    assert_eq!(store.effects_before(&far).await.unwrap()[0].id.as_str(), "f24");
}

pub async fn effects_of_several_invocations_come_together(store: &impl Store) {
    let effects = (1..=9).map(|n| Change::Effect(of("a", n, EffectState::Waiting)));
    store.apply(effects.rev().collect()).await.unwrap();
    let found = store.effects_of_many(&["i3".into(), "i1".into(), "none".into(), "i3".into()]).await.unwrap();
    let told: Vec<(&str, u32)> = found.iter().map(|effect| (effect.invocation.as_str(), effect.n)).collect();
    assert_eq!(told, [("i1", 2), ("i1", 3), ("i3", 6), ("i3", 7)], "by invocation and n, each once");
    assert_eq!(store.effects_of_many(&[]).await.unwrap(), []);
}

pub async fn letters_and_what_waits_are_told_in_pages(store: &impl Store) {
    let agent = |n| if n % 2 == 0 { "b" } else { "a" };
    store.accept((1..=12).map(|n| event(&format!("e{n}"), agent(n))).collect()).await.unwrap();
    for (n, second) in [(1, 5), (2, 9), (3, 5), (4, 5), (6, 1), (8, 5)] {
        store.bury(&format!("e{n}").into(), "trap", at(second), None).await.unwrap();
    }
    let (mut told, mut before) = (Vec::new(), None);
    while let page = store.dead_letters_before(before, None, 2).await.unwrap()
        && let Some(last) = page.last()
    {
        before = Some((last.at, last.seq));
        told.extend(page.into_iter().map(|letter| letter.seq));
    }
    assert_eq!(told, [2, 8, 4, 3, 1, 6], "newest first, of one time by their order");
    let all = store.dead_letters(99).await.unwrap();
    assert_eq!(all.iter().map(|letter| letter.seq).collect::<Vec<_>>(), told);
    assert_eq!(all[0].event.id.as_str(), "e2");

    let (mut told, mut after) = (Vec::new(), 0);
    while let page = store.waiting_after(after, None, 2).await.unwrap()
        && let Some(last) = page.last()
    {
        after = last.seq;
        told.extend(page);
    }
    assert_eq!(told, store.waiting().await.unwrap());
    assert_eq!(told.iter().map(|waiting| waiting.seq).collect::<Vec<_>>(), [5, 7, 9, 10, 11, 12]);
    assert_eq!(store.waiting_after(u64::MAX, None, 9).await.unwrap(), []);
    assert_eq!(store.waiting_after(0, None, 0).await.unwrap(), []);
    for (among, waiting, dead) in [
        (vec!["b"], vec![10, 12], vec![2, 8]),
        (vec!["a", "none"], vec![5, 7], vec![3, 1]),
        (vec!["a", "b"], vec![5, 7], vec![2, 8]),
        (vec![], vec![], vec![]),
    ] {
        let among = among.into_iter().map(Into::into).collect();
        let found = store.waiting_after(0, Some(&among), 2).await.unwrap();
        assert_eq!(found.iter().map(|waiting| waiting.seq).collect::<Vec<_>>(), waiting, "{among:?}");
        let found = store.dead_letters_before(None, Some(&among), 2).await.unwrap();
        assert_eq!(found.iter().map(|letter| letter.seq).collect::<Vec<_>>(), dead, "{among:?}");
    }
}

fn mood(n: u64) -> Mood {
    Mood { valence: n as f64 / 10.0, arousal: -0.25, dominance: 1.0 / 3.0 }
}

pub async fn moods_are_told_as_far_as_records_go(store: &impl Store) {
    let feels = |agent: &str, n: u64| Change::Mood { agent: agent.into(), mood: mood(n), at: at(n as i64) };
    store.apply(vec![feels("a", 9)]).await.unwrap();
    assert_eq!(store.moods(&"a".into(), None, None, 9).await.unwrap(), [], "no invocation changed it");
    // The last of two changes is how it was from then on.
    for n in 1..=6 {
        let agent = if n == 3 { "b" } else { "a" };
        let changes = if n == 5 { vec![] } else { vec![feels(agent, 0), feels(agent, n)] };
        let end = EventEnd::Done;
        let commit = Commit { changes, end, ..commit(&format!("i{n}"), event(&format!("e{n}"), agent)) };
        assert_eq!(store.commit(commit).await.unwrap().seq, n);
    }
    let told = store.moods(&"a".into(), None, None, 9).await.unwrap();
    assert_eq!(told.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [6, 4, 2, 1], "the last change first");
    assert_eq!((told[0].at, told[0].mood, told[0].invocation.as_str()), (at(6), mood(6), "i6"));
    assert_eq!(told[0].kind, "mention");
    let seqs = async |since: Option<i64>, before, limit| {
        let told = store.moods(&"a".into(), since.map(at), before, limit).await.unwrap();
        told.into_iter().map(|entry| entry.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(None, None, 2).await, [6, 4]);
    assert_eq!(seqs(None, Some(4), 2).await, [2, 1]);
    assert_eq!(seqs(Some(2), None, 9).await, [6, 4, 2], "since is part of it");
    assert_eq!(seqs(Some(7), None, 9).await, [0; 0]);
    assert_eq!(seqs(None, Some(u64::MAX), 1).await, [6]);
    assert_eq!(seqs(None, None, 0).await, [0; 0]);
    assert_eq!(store.mood(&"a".into()).await.unwrap(), Some((mood(6), at(6))));

    // An event that comes once more has its record at the end, and is there once.
    let again = Commit { changes: vec![feels("a", 8)], ..commit("i2", event("e2", "a")) };
    assert_eq!(store.commit(again).await.unwrap().seq, 7);
    assert_eq!(seqs(None, None, 9).await, [7, 6, 4, 1]);
    // What is told of a record goes with it.
    store.prune(Old { records: vec![1, 4], ..Old::default() }).await.unwrap();
    assert_eq!(seqs(None, None, 9).await, [7, 6]);
    let table = crate::Table::named("mood_log").unwrap();
    assert_eq!(store.row_count(table).await.unwrap(), 3, "two of a and one of b");
}
