//! Events and the commit.

use puppet_types::{AgentId, Digest, EventId, InvocationId, MemoryKind, Mood, PackId, PostId, TimerRule};

use super::{
    rows::{at, commit, effect, event, memory, post, read, spend},
    together,
};
use crate::{AgentRow, Change, Commit, EventEnd, Filter, Relationship, StateBlob, StateRow, Store, Timer};

pub async fn events_are_accepted_once(store: &impl Store) {
    let first = store.accept(vec![event("e1", "a"), event("e2", "b")]).await.unwrap();
    assert_eq!(first.iter().map(|new| new.event.id.as_str()).collect::<Vec<_>>(), ["e1", "e2"]);
    assert_eq!(first[0].event, event("e1", "a"));
    assert_eq!((first[0].attempts, first[0].not_before), (0, at(1)));
    assert!(first[0].seq < first[1].seq);
    let again = store.accept(vec![event("e2", "b"), event("e3", "a"), event("e3", "a")]).await.unwrap();
    assert_eq!(again.len(), 1, "known ids are skipped, also within one call");
    assert!(again[0].seq > first[1].seq);
    assert_eq!(store.waiting().await.unwrap(), [first.clone(), again.clone()].concat());

    store.commit(commit("i1", event("e1", "a"))).await.unwrap();
    store.bury(&EventId::new("e2"), "loop", at(9), None).await.unwrap();
    store.bury(&EventId::new("e1"), "too late", at(10), None).await.unwrap();
    let ids = vec![event("e1", "a"), event("e2", "b")];
    assert!(store.accept(ids).await.unwrap().is_empty(), "handled and dead ones are known as well");
    assert_eq!(store.waiting().await.unwrap(), again);
    for (id, state) in [("e1", "done"), ("e2", "dead"), ("e3", "waiting")] {
        let (found, now) = store.event(&EventId::new(id)).await.unwrap().unwrap();
        assert_eq!((found.id.as_str(), now), (id, state));
    }
    assert!(store.event(&EventId::new("e4")).await.unwrap().is_none());
    let dead = store.dead_letters(5).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].event.id.as_str(), dead[0].reason.as_str(), dead[0].at), ("e2", "loop", at(9)));

    let all = store.events_after(0, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    let page = store.events_after(all[0].seq, 1).await.unwrap();
    assert_eq!(page, all[1..2]);
}

pub async fn order_is_that_of_handing_in(store: &impl Store) {
    const MANY: usize = 300;
    let names: Vec<_> = (0..MANY).map(|n| format!("e{n}")).collect();
    let accepted = together(names.iter().map(|name| store.accept(vec![event(name, "a")])).collect()).await;
    let accepted: Vec<_> = accepted.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(accepted.iter().map(|new| new.event.id.as_str()).collect::<Vec<_>>(), names);
    assert!(accepted.is_sorted_by(|a, b| a.seq < b.seq));

    let commits = names.iter().map(|name| store.commit(commit(&format!("i-{name}"), event(name, "a"))));
    let seqs: Vec<_> = together(commits.collect()).await.into_iter().map(|done| done.unwrap().seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b));
    let of = |agent: &str| Filter { agent: Some(AgentId::new(agent)), limit: 2, ..Filter::default() };
    let last = store.journal(&of("a")).await.unwrap();
    assert_eq!(last.iter().map(|entry| entry.invocation.event.id.as_str()).collect::<Vec<_>>(), ["e299", "e298"]);
    assert!(store.journal(&of("b")).await.unwrap().is_empty());
    assert_eq!(store.journal(&Filter { limit: 1000, ..Filter::default() }).await.unwrap().len(), MANY);
}

pub async fn an_event_ends_with_its_invocation(store: &impl Store) {
    let [one, two, three] = ["e1", "e2", "e3"].map(|id| event(id, "a"));
    let accepted = store.accept(vec![one.clone(), two.clone()]).await.unwrap();
    let again = Commit { end: EventEnd::Retry { not_before: at(60) }, ..commit("i1", one.clone()) };
    store.commit(again).await.unwrap();
    let waiting = store.waiting().await.unwrap();
    assert_eq!(waiting.len(), 2);
    assert_eq!((waiting[0].seq, waiting[0].attempts, waiting[0].not_before), (accepted[0].seq, 1, at(60)));
    assert_eq!(waiting[0].event, one, "the event itself keeps its own time");

    store.commit(Commit { end: EventEnd::Dead { reason: "trap".into() }, ..commit("i2", two.clone()) }).await.unwrap();
    store.commit(commit("i1", one.clone())).await.unwrap();
    assert!(store.waiting().await.unwrap().is_empty());
    let dead = store.dead_letters(9).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str(), &dead[0].event), (1, "trap", &two));
    assert_eq!(store.event(&one.id).await.unwrap(), Some((one, "done")));

    store.commit(commit("i3", three.clone())).await.unwrap();
    let found = store.event(&three.id).await.unwrap().unwrap();
    assert_eq!(found, (three, "done"), "an event that was never accepted is kept with its invocation");
}

pub async fn a_commit_changes_everything(store: &impl Store) {
    let (agent, plugin) = (AgentId::new("a"), PackId::new("pack"));
    let mood = Mood { valence: 0.1, arousal: 0.2, dominance: 0.3 };
    let relationship = Relationship {
        target: "bob".into(),
        sentiment: 0.1 + 0.2,
        last_interaction: Some(at(4)),
        recent_interactions: vec!["met".into()],
        ..Relationship::default()
    };
    let led_by = Some(puppet_types::trade::Origin::HumanRequest);
    let timer = Timer {
        agent: agent.clone(),
        plugin: plugin.clone(),
        name: "tick".into(),
        rule: TimerRule::Every { interval_ms: 5 },
        next: at(70),
        payload: serde_json::json!([1]),
        led_by,
    };
    let (blob, digest) = (StateBlob { version: 3, data: vec![0, 255] }, Digest::of(b"1"));
    let row = AgentRow { id: agent.clone(), body: serde_json::json!({"name": "A"}), created: at(0) };
    let e1 = event("e1", "a");
    store.accept(vec![e1.clone(), event("known", "a")]).await.unwrap();
    store.open_read(&InvocationId::new("i1"), 0, vec![spend("a", 0, 100, 0)]).await.unwrap();
    store.settle_read(&InvocationId::new("i1"), read(0), vec![spend("a", 0, 7, 0)]).await.unwrap();
    let changes = vec![
        Change::Agent(row.clone()),
        Change::Mood { agent: agent.clone(), mood, at: at(5) },
        Change::Relationship { agent: agent.clone(), relationship: relationship.clone(), keep: 9 },
        Change::Remember {
            agent: agent.clone(),
            memory: memory("m1", MemoryKind::Core, "x", 1),
            vector: None,
            cap: None,
        },
        Change::SetTimer(timer.clone()),
        Change::PutState {
            agent: agent.clone(),
            plugin: plugin.clone(),
            digest,
            blob: blob.clone(),
            led_by,
            at: at(5),
        },
        Change::Event(event("e2", "b")),
        Change::Event(event("known", "a")),
        Change::Effect(effect("f1", "i1", 0)),
        Change::Effect(effect("f2", "i1", 1)),
    ];
    let spends = vec![spend("a", 0, 5, 1)];
    let done = store.commit(Commit { changes, spends, ..commit("i1", e1) }).await.unwrap();
    assert_eq!(done.events.iter().map(|new| new.event.id.as_str()).collect::<Vec<_>>(), ["e2"]);
    assert_eq!(done.effects.len(), 2);
    assert!(done.effects[0].seq < done.effects[1].seq);
    assert_eq!(store.effects_of(&InvocationId::new("i1")).await.unwrap(), done.effects);
    assert_eq!(store.agent(&agent).await.unwrap(), Some(row.clone()));
    assert_eq!(store.agents().await.unwrap(), [row]);
    assert_eq!(store.mood(&agent).await.unwrap(), Some((mood, at(5))));
    assert_eq!(store.mood(&AgentId::new("b")).await.unwrap(), None);
    assert_eq!(store.relationships(&agent).await.unwrap(), std::slice::from_ref(&relationship));
    assert_eq!(store.relationship(&agent, "bob").await.unwrap(), Some(relationship));
    assert_eq!(store.relationship(&agent, "eve").await.unwrap(), None);
    assert_eq!(store.memory(&agent, "m1").await.unwrap().unwrap().memory, memory("m1", MemoryKind::Core, "x", 1));
    assert_eq!(store.timers_of(&agent, &plugin).await.unwrap(), [timer]);
    assert_eq!(store.state(&agent, &plugin).await.unwrap(), Some(StateRow { blob, writer: Some(digest), led_by }));
    assert_eq!(store.spent().await.unwrap(), [spend("a", 0, 12, 1)]);
    assert!(store.kept_reads(&InvocationId::new("i1")).await.unwrap().is_empty(), "the invocation is over");

    let undo = vec![
        Change::Forget { agent: agent.clone(), id: "m1".into() },
        Change::CancelTimer { agent: agent.clone(), plugin: plugin.clone(), name: "tick".into() },
        Change::ClearState { agent: agent.clone(), plugin: plugin.clone(), digest, at: at(6) },
        Change::Mood { agent: agent.clone(), mood: Mood::default(), at: at(6) },
    ];
    store.apply(undo).await.unwrap();
    assert_eq!(store.memory(&agent, "m1").await.unwrap(), None);
    assert!(store.timers().await.unwrap().is_empty());
    assert_eq!(store.state(&agent, &plugin).await.unwrap(), None);
    assert_eq!(store.mood(&agent).await.unwrap(), Some((Mood::default(), at(6))));
    relationships_have_an_end(store, &agent).await;
}

/// `bob` was met already; one from birth was never met.
async fn relationships_have_an_end(store: &impl Store, agent: &AgentId) {
    let met = |target: &str, at| {
        let relationship = Relationship { target: target.into(), last_interaction: at, ..Relationship::default() };
        store.apply(vec![Change::Relationship { agent: agent.clone(), relationship, keep: 3 }])
    };
    met("born", None).await.unwrap();
    for (target, minute) in [("bob", 50), ("cid", 40), ("cid", 45), ("dan", 60)] {
        met(target, Some(at(minute))).await.unwrap();
    }
    let targets = async || {
        let kept = store.relationships(agent).await.unwrap();
        kept.into_iter().map(|kept| kept.target).collect::<Vec<_>>()
    };
    assert_eq!(targets().await, ["bob", "born", "dan"], "the one that was not met for longest makes way");
    met("eve", Some(at(1))).await.unwrap();
    assert_eq!(targets().await, ["born", "dan", "eve"], "never the new one");
}

pub async fn a_failure_takes_nothing_else_with_it(store: &impl Store) {
    store.publish(&"f0".into(), vec![post("1", "ann", 1)]).await.unwrap();
    let publish = |effect: &'static str, ids: &[&str]| {
        let posts = ids.iter().map(|id| post(id, "ann", 2)).collect();
        async move { store.publish(&effect.into(), posts).await }
    };
    // The second part of f2 has an id that is taken: the first part must not stay either.
    let answers = together(vec![publish("f1", &["2"]), publish("f2", &["3", "1"]), publish("f3", &["4"])]).await;
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    for (id, there) in [("1", true), ("2", true), ("3", false), ("4", true)] {
        assert_eq!(store.post(&PostId::new(id)).await.unwrap().is_some(), there, "{id}");
    }
    assert!(publish("f2", &["3"]).await.is_ok(), "a failure alone leaves the store usable");
    assert!(publish("f4", &["5", "1"]).await.is_err());
    assert!(store.post(&PostId::new("5")).await.unwrap().is_none());
}
